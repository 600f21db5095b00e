"""What follows when a segment of EEG ends: trust, averages, medians, and the features of the 4 s before."""

import math
from typing import Any

from kernels import aperiodic, entropies, hjorth, levels, quality, rhythms, spectral
from kernels.brain_record import (
    ACTIVITY,
    ALPHA,
    ALPHA_RATIO,
    BETA,
    CENTRAL,
    COMPLEXITY,
    DELTA,
    EVERYWHERE,
    FRONTAL,
    GAMMA,
    LINE,
    MIDLINE,
    MOBILITY,
    MUSCLE,
    PLACE,
    POSTERIOR,
    RING,
    THETA,
    WINDOW_S,
)
from kernels.jit import kernel
from kernels.medians import median, medians

K_DELTA, K_THETA, K_ALPHA, K_BETA, K_GAMMA = (PLACE[name] for name in ("delta", "theta", "alpha", "beta", "gamma"))
K_FRONTAL_THETA, K_MIDLINE_THETA = PLACE["frontal_theta"], PLACE["midline_theta"]
K_POSTERIOR_ALPHA, K_INDIVIDUAL_ALPHA = PLACE["posterior_alpha"], PLACE["individual_alpha"]
K_ALPHA_FREQUENCY, K_ALPHA_RATIO = PLACE["alpha_frequency"], PLACE["alpha_ratio"]
K_LATERALISATION, K_THETA_BETA, K_ENGAGEMENT = (
    PLACE["alpha_lateralisation"], PLACE["theta_beta"], PLACE["engagement"])
K_APERIODIC, K_SPECTRAL, K_DIFFERENTIAL = PLACE["aperiodic"], PLACE["spectral_entropy"], PLACE["differential_entropy"]
K_ACTIVITY, K_MOBILITY, K_COMPLEXITY = (PLACE[f"hjorth_{name}"] for name in ("activity", "mobility", "complexity"))
K_ALPHA_DB, K_THETA_DB, K_BETA_DB = PLACE["alpha_db"], PLACE["theta_db"], PLACE["beta_db"]
K_LINE, K_MUSCLE, K_QUALITY = PLACE["line_noise"], PLACE["muscle"], PLACE["eeg_quality"]
K_FRONTAL_QUALITY, K_CENTRAL_QUALITY, K_POSTERIOR_QUALITY = (
    PLACE[f"{name}_quality"] for name in ("frontal", "central", "posterior"))


@kernel
def segment_channels(brain: Any, lane: int, lanes: int) -> None:
    """Score the segment that has just ended and sum up the window, for each of a lane's channels."""
    older = brain.position // brain.hop % 2  # the half before the one that has just ended
    newer = 1 - older
    for c in range(lane, brain.channels, lanes):
        density = brain.power[brain.slot, c]
        for t in range(brain.tapers):
            spectral.add_power(brain.sums[older, t, c], 1 if t == 0 else 0, density)
        low, high, mains = quality.split(density, brain.bins)
        powers = brain.powers[brain.slot]
        powers[quality.LOW, c], powers[quality.HIGH, c], powers[quality.MAINS, c] = low, high, mains
        brain.scores[brain.slot, c], brain.contacts[brain.slot, c] = quality.score(
            brain.statistics[older], brain.statistics[newer], c, low, high, mains, brain.length, brain.rate_hz,
            brain.full_scale_uv)
        for order in range(3):
            first = brain.moments[older, 2 * order, c] + brain.moments[newer, 2 * order, c]
            second = brain.moments[older, 2 * order + 1, c] + brain.moments[newer, 2 * order + 1, c]
            count = brain.length
            if order > 0:
                count = brain.differences[older, order - 1] + brain.differences[newer, order - 1]
            brain.variances[brain.slot, order, c] = hjorth.variance(first, second, count)
        _window(brain, c)


