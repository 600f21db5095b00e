"""What a webcam measures of a driver, straight from the truth: the columns that sight and the ladders read.

Lids and blink scores follow the figures that were fitted to the rendered face (`columns_camera`); the gaze is what a
calibrated webcam gives: gain 1, with noise, a drifting error, and the offset of a camera that is not mounted straight.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column, FloatArray

NAMES = ("gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "ear_left", "ear_right", "blink_left", "blink_right",
         "face", "luma")
COLUMNS = tuple(Column(name, "rad" if name.endswith(("_yaw", "_pitch")) else "1") for name in NAMES)
"""A part of the webcam driver's columns, in its units and signs."""
NOISES = 8
"""Columns with noise: all but the last two."""

SHUT = 0.32
"""Aspect ratio of a shut eye over the open one: 0.085 of 0.26, as on the rendered face."""
DOWN_PER_RAD = 0.0084 * 180.0 / np.pi
"""How much of the opening a look down of the eyes takes: 0.75-0.93 % for each degree."""
LIDS_SHUT = 0.12 / 0.26
"""Share of the average open eye below which the driver reads no gaze: the iris is covered."""
LID_DRAG_RAD = 0.10
"""A closing lid hides the iris from above and so drags the measured gaze down; a choice of ours."""
SCORE_REST, SCORE_LID, SCORE_HEAD, SCORE_EYE = 0.055, 0.47, 0.23, -0.13
"""Blink score: at rest, of a shut lid, and for each rad of head and eye pitch; as fitted to the rendered face."""
FACE_FULL, FACE_NONE = np.radians(45.0), np.radians(60.0)
"""Head yaw up to which a face mesh is trusted, and from which it is not at all."""
SURE = 0.97
"""Confidence of the face detector in a face that is plain to see."""


@dataclass(frozen=True)
class Truth:
    """What is so at each frame; every array (n,)."""

    gaze_yaw: NDArray[np.float64]
    """rad from straight ahead of the car, + to the driver's right."""
    gaze_pitch: NDArray[np.float64]
    """rad, + up."""
    head_yaw: NDArray[np.float64]
    head_pitch: NDArray[np.float64]
    lid: NDArray[np.float64]
    """0 open to 1 shut."""
    lowered: NDArray[np.float64]
    """Share of the opening that heavy lids take without closing the eye."""
    face: NDArray[np.bool_]
    """Whether a face is there to be seen."""
    eyes: NDArray[np.bool_]
    """Whether the eyes are: not behind sunglasses, not in the dark."""
    luma: NDArray[np.float64]
    """Brightness of the picture, 0..255."""


@dataclass(frozen=True)
class Optics:
    """How one camera sees one driver; standard deviations are arrays (n,) or one number."""

    gaze_noise: NDArray[np.float64] | float
    """rad."""
    head_noise: NDArray[np.float64] | float
    """rad."""
    lid_noise: NDArray[np.float64] | float
    """Of the aspect ratio; the blink score has twice as much."""
    open_eye: float
    """The driver's open eye: aspect ratio."""
    offset: tuple[float, float]
    """Where the camera sees straight ahead, yaw and pitch in rad."""
    bias: NDArray[np.float64] | None = None
    """(n, 2) slow error of the gaze, yaw and pitch in rad; None for none."""


def columns(truth: Truth, optics: Optics, noise: NDArray[np.float64]) -> FloatArray:
    """Return the camera's rows.

    Parameters
    ----------
    truth, optics
    noise : (n, NOISES)
        Draws of standard deviation 1, one column for each of the first columns.

    Returns
    -------
    (n, 10) float32
        In the order of `COLUMNS`; NaN where the driver would measure nothing.
    """
    eye_pitch = truth.gaze_pitch - truth.head_pitch
    head_yaw, head_pitch = truth.head_yaw + optics.offset[0], truth.head_pitch + optics.offset[1]
    seen = np.cos(np.clip(head_pitch, -1.0, 1.0)) / np.cos(np.clip(head_yaw, -FACE_FULL, FACE_FULL))
    opening = (1.0 - DOWN_PER_RAD * np.maximum(0.0, -eye_pitch)) * (1.0 - truth.lowered)
    ear = optics.open_eye * seen * (SHUT + (np.maximum(SHUT, opening) - SHUT) * (1.0 - truth.lid))
    score = SCORE_REST + SCORE_LID * truth.lid + SCORE_HEAD * head_pitch + SCORE_EYE * eye_pitch
    out = np.empty((len(ear), len(NAMES)))
    out[:, 0] = truth.gaze_yaw + optics.offset[0] + optics.gaze_noise * noise[:, 0]
    out[:, 1] = truth.gaze_pitch + optics.offset[1] - LID_DRAG_RAD * truth.lid + optics.gaze_noise * noise[:, 1]
    if optics.bias is not None:
        out[:, :2] += optics.bias
    out[:, 2] = head_yaw + optics.head_noise * noise[:, 2]
    out[:, 3] = head_pitch + optics.head_noise * noise[:, 3]
    for side in (4, 5):
        out[:, side] = np.clip(ear + optics.lid_noise * noise[:, side], 0.0, 1.0)
        out[:, side + 2] = np.clip(score + 2.0 * optics.lid_noise * noise[:, side + 2], 0.0, 1.0)
    trust = np.clip((FACE_NONE - np.abs(head_yaw)) / (FACE_NONE - FACE_FULL), 0.0, 1.0)
    out[:, 8] = SURE * np.where(truth.face, trust, 0.0)
    out[:, 9] = truth.luma
    out[out[:, 4:6].mean(axis=1) < LIDS_SHUT * optics.open_eye, :2] = np.nan
    out[~truth.eyes, :2] = np.nan
    out[~truth.eyes, 4:8] = np.nan
    out[~truth.face, :8] = np.nan
    return out.astype(np.float32)
