"""Causal filters with carried state, for many channels at once."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def high_pass(cutoff_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a second-order Butterworth high-pass as one section b0, b1, b2, a1, a2 (a0 is 1).

    Bilinear transform with pre-warping, so the gain is -3 dB at `cutoff_hz` exactly.
    """
    k = math.tan(math.pi * cutoff_hz / rate_hz)
    norm = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
    return np.array([norm, -2.0 * norm, norm, 2.0 * (k * k - 1.0) * norm, (1.0 - math.sqrt(2.0) * k + k * k) * norm])


def notch(centre_hz: float, quality: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a notch as one section b0, b1, b2, a1, a2; -3 dB at centre (1 +- 1 / (2 quality)), gain 1 far away."""
    angle = 2.0 * math.pi * centre_hz / rate_hz
    width = math.tan(0.5 * angle / quality)
    gain = 1.0 / (1.0 + width)
    middle = -2.0 * math.cos(angle) * gain
    return np.array([gain, middle, gain, middle, (1.0 - width) * gain])


@njit(cache=True, fastmath=False)
def cascade(sections: NDArray[np.float64], state: NDArray[np.float64], held: NDArray[np.float64],
            settle: NDArray[np.int64], samples: NDArray[np.float64], first_out: NDArray[np.float64],
            out: NDArray[np.float64]) -> None:
    """Run a chain of second-order sections over each channel, carrying its state.

    Transposed direct form II. Where `settle` says so the state is set to what a constant input of that sample's value
    would have left, so an electrode offset of many millivolts makes no transient. A NaN repeats the channel's last
    value: the state stays clean, and what was missing is the quality's business.

    Parameters
    ----------
    sections : (k, 5) float64
        b0, b1, b2, a1, a2 of each section.
    state : (k, channel, 2) float64
    held : (channel,) float64
        Last value of each channel; NaN before the first one. Both are changed in place.
    settle : (n,) int64
        Over 0 where the state starts anew.
    samples : (n, channel) float64
    first_out : (n, channel) float64
        Filled with the output of the first section alone.
    out : (n, channel) float64
        Filled with the output of the whole chain.
    """
    for i in range(samples.shape[0]):
        for c in range(samples.shape[1]):
            value = samples[i, c]
            if np.isnan(value):
                value = held[c]
            fresh = settle[i] > 0 or np.isnan(held[c])
            held[c] = value
            if np.isnan(value):
                first_out[i, c] = np.nan
                out[i, c] = np.nan
                continue
            for k in range(sections.shape[0]):
                b0, b1, b2, a1, a2 = sections[k, 0], sections[k, 1], sections[k, 2], sections[k, 3], sections[k, 4]
                if fresh:
                    settled = value * (b0 + b1 + b2) / (1.0 + a1 + a2)
                    state[k, c, 0] = settled - b0 * value
                    state[k, c, 1] = b2 * value - a2 * settled
                filtered = b0 * value + state[k, c, 0]
                state[k, c, 0] = b1 * value - a1 * filtered + state[k, c, 1]
                state[k, c, 1] = b2 * value - a2 * filtered
                value = filtered
                if k == 0:
                    first_out[i, c] = value
            out[i, c] = value
