"""The largest whole number of each of the last seconds, for windows like "the longest glance of the last minute"."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.buckets import SECOND_NS, SECONDS
from kernels.jit import kernel

PEAKS = np.dtype([("newest", np.int64), ("highest", np.int64, (SECONDS,))], align=True)
"""The newest second, and a ring of seconds with the largest amount of each; see `clear`."""


def clear(records: NDArray[Any]) -> None:
    """Empty many records (n,) at once; plain Python."""
    records["newest"] = -1
    records["highest"] = 0


@kernel
def lift(peaks: Any, t_ns: int, amount: int) -> None:
    """Note an amount, not negative, at `t_ns`; times must not go back."""
    second = t_ns // SECOND_NS
    for fresh in range(max(peaks.newest, second - SECONDS) + 1, second + 1):
        peaks.highest[fresh % SECONDS] = 0
    peaks.newest = max(peaks.newest, second)
    peaks.highest[second % SECONDS] = max(peaks.highest[second % SECONDS], amount)


@kernel
def peak(peaks: Any, tick_ns: int, seconds: int) -> int:
    """Return the largest amount in the second of `tick_ns` and the `seconds` - 1 before it; 0 for none."""
    second = tick_ns // SECOND_NS
    largest = 0
    for k in range(max(second - seconds, peaks.newest - SECONDS, -1) + 1, min(second, peaks.newest) + 1):
        largest = max(largest, peaks.highest[k % SECONDS])
    return int(largest)
