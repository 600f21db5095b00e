"""Plain statistics over the last seconds of a history: the window is always (tick - window, tick]."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, fastmath=False)
def mean_sd(times_ns: NDArray[np.int64], values: NDArray[np.float64], tick_ns: int,
            window_ns: int) -> tuple[float, float, int]:
    """Return mean, standard deviation (of the population) and number of the measured values of a window.

    Two passes: subtracting the mean first keeps the spread exact under any offset. NaN for a window without values.

    Parameters
    ----------
    times_ns : (n,) int64
        Increasing.
    values : (n,) float64
        NaN where not measured.
    tick_ns, window_ns : int
        End and length of the window.
    """
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    last = np.searchsorted(times_ns, tick_ns, side="right")
    count = 0
    total = 0.0
    for i in range(first, last):
        if np.isfinite(values[i]):
            count += 1
            total += values[i]
    if count == 0:
        return np.nan, np.nan, 0
    mean = total / count
    squares = 0.0
    for i in range(first, last):
        if np.isfinite(values[i]):
            squares += (values[i] - mean) ** 2
    return mean, np.sqrt(squares / count), count


@njit(cache=True, fastmath=False)
def means(times_ns: NDArray[np.int64], rows: NDArray[np.float64], size: int, tick_ns: int, window_ns: int,
          out: NDArray[np.float64]) -> int:
    """Fill `out` with the mean of each row over a window, and return how many samples the window holds.

    Parameters
    ----------
    times_ns : (size,) int64
        Increasing.
    rows : (row, at least size) float64
        NaN where not measured; a row without a value in the window gives NaN.
    size : int
        Number of samples; columns beyond it are not looked at.
    tick_ns, window_ns : int
        End and length of the window.
    out : (row,) float64
    """
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    last = np.searchsorted(times_ns, tick_ns, side="right")
    for k in range(rows.shape[0]):
        count = 0
        total = 0.0
        for i in range(first, last):
            if np.isfinite(rows[k, i]):
                count += 1
                total += rows[k, i]
        out[k] = total / count if count else np.nan
    return last - first
