"""Speech-like sound: a glottal pulse train through moving formants, with syllables and fricatives.

Nobody's words: syllables of random vowels and consonants, made from harmonics of the pitch that a cascade of formant
resonances weighs (Klatt 1980 describes the cascade).
"""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
FRAME = 80
"""Samples between two settings of the vocal tract: 5 ms."""
FORMANTS_HZ = np.array([[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [530, 1840, 2480], [570, 840, 2410],
                        [660, 1720, 2410], [490, 1350, 1690], [520, 1190, 2390]], np.float64)
"""First three formants of eight vowels (Peterson and Barney 1952, men)."""
UPPER_FORMANTS_HZ = (3500.0, 4500.0)
BANDWIDTHS_HZ = np.array([70.0, 90.0, 130.0, 220.0, 300.0])
HARMONICS_TO_HZ = 5000.0
SYLLABLES_HZ = 4.5
LEVEL = 0.07
"""Root mean square of a turn; -23 dBFS."""


def turn(draw: np.random.Generator, seconds: float, pitch_hz: float) -> NDArray[np.float64]:
    """Return one turn of speech: (round(seconds * 16000),).

    Parameters
    ----------
    draw
        Its randomness.
    seconds
        Its length.
    pitch_hz
        The speaker's mean pitch; it starts above it, falls over the turn and moves with each syllable.
    """
    count = round(seconds * RATE_HZ)
    frames = count // FRAME + 2
    formants, voiced, hiss, bend = _tracks(draw, frames)
    time = np.linspace(0, 1, frames)
    flutter = np.convolve(draw.standard_normal(frames), np.ones(5) / 5, "same")
    pitch = pitch_hz * (1.12 - 0.24 * time) * (1 + 0.08 * bend + 0.008 * flutter)
    # A larger voice box goes with a larger throat.
    formants = formants * (1.0 if pitch_hz < 160 else 1.15)
    sound = _voice(pitch, formants, voiced, count) + _hiss(draw, hiss, count)
    fade = np.clip(np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.01 * RATE_HZ), 0, 1)
    scaled: NDArray[np.float64] = sound * fade * (LEVEL / max(float(np.sqrt(np.mean(sound**2))), 1e-9))
    return np.clip(scaled, -0.95, 0.95)


def _tracks(draw: np.random.Generator, frames: int) -> tuple[NDArray[np.float64], ...]:
    """Return per frame: formants (frames, 3), strength of voice, strength of hiss, and how far the pitch is bent."""
    rate = RATE_HZ / FRAME
    formants = np.empty((frames, 3))
    voiced, hiss, bend = np.zeros(frames), np.zeros(frames), np.zeros(frames)
    at = 0
    while at < frames:
        length = max(20, round(rate / SYLLABLES_HZ * float(draw.normal(1, 0.18))))
        consonant = round(length * float(draw.uniform(0.2, 0.4)))
        kind = int(draw.integers(4))  # fricative, stop, nasal, none
        stress = float(draw.uniform(0.6, 1.0))
        body = slice(min(at + (0 if kind == 3 else consonant), frames), min(at + length, frames))
        onset = slice(at, min(at + consonant, frames))
        formants[at:at + length] = FORMANTS_HZ[int(draw.integers(len(FORMANTS_HZ)))] * draw.normal(1, 0.03, 3)
        # Two vowel targets in one syllable: the tract never stands still.
        middle = (body.start + body.stop) // 2
        formants[middle:body.stop] = 0.6 * formants[middle:body.stop] \
            + 0.4 * FORMANTS_HZ[int(draw.integers(len(FORMANTS_HZ)))]
        voiced[body] = stress
        bend[body] = float(draw.normal(0, 1))
        if kind == 0:
            hiss[onset] = 0.35 * stress
        elif kind == 1:
            hiss[max(onset.stop - 4, at):onset.stop] = 0.6 * stress
        elif kind == 2:
            voiced[onset], formants[onset] = 0.35 * stress, (250, 1100, 2200)
        at += length
    return (_glide(formants, 9), _glide(voiced[:, None], 5)[:, 0], _glide(hiss[:, None], 3)[:, 0],
            _glide(bend[:, None], 25)[:, 0])


def _glide(track: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the columns of a track, smoothed over `width` frames, its ends held."""
    window = np.hanning(width + 2)[1:-1]
    held = np.concatenate([np.repeat(track[:1], width, 0), track, np.repeat(track[-1:], width, 0)])
    smooth = np.stack([np.convolve(column, window / window.sum(), "same") for column in held.T], axis=1)
    return smooth[width:-width]


def _voice(pitch: NDArray[np.float64], formants: NDArray[np.float64], strength: NDArray[np.float64],
           count: int) -> NDArray[np.float64]:
    places = np.arange(pitch.size) * FRAME
    samples = np.arange(count)
    phase = 2 * np.pi * np.cumsum(np.interp(samples, places, pitch)) / RATE_HZ
    harmonics = np.arange(1, int(HARMONICS_TO_HZ / pitch.min()) + 1)
    freqs = pitch[:, None] * harmonics
    resonances = np.concatenate([formants, np.broadcast_to(UPPER_FORMANTS_HZ, (pitch.size, 2))], axis=1)
    # The source falls by 12 dB an octave, radiation at the lips gives 6 back.
    gain = strength[:, None] / harmonics * (freqs < HARMONICS_TO_HZ)
    for number, width in enumerate(BANDWIDTHS_HZ):
        centre = resonances[:, number, None]
        gain = gain * centre**2 / np.sqrt((centre**2 - freqs**2) ** 2 + (width * freqs) ** 2)
    # Each harmonic is the one below it, turned on by the fundamental's phase: no sine but the first.
    step = np.exp(1j * phase)
    turned, sound = np.ones(count, np.complex128), np.zeros(count)
    for number in range(harmonics.size):
        turned *= step
        sound += np.interp(samples, places, gain[:, number]) * turned.imag
    level: NDArray[np.float64] = sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    return level


def _hiss(draw: np.random.Generator, strength: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    freqs = np.fft.rfftfreq(count, 1 / RATE_HZ)
    colour = np.exp(-((freqs - 4800) / 1500) ** 2 / 2)
    noise = np.fft.irfft(np.fft.rfft(draw.standard_normal(count)) * colour, count)
    noise /= max(float(noise.std()), 1e-9)
    shaped: NDArray[np.float64] = noise * np.interp(np.arange(count), np.arange(strength.size) * FRAME, strength)
    return shaped
