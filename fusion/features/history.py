"""The last minutes of a stream's derived rows, in a fixed amount of memory."""

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INDEX
from sensors.clock import SECOND

HEADROOM = 1.25
"""A sensor may run this much faster than it said before the history becomes shorter in time."""
SLOWEST_HZ = 20.0


class History:
    """Rows over time, newest last; what is older than the capacity is forgotten.

    Rows lie in a buffer of twice the capacity and are moved to its front when it is full, so the views are always
    contiguous. They never hold more than the capacity, so the cut of the stream cannot be told from them.

    Parameters
    ----------
    rows
        Number of rows.
    seconds
        How far back to remember.
    rate_hz
        Nominal sampling rate; 0 (irregular) is taken as 60.
    """

    def __init__(self, rows: int, seconds: float, rate_hz: float) -> None:
        self.capacity = int(seconds * max(SLOWEST_HZ, rate_hz or 60.0) * HEADROOM)
        self._times = np.empty(2 * self.capacity, np.int64)
        self._rows = np.empty((rows, 2 * self.capacity), np.float64)
        self._stop = 0

    def push(self, times_ns: NDArray[np.int64], rows: NDArray[np.float64]) -> None:
        """Append samples: times (n,) and rows (row, n)."""
        times_ns, rows = times_ns[-self.capacity:], rows[:, -self.capacity:]
        count = len(times_ns)
        if self._stop + count > len(self._times):
            keep = min(self._stop, self.capacity)
            self._times[:keep] = self._times[self._stop - keep:self._stop].copy()
            self._rows[:, :keep] = self._rows[:, self._stop - keep:self._stop].copy()
            self._stop = keep
        self._times[self._stop:self._stop + count] = times_ns
        self._rows[:, self._stop:self._stop + count] = rows
        self._stop += count

    def view(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the remembered times (n,) and rows (row, n), as views that are valid until the next push."""
        first = max(0, self._stop - self.capacity)
        return self._times[first:self._stop], self._rows[:, first:self._stop]


def put(vector: NDArray[np.float32], **features: float) -> None:
    """Write features into the vector by name."""
    for name, value in features.items():
        vector[INDEX[name]] = value


def sources(names: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray[np.int64]:
    """Return where each wanted column stands among `names`; -1 where it is missing."""
    return np.array([names.index(name) if name in names else -1 for name in wanted], np.int64)


def ns(seconds: float) -> int:
    """Return seconds as whole nanoseconds."""
    return round(seconds * SECOND)
