"""What only several modalities together can say: where attention flows between them, and whether they are in step.

The state advances on a fixed grid of 100 ms of event time: the first tick within a cell speaks for it, further ticks
in it change nothing, and cells without a tick are missing. So ticks should come ten times a second or a whole multiple
of that: slower ones leave most cells missing, and then nothing is measured.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import attention, coincidence, lagged, statistics
from kernels.coincidence import CELL_NS
from kernels.errors import InputError
from kernels.jit import kernel
from kernels.layout import INDEX, SIZE
from kernels.statistics import HIGH, KINDS, LOW, QUALITY

ALPHA, BETA = 0.5, 0.5
"""Weights of self and external attention where nothing has learnt better ones: neither is preferred."""
USABLE = 0.3
"""Quality from which a modality takes part in a cell."""
SILENT_NS = 500_000_000
"""A stream whose newest sample is older than this is blind; wireless sensors lag up to 0.3 s."""
SECONDS = 8
"""Seconds of tokens: the running one and the 7 before it."""

AXES = ("activation", "vigilance", "orienting", "load")
"""What a token says: how much is going on, how awake, how much turned to the task, how much work it is."""

TOKENS = (
    # feature                axis          sign  reason
    ("head_motion_2s",        "activation", +1),  # a moving head is an active one; drowsy heads turn less
    ("perclos_60s",           "vigilance",  -1),  # slow closure is the measure of drowsiness (Wierwille 1994)
    ("blink_duration_60s",    "vigilance",  -1),  # blinks last 5.6 ms longer a level of the KSS (Ingre 2006)
    ("on_target_share_10s",   "orienting",  +1),  # looking at the task; eyes off it carry the risk (100-Car study)
    ("k_coefficient_30s",     "orienting",  +1),  # focal looking is positive, ambient negative (Krejtz 2016)
    ("gaze_dispersion_10s",   "load",       -1),  # gaze narrows on the road under load: percent road centre rises
    ("blink_rate_60s",        "load",       -1),  # visual work holds blinks back: 4.5 a minute reading, 17 at rest
    ("speech_ratio_10s",      "activation", +1),  # speaking is activity
    ("loudness_3s",           "activation", +1),  # and so is speaking up, and a loud surrounding
    ("f0_sd_10s",             "vigilance",  +1),  # tired speech is monotonous: lower spread of pitch
    ("pause_mean_60s",        "vigilance",  -1),  # and has longer pauses
    ("transients_10s",        "orienting",  -1),  # sudden sounds call attention away from the task
    ("speech_ratio_60s",      "load",       +1),  # hands-free talk raises load
    ("turns_60s",             "load",       +1),  # a turn each few seconds is a conversation
    ("engagement",            "activation", +1),  # beta / (alpha + theta), Pope 1995; drowsy 0.5 to 0.7 of alert
    ("frontal_theta",         "vigilance",  -1),  # theta is 1.5 to 2.5 dB higher when drowsy
    ("aperiodic",             "vigilance",  -1),  # the exponent is 0.2 to 0.5 higher when drowsy
    ("posterior_alpha",       "orienting",  -1),  # 1 to 3 dB lower in visual attention, higher when the mind wanders
    ("midline_theta",         "load",       +1),  # 0.8 to 2 dB higher from low to high load
)
"""Which feature's z-score enters which axis of its modality's token, and with which sign.

An axis is the mean of its scores; one without any is 0, the person's own mean, and adds nothing to an inner product.
Gaze entropies are left out: load lowers and sleepiness raises them, so they have no one sign.
"""

ASKED = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
"""What full demand and full speed ask for on each axis: demand asks for activation and work, speed for vigilance
(drowsiness warnings apply at speed) and eyes on the road (3.5 s away are allowed at speed, 6 s below), and both for
orienting."""
ASKED_SD = 2.0
"""Full demand weighs as much as a token two standard deviations from the person's mean."""
FULL_SPEED_KMH = 130.0
"""A motorway's customary speed."""

WINDOW_NS = 60_000_000_000
BLINK_REACH_NS = 300_000_000
"""Two blinks closer than this may be one: a blink's length."""
BLINK_REPORT_NS = 500_000_000
"""An EEG blink is known when it is over, up to half a second after its peak; younger camera blinks wait."""
FEWEST_BLINKS = 3

CROSS = np.dtype([
    ("cell", np.int64), ("alpha", np.float64), ("beta", np.float64), ("person", statistics.PERSON),
    ("z", np.float64, (SIZE,)), ("second", np.int64, (SECONDS,)),
    ("sums", np.float64, (SECONDS, len(KINDS), len(AXES))),
    ("counts", np.int64, (SECONDS, len(KINDS), len(AXES))), ("gaze_speech", lagged.LAGGED),
    ("blind", coincidence.BLIND), ("environment", np.float64, (len(AXES),)),
    ("tokens", np.float64, (SECONDS * len(KINDS), len(AXES))), ("present", np.int64, (SECONDS * len(KINDS),)),
    ("itself", np.float64, (SECONDS * len(KINDS),)), ("external", np.float64, (SECONDS * len(KINDS),)),
    ("flow", np.float64, (len(KINDS) + 2,))], align=True)
