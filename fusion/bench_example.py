"""A minute of a simulated person, the same at every run: what `attnflow bench kernels` gives to ours and to its peers.

Seeded noise with the traits that cost time: EEG with a 1/f background, alpha and mains; lids that blink, gaze that
jumps and rests; speech in turns. Nobody is measured by it, only processors are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 20_260_102
SECONDS = 60
EEG_HZ, CAMERA_HZ, MICROPHONE_HZ = 250.0, 30.0, 31.25
TICK_HZ = 10.0
"""A tick takes in 25 samples of EEG and three rows of the camera and of the microphone."""
EEG_WINDOW_S, VOICE_WINDOW_S = 4.0, 10.0
ELECTRODES = ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8", "F5", "F7", "F3", "F1", "F2", "F4", "F6", "F8")
ALPHA_HZ, ALPHA_UV, MAINS_UV = 10.0, 8.0, 3.0


@dataclass(frozen=True)
class Example:
    """Raw streams of one minute, as drivers would have sent them; all end together."""

    eeg: NDArray[np.float64]
    """(channel, sample), uV, C-contiguous: the order that most EEG libraries want."""
    camera: dict[str, NDArray[np.float64]]
    """Column to (frame,)."""
    microphone: dict[str, NDArray[np.float64]]
    """Column to (row,); NaN where there is no pitch."""

    @property
    def eeg_window(self) -> NDArray[np.float64]:
        """The newest 4 s of EEG, (channel, 1000)."""
        return np.ascontiguousarray(self.eeg[:, -round(EEG_WINDOW_S * EEG_HZ):])

    @property
    def eeg_new(self) -> NDArray[np.float64]:
        """The samples that came in since the last tick, (channel, 25)."""
        return np.ascontiguousarray(self.eeg[:, -round(EEG_HZ / TICK_HZ):])

    def voice_window(self, column: str) -> NDArray[np.float64]:
        """Return the newest 10 s of a column of the microphone, (312,)."""
        return self.microphone[column][-int(VOICE_WINDOW_S * MICROPHONE_HZ):]


def example(seed: int = SEED) -> Example:
    """Return the simulated minute."""
    random = np.random.default_rng(seed)
    return Example(_eeg(random), _camera(random), _microphone(random))


def _eeg(random: np.random.Generator) -> NDArray[np.float64]:
    count = round(SECONDS * EEG_HZ)
    t = np.arange(count) / EEG_HZ
    hz = np.fft.rfftfreq(count, 1 / EEG_HZ)
    spectrum = random.normal(size=(len(ELECTRODES), len(hz))) + 1j * random.normal(size=(len(ELECTRODES), len(hz)))
    spectrum /= np.maximum(hz, 0.5) ** 0.6  # power falls as 1 / f ** 1.2
    spectrum[:, hz < 0.5] = 0
    pink = np.fft.irfft(spectrum, count)
    pink *= 10.0 / pink.std(axis=1, keepdims=True)
    strength = np.array([1.0 if name[0] in "PO" else 0.4 for name in ELECTRODES])[:, None]
    alpha = ALPHA_UV * strength * np.sin(2 * np.pi * ALPHA_HZ * t + random.uniform(0, 2 * np.pi, (len(ELECTRODES), 1)))
    return np.ascontiguousarray(pink + alpha + MAINS_UV * np.sin(2 * np.pi * 50.0 * t))


def _camera(random: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    count = round(SECONDS * CAMERA_HZ)
    opening = 0.3 + random.normal(0, 0.004, count)
    blink = 1.0 - np.hanning(9)
    for onset in range(45, count - len(blink), 100):
        opening[onset:onset + len(blink)] = 0.05 + (opening[onset:onset + len(blink)] - 0.05) * blink
    looks = random.normal(0, (0.25, 0.12), (count // 12 + 1, 2)).repeat(12, axis=0)[:count]  # a new place every 0.4 s
    gaze = looks + random.normal(0, 0.005, looks.shape)
    head = np.cumsum(random.normal(0, 0.002, (count, 3)), axis=0)
    return {"gaze_yaw": gaze[:, 0].copy(), "gaze_pitch": gaze[:, 1].copy(), "head_yaw": head[:, 0].copy(),
            "head_pitch": head[:, 1].copy(), "head_roll": head[:, 2].copy(), "ear_left": opening,
            "ear_right": opening + random.normal(0, 0.002, count), "blink_left": 1.0 - opening / 0.3,
            "blink_right": 1.0 - opening / 0.3, "jaw_open": np.clip(random.normal(0.05, 0.02, count), 0, 1),
            "face": np.ones(count), "luma": random.normal(120, 2, count)}


def _microphone(random: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    count = round(SECONDS * MICROPHONE_HZ)
    t = np.arange(count) / MICROPHONE_HZ
    speaking = np.sin(2 * np.pi * t / 7.0) > 0.2
    syllables = 6.0 * np.sin(2 * np.pi * 4.5 * t)
    level = np.where(speaking, -28.0 + syllables, -55.0) + random.normal(0, 1.5, count)
    f0 = np.where(speaking & (random.random(count) < 0.8), random.normal(140, 18, count), np.nan)
    return {"speech": np.where(speaking, 0.9, 0.05) + random.normal(0, 0.02, count), "rms_db": level, "f0": f0,
            "loudness_momentary": level - 1.0, "loudness_short": np.convolve(level, np.ones(94) / 94, "same"),
            "centroid": random.normal(1500, 300, count), "flatness": random.uniform(0.05, 0.4, count),
            "flux": random.uniform(0, 0.6, count), "transient": (random.random(count) < 0.01).astype(float),
            "clipped": np.zeros(count), "silent": np.zeros(count)}
