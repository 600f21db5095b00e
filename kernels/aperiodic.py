"""The 1/f background of a spectrum: log10 P = b - chi log10 f.

The line is Theil and Sen's (Sen 1968): the median of the slopes of all pairs of bins, which rhythms that rise above the
background bend little. Much of what is reported as theta/beta is this slope (Donoghue 2020).
"""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel
from kernels.medians import median

FIT_HZ, ALPHA_HZ = (2.0, 40.0), (7.0, 14.0)
"""Where the line is fitted, and the peak that is left out of it."""
FIT_BINS = 39
"""Bins of the fit at most."""
PAIRS = FIT_BINS * (FIT_BINS - 1) // 2


def fit_bins(hz: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the bins of the fit, given each bin's frequency."""
    inside = (hz >= FIT_HZ[0] - 0.01) & (hz < FIT_HZ[1] + 0.01)
    return np.flatnonzero(inside & ((hz < ALPHA_HZ[0] - 0.01) | (hz > ALPHA_HZ[1] + 0.01))).astype(np.int32)


@kernel
def exponent(density: NDArray[np.float64], log_hz: NDArray[np.float64], used: NDArray[np.int32], count: int,
             heights: NDArray[np.float64], places: NDArray[np.float64], slopes: NDArray[np.float64]) -> float:
    """Return the exponent chi; NaN without two bins of any power.

    Parameters
    ----------
    density : (bin,) float64
        Power density; NaN or zero where not measured.
    log_hz : (bin,) float64
        log10 of the frequency.
    used : (at least count,) int32
        Bins of the fit, from `fit_bins`.
    count : int
    heights, places, slopes : (at least count,) twice, (at least count (count - 1) / 2,) float64
        Scratch.
    """
    known = 0
    for i in range(count):
        power = density[used[i]]
        if power > 0.0:
            heights[known] = math.log10(power)
            places[known] = log_hz[used[i]]
            known += 1
    found = 0
    for i in range(known):
        height, place = heights[i], places[i]
        for j in range(i + 1, known):
            slopes[found + j - i - 1] = (heights[j] - height) / (places[j] - place)
        found += known - i - 1
    return -median(slopes, found)


@kernel
def level(density: NDArray[np.float64], log_hz: NDArray[np.float64], used: NDArray[np.int32], count: int, chi: float,
          scratch: NDArray[np.float64]) -> float:
    """Return b, log10 of the background at 1 Hz, for a known exponent: the median over the bins of the fit.

    Parameters as in `exponent`; `scratch` holds at least `count`.
    """
    found = 0
    for i in range(count):
        power = density[used[i]]
        if power > 0.0:
            scratch[found] = math.log10(power) + chi * log_hz[used[i]]
            found += 1
    return median(scratch, found)