"""State: newest cell (-1: none), the person's baseline and the newest z-scores, sums and counts of z-scores of each
second (`second` says which), the two grids' memories; from `environment` on, room that `features` works in."""

FEATURE = np.array([INDEX[name] for name, _, _ in TOKENS], np.int64)
AXIS = np.array([AXES.index(axis) for _, axis, _ in TOKENS], np.int64)
SIGN = np.array([sign for _, _, sign in TOKENS], np.float64)
MODALITY = statistics.KIND[FEATURE]
ASK = ASKED_SD * np.array(ASKED)
SCALE = len(AXES) ** -0.25
"""Tokens and environment are divided by d**0.25, so that scores are divided by sqrt(d) (`kernels.attention`): inner
products of z-scores would else leave almost all attention to the single most extreme token."""

CAMERA, MICROPHONE, EEG = (INDEX[f"{kind}_quality"] for kind in KINDS)
OFF_TARGET, DEMAND, SPEED = INDEX["off_target_s"], INDEX["demand"], INDEX["speed_kmh"]
FLOW = np.array([INDEX[f"flow_{name}"] for name in (*KINDS, "age", "external")], np.int64)
FLOW_EXTERNAL = INDEX["flow_external"]
BLINK_MATCH, BLINK_LAG = INDEX["blink_match_60s"], INDEX["blink_lag_60s"]
GAZE_SPEECH, GAZE_SPEECH_LAG = INDEX["gaze_speech_60s"], INDEX["gaze_speech_lag_60s"]


@dataclass(frozen=True)
class Setup:
    """What the fusion kernels need to know."""

    calibration_s: float = 60.0
    """How long a modality's baseline is learnt; see `kernels.statistics`."""
    alpha: float = ALPHA
    """Weight of self attention."""
    beta: float = BETA
    """Weight of external attention; alpha + beta = 1."""


def reset(records: NDArray[Any], setup: Setup) -> None:
    """Set records that have seen nothing.

    Parameters
    ----------
    records : (n,) CROSS
    setup : Setup

    Raises
    ------
    InputError
        If the records are none, the calibration time is not one, or the weights do not sum to 1.
    """
    if records.dtype != CROSS:
        raise InputError(f"crossmodal.reset got records of {records.dtype}; expected kernels.crossmodal.CROSS.")
    attention.check_shares("crossmodal.reset", setup.alpha, setup.beta)
    statistics.reset(records["person"], statistics.Setup(setup.calibration_s))
    lagged.reset(records["gaze_speech"])
    coincidence.reset(records["blind"])
    records["cell"] = records["second"] = -1
    records["alpha"], records["beta"] = setup.alpha, setup.beta
    records["z"] = math.nan
    for name in ("sums", "counts", "environment", "tokens", "present", "itself", "external", "flow"):
        records[name] = 0


@kernel
def _known(vector: NDArray[np.float32], k: int) -> bool:
    """Return whether a feature was measured: outside the layout's range it is a defect."""
    return bool(LOW[k] <= vector[k] and vector[k] <= HIGH[k])


@kernel
def _usable(vector: NDArray[np.float32], k: int) -> bool:
    return _known(vector, k) and bool(vector[k] >= USABLE)


