"""Causal filters with carried state: their design, and the chain that runs over one channel."""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

HIGH_PASS_HZ, LOW_PASS_HZ, NOTCH_QUALITY = 0.5, 45.0, 30.0
"""What EEG is kept of: 0.5-45 Hz, without 50 and 60 Hz (Q 30)."""
SECTIONS = 5
"""Second-order sections in a chain: high-pass, two notches, and two of the low-pass."""
THROUGH = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
"""A section that changes nothing, in place of one that a rate has no need of."""

IMPOSSIBLE = 1e9
"""uV; no amplifier has such a range, so a value beyond is a broken number and is held over like a missing one."""
NOTHING = 1e-15
"""uV; what is left of a decayed signal. Below 1e-308 processors compute a hundred times slower."""


def high_pass(cutoff_hz: float, rate_hz: float, order: int = 2) -> NDArray[np.float64]:
    """Return a Butterworth high-pass of order 1 or 2 as one section b0, b1, b2, a1, a2 (a0 is 1).

    Bilinear transform with pre-warping, so the gain is -3 dB at `cutoff_hz` exactly.
    """
    k = math.tan(math.pi * cutoff_hz / rate_hz)
    if order == 1:
        return np.array([1.0 / (1.0 + k), -1.0 / (1.0 + k), 0.0, (k - 1.0) / (k + 1.0), 0.0])
    norm = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
    return np.array([norm, -2.0 * norm, norm, 2.0 * (k * k - 1.0) * norm, (1.0 - math.sqrt(2.0) * k + k * k) * norm])


def low_pass(cutoff_hz: float, rate_hz: float, order: int = 4) -> NDArray[np.float64]:
    """Return a Butterworth low-pass of even order as order / 2 sections b0, b1, b2, a1, a2; -3 dB at `cutoff_hz`."""
    k = math.tan(math.pi * cutoff_hz / rate_hz)
    sections = []
    for pole in range(order // 2):
        damping = 2.0 * math.sin((2 * pole + 1) * math.pi / (2 * order))
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


def chain(*sections: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sections, (5,) or (k, 5) each, as a full chain (SECTIONS, 5); the first must block a constant."""
    rows = np.concatenate([np.atleast_2d(section) for section in sections])
    return np.concatenate([rows, np.tile(THROUGH, (SECTIONS - len(rows), 1))])


def eeg_chain(rate_hz: float) -> NDArray[np.float64]:
    """Return the chain (SECTIONS, 5) that leaves 0.5-45 Hz without mains, as far as the rate has such frequencies."""
    low = [low_pass(LOW_PASS_HZ, rate_hz)] if rate_hz * 0.48 > LOW_PASS_HZ else []
    return chain(high_pass(HIGH_PASS_HZ, rate_hz), *mains_notches(rate_hz), *low)


def mains_notches(rate_hz: float) -> list[NDArray[np.float64]]:
    """Return notches at 50 and 60 Hz, as far as the rate has such frequencies."""
    return [notch(hz, NOTCH_QUALITY, rate_hz) for hz in (50.0, 60.0) if hz < 0.48 * rate_hz]


@kernel
def section(x: float, b0: float, b1: float, b2: float, a1: float, a2: float, s: float,
            t: float) -> tuple[float, float, float]:
    """Return one section's output and its next two states: transposed direct form II."""
    y = b0 * x + s
    return y, (b1 * x + t) - a1 * y, b2 * x - a2 * y


@kernel
def cascade(sections: NDArray[np.float64], state: NDArray[np.float64], held: NDArray[np.float64], settle: int,
            samples: NDArray[np.float32], column: int, start: int, count: int, channel: int,
            first_out: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Run a chain of sections over samples of one channel, carrying its state, in double precision.

    To settle sets the state to what a constant input of the next value would have left, so an electrode offset of many
    millivolts makes no transient; a channel settles with its first value, too. A NaN repeats the channel's last value:
    the state stays clean, and what was missing is the quality's business. The state of all sections lives in
    registers, and their outputs overlap: five sections take hardly longer than one.

    Parameters
    ----------
    sections : (SECTIONS, 5) float64
        From `chain`.
    state : (SECTIONS, 2, channel) float64
    held : (channel,) float64
        Last plausible value of each channel; NaN before the first one. Both are changed in place.
    settle : int
        1 where the past must be forgotten before the first of these samples.
    samples : (n, column) float32
    column, start, count : int
        Which of them.
    channel : int
    first_out, out : (at least count, channel) float32
        Filled with the output of the first section alone, and of the whole chain; NaN before the first value.
    """
    p0, q0 = state[0, 0, channel], state[0, 1, channel]
    p1, q1 = state[1, 0, channel], state[1, 1, channel]
    p2, q2 = state[2, 0, channel], state[2, 1, channel]
    p3, q3 = state[3, 0, channel], state[3, 1, channel]
    p4, q4 = state[4, 0, channel], state[4, 1, channel]
    b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 3], sections[0, 4]
    c0, c1, c2, d1, d2 = sections[1, 0], sections[1, 1], sections[1, 2], sections[1, 3], sections[1, 4]
    e0, e1, e2, f1, f2 = sections[2, 0], sections[2, 1], sections[2, 2], sections[2, 3], sections[2, 4]
    g0, g1, g2, h1, h2 = sections[3, 0], sections[3, 1], sections[3, 2], sections[3, 3], sections[3, 4]
    k0, k1, k2, l1, l2 = sections[4, 0], sections[4, 1], sections[4, 2], sections[4, 3], sections[4, 4]
    last = held[channel]
    unsettled = settle == 1 or math.isnan(last)
    for i in range(count):
        x: float = np.float64(samples[start + i, column])
        if not abs(x) < IMPOSSIBLE:  # NaN included: one such sample would stay in the filter for good
            x = last
        last = x
        if unsettled and not math.isnan(x):
            unsettled = False
            p0, q0 = -b0 * x, b2 * x  # the first section blocks a constant, so the others have seen nothing yet
            p1 = q1 = p2 = q2 = p3 = q3 = p4 = q4 = 0.0
        x, p0, q0 = section(x, b0, b1, b2, a1, a2, p0, q0)
        first_out[i, channel] = x
        x, p1, q1 = section(x, c0, c1, c2, d1, d2, p1, q1)
        x, p2, q2 = section(x, e0, e1, e2, f1, f2, p2, q2)
        x, p3, q3 = section(x, g0, g1, g2, h1, h2, p3, q3)
        x, p4, q4 = section(x, k0, k1, k2, l1, l2, p4, q4)
        out[i, channel] = x
    held[channel] = last
    state[0, 0, channel], state[0, 1, channel] = p0, q0
    state[1, 0, channel], state[1, 1, channel] = p1, q1
    state[2, 0, channel], state[2, 1, channel] = p2, q2
    state[3, 0, channel], state[3, 1, channel] = p3, q3
    state[4, 0, channel], state[4, 1, channel] = p4, q4


@kernel
def forget_nothing(state: NDArray[np.float64], channel: int) -> None:
    """Set states of one channel that have decayed to nothing to zero; see `NOTHING`."""
    for k in range(SECTIONS):
        for j in range(2):
            if abs(state[k, j, channel]) < NOTHING:
                state[k, j, channel] = 0.0
