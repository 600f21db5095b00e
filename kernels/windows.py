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
def mean(times_ns: NDArray[np.int64], values: NDArray[np.float64], tick_ns: int, window_ns: int) -> float:
    """Return the mean of the measured values of a window; see `mean_sd`."""
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    last = np.searchsorted(times_ns, tick_ns, side="right")
    count = 0
    total = 0.0
    for i in range(first, last):
        if np.isfinite(values[i]):
            count += 1
            total += values[i]
    return total / count if count else np.nan


@njit(cache=True, fastmath=False)
def means(times_ns: NDArray[np.int64], rows: NDArray[np.float64], tick_ns: int, window_ns: int,
          out: NDArray[np.float64]) -> int:
    """Fill `out` with the mean of each row over a window, and return how many samples the window holds.

    Parameters
    ----------
    times_ns : (n,) int64
        Increasing.
    rows : (row, n) float64
        NaN where not measured; a row without a value in the window gives NaN.
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
    return int(last - first)


@njit(cache=True, fastmath=False)
def latch(state: NDArray[np.int64], enter: float, leave: float, values: NDArray[np.float64]) -> None:
    """Replace scores by 1 and 0 with hysteresis: on at `enter`, off under `leave`; NaN stays and changes nothing.

    Parameters
    ----------
    state : (1,) int64
        0 or 1, changed in place.
    enter, leave : float
    values : (n,) float64
        Changed in place.
    """
    for i in range(values.shape[0]):
        if np.isnan(values[i]):
            continue
        if values[i] >= enter:
            state[0] = 1
        elif values[i] < leave:
            state[0] = 0
        values[i] = float(state[0])


@njit(cache=True, fastmath=False)
def pick(values: NDArray[np.float32], source: NDArray[np.int64], rows: NDArray[np.float64]) -> None:
    """Fill `rows` (row, n) with columns of `values` (n, column); a source of -1 gives a row of NaN."""
    for k in range(source.shape[0]):
        column = source[k]
        for i in range(values.shape[0]):
            rows[k, i] = values[i, column] if column >= 0 else np.nan


@njit(cache=True, fastmath=False)
def hold(values: NDArray[np.float32], source: NDArray[np.int64], times_ns: NDArray[np.int64],
         newest: NDArray[np.float64], newest_ns: NDArray[np.int64]) -> None:
    """Keep the newest measured value of each wanted column and its time.

    Parameters
    ----------
    values : (n, column) float32
        NaN where not measured.
    source : (k,) int64
        Which columns; -1 for one that is missing.
    times_ns : (n,) int64
    newest, newest_ns : (k,)
        Changed in place.
    """
    for k in range(source.shape[0]):
        if source[k] < 0:
            continue
        for i in range(values.shape[0]):
            if np.isfinite(values[i, source[k]]):
                newest[k] = values[i, source[k]]
                newest_ns[k] = times_ns[i]


@njit(cache=True, fastmath=False)
def increases(times_ns: NDArray[np.int64], totals: NDArray[np.float64], tick_ns: int, windows_ns: NDArray[np.int64],
              out: NDArray[np.float64]) -> None:
    """Fill `out` (window, row) with how much running totals grew within windows that end at the tick.

    Parameters
    ----------
    times_ns : (n,) int64
        Increasing.
    totals : (row, n) float64
        Totals since the beginning; whole numbers below 2**53, so differences are exact.
    tick_ns : int
    windows_ns : (window,) int64
    out : (window, row) float64
        Since the oldest sample, where the history is shorter than the window.
    """
    last = np.searchsorted(times_ns, tick_ns, side="right") - 1
    for w in range(windows_ns.shape[0]):
        first = max(0, np.searchsorted(times_ns, tick_ns - windows_ns[w], side="right") - 1)
        for k in range(totals.shape[0]):
            out[w, k] = totals[k, last] - totals[k, first] if last >= 0 else 0.0


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    times, history, window = np.arange(4), np.ones((3, 8)), np.array([2])
    values, source = np.ones((4, 2), np.float32), np.array([0, -1, 1])
    rows = history[:, :4]  # a view of part of a history, as the trackers take it
    mean_sd(times, rows[0], 3, 2)
    mean(times, rows[0], 3, 2)
    means(times, rows, 3, 2, np.empty(3))
    increases(times, rows, 3, window, np.empty((1, 3)))
    latch(np.zeros(1, np.int64), 0.5, 0.35, rows[0])
    pick(values, source, np.empty((3, 4)))
    hold(values, source, times, np.zeros(3), np.zeros(3, np.int64))
