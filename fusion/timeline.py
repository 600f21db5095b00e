"""Samples in waiting: one buffer a stream, from arrival until the tick whose time they belong to.

Computation happens at ticks, on samples up to the tick's time, so how a stream was cut into chunks, and how early
some of it arrived, cannot change a result.
"""

from collections import deque

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
        What the stream is; its columns are fixed for the buffer's life.
    """

    def __init__(self, info: StreamInfo) -> None:
        self.info = info
        self._most = max(256, round(WAITING_S * max(info.rate_hz, 60.0)))
        self._waiting: deque[tuple[FloatArray, TimeArray]] = deque()
        self._rows = 0
        self._arrived_ns = -1
        self._gaps = GapCounter()
        self.newest_ns = -1
        """Time of the newest sample handed out; -1 before the first."""
        self.samples = 0
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
        self._gaps.see(0, chunk.seq)
        values, times = chunk.values, chunk.times_ns
        if values.shape[1] != len(self.info.columns):
            self.unfit += 1
            return
        if len(times) == 0:
            return
        if times[0] <= self._arrived_ns or (len(times) > 1 and bool((times[1:] <= times[:-1]).any())):
            floor = np.maximum.accumulate(np.concatenate(([self._arrived_ns], times[:-1])))
            forward = times > floor
            self.backwards += int(np.count_nonzero(~forward))
            values, times = values[forward], times[forward]
            if len(times) == 0:
                return
        self._waiting.append((values, times))
        self._arrived_ns = int(times[-1])
        self._rows += len(times)
        self.samples += len(times)
        while self._rows > self._most:
            self._drop_oldest(self._rows - self._most)

    def _drop_oldest(self, rows: int) -> None:
        values, times = self._waiting.popleft()
        dropped = min(rows, len(times))
        if dropped < len(times):
            self._waiting.appendleft((values[dropped:], times[dropped:]))
        self._rows -= dropped
        self.overflow += dropped

    def take(self, until_ns: int) -> tuple[FloatArray, TimeArray]:
        """Return the waiting samples up to and including `until_ns`, oldest first."""
        ripe: list[tuple[FloatArray, TimeArray]] = []
        while self._waiting and self._waiting[0][1][0] <= until_ns:
            values, times = self._waiting.popleft()
            if times[-1] > until_ns:
                count = int(np.searchsorted(times, until_ns, side="right"))
                self._waiting.appendleft((values[count:], times[count:]))
                values, times = values[:count], times[:count]
            ripe.append((values, times))
        if not ripe:
            return np.empty((0, len(self.info.columns)), np.float32), np.empty(0, np.int64)
        self.newest_ns = int(ripe[-1][1][-1])
        # Always a copy of our own: arrays off the wire are read-only, which compiled kernels take for another type.
        values, times = np.concatenate([part[0] for part in ripe]), np.concatenate([part[1] for part in ripe])
        self._rows -= len(times)
        return values, times