@kernel
def step(cross: Any, eyes: Any, voice: Any, brain: Any, vector: NDArray[np.float32], tick_ns: int) -> None:
    """Advance to a tick; once in each cell of the grid, and before `features`.

    Parameters
    ----------
    cross : CROSS
        Changed in place.
    eyes, voice, brain
        Records with `newest_ns` (-1 before the first sample); the voice's also with `speaking`, 0 or 1.
    vector : (SIZE,) float32
        This tick's features of the modalities; NaN where not measured.
    tick_ns : int
        Event time, not negative. A tick in a cell that has been stepped through, or in an older one, changes nothing.
    """
    cell = tick_ns // CELL_NS
    if cell <= cross.cell:
        return
    if cross.cell >= 0:
        for _ in range(min(cell - cross.cell - 1, lagged.CELLS)):
            lagged.push(cross.gaze_speech, lagged.MISSING, lagged.MISSING)
    cross.cell = cell
    statistics.learn(cross.person, tick_ns, vector)
    statistics.zscore(cross.person, vector, cross.z)
    _collect(cross, vector, tick_ns // 1_000_000_000)
    speaking = away = lagged.MISSING
    if _usable(vector, MICROPHONE) and voice.newest_ns >= 0 and tick_ns - voice.newest_ns <= SILENT_NS:
        speaking = 1 if voice.speaking != 0 else 0
    if _usable(vector, CAMERA) and _known(vector, OFF_TARGET):
        away = 1 if vector[OFF_TARGET] > 0.0 else 0
    lagged.push(cross.gaze_speech, speaking, away)
    trusted = 1 if _usable(vector, CAMERA) and _usable(vector, EEG) else 0
    coincidence.mark(cross.blind, tick_ns, min(eyes.newest_ns, brain.newest_ns), SILENT_NS, trusted)


@kernel
def _collect(cross: Any, vector: NDArray[np.float32], second: int) -> None:
    """Add this cell's z-scores to the tokens of the running second."""
    slot = second % SECONDS
    if cross.second[slot] != second:
        cross.second[slot] = second
        for m in range(len(KINDS)):
            for axis in range(len(AXES)):
                cross.sums[slot, m, axis] = 0.0
                cross.counts[slot, m, axis] = 0
    for row in range(FEATURE.shape[0]):
        m, z = MODALITY[row], cross.z[FEATURE[row]]
        if _usable(vector, QUALITY[m]) and not math.isnan(z):
            cross.sums[slot, m, AXIS[row]] += SIGN[row] * z
            cross.counts[slot, m, AXIS[row]] += 1


@kernel
def features(cross: Any, eyes: Any, brain: Any, vector: NDArray[np.float32], tick_ns: int,
             out: NDArray[np.float32]) -> None:
    """Write the fusion features at a tick that `step` was given; changes nothing but room to work in.

    A second's token of a modality is the mean of its signed z-scores over the cells of that second in which its
    quality was `USABLE`; it is absent if there were none. The tokens of the running second attend to those of the last
    `SECONDS`; ages are whole seconds. A modality without tokens has no share, flow needs tokens of two modalities, and
    `flow_external` needs demand or speed.

    Blinks of the camera are judged as `coincide` says; `FEWEST_BLINKS` of them make a share, as many matches a lag.

    The strongest of 41 correlations is never 0, even of unrelated series: in a minute of two simulated independent ones
    whose runs last 1, 2 or 8 s on average, one in twenty reaches 0.25, 0.34 or 0.54.

    Parameters
    ----------
    cross : CROSS
    eyes, brain
        Records with `blink_count`, `first_ns`, `newest_ns` and a ring of blink times, `blink_lowest_ns` and `blink_ns`.
    vector : (SIZE,) float32
        This tick's features; demand and speed are read. May be `out` itself.
    tick_ns : int
    out : (SIZE,) float32
        NaN where the fusion features stand; left so where they are not measured.
    """
    _environment(cross, vector)
    _tokens(cross, tick_ns // 1_000_000_000)
    attention.flow(cross.tokens, cross.present, cross.environment, cross.alpha, cross.beta, len(KINDS), cross.itself,
                   cross.external, cross.flow)
    for k in range(FLOW.shape[0]):
        out[FLOW[k]] = cross.flow[k]
    if not _known(vector, DEMAND) and not _known(vector, SPEED):
        out[FLOW_EXTERNAL] = math.nan

    if min(eyes.first_ns, brain.first_ns) >= 0:
        covered_to_ns = min(tick_ns, min(eyes.newest_ns, brain.newest_ns - BLINK_REPORT_NS))
        judged, matched, total_ns = coincidence.coincide(
            cross.blind, eyes.blink_lowest_ns, eyes.blink_count, brain.blink_ns, brain.blink_count,
            tick_ns - WINDOW_NS, max(eyes.first_ns, brain.first_ns), covered_to_ns, BLINK_REACH_NS)
        if judged >= FEWEST_BLINKS:
            out[BLINK_MATCH] = matched / judged
        if matched >= FEWEST_BLINKS:
            out[BLINK_LAG] = total_ns * 1e-9 / matched

    correlation, lag = lagged.strongest(cross.gaze_speech)
    if not math.isnan(correlation):
        out[GAZE_SPEECH] = correlation
        out[GAZE_SPEECH_LAG] = lag * CELL_NS * 1e-9


@kernel
def _environment(cross: Any, vector: NDArray[np.float32]) -> None:
    """Say in the tokens' axes what demand and speed ask for; what is unknown asks for nothing."""
    demand = 0.0
    speed = 0.0
    if _known(vector, DEMAND):
        demand = vector[DEMAND]
    if _known(vector, SPEED):
        speed = min(1.0, abs(vector[SPEED]) / FULL_SPEED_KMH)
    for axis in range(len(AXES)):
        cross.environment[axis] = SCALE * (ASK[axis, 0] * demand + ASK[axis, 1] * speed)


@kernel
def _tokens(cross: Any, second: int) -> None:
    """Lay out the last seconds' tokens, newest first, one of each modality a second."""
    for age in range(SECONDS):
        slot = (second - age) % SECONDS
        for m in range(len(KINDS)):
            token = age * len(KINDS) + m
            cross.present[token] = 0
            for axis in range(len(AXES)):
                count = cross.counts[slot, m, axis]
                cross.tokens[token, axis] = 0.0
                if cross.second[slot] == second - age and count > 0:
                    cross.present[token] = 1
                    cross.tokens[token, axis] = SCALE * cross.sums[slot, m, axis] / count
