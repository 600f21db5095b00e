"""Rhythms of the EEG from its power density: bands, the individual alpha, left against right.

Bin k of every density stands for (k + 1) bins of `bin_hz`, about 1 Hz.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

ALPHA_RANGE_HZ = (7.0, 13.0)
"""Where the individual alpha frequency is looked for."""
ALPHA_HALF_HZ = 2.0
"""Individual alpha is the power this far to each side of it (Klimesch 1999)."""
LEAST_PEAK = 0.5
"""Power of 7-13 Hz over its 1/f background, less 1, from which there is an alpha peak to speak of."""


@kernel
def decades(value: float) -> float:
    """Return log10 of a power or ratio; NaN where it is not above 0."""
    return math.log10(value) if value > 0.0 else math.nan


@kernel
def band_power(density: NDArray[np.float64], first: int, end: int, bin_hz: float) -> float:
    """Return the power in uV2 of bins first <= k < end; NaN for no bins."""
    total = 0.0
    for k in range(first, end):
        total += density[k]
    return total * bin_hz if end > first else math.nan


@kernel
def peak_ratio(density: NDArray[np.float64], ranges: NDArray[np.int32]) -> float:
    """Return the mean density of a peak over that of both its sides.

    Parameters
    ----------
    density : (bin,) float64
    ranges : (3, 2) int32
        First bin and end of the peak, of what lies below and of what lies above.
    """
    above = 0.0
    for k in range(ranges[0, 0], ranges[0, 1]):
        above += density[k]
    beside = 0.0
    count = 0
    for side in range(1, 3):
        for k in range(ranges[side, 0], ranges[side, 1]):
            beside += density[k]
            count += 1
    if not beside > 0.0:
        return math.nan
    return float((above / (ranges[0, 1] - ranges[0, 0])) / (beside / count))


@kernel
def alpha_frequency(density: NDArray[np.float64], first: int, end: int, bin_hz: float, chi: float, b: float) -> float:
    """Return the centre of gravity in Hz of what rises above the 1/f background; NaN where hardly anything does.

    Parameters
    ----------
    density : (bin,) float64
    first, end : int
        Bins of 7-13 Hz.
    bin_hz : float
    chi, b : float
        The background, log10 P = b - chi log10 f; see `kernels.aperiodic`.
    """
    total = 0.0
    background = 0.0
    moment = 0.0
    weight = 0.0
    for k in range(first, end):
        hz = (k + 1) * bin_hz
        under = 10.0 ** (b - chi * math.log10(hz))
        total += density[k]
        background += under
        above = max(0.0, density[k] - under)
        moment += hz * above
        weight += above
    if not (total > (1.0 + LEAST_PEAK) * background and weight > 0.0):
        return math.nan
    return moment / weight


@kernel
def power_around(density: NDArray[np.float64], bins: int, centre_hz: float, half_hz: float, bin_hz: float) -> float:
    """Return the power in uV2 within `half_hz` of a frequency; a bin that lies partly inside counts in part."""
    total = 0.0
    for k in range(bins):
        low = max(centre_hz - half_hz, (k + 0.5) * bin_hz)
        high = min(centre_hz + half_hz, (k + 1.5) * bin_hz)
        if high > low:
            total += density[k] * (high - low)
    return total if not math.isnan(centre_hz) else math.nan


@kernel
def lateralisation(decades_right: float) -> float:
    """Return (right - left) / (right + left) of two powers, given log10 right less log10 left.

    Alpha falls opposite to where attention goes (Worden 2000): less of it on the left means that the right is attended,
    and a value above 0.
    """
    return math.tanh(0.5 * math.log(10.0) * decades_right)
