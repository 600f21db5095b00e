"""Hjorth's descriptors of a signal's time course (Hjorth 1970): activity, mobility, complexity.

With sums of the signal, of its first and of its second differences nothing else needs to be remembered. Like the
quality's statistics, they are kept by half segments.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

MOMENTS = 6
"""Per half segment and channel: sums of x, x^2, x', x'^2, x'' and x''^2, with differences from sample to sample."""


@kernel
def collect(moments: NDArray[np.float64], fresh: int, before: NDArray[np.float64], slope: NDArray[np.float64],
            since: int, clean: NDArray[np.float32], count: int, channel: int) -> None:
    """Take in samples of one channel.

    Parameters
    ----------
    moments : (MOMENTS, channel) float64
        Of this half segment; changed in place.
    fresh : int
        1 where the half begins here.
    before, slope : (channel,) float64
        Last value and last difference; changed in place.
    since : int
        Samples since the last hole; the first after a hole has no difference, the second no second one.
    clean : (at least count, channel) float32
    count, channel : int
    """
    x1 = x2 = d1 = d2 = e1 = e2 = 0.0
    if fresh == 0:
        x1, x2 = moments[0, channel], moments[1, channel]
        d1, d2 = moments[2, channel], moments[3, channel]
        e1, e2 = moments[4, channel], moments[5, channel]
    last, rise = before[channel], slope[channel]
    for i in range(count):
        x = np.float64(clean[i, channel])
        change = x - last
        bend = change - rise
        last, rise = x, change
        x1 += x
        x2 += x * x
        if since + i >= 1:
            d1 += change
            d2 += change * change
        if since + i >= 2:
            e1 += bend
            e2 += bend * bend
    before[channel], slope[channel] = last, rise
    moments[0, channel], moments[1, channel] = x1, x2
    moments[2, channel], moments[3, channel] = d1, d2
    moments[4, channel], moments[5, channel] = e1, e2


@kernel
def variance(first: float, second: float, count: int) -> float:
    """Return the variance of `count` values from their sum and the sum of their squares; NaN without any."""
    if count < 1:
        return math.nan
    mean = first / count
    return max(0.0, second / count - mean * mean)


@kernel
def descriptors(activity: float, slopes: float, bends: float, rate_hz: float) -> tuple[float, float]:
    """Return mobility in rad/s and complexity from the variances of x, x' and x''; NaN for a flat signal.

    Mobility is sqrt(var x' / var x), complexity the mobility of x' over that of x.
    """
    if not (activity > 0.0 and slopes > 0.0):
        return math.nan, math.nan
    mobility = math.sqrt(slopes / activity)
    return mobility * rate_hz, math.sqrt(bends / slopes) / mobility
