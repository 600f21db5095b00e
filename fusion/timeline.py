"""Samples in waiting: one buffer a stream, from arrival until the tick whose time they belong to.

Computation happens at ticks, on samples up to the tick's time, so how a stream was cut into chunks, and how early
some of it arrived, cannot change a result.
"""

import numpy as np

from sensors.gaps import GapCounter
from sensors.messages import Chunk, FloatArray, StreamInfo, TimeArray

WAITING_S = 30.0
"""Seconds of samples that may wait for their tick; the policy beyond that is "drop-oldest", counted in `overflow`."""
ROOM = 64
"""Rows that a buffer has room for at first; it grows with what waits, which is seldom more than a tick's samples."""


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
        # Rows [first, stop) wait. One buffer of our own, because arrays off the wire are read-only, which compiled
        # kernels take for another type, and because joining many small arrays at each tick costs more than copying.
        self._values = np.empty((ROOM, len(info.columns)), np.float32)
        self._times = np.empty(ROOM, np.int64)
        self._first = self._stop = 0
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

    def push(self, chunk: Chunk) -> Chunk | None:
        """Take in a chunk and return what of it is fit; rows whose time does not increase are refused and counted."""
        self._gaps.see(0, chunk.seq)
        values, times = chunk.values, chunk.times_ns
        if values.shape[1] != self._values.shape[1]:
            self.unfit += 1
            return None
        count = len(times)
        if count == 0:
            return None
        if times.item(0) <= self._arrived_ns or (count > 1 and bool((times[1:] <= times[:-1]).any())):
            floor = np.maximum.accumulate(np.concatenate(([self._arrived_ns], times[:-1])))
            forward = times > floor
            self.backwards += int(np.count_nonzero(~forward))
            values, times = values[forward], times[forward]
            count = len(times)
            if count == 0:
                return None
            chunk = Chunk(t_ns=chunk.t_ns, seq=chunk.seq, stream=chunk.stream, values=values, times_ns=times)
        if self._first == self._stop:
            self._first = self._stop = 0
        stop = self._stop + count
        if stop > len(self._times):
            stop = self._make_room(count)
        self._values[stop - count:stop] = values
        self._times[stop - count:stop] = times
        self._stop = stop
        self._arrived_ns = times.item(count - 1)
        self.samples += count
        too_many = stop - self._first - self._most
        if too_many > 0:
            self._first += too_many
            self.overflow += too_many
        return chunk

    def _make_room(self, count: int) -> int:
        """Move what waits to the front of a buffer in which `count` more rows fit, and return where they will end."""
        waiting = self._stop - self._first
        values, times = self._values, self._times
        if 2 * (waiting + count) > len(times):
            rows = 4 * (waiting + count)
            values, times = np.empty((rows, values.shape[1]), np.float32), np.empty(rows, np.int64)
        values[:waiting] = self._values[self._first:self._stop]
        times[:waiting] = self._times[self._first:self._stop]
        self._values, self._times, self._first = values, times, 0
        return waiting + count

    def take(self, until_ns: int) -> tuple[FloatArray, TimeArray]:
        """Return the waiting samples up to and including `until_ns`, oldest first, valid until the next `push`."""
        first = self._first
        times = self._times[first:self._stop]
        count = int(times.searchsorted(until_ns, "right"))
        if count:
            self.newest_ns = times.item(count - 1)
            self._first = first + count
        return self._values[first:first + count], times[:count]
