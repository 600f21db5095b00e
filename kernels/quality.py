"""Trust in EEG channels: what a second of signal says about the electrode that gave it.

Each second gets a product of soft scores, 1 for good and 0 for useless. The limits are the usual ones of the field:
railed from 90 % of full scale, flat under 0.5 uV, peak to peak 150 uV, steps of 50 uV per sample at 250 Hz, muscle when
30-45 Hz hold half as much as 1-30 Hz. White noise of any size fails the muscle score, so a headset on the desk is not
calm EEG. The usual limit for mains (2 times the EEG's power) is meant for filtered signals: unfiltered recordings of
good Cyton electrodes carry 10 to 100 times, which the notches remove, so trust falls from 100 times to none at 3000.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FULL_SCALE_UV = 187_500.0
"""Full scale of an ADS1299 at gain 24: 4.5 V / 24."""

STATISTICS = 8
"""Per channel and segment: lowest and highest filtered value, largest raw magnitude, largest step, lost samples,
samples stuck on one value, length of the running stuck stretch, last raw value."""

STUCK = 5
"""Equal raw values in a row that no amplifier gives by chance: it sits at a rail or has stopped."""


@njit(cache=True, fastmath=False)
def segment_statistics(length: int, hop_size: int, position: NDArray[np.int64], statistics: NDArray[np.float64],
                       previous: NDArray[np.float64], breaks: NDArray[np.int64], raw: NDArray[np.float32],
                       columns: NDArray[np.int64], clean: NDArray[np.float32], out: NDArray[np.float64]) -> int:
    """Take in samples and report the statistics of the segments that end among them.

    Segments are those of `kernels.spectral.periodograms`: the same length, hop and breaks end at the same samples.

    Parameters
    ----------
    length, hop_size : int
    position : (1,) int64
        Samples since the last break, changed in place; while it is negative, the stream settles.
    statistics : (slot, channel, STATISTICS) float64
        Changed in place.
    previous : (channel,) float64
        Last filtered value; changed in place.
    breaks : (n,) int64
        0; 1 at a sample before which the stream has a hole; 2 where a segment's length must settle first, too.
    raw : (n, column) float32
        uV as the board gave them.
    columns : (channel,) int64
        Which columns are channels.
    clean : (n, channel) float32
        uV without offset, drift, mains and what lies above 45 Hz.
    out : (m, channel, STATISTICS) float64
        Filled in order; m = n // hop_size + slots always suffices.

    Returns
    -------
    int
        Segments reported.
    """
    slots, channels = statistics.shape[0], statistics.shape[1]
    done = 0
    for i in range(raw.shape[0]):
        if breaks[i] == 2:
            position[0] = -length
        elif breaks[i] == 1:
            position[0] = min(0, position[0])
        p = position[0]
        youngest = p // hop_size
        for j in range(slots):
            number = youngest - j
            if number < 0:
                break
            offset = p - number * hop_size
            if offset >= length:
                continue
            slot = number % slots
            for c in range(channels):
                s = statistics[slot, c]
                if offset == 0:
                    s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7] = np.inf, -np.inf, 0.0, 0.0, 0.0, 0.0, 1.0, np.nan
                value = float(raw[i, columns[c]])
                if np.isnan(value):
                    s[4] += 1.0
                    continue
                s[0] = min(s[0], clean[i, c])
                s[1] = max(s[1], clean[i, c])
                s[2] = max(s[2], abs(value))
                if offset > 0:
                    s[3] = max(s[3], abs(clean[i, c] - previous[c]))
                if value == s[7]:
                    s[6] += 1.0
                    if s[6] == STUCK:
                        s[5] += STUCK
                    elif s[6] > STUCK:
                        s[5] += 1.0
                else:
                    s[6] = 1.0
                s[7] = value
            if offset == length - 1:
                out[done] = statistics[slot]
                done += 1
        for c in range(channels):
            if not np.isnan(raw[i, columns[c]]):
                previous[c] = clean[i, c]
        position[0] = p + 1
    return done


@njit(cache=True, fastmath=False)
def _fall(value: float, good: float, bad: float) -> float:
    """Return 1 at `good` and better, 0 at `bad` and worse, a line between."""
    return min(1.0, max(0.0, (value - bad) / (good - bad)))


@njit(cache=True, fastmath=False)
def channel_scores(statistics: NDArray[np.float64], power: NDArray[np.float64], length: int, rate_hz: float,
                   full_scale_uv: float, out: NDArray[np.float64]) -> None:
    """Fill `out` with the trust 0..1 in each channel for one segment.

    Parameters
    ----------
    statistics : (channel, STATISTICS) float64
        From `segment_statistics`.
    power : (channel, bin) float64
        Density of the same segment, uV2/Hz; bin k is k + 1 Hz.
    length : int
        Samples in the segment.
    rate_hz, full_scale_uv : float
    out : (channel,) float64
    """
    bins = power.shape[1]
    for c in range(statistics.shape[0]):
        s = statistics[c]
        swing = s[1] - s[0]
        score = _fall(s[4] / length, 0.0, 0.1) * _fall(s[5] / length, 0.05, 0.3)
        score *= _fall(swing, 3.0, 0.5) * _fall(swing, 150.0, 300.0)
        score *= _fall(s[2] / full_scale_uv, 0.75, 0.9)
        score *= _fall(s[3] * rate_hz / 250.0, 50.0, 100.0)
        low = 0.0
        high = 0.0
        for k in range(min(45, bins)):
            if k < 29:
                low += power[c, k]
            else:
                high += power[c, k]
        mains = 0.0
        for centre in (50, 60):
            if bins > centre:
                mains = max(mains, power[c, centre - 2] + power[c, centre - 1] + power[c, centre])
        if not low > 0.0:  # also when it is NaN
            out[c] = 0.0
            continue
        score *= _fall(np.log10(max(1.0, mains / (low + high))), 2.0, 3.5)
        score *= _fall(high / low, 0.3, 0.55)
        out[c] = max(0.0, score)


@njit(cache=True, fastmath=False)
def stream_quality(scores: NDArray[np.float64], ends_ns: NDArray[np.int64], after_ns: int, good: float,
                   channel: NDArray[np.float64]) -> tuple[float, int]:
    """Return the trust in the whole stream and the number of segments, and fill `channel` with each channel's trust.

    A channel's trust is the mean of its segments, the stream's the median of its channels. With more than 40 % of the
    channels bad the stream is unusable, whatever the others say: it stays under 0.3.

    Parameters
    ----------
    scores : (segment, channel) float64
        From `channel_scores`.
    ends_ns : (segment,) int64
        When each ended.
    after_ns : int
        Segments that ended by then are left out.
    good : float
        Trust from which a channel is not bad.
    channel : (channel,) float64
        Zeros without any segment.
    """
    segments, channels = scores.shape
    count = 0
    for s in range(segments):
        if ends_ns[s] > after_ns:
            count += 1
    bad = 0
    for c in range(channels):
        total = 0.0
        for s in range(segments):
            if ends_ns[s] > after_ns:
                total += scores[s, c]
        channel[c] = total / count if count else 0.0
        if channel[c] < good:
            bad += 1
    if count == 0 or channels == 0:
        return 0.0, 0
    median = np.median(channel)
    share = bad / channels
    return (min(median, 0.5 * (1.0 - share)) if share > 0.4 else median), count


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    statistics, raw, scores = np.zeros((4, 3, STATISTICS)), np.ones((4, 3), np.float32), np.zeros((4, 3))
    segment_statistics(4, 1, np.zeros(1, np.int64), statistics, np.zeros(3), np.zeros(4, np.int64), raw, np.arange(3),
                       raw, np.zeros((8, 3, STATISTICS)))
    channel_scores(statistics[0], np.ones((3, 2)), 4, 250.0, FULL_SCALE_UV, scores[0])
    stream_quality(scores, np.ones(4, np.int64), 0, 0.5, np.zeros(3))