@kernel
def _window(brain: Any, c: int) -> None:
    """Work out the values of one channel over the segments of the window that can be trusted; all, where none can.

    Segments of a frontal channel that hold a blink of the camera are left out, unless no other is left.
    """
    trust = contact = low = high = mains = 0.0
    count = 0
    measured = good = 0
    for s in range(RING):
        if not (brain.recent >> s) & 1:
            continue
        count += 1
        trust += brain.scores[s, c]
        contact += brain.contacts[s, c]
        if math.isnan(brain.power[s, c, 0]):
            continue
        measured |= 1 << s
        if brain.scores[s, c] >= quality.GOOD:
            good |= 1 << s
        low += brain.powers[s, quality.LOW, c]
        high += brain.powers[s, quality.HIGH, c]
        mains += brain.powers[s, quality.MAINS, c]
    brain.trust[c], brain.contact[c] = trust / count, contact / count
    used = good if good != 0 else measured
    if brain.named_frontal[c] == 1 and used & brain.clear_of_blinks != 0:
        used &= brain.clear_of_blinks
    spectral.average(brain.power, used, c, brain.density)
    density, values = brain.density[c], brain.columnwise
    for b in range(len(spectral.BANDS)):
        values[b, c] = rhythms.decades(
            rhythms.band_power(density, brain.bands[b, 0], brain.bands[b, 1], brain.bin_hz))
    values[ALPHA_RATIO, c] = rhythms.peak_ratio(density, brain.peak)
    activity = slopes = bends = 0.0
    count = 0
    for s in range(RING):
        if (used >> s) & 1:
            activity += brain.variances[s, 0, c]
            slopes += brain.variances[s, 1, c]
            bends += brain.variances[s, 2, c]
            count += 1
    share = 1.0 / count if count > 0 else math.nan
    values[ACTIVITY, c] = activity * share if activity > 0.0 else math.nan
    values[MOBILITY, c], values[COMPLEXITY, c] = hjorth.descriptors(activity, slopes, bends, brain.rate_hz)
    values[LINE, c] = mains / (low + high) if low + high > 0.0 else math.nan
    values[MUSCLE, c] = high / low if low > 0.0 else math.nan


@kernel
def segment_bins(brain: Any, lane: int, lanes: int) -> None:
    """Fill the background with medians over trusted channels: of all, and of the posterior ones, for a lane's bins."""
    first, end = spectral.BINS * lane // lanes, spectral.BINS * (lane + 1) // lanes
    for row in range(2):
        group = brain.groups[EVERYWHERE if row == 0 else POSTERIOR]
        count = 0
        for c in range(brain.channels):
            if group[c] == 1 and brain.trust[c] >= quality.GOOD:
                density, copy = brain.density[c, first:end], brain.sorting[count, first:end]
                for k in range(end - first):
                    copy[k] = density[k]
                count += 1
        medians(brain.sorting, count, first, end, brain.background[row])


@kernel
def middle(brain: Any, values: Any, group: int, least: float) -> float:
    """Return the median of `values` (channel,) over the measured channels of a group that are trusted so much."""
    kept = brain.scratch
    count = 0
    for c in range(brain.channels):
        if brain.groups[group, c] == 1 and brain.trust[c] >= least and not math.isnan(values[c]):
            kept[count] = values[c]
            count += 1
    return median(kept, count)


