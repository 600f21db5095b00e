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


FEATURES: tuple[Feature, ...] = (
    Feature("face_share", "camera", "1", 0, 1, 2, "share of frames with a trusted face"),
    Feature("face_absent_s", "camera", "s", 0, 1e6, 0, "time since the last trusted face, 0 while there is one"),
    Feature("openness", "camera", "1", 0, 1.5, 0, "lid opening over the person's own open eye, newest valid frame"),
    Feature("closure_s", "camera", "s", 0, 1e6, 0, "duration of the running closure (openness < 0.2), 0 when open"),
    Feature("perclos_60s", "camera", "1", 0, 1, 60, "P80: valid time with lids >= 80 % closed, blinks (< 0.25 s) out"),
    Feature("perclos_180s", "camera", "1", 0, 1, 180, "P80 over three minutes"),
    Feature("blink_rate_60s", "camera", "1/min", 0, 200, 60, "blinks per minute of valid time"),
    Feature("blink_duration_60s", "camera", "s", 0, 0.6, 60, "mean duration of blinks at half amplitude"),
    Feature("long_closures_60s", "camera", "1", 0, 120, 60, "closures of 0.5 s and longer"),
    Feature("gaze_yaw", "camera", "rad", -1.6, 1.6, 0.5, "mean gaze direction, + to the person's right"),
    Feature("gaze_pitch", "camera", "rad", -1.6, 1.6, 0.5, "mean gaze direction, + up"),
    Feature("gaze_dispersion_10s", "camera", "rad", 0, 3, 10, "root mean square distance of gaze from its mean"),
    Feature("on_target_share_10s", "camera", "1", 0, 1, 10, "share of valid gaze inside the target circle"),
    Feature("off_target_s", "camera", "s", 0, 1e6, 0, "duration of the running glance off the target, 0 when on it"),
    Feature("head_yaw", "camera", "rad", -1.6, 1.6, 0.5, "mean head direction, + to the person's right"),
    Feature("head_pitch", "camera", "rad", -1.6, 1.6, 0.5, "mean head direction, + up"),
    Feature("head_motion_2s", "camera", "rad/s", 0, 50, 2, "root mean square angular speed of the head"),
    Feature("jaw_open", "camera", "1", 0, 1, 0.5, "mean jaw opening score"),
    Feature("luma", "camera", "1", 0, 255, 1, "mean brightness of the face or, without one, the frame"),
    Feature("camera_quality", "camera", "1", 0, 1, 2, "trust in the camera columns"),
    Feature("speech_ratio_10s", "microphone", "1", 0, 1, 10, "share of frames with speech (enter 0.5, leave 0.35)"),
    Feature("speech_ratio_60s", "microphone", "1", 0, 1, 60, "the same over a minute"),
    Feature("loudness_3s", "microphone", "LUFS", -120, 20, 3, "short-term loudness, ITU-R BS.1770"),
    Feature("f0_mean_10s", "microphone", "Hz", 50, 500, 10, "mean pitch of voiced frames"),
    Feature("f0_sd_10s", "microphone", "Hz", 0, 300, 10, "standard deviation of the pitch of voiced frames"),
    Feature("transients_10s", "microphone", "1", 0, 400, 10, "sudden sounds: rises over 15 dB in 50 ms"),
    Feature("clip_share_10s", "microphone", "1", 0, 1, 10, "share of samples at full scale"),
    Feature("microphone_quality", "microphone", "1", 0, 1, 10, "trust in the audio columns"),
    Feature("delta", "eeg", "log10 uV2", -6, 8, 4, "band power 1-4 Hz, median over good channels"),
    Feature("theta", "eeg", "log10 uV2", -6, 8, 4, "band power 4-8 Hz, median over good channels"),
    Feature("alpha", "eeg", "log10 uV2", -6, 8, 4, "band power 8-13 Hz, median over good channels"),
    Feature("beta", "eeg", "log10 uV2", -6, 8, 4, "band power 13-30 Hz, median over good channels"),
    Feature("gamma", "eeg", "log10 uV2", -6, 8, 4, "band power 30-45 Hz, median over good channels"),
    Feature("frontal_theta", "eeg", "log10 uV2", -6, 8, 4, "theta power, median over frontal channels"),
    Feature("posterior_alpha", "eeg", "log10 uV2", -6, 8, 4, "alpha power, median over parieto-occipital channels"),
    Feature("alpha_ratio", "eeg", "1", 0, 1e3, 4, "posterior alpha density over the mean density of 4-7 and 14-20 Hz"),
    Feature("theta_beta", "eeg", "log10", -6, 6, 4, "log10 theta/beta; read it beside the aperiodic exponent"),
    Feature("engagement", "eeg", "log10", -6, 6, 4, "log10 beta / (alpha + theta), Pope 1995; beside the exponent"),
    Feature("aperiodic", "eeg", "1", -2, 5, 4, "exponent chi of the 1/f background, robust fit 2-40 Hz"),
    Feature("alpha_db", "eeg", "dB", -40, 40, 4, "posterior alpha against the person's own baseline"),
    Feature("theta_db", "eeg", "dB", -40, 40, 4, "frontal theta against the person's own baseline"),
    Feature("beta_db", "eeg", "dB", -40, 40, 4, "beta against the person's own baseline"),
    Feature("eeg_quality", "eeg", "1", 0, 1, 4, "median trust over the channels"),
    Feature("demand", "context", "1", 0, 1, 0, "how much the outside asks of the person"),
    Feature("speed_kmh", "context", "km/h", -50, 500, 0, "vehicle speed"),
)
"""Every feature, in vector order."""

SIZE = len(FEATURES)
INDEX = {feature.name: position for position, feature in enumerate(FEATURES)}
"""Feature name to position in the vector."""


def layout_hash() -> str:
    """Return a short hash of names, order, units and windows; stored models and windows carry it."""
    text = "\n".join(f"{f.name} {f.modality} {f.unit} {f.window_s}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
