"""Band powers from Welch's averaged periodograms, grown sample by sample.

One-second Hann segments begin every quarter of a second of samples. Each sample is added at once to the (at most four)
segments it belongs to, as its share of their Fourier sums at the needed bins only; so the work of a tick is the same at
every tick, no history is kept, and cutting the stream differently changes no bit. A hole in the stream ends the
running segments: nothing is ever computed across it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

SLOTS = 4
"""Segments that run at once: they are a second long and begin a quarter of a second apart."""

HIGHEST_HZ = 61
"""The highest frequency kept: 1-45 Hz are EEG, 49-51 and 59-61 Hz tell the mains."""

BANDS = (("delta", 1.0, 4.0), ("theta", 4.0, 8.0), ("alpha", 8.0, 13.0), ("beta", 13.0, 30.0), ("gamma", 30.0, 45.0))
"""Name and limits in Hz; the lower limit belongs to the band, the upper to the next."""


def hop(length: int) -> int:
    """Return how many samples apart segments of `length` samples begin."""
    return -(-length // SLOTS)


def bin_count(rate_hz: float) -> int:
    """Return how many bins (1 Hz, 2 Hz, ...) can be told apart at a sampling rate."""
    return min(HIGHEST_HZ, int(0.48 * rate_hz))


def fourier_table(length: int, bins: int) -> NDArray[np.float32]:
    """Return (length, 2 bins): the Hann-weighted cosines, then sines, of 1, 2, ..., bins cycles per segment.

    Single precision halves the cost of a tick; the signal has no offset any more, so its 7 digits are plenty.
    """
    n = np.arange(length)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * n / length)
    angle = 2.0 * np.pi * np.outer(n, np.arange(1, bins + 1)) / length
    return np.ascontiguousarray(np.hstack([np.cos(angle), np.sin(angle)]) * hann[:, None], np.float32)


@njit(cache=True, fastmath=False)
def periodograms(table: NDArray[np.float32], hop_size: int, rate_hz: float, position: NDArray[np.int64],
                 sums: NDArray[np.float32], breaks: NDArray[np.int64], samples: NDArray[np.float32],
                 ends: NDArray[np.int64], power: NDArray[np.float64]) -> int:
    """Take in samples and report the power spectral densities of the segments that end among them.

    Parameters
    ----------
    table : (length, 2 bins) float32
        From `fourier_table`.
    hop_size : int
        From `hop`.
    rate_hz : float
    position : (1,) int64
        Samples since the last break, changed in place; while it is negative, the stream settles.
    sums : (SLOTS, channel, 2 bins) float32
        Running Fourier sums; changed in place.
    breaks : (n,) int64
        0; 1 at a sample before which the stream has a hole; 2 where a segment's length must settle first, too.
    samples : (n, channel) float32
        uV; a NaN makes its segment NaN.
    ends : (m,) int64
        Filled with the index of each ended segment's last sample within `samples`.
    power : (m, channel, bins) float64
        Filled with densities, uV2/Hz.

    Returns
    -------
    int
        Segments reported; m = n // hop_size + SLOTS always suffices.
    """
    length = table.shape[0]
    bins = table.shape[1] // 2
    slots, channels = sums.shape[0], sums.shape[1]
    scale = 2.0 / (rate_hz * 0.375 * length)  # one-sided; the squares of a Hann window sum to 3/8 of its length
    done = 0
    i = 0
    while i < samples.shape[0]:
        if breaks[i] == 2:
            position[0] = -length
        elif breaks[i] == 1:
            position[0] = min(0, position[0])
        p = position[0]
        # A run of samples in which no segment begins or ends and the stream has no hole is added in one go.
        run = min(samples.shape[0] - i, hop_size - p % hop_size)
        for k in range(1, run):
            if breaks[i + k] > 0:
                run = k
                break
        youngest = p // hop_size
        for number in range(max(0, youngest - slots + 1), youngest + 1):
            if p - number * hop_size < length:
                run = min(run, length - (p - number * hop_size))
        for number in range(max(0, youngest - slots + 1), youngest + 1):
            offset = p - number * hop_size
            if offset >= length:
                continue
            slot = number % slots
            for c in range(channels):
                if offset == 0:
                    sums[slot, c, :] = 0.0
                _add(table, offset, samples, i, c, run, sums[slot, c])
            if offset + run == length:
                for c in range(channels):
                    for k in range(bins):
                        real, imaginary = sums[slot, c, k], sums[slot, c, bins + k]
                        power[done, c, k] = scale * (real * real + imaginary * imaginary)
                ends[done] = i + run - 1
                done += 1
        position[0] = p + run
        i += run
    return done


@njit(cache=True, fastmath=False)
def _add(table: NDArray[np.float32], offset: int, samples: NDArray[np.float32], start: int, channel: int, run: int,
         total: NDArray[np.float32]) -> None:
    """Add `run` samples of a channel to its Fourier sums: always in order, four a pass to spare loads and stores."""
    q = 0
    while q + 4 <= run:
        u, v = samples[start + q, channel], samples[start + q + 1, channel]
        w, x = samples[start + q + 2, channel], samples[start + q + 3, channel]
        for k in range(total.shape[0]):
            total[k] = (((total[k] + u * table[offset + q, k]) + v * table[offset + q + 1, k])
                        + w * table[offset + q + 2, k]) + x * table[offset + q + 3, k]
        q += 4
    while q < run:
        u = samples[start + q, channel]
        for k in range(total.shape[0]):
            total[k] += u * table[offset + q, k]
        q += 1


@njit(cache=True, fastmath=False)
def welch(power: NDArray[np.float64], scores: NDArray[np.float64], ends_ns: NDArray[np.int64], after_ns: int,
          good: float, out: NDArray[np.float64]) -> None:
    """Average the segments of each channel that can be trusted; all of them where none can.

    Parameters
    ----------
    power : (segment, channel, bin) float64
    scores : (segment, channel) float64
        Trust in each, 0..1.
    ends_ns : (segment,) int64
        When each ended.
    after_ns : int
        Segments that ended by then are left out.
    good : float
        Trust from which a segment counts.
    out : (channel, bin) float64
        Filled with the mean density; NaN without any measured segment.
    """
    segments, channels, bins = power.shape
    for c in range(channels):
        best = 0.0
        for s in range(segments):
            if ends_ns[s] > after_ns:
                best = max(best, scores[s, c])
        floor = good if best >= good else -1.0
        count = 0
        out[c, :] = 0.0
        for s in range(segments):
            if ends_ns[s] > after_ns and scores[s, c] >= floor and np.isfinite(power[s, c, 0]):
                for k in range(bins):
                    out[c, k] += power[s, c, k]
                count += 1
        for k in range(bins):
            out[c, k] = out[c, k] / count if count else np.nan


@njit(cache=True, fastmath=False)
def peak_ratio(density: NDArray[np.float64], peak: NDArray[np.int64], beside: NDArray[np.int64],
               column: int, out: NDArray[np.float64]) -> None:
    """Fill a column of `out` (channel, column) with the mean density of the bins `peak` over that of `beside`."""
    for c in range(density.shape[0]):
        above = 0.0
        for k in peak:
            above += density[c, k]
        under = 0.0
        for k in beside:
            under += density[c, k]
        out[c, column] = (above / peak.shape[0]) / (under / beside.shape[0]) if under > 0.0 else np.nan


@njit(cache=True, fastmath=False)
def band_powers(density: NDArray[np.float64], first_bins: NDArray[np.int64], end_bins: NDArray[np.int64],
                bin_hz: float, out: NDArray[np.float64]) -> None:
    """Fill `out` (channel, band) with log10 of the power in uV2 of each band.

    Parameters
    ----------
    density : (channel, bin) float64
        uV2/Hz; bin k is (k + 1) `bin_hz`.
    first_bins, end_bins : (band,) int64
        Bins first <= k < end of each band; an empty range gives NaN.
    bin_hz : float
    out : (channel, at least band) float64
    """
    for c in range(density.shape[0]):
        for b in range(first_bins.shape[0]):
            total = 0.0
            for k in range(first_bins[b], end_bins[b]):
                total += density[c, k]
            out[c, b] = np.log10(total * bin_hz) if total > 0.0 else np.nan


@njit(cache=True, fastmath=False)
def aperiodic_exponent(density: NDArray[np.float64], log_hz: NDArray[np.float64],
                       used: NDArray[np.int64]) -> float:
    """Return the exponent chi of the 1/f background, log10 P = b - chi log10 f.

    The line is Theil and Sen's: the median of the slopes of all pairs of used bins, which oscillations that rise above
    the background bend little.

    Parameters
    ----------
    density : (bin,) float64
        Power density; NaN or zero where not measured.
    log_hz : (bin,) float64
        log10 of the frequency.
    used : (m,) int64
        Bins of the fit (2-40 Hz without the alpha peak).
    """
    height = np.empty(used.shape[0])
    for i in range(used.shape[0]):
        height[i] = np.log10(density[used[i]]) if density[used[i]] > 0.0 else np.nan
    slopes = np.empty(used.shape[0] * (used.shape[0] - 1) // 2)
    count = 0
    for i in range(used.shape[0]):
        for j in range(i + 1, used.shape[0]):
            slope = (height[j] - height[i]) / (log_hz[used[j]] - log_hz[used[i]])
            if np.isfinite(slope):
                slopes[count] = slope
                count += 1
    return -np.median(slopes[:count]) if count else np.nan


@njit(cache=True, fastmath=False)
def _median(values: NDArray[np.float64], count: int) -> float:
    """Return the median of the first `count` values, sorting them in place; meant for a handful."""
    for i in range(1, count):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    if count == 0:
        return np.nan
    return float(0.5 * (values[(count - 1) // 2] + values[count // 2]))


@njit(cache=True, fastmath=False)
def medians(values: NDArray[np.float64], chosen: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Fill `out` (group, column) with the median over the channels of each group; NaN for a group without any.

    Parameters
    ----------
    values : (channel, column) float64
        NaN where not measured.
    chosen : (group, channel) float64
        Over 0 for the channels of a group.
    out : (group, column) float64
    """
    kept = np.empty(values.shape[0])
    for g in range(chosen.shape[0]):
        for k in range(values.shape[1]):
            count = 0
            for c in range(values.shape[0]):
                if chosen[g, c] > 0.0 and np.isfinite(values[c, k]):
                    kept[count] = values[c, k]
                    count += 1
            out[g, k] = _median(kept, count)


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    table, breaks, ends = fourier_table(4, 2), np.zeros(5, np.int64), np.zeros(9, np.int64)
    power, density, out = np.ones((9, 3, 2)), np.ones((3, 2)), np.ones((3, 2))
    periodograms(table, 1, 4.0, np.zeros(1, np.int64), np.zeros((SLOTS, 3, 4), np.float32), breaks,
                 np.ones((5, 3), np.float32), ends, power)
    welch(power, np.ones((9, 3)), ends, 0, 0.5, density)
    band_powers(density, np.array([0]), np.array([1]), 1.0, out)
    peak_ratio(density, np.array([0]), np.array([1]), 0, out)
    medians(out, np.ones((1, 3)), np.empty((1, 2)))
    aperiodic_exponent(np.ones(2), np.arange(2.0), np.arange(2))
