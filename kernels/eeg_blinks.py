"""Blinks seen by the electrodes nearest to the eyes.

The lid drags the eye's dipole along: 80-400 uV for 0.2-0.4 s above the brows. Within 1-10 Hz an excursion over
max(60 uV, 5 robust standard deviations) is a blink if it lasts 0.1-0.5 s between the halves of that limit, unless it
follows another within 0.2 s, as the swing back of the filter does. The filter shows a blink's peak 0.01-0.03 s after it
happened. The high-pass is of the first order: a steeper one would make the swing back larger than a slow blink itself.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.filters import chain, high_pass, low_pass, mains_notches
from kernels.jit import kernel

LOW_HZ, HIGH_HZ = 1.0, 10.0
LEAST_UV = 60.0
ROBUST = 5.0 * 1.4826
"""Five standard deviations, told from the median absolute deviation; the band has no offset, so its median is 0."""
SHORTEST_NS, LONGEST_NS, REFRACTORY_NS = 100_000_000, 500_000_000, 200_000_000
LEVEL_S = 10.0
"""How long signals that stay above the tracked median take to move it by a factor of e."""
LOWEST_UV, HIGHEST_UV = 1.0, 1000.0
"""Range of the tracked median."""

DETECTOR = np.dtype([
    ("rise", np.float64), ("median_uv", np.float64), ("limit_uv", np.float64), ("peak_uv", np.float64),
    ("beyond", np.int64), ("onset_ns", np.int64), ("peak_ns", np.int64), ("ended_ns", np.int64)], align=True)
"""Factor of a step of the median, the median of |x|, limit and peak of the running excursion, whether there is one,
its onset and peak, and the end of the last one beyond its limit that was long enough."""


def band_pass(rate_hz: float) -> NDArray[np.float64]:
    """Return the chain (SECTIONS, 5) that leaves 1-10 Hz without mains."""
    return chain(high_pass(LOW_HZ, rate_hz, order=1), *mains_notches(rate_hz), low_pass(HIGH_HZ, rate_hz, order=2))


def clear(records: NDArray[Any], rate_hz: float) -> None:
    """Make many detectors (any shape) ready at once; plain Python."""
    records["rise"] = math.exp(1.0 / (LEVEL_S * rate_hz))
    records["median_uv"] = LEAST_UV / ROBUST
    records["limit_uv"] = records["peak_uv"] = 0.0
    records["beyond"] = 0
    records["onset_ns"] = records["peak_ns"] = 0
    records["ended_ns"] = -REFRACTORY_NS


@kernel
def step(detector: Any, now_ns: int, value: float) -> int:
    """Take in one sample; return the time of a blink's peak when it is over, else -1.

    The median of |x| is followed in equal steps up and down, as ratios (frugal streaming, Ma 2013): it needs no history
    and a blink hardly moves it.

    Parameters
    ----------
    detector : DETECTOR record
        Changed in place.
    now_ns : int
        Not negative.
    value : float
        uV within 1-10 Hz; NaN where no electrode can be believed, or for a hole: it ends an excursion unseen.
    """
    if math.isnan(value):
        detector.beyond = 0
        return -1
    size = abs(value)
    limit = max(LEAST_UV, ROBUST * detector.median_uv)
    moved = detector.median_uv * detector.rise if size > detector.median_uv else detector.median_uv / detector.rise
    detector.median_uv = min(HIGHEST_UV, max(LOWEST_UV, moved))
    if detector.beyond == 0:
        if size > 0.5 * limit:
            detector.beyond = 1
            detector.limit_uv = limit
            detector.onset_ns = detector.peak_ns = now_ns
            detector.peak_uv = size
        return -1
    if size > 0.5 * detector.limit_uv:
        if size > detector.peak_uv:
            detector.peak_uv = size
            detector.peak_ns = now_ns
        return -1
    detector.beyond = 0
    lasted = now_ns - detector.onset_ns
    if (detector.peak_uv <= detector.limit_uv or lasted < SHORTEST_NS
            or detector.onset_ns - detector.ended_ns < REFRACTORY_NS):
        return -1
    detector.ended_ns = now_ns
    return int(detector.peak_ns) if lasted <= LONGEST_NS else -1
