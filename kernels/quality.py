"""Trust in EEG channels: what a second of signal says about the electrode that gave it.

Each second gets a product of soft scores, 1 for good and 0 for useless. The limits are the usual ones of the field:
railed from 90 % of full scale, flat under 0.5 uV, peak to peak 150 uV, steps of 50 uV per sample at 250 Hz, muscle when
30-45 Hz hold half as much as 1-30 Hz. White noise of any size fails the muscle score, so a headset on the desk is not
calm EEG. The usual limit for mains (2 times the EEG's power) is meant for filtered signals: unfiltered recordings of
good Cyton electrodes carry 10 to 100 times, which the notches remove, so trust falls from 100 times to none at 3000.

Statistics are kept by half segments, so that the two segments which share a half share its work.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

FULL_SCALE_UV = 187_500.0
"""Full scale of an ADS1299 at gain 24: 4.5 V / 24."""

GOOD = 0.5
"""Trust from which an electrode, or one second of it, counts."""

LOWEST, HIGHEST, MAGNITUDE, STEP, LOST, STUCK_SAMPLES = range(6)
STATISTICS = 6
"""Per half segment and channel: lowest and highest filtered value, largest raw magnitude, largest step from sample to
sample, lost samples, samples stuck on one value."""

STUCK = 5
"""Equal raw values in a row that no amplifier gives by chance: it sits at a rail or has stopped."""

LOW, HIGH, MAINS = range(3)
POWERS = 3
"""Per segment and channel: power in 1-29 Hz, in 30-45 Hz, and of the mains (50 or 60 Hz, and a bin to each side)."""


@kernel
def collect(statistics: NDArray[np.float64], fresh: int, last: NDArray[np.float32], run: NDArray[np.int64],
            before: float, since: int, raw: NDArray[np.float32], column: int, start: int, count: int,
            clean: NDArray[np.float32], channel: int) -> None:
    """Take in samples of one channel.

    Parameters
    ----------
    statistics : (STATISTICS, channel) float64
        Of this half segment; changed in place.
    fresh : int
        1 where the half begins here.
    last, run : (channel,) float32, int64
        Last raw value, and how often it has come in a row; changed in place.
    before : float
        Filtered value of the sample before these.
    since : int
        Samples since the last hole; the first after a hole makes no step.
    raw : (n, column) float32
        uV as the board gave them; NaN for a lost sample.
    column, start, count : int
    clean : (at least count, channel) float32
        uV without offset, drift, mains and what lies above 45 Hz.
    channel : int
    """
    lowest, highest = math.inf, -math.inf
    magnitude = step = lost = stuck = 0.0
    if fresh == 0:
        lowest, highest = statistics[LOWEST, channel], statistics[HIGHEST, channel]
        magnitude, step = statistics[MAGNITUDE, channel], statistics[STEP, channel]
        lost, stuck = statistics[LOST, channel], statistics[STUCK_SAMPLES, channel]
    same, times = last[channel], run[channel]
    for i in range(count):
        value, filtered = raw[start + i, column], np.float64(clean[i, channel])
        change = abs(filtered - before)
        before = filtered
        if math.isnan(value):
            lost += 1.0
            continue
        lowest = filtered if filtered < lowest else lowest
        highest = filtered if filtered > highest else highest
        magnitude = max(magnitude, abs(np.float64(value)))
        if change > step and since + i > 0:
            step = change
        times = times + 1 if value == same else 1
        same = value
        if times >= STUCK:
            stuck += STUCK if times == STUCK else 1.0
    statistics[LOWEST, channel], statistics[HIGHEST, channel] = lowest, highest
    statistics[MAGNITUDE, channel], statistics[STEP, channel] = magnitude, step
    statistics[LOST, channel], statistics[STUCK_SAMPLES, channel] = lost, stuck
    last[channel], run[channel] = same, times


@kernel
def split(density: NDArray[np.float32], bins: int) -> tuple[float, float, float]:
    """Return the power of a segment in 1-29 Hz, in 30-45 Hz, and of the mains, from its density (bin,).

    The mains are the stronger of 50 and 60 Hz with a bin to each side; 0 where the sampling rate shows neither.
    """
    low = 0.0
    high = 0.0
    for k in range(min(45, bins)):
        if k < 29:
            low += np.float64(density[k])
        else:
            high += np.float64(density[k])
    mains = 0.0
    for centre in (50, 60):
        if bins > centre:
            mains = max(mains, np.float64(density[centre - 2]) + density[centre - 1] + density[centre])
    return low, high, mains


@kernel
def fall(value: float, good: float, bad: float) -> float:
    """Return 1 at `good` and better, 0 at `bad` and worse, a line between."""
    return min(1.0, max(0.0, (value - bad) / (good - bad)))


@kernel
def score(older: NDArray[np.float64], newer: NDArray[np.float64], channel: int, low: float, high: float, mains: float,
          length: int, rate_hz: float, full_scale_uv: float) -> tuple[float, float]:
    """Return the trust 0..1 in one channel for one segment, and what it would be if large swings were allowed.

    A blink swings a good frontal electrode as far as a loose one, so whoever looks for blinks asks for the second.

    Parameters
    ----------
    older, newer : (STATISTICS, channel) float64
        Of the segment's two halves.
    channel : int
    low, high, mains : float
        From `split`.
    length : int
        Samples in the segment.
    rate_hz, full_scale_uv : float
    """
    if not low > 0.0:  # also when it is NaN
        return 0.0, 0.0
    swing = max(older[HIGHEST, channel], newer[HIGHEST, channel]) - min(older[LOWEST, channel], newer[LOWEST, channel])
    lost = older[LOST, channel] + newer[LOST, channel]
    stuck = older[STUCK_SAMPLES, channel] + newer[STUCK_SAMPLES, channel]
    step = max(older[STEP, channel], newer[STEP, channel])
    contact = fall(lost / length, 0.0, 0.1) * fall(stuck / length, 0.05, 0.3) * fall(swing, 3.0, 0.5)
    contact *= fall(max(older[MAGNITUDE, channel], newer[MAGNITUDE, channel]) / full_scale_uv, 0.75, 0.9)
    contact *= fall(step * rate_hz / 250.0, 50.0, 100.0)
    if mains > 100.0 * (low + high):
        contact *= fall(math.log10(mains / (low + high)), 2.0, 3.5)
    contact *= fall(high / low, 0.3, 0.55)
    return contact * fall(swing, 150.0, 300.0), contact


@kernel
def stream_quality(trust: NDArray[np.float64], channels: int, middle: float) -> float:
    """Return the trust in the whole stream, given its channels' trust (channel,) and their median.

    With more than 40 % of the channels bad the stream is unusable, whatever the others say: it stays under 0.3.
    """
    bad = 0
    for c in range(channels):
        if trust[c] < GOOD:
            bad += 1
    share = bad / channels
    return min(middle, 0.5 * (1.0 - share)) if share > 0.4 else middle
