"""Power spectral densities of one-second segments that overlap by half, grown sample by sample, and their average.

Each sample is added at once to the two segments it belongs to, as its share of their Fourier sums at the needed bins
only; so the work of a tick is the same at every tick, no history is kept, and cutting the stream differently changes
no bit. With one Hann window a segment the average is Welch's (Welch 1967: half overlap); with three Slepian tapers it
is a multitaper estimate (Thomson 1982), which is steadier for the same time and leaks less.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

SLOTS = 2
"""Segments that run at once: they are a second long and begin half a second apart."""

HIGHEST_HZ = 61
"""The highest frequency kept: 1-45 Hz are EEG, 49-51 and 59-61 Hz tell the mains."""
BINS = 64
"""Room for bins, 1 Hz apart and without 0 Hz: a whole number of vector registers."""
WIDTH = 2 * BINS
"""Fourier sums of a segment: cosines from 0 on, sines from `BINS` on."""

BANDS = (("delta", 1.0, 4.0), ("theta", 4.0, 8.0), ("alpha", 8.0, 13.0), ("beta", 13.0, 30.0), ("gamma", 30.0, 45.0))
"""Name and limits in Hz; the lower limit belongs to the band, the upper to the next."""

TAPERS = {"welch": 1, "multitaper": 3}
"""Windows a segment of each kind of spectrum."""
HALF_BANDWIDTH = 2.0
"""Time times half bandwidth of the Slepian tapers: 2 Hz to each side; 2 NW - 1 = 3 of them concentrate their energy."""


def segment_length(rate_hz: float) -> int:
    """Return the samples of a segment: a second, rounded to an even number so that half of it is whole."""
    return 2 * max(1, round(0.5 * rate_hz))


def bin_count(rate_hz: float) -> int:
    """Return how many bins (1 Hz, 2 Hz, ...) can be told apart at a sampling rate."""
    return min(HIGHEST_HZ, int(0.48 * rate_hz))


def windows(length: int, spectrum: str) -> NDArray[np.float64]:
    """Return the windows (taper, length) of a kind of spectrum, each with squares that sum to its weight; all to 1.

    Slepian tapers weigh as much as they concentrate: their eigenvalues (Percival & Walden 1993, equation 369).
    """
    if TAPERS[spectrum] == 1:
        hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
        return np.array([hann / math.sqrt(np.sum(hann**2))])
    from scipy.signal.windows import dpss  # only this kind of spectrum needs it

    tapers, weights = dpss(length, HALF_BANDWIDTH, TAPERS[spectrum], sym=False, return_ratios=True)
    return np.asarray(tapers * np.sqrt(weights / np.sum(weights))[:, None], np.float64)


def fourier_table(rate_hz: float, spectrum: str) -> NDArray[np.float32]:
    """Return (taper, length, WIDTH): the windowed cosines, then sines, of 1, 2, ... cycles per segment.

    Zeros fill it up where the rate has fewer bins than there is room for. Scaled so that the squares of a segment's
    sums add up to its one-sided density in uV2/Hz. Single precision halves the cost of a tick; the signal has no offset
    any more, so its 7 digits are plenty.
    """
    length, bins = segment_length(rate_hz), bin_count(rate_hz)
    angle = 2.0 * np.pi * (np.outer(np.arange(length), np.arange(1, bins + 1)) % length) / length
    waves = np.zeros((length, WIDTH))
    waves[:, :bins], waves[:, BINS:BINS + bins] = np.cos(angle), np.sin(angle)
    return (math.sqrt(2.0 / rate_hz) * windows(length, spectrum)[:, :, None] * waves).astype(np.float32)


@kernel
def add(table: NDArray[np.float32], offset: int, samples: NDArray[np.float32], channel: int, count: int, fresh: int,
        total: NDArray[np.float32]) -> None:
    """Add samples of a channel to Fourier sums: always in order, five a pass to spare loads and stores.

    Parameters
    ----------
    table : (length, WIDTH) float32
        One taper of a `fourier_table`.
    offset : int
        Place of the first sample within the segment.
    samples : (at least count, channel) float32
    channel, count : int
    fresh : int
        1 where the segment begins here.
    total : (WIDTH,) float32
        Running Fourier sums; changed in place.
    """
    if fresh == 1:
        for k in range(WIDTH):
            total[k] = np.float32(0.0)
    q = 0
    while q + 5 <= count:
        u, v, w = samples[q, channel], samples[q + 1, channel], samples[q + 2, channel]
        x, y = samples[q + 3, channel], samples[q + 4, channel]
        r0, r1, r2 = table[offset + q], table[offset + q + 1], table[offset + q + 2]
        r3, r4 = table[offset + q + 3], table[offset + q + 4]
        for k in range(WIDTH):
            total[k] = ((((total[k] + u * r0[k]) + v * r1[k]) + w * r2[k]) + x * r3[k]) + y * r4[k]
        q += 5
    while q < count:
        u = samples[q, channel]
        r0 = table[offset + q]
        for k in range(WIDTH):
            total[k] += u * r0[k]
        q += 1


@kernel
def add_power(total: NDArray[np.float32], first: int, power: NDArray[np.float32]) -> None:
    """Add one taper's share to the density (BINS,) of an ended segment; `first` 1 begins with this one."""
    for k in range(BINS):
        real, imaginary = total[k], total[BINS + k]
        square = real * real + imaginary * imaginary
        power[k] = square if first == 1 else power[k] + square


@kernel
def average(power: NDArray[np.float32], used: int, channel: int, out: NDArray[np.float64]) -> None:
    """Fill `out` with the mean density of the chosen segments of one channel; NaN without any.

    Parameters
    ----------
    power : (segment, channel, BINS) float32
    used : int
        Bit s is 1 where segment s counts.
    channel : int
    out : (channel, BINS) float64
        Row `channel` is filled.
    """
    mean = out[channel]
    count = 0
    for k in range(BINS):
        mean[k] = 0.0
    for s in range(power.shape[0]):
        if (used >> s) & 1:
            density = power[s, channel]
            for k in range(BINS):
                mean[k] += density[k]
            count += 1
    share = 1.0 / count if count > 0 else math.nan
    for k in range(BINS):
        mean[k] *= share
