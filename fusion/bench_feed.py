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

    All is cut before the clock starts; a call hands out what is ready, and once a minute the times move on by a minute,
    in place: they are valid until the next call.
    """

    def __init__(self, example: Example, taken: int = 0) -> None:
        self.columns = {"eeg": ELECTRODES, "camera": tuple(example.camera), "microphone": tuple(example.microphone)}
        """Names of each stream's columns, in order."""
        streams = ((example.eeg.T, EEG_HZ), (np.column_stack(list(example.camera.values())), CAMERA_HZ),
                   (np.column_stack(list(example.microphone.values())), MICROPHONE_HZ))
        self._times = [_times(len(values), rate_hz) for values, rate_hz in streams]
        cuts = [_cut(np.ascontiguousarray(values, np.float32), times)
                for (values, _), times in zip(streams, self._times, strict=True)]
        self._ticks = list(zip(*cuts, strict=True))
        self.taken = taken
        """Ticks that were taken."""
        self._go_on(taken // len(self._ticks))

    def take(self) -> Received:
        """Return what the next tick takes in."""
        index = self.taken % len(self._ticks)
        if index == 0 and self.taken > 0:
            self._go_on(1)
        self.taken += 1
        return Received(round(self.taken * SECOND / TICK_HZ), *self._ticks[index])

    def _go_on(self, minutes: int) -> None:
        for times_ns in self._times:
            times_ns += minutes * SECONDS * SECOND


def _times(rows: int, rate_hz: float) -> NDArray[np.int64]:
    """Return the times of rows from 0 on."""
    return ((np.arange(rows) + 1) * (SECOND / rate_hz)).astype(np.int64)


def _cut(rows: NDArray[np.float32], times_ns: NDArray[np.int64]) -> list[Chunk]:
    """Return views of the rows that are complete at each tick, with their times; a row on a tick belongs to it."""
    ends = np.searchsorted(times_ns, (np.arange(round(SECONDS * TICK_HZ)) + 1) * (SECOND / TICK_HZ), side="right")
    return [(rows[first:end], times_ns[first:end]) for first, end in zip([0, *ends[:-1]], ends, strict=True)]
