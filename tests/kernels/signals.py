"""A simulated minute for tests of the whole vector: columns, rates and rows of every stream."""

import numpy as np

from kernels import brain, context, eyes, fused, voice

CAMERA = ("gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "head_roll", "ear_left", "ear_right", "blink_left",
          "blink_right", "jaw_open", "face", "luma")
MICROPHONE = ("speech", "rms_db", "loudness_momentary", "loudness_short", "f0", "centroid", "flatness", "flux",
              "transient", "clipped", "silent")
CONTEXT = ("demand", "speed_kmh")
RATES = {"camera": 30.0, "microphone": 31.25, "context": 10.0}
START_NS = 3_600_000_000_000


def setup(electrodes: tuple[str, ...], eeg_hz: float, calibration_s: float = 10.0) -> fused.Setup:
    return fused.Setup(
        camera=eyes.Setup(CAMERA, RATES["camera"], 0.0, 0.0, 0.2, calibration_s),
        microphone=voice.Setup(MICROPHONE, RATES["microphone"]),
        eeg=brain.Setup(electrodes, ("uV",) * len(electrodes), eeg_hz, calibration_s=calibration_s),
        surroundings=context.Setup(CONTEXT), fusion=fused.crossmodal.Setup(calibration_s))


def streams(seconds: float, electrodes: tuple[str, ...], eeg_hz: float, seed: int = 0,
            ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return modality to values (n, column) float32 and times (n,) ns, with a few missing values."""
    random = np.random.default_rng(seed)
    found = {}
    for name, rate in (*RATES.items(), ("eeg", eeg_hz)):
        count = int(seconds * rate)
        t = (np.arange(count) + 1) / rate
        values = {"camera": _camera, "microphone": _microphone, "context": _context, "eeg": _eeg}[name](
            random, t, len(electrodes))
        if name != "context":
            values[random.random(values.shape) < 0.002] = np.nan
        found[name] = values.astype(np.float32), START_NS + (t * 1e9).astype(np.int64)
    return found


def _camera(random: np.random.Generator, t: np.ndarray, _: int) -> np.ndarray:
    count = len(t)
    opening = 0.3 + random.normal(0, 0.004, count)
    for onset in np.arange(1.5, t[-1] - 1, 3.1):
        opening *= 1 - 0.8 * np.exp(-(((t - onset - 0.1) / 0.07) ** 2))
    looks = random.normal(0, (0.3, 0.15), (int(t[-1] / 0.4) + 2, 2))[(t / 0.4).astype(int)]
    gaze = looks + random.normal(0, 0.003, looks.shape)
    head = np.cumsum(random.normal(0, 0.002, (count, 3)), axis=0)
    closed = np.clip(1 - opening / 0.3, 0, 1)
    return np.column_stack([gaze, head, opening, opening, closed, closed, np.full(count, 0.05), np.full(count, 0.98),
                            np.full(count, 120.0)])


def _microphone(random: np.random.Generator, t: np.ndarray, _: int) -> np.ndarray:
    count = len(t)
    speaking = np.sin(2 * np.pi * t / 5.0) > 0.0
    level = np.where(speaking, -28 + 6 * np.sin(2 * np.pi * 4.5 * t), -55.0) + random.normal(0, 1.5, count)
    return np.column_stack([
        np.where(speaking, 0.9, 0.05), level, level - 1, level,
        np.where(speaking, random.normal(140, 18, count), np.nan), random.normal(1500, 300, count),
        random.uniform(0.05, 0.4, count), random.uniform(0, 0.6, count), random.random(count) < 0.01, np.zeros(count),
        np.zeros(count)])


def _context(random: np.random.Generator, t: np.ndarray, _: int) -> np.ndarray:
    return np.column_stack([0.5 + 0.3 * np.sin(t / 7), 80 + 10 * np.sin(t / 11)])


def _eeg(random: np.random.Generator, t: np.ndarray, electrodes: int) -> np.ndarray:
    hz = np.fft.rfftfreq(len(t), t[1] - t[0])
    spectrum = random.normal(size=(electrodes, len(hz))) + 1j * random.normal(size=(electrodes, len(hz)))
    spectrum /= np.maximum(hz, 0.5) ** 0.6
    pink = np.fft.irfft(spectrum, len(t))
    pink *= 10 / pink.std(axis=1, keepdims=True)
    for onset in np.arange(1.5, t[-1] - 1, 3.1):
        pink[0] += 150 * np.exp(-(((t - onset - 0.13) / 0.08) ** 2))
    return (pink + 8 * np.sin(2 * np.pi * 10 * t)).T - 20_000
