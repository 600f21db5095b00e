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


def low_pass(cutoff_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a fourth-order Butterworth low-pass as two sections b0, b1, b2, a1, a2; -3 dB at `cutoff_hz` exactly."""
    k = math.tan(math.pi * cutoff_hz / rate_hz)
    sections = []
    for damping in (2.0 * math.sin(math.pi / 8.0), 2.0 * math.sin(3.0 * math.pi / 8.0)):
        norm = 1.0 / (1.0 + damping * k + k * k)
        gain = k * k * norm
        sections.append([gain, 2.0 * gain, gain, 2.0 * (k * k - 1.0) * norm, (1.0 - damping * k + k * k) * norm])
    return np.array(sections)


def notch(centre_hz: float, quality: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a notch as one section b0, b1, b2, a1, a2; -3 dB at centre (1 +- 1 / (2 quality)), gain 1 far away."""
    angle = 2.0 * math.pi * centre_hz / rate_hz
    width = math.tan(0.5 * angle / quality)
    gain = 1.0 / (1.0 + width)
    middle = -2.0 * math.cos(angle) * gain
    return np.array([gain, middle, gain, middle, (1.0 - width) * gain])


IMPOSSIBLE = 1e9
"""uV; no amplifier has such a range, so a value beyond is a broken number and is held over like a missing one."""


@njit(cache=True, fastmath=False)
def find_breaks(newest_ns: int, times_ns: NDArray[np.int64], hole_ns: float, settle_ns: int,
                out: NDArray[np.int64]) -> None:
    """Fill `out` with 1 before which samples a stream has a hole, 2 where filters must settle anew after it, else 0.

    Parameters
    ----------
    newest_ns : int
        Time of the sample before these; negative when there was none, which is a break of the second kind.
    times_ns : (n,) int64
        Increasing.
    hole_ns, settle_ns : float, int
        Steps longer than these are holes of the first and of the second kind.
    out : (n,) int64
    """
    before = newest_ns
    for i in range(times_ns.shape[0]):
        step = times_ns[i] - before
        out[i] = 2 if before < 0 or step > settle_ns else (1 if step > hole_ns else 0)
        before = times_ns[i]


@njit(cache=True, fastmath=False)
def cascade(sections: NDArray[np.float64], state: NDArray[np.float64], held: NDArray[np.float64],
            breaks: NDArray[np.int64], samples: NDArray[np.float32], columns: NDArray[np.int64],
            first_out: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Run a chain of second-order sections over each channel, carrying its state.

    Transposed direct form II in double precision. At a break of the second kind the state is set to what a constant
    input of that sample's value would have left, so an electrode offset of many millivolts makes no transient. A NaN
    repeats the channel's last value: the state stays clean, and what was missing is the quality's business.

    Parameters
    ----------
    sections : (k, 5) float64
        b0, b1, b2, a1, a2 of each section.
    state : (k, channel, 2) float64
    held : (channel,) float64
        Last plausible value of each channel; NaN before the first one. Both are changed in place.
    breaks : (n,) int64
        From `find_breaks`.
    samples : (n, column) float32
    columns : (channel,) int64
        Which columns are channels.
    first_out : (n, channel) float32
        Filled with the output of the first section alone.
    out : (n, channel) float32
        Filled with the output of the whole chain.
    """
    for c in range(columns.shape[0]):
        for i in range(samples.shape[0]):
            value = float(samples[i, columns[c]])
            if not abs(value) < IMPOSSIBLE:  # NaN included: one such sample would stay in the filter for good
                value = held[c]
            fresh = breaks[i] == 2 or np.isnan(held[c])
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


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    breaks, out = np.zeros(2, np.int64), np.zeros((2, 2, 1), np.float32)
    find_breaks(0, np.arange(2), 1.5, 3, breaks)
    cascade(np.ones((1, 5)), np.zeros((1, 1, 2)), np.zeros(1), breaks, np.ones((2, 1), np.float32), np.arange(1),
            out[0], out[1])
