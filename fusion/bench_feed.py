"""The simulated minute cut into ticks, as a session would receive it, over and over with time going on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.bench_example import CAMERA_HZ, EEG_HZ, ELECTRODES, MICROPHONE_HZ, SECONDS, TICK_HZ, Example
from sensors.clock import SECOND

Chunk = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Values (n, column) and times (n,)."""


class Received(NamedTuple):
    """What came in since the last tick, and when that tick is."""

    tick_ns: int
    eeg: Chunk
    camera: Chunk
    microphone: Chunk


class Feed:
    """Ticks without end.

    All is cut before the clock starts; a call only adds the minutes gone by to about thirty times, into arrays that the
    next call writes over, so it costs two or three microseconds of the tick that is timed.
    """

    def __init__(self, example: Example, taken: int = 0) -> None:
        self.columns = {"eeg": ELECTRODES, "camera": tuple(example.camera), "microphone": tuple(example.microphone)}
        """Names of each stream's columns, in order."""
        eeg = _cut(example.eeg.T, EEG_HZ)
        camera = _cut(np.column_stack(list(example.camera.values())), CAMERA_HZ)
        microphone = _cut(np.column_stack(list(example.microphone.values())), MICROPHONE_HZ)
        self._ticks = list(zip(eeg, camera, microphone, strict=True))
        self._times = np.empty((3, max(len(chunk[1]) for parts in self._ticks for chunk in parts)), np.int64)
        self.taken = taken
        """Ticks that were taken."""

    def take(self) -> Received:
        """Return what the next tick takes in."""
        minute, index = divmod(self.taken, len(self._ticks))
        self.taken += 1
        offset_ns = minute * SECONDS * SECOND
        later = []
        for (values, times_ns), room in zip(self._ticks[index], self._times, strict=True):
            shifted = room[:len(times_ns)]
            np.add(times_ns, offset_ns, out=shifted)
            later.append((values, shifted))
        return Received(round(self.taken * SECOND / TICK_HZ), *later)


def _cut(values: NDArray[np.float64], rate_hz: float) -> list[Chunk]:
    """Return the rows that are complete at each tick, with their times from 0; a row on a tick belongs to it."""
    rows = np.ascontiguousarray(values, np.float32)
    times_ns = ((np.arange(len(rows)) + 1) * (SECOND / rate_hz)).astype(np.int64)
    ends = np.searchsorted(times_ns, (np.arange(round(SECONDS * TICK_HZ)) + 1) * (SECOND / TICK_HZ), side="right")
    return [(rows[first:end], times_ns[first:end]) for first, end in zip([0, *ends[:-1]], ends, strict=True)]
