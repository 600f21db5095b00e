"""Audio arithmetic on 16 kHz mono: loudness, level, clipping, sudden rises and spectral shape.

Everything stateful carries its state in arrays that the caller owns, so cutting the signal differently changes no bit.
Pitch lives in `kernels.audio_pitch`, resampling in `kernels.audio_resample`.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

FLOOR_DB = -120.0
"""What silence reads in dBFS and LUFS, instead of minus infinity."""

FULL_SCALE = 0.999
"""Magnitude from which a sample counts as clipped; 16-bit PCM reaches 0.99997, converters often stop just below."""

Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]


def k_weighting(rate_hz: float) -> Float64:
    """Return the K-weighting filter of ITU-R BS.1770-4 for a sampling rate.

    The recommendation prints coefficients for 48 kHz only. They are the bilinear transform of a high shelf of
    3.99984 dB at 1681.97 Hz (Q 0.70718) and a high pass at 38.1355 Hz (Q 0.50033); here the same two analogue
    prototypes are transformed for `rate_hz`. At 48 kHz the printed tables come out. Elsewhere the cascade is scaled to
    the gain it has there at 997 Hz, the frequency at which the -0.691 of the loudness equation cancels it.

    Parameters
    ----------
    rate_hz
        Sampling rate in Hz.

    Returns
    -------
    Float64
        (2, 5): b0, b1, b2, a1, a2 of the shelf and of the high pass, a0 being 1.
    """
    sections, reference = _prototypes(rate_hz), _prototypes(48000.0)
    sections[1, :3] *= _gain(reference, 997.0, 48000.0) / _gain(sections, 997.0, rate_hz)
    return sections


def _prototypes(rate_hz: float) -> Float64:
    gain = 10.0 ** (3.999843853973347 / 20.0)
    edge = gain**0.4996667741545416
    quality = 0.7071752369554196
    k = math.tan(math.pi * 1681.974450955533 / rate_hz)
    a0 = 1.0 + k / quality + k * k
    shelf = ((gain + edge * k / quality + k * k) / a0, 2.0 * (k * k - gain) / a0,
             (gain - edge * k / quality + k * k) / a0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0)
    quality = 0.5003270373238773
    k = math.tan(math.pi * 38.13547087602444 / rate_hz)
    a0 = 1.0 + k / quality + k * k
    # The recommendation prints the high pass's numerator as 1, -2, 1, not divided by a0.
    high_pass = (1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0)
    return np.array((shelf, high_pass))


def _gain(sections: Float64, frequency_hz: float, rate_hz: float) -> float:
    z = np.exp(-2j * np.pi * frequency_hz / rate_hz * np.arange(3))
    return float(np.prod([abs(b @ z) / abs(np.array((1.0, *a)) @ z) for b, a in ((s[:3], s[3:]) for s in sections)]))


@kernel
def weight(samples: Float32, sections: Float64, state: Float64, out: Float64) -> None:
    """Run a cascade of biquads (direct form II transposed) over `samples`, carrying its state.

    Parameters
    ----------
    samples
        (n,) the signal.
    sections
        (section, 5) from `k_weighting`.
    state
        (section, 2) carried from call to call and changed in place; zeros at the start.
    out
        (n,) the filtered signal.
    """
    for section in range(sections.shape[0]):
        b0, b1, b2, a1, a2 = sections[section]
        z1, z2 = state[section]
        for i in range(samples.size):
            x = np.float64(samples[i]) if section == 0 else out[i]
            y = b0 * x + z1
            z1 = b1 * x - a1 * y + z2
            z2 = b2 * x - a2 * y
            out[i] = y
        state[section, 0] = z1
        state[section, 1] = z2


@kernel
def block_powers(signal: Float64, powers: Float64) -> None:
    """Write the mean square of each of ``powers.size`` equal blocks of `signal` to `powers`."""
    length = signal.size // powers.size
    for block in range(powers.size):
        total = 0.0
        for i in range(block * length, (block + 1) * length):
            total += signal[i] * signal[i]
        powers[block] = total / length


@kernel
def shift_in(history: Float64, new: Float64) -> None:
    """Move `history` (n,) to the left and append `new` (m <= n,): the oldest value stays first."""
    keep = history.size - new.size
    for i in range(keep):
        history[i] = history[i + new.size]
    for i in range(new.size):
        history[keep + i] = new[i]


@kernel
def loudness(powers: Float64, blocks: int) -> float:
    """Return the ungated loudness in LUFS of the newest `blocks` of K-weighted mean squares.

    BS.1770-4 equation 2 for one channel, -0.691 + 10 log10(mean square), never below `FLOOR_DB`; NaN while the window
    is not full, which the caller marks by NaN in `powers`.
    """
    total = 0.0
    for i in range(powers.size - blocks, powers.size):
        total += powers[i]
    mean = total / blocks
    if math.isnan(mean):
        return math.nan
    return max(FLOOR_DB, -0.691 + 10.0 * math.log10(mean)) if mean > 0.0 else FLOOR_DB


@kernel
def level(samples: Float32) -> tuple[float, float, float]:
    """Return the RMS level in dBFS, the share of samples at full scale, and 1.0 if all samples are equal.

    0 dBFS is a square wave at full scale, so a full-scale sine reads -3.01. Equal samples are digital silence: a muted
    or dead input; a real converter always shows noise.
    """
    total = 0.0
    clipped = 0
    same = 1.0
    for i in range(samples.size):
        x = np.float64(samples[i])
        total += x * x
        if abs(x) >= FULL_SCALE:
            clipped += 1
        if samples[i] != samples[0]:
            same = 0.0
    mean = total / samples.size
    rms = max(FLOOR_DB, 10.0 * math.log10(mean)) if mean > 0.0 else FLOOR_DB
    return rms, clipped / samples.size, same


@kernel
def sudden(levels: Float64, new: int, back: int, rise_db: float, quiet_db: float, armed: Float64) -> float:
    """Return 1.0 if a sudden sound began in the newest blocks, else 0.0.

    A sound is sudden when a block is more than `rise_db` above the quietest of the `back` blocks before it; levels
    under `quiet_db` count as `quiet_db`, so that a noise floor flickering far down is none. One sound counts once: the
    next is heard only after a block that did not rise.

    Parameters
    ----------
    levels
        (n >= back + new,) block levels in dB, oldest first; NaN before the stream began, which nothing
        rises from.
    new
        How many of the last levels are new.
    back
        How many blocks a rise may take.
    rise_db, quiet_db
        Thresholds in dB.
    armed
        (1,) carried: 1.0 when ready for the next sound.
    """
    found = 0.0
    for i in range(levels.size - new, levels.size):
        low = math.inf
        for j in range(i - back, i):
            if not math.isnan(levels[j]):
                low = min(low, levels[j])
        risen = max(levels[i], quiet_db) - max(low, quiet_db) > rise_db
        if risen and armed[0] > 0.0:
            found = 1.0
        armed[0] = 0.0 if risen else 1.0
    return found


@kernel
def spectral_shape(power: Float32 | Float64, bin_hz: float, first: int, last: int,
                   previous: Float64) -> tuple[float, float, float]:
    """Return centroid, flatness and flux of one power spectrum.

    Parameters
    ----------
    power
        (bins,) power spectrum, bin 0 at 0 Hz.
    bin_hz
        Width of a bin in Hz.
    first, last
        The bins that count: first <= bin < last.
    previous
        (bins,) carried: the last spectrum's magnitudes scaled to unit length, NaN at the start; changed in place.

    Returns
    -------
    tuple of float
        Centroid in Hz, the magnitude-weighted mean frequency; flatness 0..1, geometric over arithmetic mean of the
        power (0.56 for white noise, near 0 for a tone); flux 0..1.42, the distance between successive unit-length
        magnitude spectra, which does not depend on level. All NaN without any power; flux also NaN right after.
    """
    total = 0.0
    for i in range(first, last):
        total += power[i]
    if not total > 0.0:
        for i in range(previous.size):
            previous[i] = math.nan
        return math.nan, math.nan, math.nan
    weighted, magnitudes, logs, change = 0.0, 0.0, 0.0, 0.0
    # Under 1e-12 of the total a bin is rounding noise, and its logarithm must not pull the geometric mean.
    least = total * 1e-12
    for i in range(first, last):
        magnitude = math.sqrt(power[i])
        weighted += magnitude * i * bin_hz
        magnitudes += magnitude
        logs += math.log(max(np.float64(power[i]), least))
        unit = magnitude / math.sqrt(total)
        change += (unit - previous[i]) ** 2
        previous[i] = unit
    count = last - first
    return weighted / magnitudes, math.exp(logs / count) / (total / count), math.sqrt(change)


def warm() -> None:
    """Compile every kernel of this module, or load it from the cache."""
    weighted = np.zeros(512)
    powers = np.zeros(4)
    frame = np.zeros(512, np.float32)
    weight(frame, k_weighting(16000.0), np.zeros((2, 2)), weighted)
    block_powers(weighted, powers)
    shift_in(np.zeros(8), powers)
    loudness(powers, 4)
    level(frame)
    sudden(np.zeros(8), 1, 2, 15.0, -70.0, np.ones(1))
    spectral_shape(np.ones(8, np.float32), 31.25, 1, 8, np.zeros(8))
