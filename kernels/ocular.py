"""Eyelids: opening from aspect ratios, and openness over the person's own open eye.

Openness is 1 for the person's own open eye and 0 for the closed one, so that "80 % closed" means the same for everyone:
a fixed aspect ratio calls one person in ten closed. The open level is an upper quantile of the first seconds. After
that it may rise, and never falls under 0.9 of what was learnt, so that a person who grows sleepy stays measured against
the waking self.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

BIN = 0.0025
BINS = 256
"""The histogram of lid openings: 256 bins of 0.0025 of aspect ratio."""

PRIOR_OPEN, PRIOR_NS = 0.26, 500_000_000
"""What is believed before anything was seen: half a second at 0.26, the mean open aspect ratio of 27 people on a
webcam. So a session that begins with a blink does not take closed eyes for open ones."""
PRIOR_CLOSED, PRIOR_SCORE = 0.4, 0.1
"""Closed aspect ratio over the open one, and the resting blink score, before they are learnt."""
FAR_EYE_RAD = math.radians(30.0)
"""Head yaw from which the far eye is hidden behind the nose's bridge and left out."""
FRONTAL_RAD = math.radians(22.0)
"""Head yaw or pitch up to which lids teach the levels: beyond, perspective moves the ratio by 7 % and more."""
QUANTILE = 0.8
"""The quantile of the openings that is called open: blinks and looks down lie below it."""
LEAST_LEVEL, MOST_LEVEL, SPEED_1_S = 0.9, 1.5, 0.005
"""How far the open level may leave what was learnt, as a share, and how fast it may move, as a share per second."""
SMALLEST_OPEN = 0.12
"""No open eye has a smaller aspect ratio."""
LEAST_LEARNT_NS = 5_000_000_000
"""Frontal time without which the level is not frozen, unless half the calibration is shorter."""
RISE, SCORE_S = 0.2, 5.0
"""A blink score this far above its resting level is a closed eye; time constant of the resting level."""
LOOKING_DOWN = 0.35
"""Openness that a look down keeps: above where closures end, so that the lid alone begins none."""

LIDS = np.dtype([
    ("calibration_ns", np.int64), ("first_ns", np.int64), ("learnt_ns", np.int64), ("frozen", np.int64),
    ("learnt", np.float64), ("open", np.float64), ("closed", np.float64), ("trough", np.float64), ("score", np.float64),
    ("histogram_ns", np.int64), ("histogram", np.int64, (BINS,))], align=True)
"""The personal levels and how they are learnt: time per opening (ns), and its sum; see `clear`."""


def clear(records: NDArray[Any], calibration_s: float) -> None:
    """Forget the people behind many records (n,) at once; plain Python."""
    records["calibration_ns"] = round(calibration_s * 1e9)
    records["first_ns"] = -1
    for name in ("learnt_ns", "frozen", "histogram"):
        records[name] = 0
    records["learnt"], records["open"] = math.nan, PRIOR_OPEN
    records["closed"], records["trough"], records["score"] = PRIOR_CLOSED, 1.0, PRIOR_SCORE
    records["histogram"][:, round(PRIOR_OPEN / BIN)] = records["histogram_ns"] = PRIOR_NS


@kernel
def lid_opening(left: float, right: float, head_yaw: float) -> float:
    """Return the opening of both eyes together.

    The mean of the eyes that were measured; beyond 30 degrees of head yaw only the near one. With the head turned to
    the person's right (yaw > 0) the right eye is the far one.

    Parameters
    ----------
    left, right : float
        Eye aspect ratio, or blink score, of the person's own left and right eye; NaN where not measured.
    head_yaw : float
        Radians, + to the person's right; NaN counts as facing the camera.
    """
    if math.isnan(left) or (head_yaw < -FAR_EYE_RAD and not math.isnan(right)):
        return right
    if math.isnan(right) or head_yaw > FAR_EYE_RAD:
        return left
    return 0.5 * (left + right)


@kernel
def openness(lids: Any, now_ns: int, step_ns: int, opening: float, score: float, head_yaw: float,
             head_pitch: float) -> float:
    """Turn one frame's lid opening into openness, learning the person's levels on the way.

    openness = (opening / open - closed) / (1 - closed), kept in 0..1.5. `open` is the quantile of the openings of the
    calibration time, then a slow tracker of the same quantile. `closed` starts at 0.4 of open and follows the lowest
    points of the person's own full closures down to 0.2.

    Looking down lowers the lid without closing it (0.75-0.93 % per degree). An opening that such a look could explain
    (over 0.3 of open) is therefore only believed to be a closure as far as the blink score has risen from its own
    resting level; where no score is measured, the lid alone decides.

    Parameters
    ----------
    lids : LIDS record
        Changed in place.
    now_ns, step_ns : int
        Time of the frame, and how much time it stands for; 0 where nobody can vouch for it.
    opening : float
        From `lid_opening`; NaN where no eye was seen.
    score : float
        Blink score 0..1, mean of both eyes; NaN where not measured.
    head_yaw, head_pitch : float
        Radians; the levels are learnt while neither is known to be beyond 22 degrees.

    Returns
    -------
    float
        NaN where no eye was seen.
    """
    if lids.first_ns < 0:
        lids.first_ns = now_ns
    if math.isnan(opening):
        return math.nan
    frontal = not (abs(head_yaw) > FRONTAL_RAD or abs(head_pitch) > FRONTAL_RAD)
    if frontal and lids.frozen == 0:
        _learn(lids, now_ns, step_ns, opening)
    ratio = opening / lids.open
    if frontal and lids.frozen == 1 and ratio > 0.6:
        push = QUANTILE if opening > lids.open else QUANTILE - 1.0
        moved = lids.open + push * SPEED_1_S * lids.learnt * step_ns * 1e-9
        lids.open = min(MOST_LEVEL * lids.learnt, max(LEAST_LEVEL * lids.learnt, moved))
    # The lowest point of a full closure teaches what closed looks like on this face.
    if ratio < 0.55:
        lids.trough = min(lids.trough, ratio)
    elif ratio > 0.7 and lids.trough < 1.0:
        if lids.trough < 0.45:
            lids.closed = min(PRIOR_CLOSED, lids.closed + 0.25 * (max(0.2, lids.trough) - lids.closed))
        lids.trough = 1.0
    opened = min(1.5, max(0.0, (ratio - lids.closed) / (1.0 - lids.closed)))
    if not math.isnan(score):
        if ratio > 0.8:
            lids.score += (1.0 - math.exp(-step_ns * 1e-9 / SCORE_S)) * (score - lids.score)
        if ratio > 0.3:
            risen = min(1.0, max(0.0, (score - lids.score) / RISE))
            opened = max(opened, LOOKING_DOWN * (1.0 - risen))
    return float(opened)


@kernel
def _learn(lids: Any, now_ns: int, step_ns: int, opening: float) -> None:
    lids.histogram[min(BINS - 1, max(0, int(opening / BIN + 0.5)))] += step_ns
    lids.histogram_ns += step_ns
    lids.learnt_ns += step_ns
    below, place = lids.histogram[0], 0
    while below < QUANTILE * lids.histogram_ns and place < BINS - 1:
        place += 1
        below += lids.histogram[place]
    lids.open = max(SMALLEST_OPEN, place * BIN)
    waited = now_ns - lids.first_ns >= lids.calibration_ns
    if waited and lids.learnt_ns >= min(LEAST_LEARNT_NS, lids.calibration_ns // 2):
        lids.frozen = 1
        lids.learnt = lids.open
