"""The feature vector: the single source of truth for names, order, units, ranges and windows.

The session fills a float32 vector of `SIZE` in this order at every tick; NaN means "not measured". Everything that
reads features (rules, network, report, documentation) finds them by name through `INDEX`.
"""

import hashlib
from dataclasses import dataclass

MODALITIES = ("camera", "microphone", "eeg", "context")
"""The kinds of input, which are also the topics they arrive on."""


@dataclass(frozen=True)
class Feature:
    """One row of the table."""

    name: str
    modality: str
    unit: str
    low: float
    """Smallest value that can be true; a value outside low..high is a defect, not a measurement."""
    high: float
    window_s: float
    """How far back it looks; 0 means the newest sample or a running state."""
    definition: str


def _feature(name: str, unit: str, low: float, high: float, window_s: float, definition: str) -> tuple[object, ...]:
    return name, unit, low, high, window_s, definition


_CAMERA = (
    _feature("face_share", "1", 0, 1, 2, "share of frames with a trusted face"),
    _feature("face_absent_s", "s", 0, 1e6, 0, "time since the last trusted face, 0 while there is one"),
    _feature("openness", "1", 0, 1.5, 0, "lid opening over the person's own open eye, newest valid frame"),
    _feature("closure_s", "s", 0, 1e6, 0, "duration of the running closure (openness < 0.2), 0 when open"),
    _feature("perclos_60s", "1", 0, 1, 60, "P80: valid time with lids >= 80 % closed, blinks < 0.25 s left out"),
    _feature("perclos_180s", "1", 0, 1, 180, "P80 over three minutes"),
    _feature("blink_rate_60s", "1/min", 0, 200, 60, "blinks per minute of valid time"),
    _feature("blink_duration_60s", "s", 0, 0.6, 60, "mean duration of blinks at half amplitude"),
    _feature("long_closures_60s", "1", 0, 120, 60, "closures of 0.5 s and longer"),
    _feature("gaze_yaw", "rad", -1.6, 1.6, 0.5, "mean gaze direction, + to the person's right"),
    _feature("gaze_pitch", "rad", -1.6, 1.6, 0.5, "mean gaze direction, + up"),
    _feature("gaze_dispersion_10s", "rad", 0, 3, 10, "root mean square distance of gaze from its mean"),
    _feature("on_target_share_10s", "1", 0, 1, 10, "share of valid gaze inside the target circle"),
    _feature("off_target_s", "s", 0, 1e6, 0, "duration of the running glance away from the target, 0 when on it"),
    _feature("head_yaw", "rad", -1.6, 1.6, 0.5, "mean head direction, + to the person's right"),
    _feature("head_pitch", "rad", -1.6, 1.6, 0.5, "mean head direction, + up"),
    _feature("head_motion_2s", "rad/s", 0, 50, 2, "root mean square angular speed of the head"),
    _feature("jaw_open", "1", 0, 1, 0.5, "mean jaw opening score"),
    _feature("luma", "1", 0, 255, 1, "mean brightness of the face or, without one, the frame"),
    _feature("camera_quality", "1", 0, 1, 2, "trust in the camera columns"),
)
_MICROPHONE = (
    _feature("speech_ratio_10s", "1", 0, 1, 10, "share of frames with speech (enter 0.5, leave 0.35)"),
    _feature("speech_ratio_60s", "1", 0, 1, 60, "the same over a minute"),
    _feature("loudness_3s", "LUFS", -120, 20, 3, "short-term loudness, ITU-R BS.1770"),
    _feature("f0_mean_10s", "Hz", 50, 500, 10, "mean pitch of voiced frames"),
    _feature("f0_sd_10s", "Hz", 0, 300, 10, "standard deviation of the pitch of voiced frames"),
    _feature("transients_10s", "1", 0, 400, 10, "sudden sounds: rises over 15 dB in 50 ms"),
    _feature("clip_share_10s", "1", 0, 1, 10, "share of samples at full scale"),
    _feature("microphone_quality", "1", 0, 1, 10, "trust in the audio columns"),
)
_EEG = (
    _feature("delta", "log10 uV2", -6, 8, 4, "band power 1-4 Hz, median over good channels"),
    _feature("theta", "log10 uV2", -6, 8, 4, "band power 4-8 Hz, median over good channels"),
    _feature("alpha", "log10 uV2", -6, 8, 4, "band power 8-13 Hz, median over good channels"),
    _feature("beta", "log10 uV2", -6, 8, 4, "band power 13-30 Hz, median over good channels"),
    _feature("gamma", "log10 uV2", -6, 8, 4, "band power 30-45 Hz, median over good channels"),
    _feature("frontal_theta", "log10 uV2", -6, 8, 4, "theta power, median over frontal channels"),
    _feature("posterior_alpha", "log10 uV2", -6, 8, 4, "alpha power, median over parieto-occipital channels"),
    _feature("alpha_ratio", "1", 0, 1e3, 4, "posterior alpha density over the mean density of 4-7 and 14-20 Hz"),
    _feature("theta_beta", "log10", -6, 6, 4, "log10 theta/beta; read it beside the aperiodic exponent"),
    _feature("engagement", "log10", -6, 6, 4, "log10 beta / (alpha + theta), Pope 1995; beside the exponent"),
    _feature("aperiodic", "1", -2, 5, 4, "exponent chi of the 1/f background, robust fit 2-40 Hz"),
    _feature("alpha_db", "dB", -40, 40, 4, "posterior alpha against the person's own baseline"),
    _feature("theta_db", "dB", -40, 40, 4, "frontal theta against the person's own baseline"),
    _feature("beta_db", "dB", -40, 40, 4, "beta against the person's own baseline"),
    _feature("eeg_quality", "1", 0, 1, 4, "median trust over the channels"),
)
_CONTEXT = (
    _feature("demand", "1", 0, 1, 0, "how much the outside asks of the person"),
    _feature("speed_kmh", "km/h", -50, 500, 0, "vehicle speed"),
)

FEATURES: tuple[Feature, ...] = tuple(
    Feature(row[0], modality, *row[1:])  # type: ignore[arg-type]
    for modality, rows in zip(MODALITIES, (_CAMERA, _MICROPHONE, _EEG, _CONTEXT), strict=True) for row in rows
)
"""Every feature, in vector order."""

SIZE = len(FEATURES)
INDEX = {feature.name: position for position, feature in enumerate(FEATURES)}
"""Feature name to position in the vector."""


def layout_hash() -> str:
    """Return a short hash of names, order, units and windows; stored models and windows carry it."""
    text = "\n".join(f"{f.name} {f.modality} {f.unit} {f.window_s}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
