"""Samples in waiting: one buffer a stream, from arrival until the tick whose time they belong to.

Computation happens at ticks, on samples up to the tick's time, so how a stream was cut into chunks, and how early
some of it arrived, cannot change a result.
"""

import numpy as np

from sensors.gaps import GapCounter
from sensors.messages import Chunk, FloatArray, StreamInfo, TimeArray

WAITING_S = 30.0
"""Seconds of samples that may wait for their tick; the policy beyond that is "drop-oldest", counted in `overflow`."""


class Pending:
    """The waiting samples of one stream.

    Parameters
    ----------
    info
        What the stream is; its number of columns is fixed for the buffer's life.
    """

    def __init__(self, info: StreamInfo) -> None:
        self.info = info
        rows = max(256, round(WAITING_S * max(info.rate_hz, 60.0)))
        self._values = np.empty((rows, len(info.columns)), np.float32)
        self._times = np.empty(rows, np.int64)
        self._start = self._stop = 0
        self._arrived_ns = -1
        self._gaps = GapCounter()
        self.newest_ns = -1
        """Time of the newest sample handed out; -1 before the first."""
        self.samples = 0
        self.messages = 0
        self.overflow = 0
        """Samples dropped because too many waited."""
        self.backwards = 0
        """Samples refused because their time did not increase; a clock jump is told, never repaired."""
        self.unfit = 0
        """Chunks refused because their columns are not the stream's."""

    @property
    def gaps(self) -> int:
        """Chunks that never arrived, by their running numbers."""
        return self._gaps.missing.get(0, 0)

    def push(self, chunk: Chunk) -> None:
        """Take in a chunk; rows whose time does not increase are refused and counted."""
        self.messages += 1
        self._gaps.see(0, chunk.seq)
        values, times = chunk.values, chunk.times_ns
        if values.shape[1] != self._values.shape[1]:
            self.unfit += 1
            return
        if len(times) == 0:
            return
        if times[0] <= self._arrived_ns or (len(times) > 1 and bool((times[1:] <= times[:-1]).any())):
            floor = np.maximum.accumulate(np.concatenate(([self._arrived_ns], times[:-1])))
            forward = times > floor
            self.backwards += int(np.count_nonzero(~forward))
            values, times = values[forward], times[forward]
        count = len(times)
        if count == 0:
            return
        if count > len(self._times):
            self.overflow += count - len(self._times)
            values, times = values[-len(self._times):], times[-len(self._times):]
            count = len(times)
        self._make_room(count)
        self._values[self._stop:self._stop + count] = values
        self._times[self._stop:self._stop + count] = times
        self._stop += count
        self.samples += count
        self._arrived_ns = int(times[-1])

    def _make_room(self, count: int) -> None:
        if self._stop + count <= len(self._times):
            return
        keep = min(self._stop - self._start, len(self._times) - count)
        self.overflow += self._stop - self._start - keep
        first = self._stop - keep
        self._values[:keep] = self._values[first:self._stop].copy()
        self._times[:keep] = self._times[first:self._stop].copy()
        self._start, self._stop = 0, keep

    def take(self, until_ns: int) -> tuple[FloatArray, TimeArray]:
        """Return the waiting samples up to and including `until_ns`, as views that are valid until the next push."""
        waiting = self._times[self._start:self._stop]
        count = int(np.searchsorted(waiting, until_ns, side="right"))
        first, last = self._start, self._start + count
        self._start = last
        if count:
            self.newest_ns = int(self._times[last - 1])
        return self._values[first:last], self._times[first:last]
