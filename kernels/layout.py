"""The feature vector: the single source of truth for names, order, units, ranges and windows.

The session fills a float32 vector of `SIZE` in this order at every tick; NaN means "not measured". Everything that
reads features (rules, network, report, documentation) finds them by name through `INDEX`.
"""

import hashlib
from dataclasses import dataclass

MODALITIES = ("camera", "microphone", "eeg", "context")
"""The kinds of input, which are also the topics they arrive on. Features of kind "fusion" need several of them."""


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
    source: str
    """Where the definition comes from: first author and year, or the standard; "own" for this project's."""


FEATURES: tuple[Feature, ...] = (
    Feature("face_share", "camera", "1", 0, 1, 2,
            "share of frames with a trusted face", "own"),
    Feature("face_absent_s", "camera", "s", 0, 1e6, 0,
            "time since the last trusted face, 0 while there is one", "own"),
    Feature("openness", "camera", "1", 0, 1.5, 0,
            "lid opening over the person's own open eye, newest valid frame", "own, from Soukupova 2016"),
    Feature("closure_s", "camera", "s", 0, 1e6, 0,
            "duration of the running closure (openness < 0.2), 0 when open", "Wierwille 1994"),
    Feature("perclos_60s", "camera", "1", 0, 1, 60,
            "P80: valid time with lids >= 80 % closed, blinks (< 0.25 s) out", "Wierwille 1994; Dinges 1998"),
    Feature("perclos_180s", "camera", "1", 0, 1, 180,
            "P80 over three minutes", "as perclos_60s"),
    Feature("perclos70_60s", "camera", "1", 0, 1, 60,
            "P70: the same with lids >= 70 % closed", "Wierwille 1994"),
    Feature("blink_rate_60s", "camera", "1/min", 0, 200, 60,
            "blinks per minute of valid time", "Bentivoglio 1997"),
    Feature("blink_duration_60s", "camera", "s", 0, 0.6, 60,
            "mean duration of blinks at half amplitude", "Ingre 2006"),
    Feature("long_closures_60s", "camera", "1", 0, 120, 60,
            "closures of 0.5 s and longer", "Schleicher 2008"),
    Feature("microsleeps_60s", "camera", "1", 0, 60, 60,
            "closures that have lasted 1.5 s: microsleep, then sleep", "Skorucak 2020"),
    Feature("gaze_yaw", "camera", "rad", -1.6, 1.6, 0.5,
            "mean gaze direction, + to the person's right", "own"),
    Feature("gaze_pitch", "camera", "rad", -1.6, 1.6, 0.5,
            "mean gaze direction, + up", "own"),
    Feature("gaze_yaw_smooth", "camera", "rad", -1.6, 1.6, 0,
            "gaze through a 1-euro filter, newest frame, + to the person's right", "Casiez 2012"),
    Feature("gaze_pitch_smooth", "camera", "rad", -1.6, 1.6, 0,
            "the same, + up", "Casiez 2012"),
    Feature("gaze_dispersion_10s", "camera", "rad", 0, 3, 10,
            "root mean square distance of gaze from its mean", "Holmqvist 2011"),
    Feature("bcea_10s", "camera", "rad2", 0, 30, 10,
            "ellipse that holds 68 % of gaze: 2 k pi sx sy sqrt(1 - r2), k 1.14", "Steinman 1965; Crossland 2002"),
    Feature("fixation_rate_30s", "camera", "1/min", 0, 600, 30,
            "fixations per minute of valid time", "Salvucci 2000: I-DT to 90 Hz, I-VT above"),
    Feature("fixation_duration_30s", "camera", "s", 0, 30, 30,
            "mean duration of the fixations that ended", "Salvucci 2000"),
    Feature("saccade_amplitude_30s", "camera", "rad", 0, 3.2, 30,
            "mean distance between neighbouring fixations", "Salvucci 2000"),
    Feature("k_coefficient_30s", "camera", "1", -20, 20, 30,
            "focal (+) or ambient (-) looking: duration less following amplitude, both standardised", "Krejtz 2016"),
    Feature("gaze_entropy_60s", "camera", "1", 0, 1, 60,
            "stationary entropy of fixations over 16 directions, / log2 16", "Shiferaw 2019"),
    Feature("transition_entropy_60s", "camera", "1", 0, 1, 60,
            "entropy of the next direction given this one, / log2 15", "Shiferaw 2019"),
    Feature("on_target_share_10s", "camera", "1", 0, 1, 10,
            "share of valid gaze inside the target circle", "ISO 15007, percent time on area"),
    Feature("off_target_s", "camera", "s", 0, 1e6, 0,
            "duration of the running glance off the target, 0 when on it", "ISO 15007"),
    Feature("glance_rate_60s", "camera", "1/min", 0, 300, 60,
            "glances off the target that ended, per minute of gaze", "ISO 15007"),
    Feature("glance_mean_60s", "camera", "s", 0, 60, 60,
            "their mean duration", "ISO 15007"),
    Feature("glance_longest_60s", "camera", "s", 0, 1e6, 60,
            "the longest of them", "ISO 15007"),
    Feature("head_yaw", "camera", "rad", -1.6, 1.6, 0.5,
            "mean head direction, + to the person's right", "own"),
    Feature("head_pitch", "camera", "rad", -1.6, 1.6, 0.5,
            "mean head direction, + up", "own"),
    Feature("head_roll", "camera", "rad", -3.2, 3.2, 0.5,
            "mean head tilt, + clockwise as the person sees it", "own"),
    Feature("head_motion_2s", "camera", "rad/s", 0, 50, 2,
            "root mean square angular speed of the head", "own"),
    Feature("nods_60s", "camera", "1", 0, 60, 60,
            "head drops of 15 degrees within a second, and back", "own"),
    Feature("jaw_open", "camera", "1", 0, 1, 0.5,
            "mean jaw opening score", "own"),
    Feature("yawns_180s", "camera", "1", 0, 90, 180,
            "jaw wide open for 1.5 s and longer", "own"),
    Feature("luma", "camera", "1", 0, 255, 1,
            "mean brightness of the face or, without one, the frame", "own"),
    Feature("camera_quality", "camera", "1", 0, 1, 2,
            "trust in the camera columns", "own"),
    Feature("speech_ratio_10s", "microphone", "1", 0, 1, 10,
            "share of frames with speech (enter 0.5, leave 0.35)", "Silero VAD"),
    Feature("speech_ratio_60s", "microphone", "1", 0, 1, 60,
            "the same over a minute", "Silero VAD"),
    Feature("turns_60s", "microphone", "1/min", 0, 120, 60,
            "stretches of speech of 0.25 s and longer that began", "Heldner 2010"),
    Feature("pause_mean_60s", "microphone", "s", 0, 60, 60,
            "mean silence between two stretches, 0.1 to 3 s each", "Heldner 2010"),
    Feature("loudness_momentary", "microphone", "LUFS", -120, 20, 0.4,
            "momentary loudness, newest frame", "ITU-R BS.1770-4, EBU Tech 3341"),
    Feature("loudness_3s", "microphone", "LUFS", -120, 20, 3,
            "short-term loudness", "ITU-R BS.1770-4, EBU Tech 3341"),
    Feature("level_sd_10s", "microphone", "dB", 0, 60, 10,
            "standard deviation of the level of frames with speech", "own"),
    Feature("modulation_10s", "microphone", "1", 0, 1, 10,
            "share of the level's 0.5-12 Hz movement at 3-7 Hz: syllables", "Houtgast 1985"),
    Feature("f0_mean_10s", "microphone", "Hz", 50, 500, 10,
            "mean pitch of voiced frames", "de Cheveigne 2002"),
    Feature("f0_sd_10s", "microphone", "Hz", 0, 300, 10,
            "standard deviation of the pitch of voiced frames", "de Cheveigne 2002"),
    Feature("centroid_10s", "microphone", "Hz", 0, 8000, 10,
            "mean spectral centroid of frames with speech", "Peeters 2004"),
    Feature("flatness_10s", "microphone", "1", 0, 1, 10,
            "mean spectral flatness of frames with speech", "Peeters 2004"),
    Feature("flux_10s", "microphone", "1", 0, 1.5, 10,
            "mean spectral change from frame to frame", "Peeters 2004"),
    Feature("ambient_60s", "microphone", "dBFS", -120, 10, 60,
            "level that nine tenths of the frames exceed, in classes of 0.5 dB", "ISO 1996-1, L90"),
    Feature("ambient_change_60s", "microphone", "dB", -120, 120, 60,
            "the same of the last 10 s less that of the minute", "ISO 1996-1, L90"),
    Feature("transients_10s", "microphone", "1", 0, 400, 10,
            "sudden sounds: rises over 15 dB in 50 ms", "own"),
    Feature("clip_share_10s", "microphone", "1", 0, 1, 10,
            "share of samples at full scale", "own"),
    Feature("microphone_quality", "microphone", "1", 0, 1, 10,
            "trust in the audio columns", "own"),
    Feature("delta", "eeg", "log10 uV2", -6, 8, 4,
            "band power 1-4 Hz, median over good channels", "Welch 1967"),
    Feature("theta", "eeg", "log10 uV2", -6, 8, 4,
            "band power 4-8 Hz, median over good channels", "Welch 1967"),
    Feature("alpha", "eeg", "log10 uV2", -6, 8, 4,
            "band power 8-13 Hz, median over good channels", "Welch 1967"),
    Feature("beta", "eeg", "log10 uV2", -6, 8, 4,
            "band power 13-30 Hz, median over good channels", "Welch 1967"),
    Feature("gamma", "eeg", "log10 uV2", -6, 8, 4,
            "band power 30-45 Hz, median over good channels", "Welch 1967"),
    Feature("frontal_theta", "eeg", "log10 uV2", -6, 8, 4,
            "theta power, median over frontal channels", "Cavanagh 2014"),
    Feature("midline_theta", "eeg", "log10 uV2", -6, 8, 4,
            "theta power at Fz, FCz, AFz: the frontal midline", "Cavanagh 2014"),
    Feature("posterior_alpha", "eeg", "log10 uV2", -6, 8, 4,
            "alpha power, median over parieto-occipital channels", "Klimesch 1999"),
    Feature("individual_alpha", "eeg", "log10 uV2", -6, 8, 4,
            "posterior power within 2 Hz of alpha_frequency", "Klimesch 1999"),
    Feature("alpha_frequency", "eeg", "Hz", 7, 13, 4,
            "centre of gravity of 7-13 Hz above the 1/f background, posterior", "Klimesch 1999"),
    Feature("alpha_ratio", "eeg", "1", 0, 1e3, 4,
            "posterior alpha density over the mean density of 4-7 and 14-20 Hz", "own"),
    Feature("alpha_lateralisation", "eeg", "1", -1, 1, 4,
            "(right - left) / (right + left) posterior alpha; + right attended", "Thut 2006"),
    Feature("theta_beta", "eeg", "log10", -6, 6, 4,
            "log10 theta/beta; read it beside the aperiodic exponent", "Donoghue 2020 (why with the exponent)"),
    Feature("engagement", "eeg", "log10", -6, 6, 4,
            "log10 beta / (alpha + theta); read it beside the exponent", "Pope 1995"),
    Feature("aperiodic", "eeg", "1", -2, 5, 4,
            "exponent chi of the 1/f background, robust fit 2-40 Hz", "Donoghue 2020; line of Sen 1968"),
    Feature("spectral_entropy", "eeg", "1", 0, 1, 4,
            "entropy of the 1-45 Hz spectrum over its largest, of the median over good channels", "Inouye 1991"),
    Feature("hjorth_activity", "eeg", "log10 uV2", -6, 8, 4,
            "variance, median over good channels", "Hjorth 1970"),
    Feature("hjorth_mobility", "eeg", "rad/s", 0, 2e3, 4,
            "sqrt of variance of slope over variance", "Hjorth 1970"),
    Feature("hjorth_complexity", "eeg", "1", 0, 100, 4,
            "mobility of the slope over mobility; 1 for a sine", "Hjorth 1970"),
    Feature("differential_entropy", "eeg", "nat", -10, 12, 4,
            "0.5 ln(2 pi e variance), the entropy of a Gaussian signal", "Shi 2013"),
    Feature("alpha_db", "eeg", "dB", -40, 40, 4,
            "posterior alpha against the person's own baseline", "Pfurtscheller 1999"),
    Feature("theta_db", "eeg", "dB", -40, 40, 4,
            "frontal theta against the person's own baseline", "Pfurtscheller 1999"),
    Feature("beta_db", "eeg", "dB", -40, 40, 4,
            "beta against the person's own baseline", "Pfurtscheller 1999"),
    Feature("eeg_blinks_60s", "eeg", "1/min", 0, 200, 60,
            "blinks seen by frontal electrodes, per minute", "own"),
    Feature("line_noise", "eeg", "log10", -6, 8, 4,
            "log10 mains power over 1-45 Hz power, median channel", "own"),
    Feature("muscle", "eeg", "1", 0, 100, 4,
            "power 30-45 Hz over power 1-30 Hz, median channel", "own"),
    Feature("frontal_quality", "eeg", "1", 0, 1, 4,
            "median trust over frontal channels", "own"),
    Feature("central_quality", "eeg", "1", 0, 1, 4,
            "median trust over central channels", "own"),
    Feature("posterior_quality", "eeg", "1", 0, 1, 4,
            "median trust over parieto-occipital channels", "own"),
    Feature("eeg_quality", "eeg", "1", 0, 1, 4,
            "median trust over the channels", "own"),
    Feature("demand", "context", "1", 0, 1, 0,
            "how much the outside asks of the person", "own"),
    Feature("speed_kmh", "context", "km/h", -50, 500, 0,
            "vehicle speed", "own"),
    Feature("flow_camera", "fusion", "1", 0, 1, 8,
            "share of the attention flow that the camera's tokens receive", "own"),
    Feature("flow_microphone", "fusion", "1", 0, 1, 8,
            "share that the microphone's tokens receive", "own"),
    Feature("flow_eeg", "fusion", "1", 0, 1, 8,
            "share that the EEG's tokens receive", "own"),
    Feature("flow_age", "fusion", "s", 0, 8, 8,
            "mean age of the tokens that the newest ones attend to", "own"),
    Feature("flow_external", "fusion", "1", 0, 1, 8,
            "how far the environment moves the flow: total variation distance", "own"),
    Feature("blink_match_60s", "fusion", "1", 0, 1, 60,
            "share of the camera's blinks that frontal EEG saw, too", "own"),
    Feature("blink_lag_60s", "fusion", "s", -0.3, 0.3, 60,
            "mean EEG blink time less camera blink time: clocks in step", "own"),
    Feature("gaze_speech_60s", "fusion", "1", -1, 1, 60,
            "strongest correlation of speech and looking away, lags to 2 s", "own"),
    Feature("gaze_speech_lag_60s", "fusion", "s", -2, 2, 60,
            "its lag; + when the look away follows the speech", "own"),
)
"""Every feature, in vector order."""

SIZE = len(FEATURES)
INDEX = {feature.name: position for position, feature in enumerate(FEATURES)}
"""Feature name to position in the vector."""


def markdown() -> str:
    """Return the table as a Markdown document; `docs/features.md` is this text."""
    lines = ["# The feature vector", "",
             f"{SIZE} features, float32, in this order, at every tick; NaN where not measured. Window 0 is the newest",
             "sample or a running state. Written from `kernels/layout.py` by `attnflow features --markdown`.", "",
             "| # | feature | unit | range | window s | definition | source |", "|---|---|---|---|---|---|---|"]
    modality = ""
    for position, f in enumerate(FEATURES):
        if f.modality != modality:
            modality = f.modality
            lines.append(f"| | **{modality}** | | | | | |")
        lines.append(f"| {position} | `{f.name}` | {f.unit} | {f.low:g} .. {f.high:g} | {f.window_s:g} "
                     f"| {f.definition} | {f.source} |")
    return "\n".join(lines) + "\n"


def layout_hash() -> str:
    """Return a short hash of names, order, units and windows; stored models and windows carry it."""
    text = "\n".join(f"{f.name} {f.modality} {f.unit} {f.window_s}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
