"""Pitch of one window of speech: YIN (de Cheveigne and Kawahara 2002, J. Acoust. Soc. Am. 111(4), 1917-1930)."""

import math

import numpy as np

from kernels.audio import Float32, Float64
from kernels.jit import kernel

DIP = 0.15
"""The first dip of the normalised difference under this is the period (the paper's absolute threshold is 0.1)."""

VOICED = 0.3
"""Without such a dip, the deepest one is the period if it is under this; else the window is unvoiced."""

LEAST_POWER = 1e-11
"""Mean square (-110 dBFS) under which a window is silence: rounding noise has periods too."""


@kernel
def pitch(window: Float32, rate_hz: float, low_hz: float, high_hz: float, difference: Float64) -> tuple[float, float]:
    """Return the fundamental frequency and the voicing of a window.

    The difference function d(tau) (equation 6) runs over a fixed number of samples, the window less the longest lag,
    and is divided by its mean over all shorter lags (equation 8). The dip is refined by a parabola through it and its
    neighbours.

    Parameters
    ----------
    window
        (n,) samples; n must exceed twice the longest period. The result belongs to the window's middle.
    rate_hz
        Sampling rate in Hz.
    low_hz, high_hz
        The range searched, in Hz.
    difference
        (lags,) scratch, at least ``rate_hz / low_hz + 2`` long; holds the normalised difference afterwards.

    Returns
    -------
    tuple of float
        F0 in Hz, NaN when unvoiced; voicing 0..1, one less the depth of the best dip: near 1 for a periodic window,
        under about 0.3 for noise, 0 for silence.
    """
    shortest = int(rate_hz / high_hz)
    longest = math.ceil(rate_hz / low_hz)
    lags = longest + 2
    span = window.size - lags
    total = 0.0
    for i in range(window.size):
        total += window[i]
    mean = total / window.size
    power = 0.0
    for i in range(window.size):
        power += (window[i] - mean) ** 2
    d = difference[:lags]
    silent = power / window.size < LEAST_POWER
    for lag in range(lags):
        d[lag] = 1.0 if silent else 0.0
    if silent:
        return math.nan, 0.0
    # Lags run innermost: each is its own sum, so the loop is vectorised without reordering any of them.
    for i in range(span):
        here = np.float64(window[i])
        ahead = window[i:i + lags]
        for lag in range(lags):
            step = here - np.float64(ahead[lag])
            d[lag] += step * step
    running = 0.0
    d[0] = 1.0
    for lag in range(1, lags):
        running += d[lag]
        d[lag] = d[lag] * lag / running if running > 0.0 else 1.0
    best = shortest
    # From far above the range: a whistle's own dip comes first, and its second period must not pass for a voice.
    for lag in range(2, longest + 1):
        if d[lag] < DIP:
            best = lag
            while best < longest and d[best + 1] < d[best]:
                best += 1
            break
        if d[lag] < d[best]:
            best = lag
    left, middle, right = d[best - 1], d[best], d[best + 1]
    # The deepest point at the long edge is a slope, not a dip: a period beyond the range.
    if best < shortest or middle >= VOICED or right < middle:
        return math.nan, min(1.0, max(0.0, 1.0 - middle))
    curve = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / curve if curve > 0.0 else 0.0
    return rate_hz / (best + shift), min(1.0, max(0.0, 1.0 - middle))


def warm() -> None:
    """Compile `pitch`, or load it from the cache."""
    pitch(np.sin(np.arange(1024, dtype=np.float32)), 16000.0, 60.0, 500.0, np.zeros(269))
