"""Totals over the last minutes: whole numbers, kept by whole seconds of event time.

A window of 60 s is the running second and the 59 before it. Each second keeps what the running totals were at its end,
so that a window of any length costs one subtraction. The totals are integers (counts, ns, nrad): they never drift, and
no order of adding can be told from the result.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

SECOND_NS = 1_000_000_000
SECONDS = 181
"""How many finished seconds are remembered: windows of up to 180 s, also for a tick that is a second behind."""


def buckets(columns: int) -> np.dtype[Any]:
    """Return the record of `columns` totals; zeros, and then `clear`, make it empty."""
    return np.dtype([
        ("newest", np.int64), ("next_ns", np.int64), ("running", np.int64, (columns,)),
        ("ends", np.int64, (SECONDS, columns))], align=True)


def clear(records: NDArray[Any]) -> None:
    """Empty many buckets (n,) at once; plain Python."""
    records["newest"] = -1
    for name in ("next_ns", "running", "ends"):
        records[name] = 0


@kernel
def add(buckets: Any, t_ns: int, column: int, amount: int) -> None:
    """Add `amount` to one column at `t_ns`.

    Parameters
    ----------
    buckets : record of `buckets`
    t_ns : int
        Event time, not negative and not before what was added last.
    column, amount : int
    """
    if t_ns >= buckets.next_ns:
        second = t_ns // SECOND_NS
        for ended in range(max(buckets.newest, second - SECONDS), second):
            for k in range(buckets.running.shape[0]):
                buckets.ends[ended % SECONDS, k] = buckets.running[k]
        buckets.newest = second
        buckets.next_ns = (second + 1) * SECOND_NS
    buckets.running[column] += amount


@kernel
def total(buckets: Any, tick_ns: int, seconds: int, column: int) -> int:
    """Return what was added to one column in the second of `tick_ns` and the `seconds` - 1 before it.

    Parameters
    ----------
    buckets : record of `buckets`
    tick_ns : int
        End of the window. Amounts of its second count, also where they came after it.
    seconds : int
        Length of the window, up to 180.
    column : int
    """
    second = tick_ns // SECOND_NS
    return _until(buckets, second, column) - _until(buckets, second - seconds, column)


@kernel
def _until(buckets: Any, second: int, column: int) -> int:
    """Return the total at the end of a second; of the oldest remembered one for those before it."""
    if second >= buckets.newest:
        return int(buckets.running[column])
    return int(buckets.ends[max(second, buckets.newest - SECONDS) % SECONDS, column])