@kernel
def summarise(brain: Any, end_ns: int) -> None:
    """Work out the features of the 4 s before `end_ns`, where a segment has just ended."""
    kept, values = brain.kept, brain.columnwise
    trust = quality.stream_quality(brain.trust, brain.channels, middle(brain, brain.trust, EVERYWHERE, 0.0))
    # Holes take away segments; what was missed lowers the trust as much as what was bad.
    hops = (min(WINDOW_S - 1.0, (end_ns - brain.first_ns) * 1e-9 - 2.0)) * brain.rate_hz / brain.hop
    segments = 0
    for s in range(RING):
        segments += (brain.recent >> s) & 1
    kept[K_QUALITY] = trust * min(1.0, segments / (1.0 + max(0.0, math.floor(hops + 0.5))))
    kept[K_FRONTAL_QUALITY] = middle(brain, brain.trust, FRONTAL, 0.0)
    kept[K_CENTRAL_QUALITY] = middle(brain, brain.trust, CENTRAL, 0.0)
    kept[K_POSTERIOR_QUALITY] = middle(brain, brain.trust, POSTERIOR, 0.0)
    kept[K_LINE] = rhythms.decades(middle(brain, values[LINE], EVERYWHERE, 0.0))
    kept[K_MUSCLE] = middle(brain, values[MUSCLE], EVERYWHERE, 0.0)

    kept[K_DELTA] = middle(brain, values[DELTA], EVERYWHERE, quality.GOOD)
    kept[K_THETA] = middle(brain, values[THETA], EVERYWHERE, quality.GOOD)
    kept[K_ALPHA] = middle(brain, values[ALPHA], EVERYWHERE, quality.GOOD)
    kept[K_BETA] = middle(brain, values[BETA], EVERYWHERE, quality.GOOD)
    kept[K_GAMMA] = middle(brain, values[GAMMA], EVERYWHERE, quality.GOOD)
    kept[K_FRONTAL_THETA] = middle(brain, values[THETA], FRONTAL, quality.GOOD)
    kept[K_MIDLINE_THETA] = middle(brain, values[THETA], MIDLINE, quality.GOOD)
    kept[K_POSTERIOR_ALPHA] = middle(brain, values[ALPHA], POSTERIOR, quality.GOOD)
    kept[K_ALPHA_RATIO] = middle(brain, values[ALPHA_RATIO], POSTERIOR, quality.GOOD)
    activity = middle(brain, values[ACTIVITY], EVERYWHERE, quality.GOOD)
    kept[K_ACTIVITY] = rhythms.decades(activity)
    kept[K_DIFFERENTIAL] = entropies.differential_entropy(activity)
    kept[K_SPECTRAL] = entropies.spectral_entropy(brain.background[0], 0, brain.entropy_end)
    kept[K_MOBILITY] = middle(brain, values[MOBILITY], EVERYWHERE, quality.GOOD)
    kept[K_COMPLEXITY] = middle(brain, values[COMPLEXITY], EVERYWHERE, quality.GOOD)
    kept[K_THETA_BETA] = kept[K_THETA] - kept[K_BETA]
    kept[K_ENGAGEMENT] = kept[K_BETA] - rhythms.decades(10.0 ** kept[K_ALPHA] + 10.0 ** kept[K_THETA])
    kept[K_LATERALISATION] = _lateralisation(brain)
    _alpha(brain)

    learning = kept[K_QUALITY] >= quality.GOOD
    kept[K_ALPHA_DB] = change_db(brain.alpha_level, learning, end_ns, brain.calibration_ns, kept[K_POSTERIOR_ALPHA])
    kept[K_THETA_DB] = change_db(brain.theta_level, learning, end_ns, brain.calibration_ns, kept[K_FRONTAL_THETA])
    kept[K_BETA_DB] = change_db(brain.beta_level, learning, end_ns, brain.calibration_ns, kept[K_BETA])


@kernel
def change_db(level: Any, learning: bool, end_ns: int, calibration_ns: int, value: float) -> float:
    """Return how far a log10 power lies from the person's own level in dB; learn the level where that is called for."""
    if learning:
        levels.learn(level, end_ns, calibration_ns, value)
    return float(10.0 * (value - level.value))


@kernel
def _alpha(brain: Any) -> None:
    """Fit the 1/f background, then find the individual alpha above that of the posterior channels."""
    kept, everywhere, posterior = brain.kept, brain.background[0], brain.background[1]
    chi = aperiodic.exponent(everywhere, brain.log_hz, brain.fit, brain.fit_count, brain.heights, brain.places,
                             brain.slopes)
    b = aperiodic.level(posterior, brain.log_hz, brain.fit, brain.fit_count, chi, brain.heights)
    frequency = rhythms.alpha_frequency(posterior, brain.alpha_range[0], brain.alpha_range[1], brain.bin_hz, chi, b)
    kept[K_APERIODIC] = chi
    kept[K_ALPHA_FREQUENCY] = frequency
    kept[K_INDIVIDUAL_ALPHA] = rhythms.decades(
        rhythms.power_around(posterior, brain.bins, frequency, rhythms.ALPHA_HALF_HZ, brain.bin_hz))


@kernel
def _lateralisation(brain: Any) -> float:
    """Return the lateralisation of posterior alpha: the median over pairs of electrodes of which both are trusted."""
    scratch = brain.scratch
    alpha = brain.columnwise[ALPHA]
    count = 0
    for left in range(brain.channels):
        right = brain.mirrors[left]
        if right >= 0 and brain.trust[left] >= quality.GOOD and brain.trust[right] >= quality.GOOD:
            scratch[count] = alpha[right] - alpha[left]
            if not math.isnan(scratch[count]):
                count += 1
    return rhythms.lateralisation(median(scratch, count))
