"""The camera's columns straight from the truth: what the webcam driver reads off the simulated face, without a pixel.

Gains, offsets and noise were fitted to the driver's own columns on the rendered face, where the landmark model sees
0.81 of a sideward and 0.24 of an upward movement of the eyes, and 0.72 of a turn and 0.88 of a nod of the head.
"""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column
from sensors.simulated.confounds import CameraConfounds, inside
from sensors.simulated.moments import Moments
from sensors.simulated.randomness import generator

RATE_HZ = 30.0
NAMES = ("gaze_yaw", "gaze_pitch", "eye_yaw", "eye_pitch", "head_yaw", "head_pitch", "head_roll", "head_x", "head_y",
         "head_z", "ear_left", "ear_right", "blink_left", "blink_right", "jaw_open", "face", "faces", "subject",
         "face_size", "luma", "motion")
COLUMNS = tuple(Column(name, "m" if name in ("head_x", "head_y", "head_z") else
                       "rad" if name.endswith(("_yaw", "_pitch", "_roll")) else "1") for name in NAMES)
"""The webcam driver's columns, in its order and units."""

HEAD_GAIN = (0.715, 0.88, 0.95)
"""Yaw, pitch and roll as read, over the true ones."""
GAZE_HEAD_GAIN = (0.723, 0.77)
"""How much of the head's turn shows in the gaze."""
EAR_SHUT, EAR_RANGE = 0.085, 0.206
"""Aspect ratio of shut lids, and what an average open eye adds."""
LIDS_SHUT = 0.12
"""Ratio below which the driver reads no gaze: the iris is covered."""
LID_KEEP = 0.4
GAZE_KEEP = 0.98
"""How much of the frame before is in the next one: of the lids, and of the error of the gaze, which drifts."""
IN_VIEW = 0.25
"""How far a person may have moved out of view and still be found."""
BACKDROP_LUMA, DARK_LUMA = 202.0, 4.0


def camera_columns(moments: Moments, eye_opening: float, confounds: CameraConfounds,
                   seed: int) -> NDArray[np.float32]:
    """Return the camera's rows.

    Parameters
    ----------
    moments
        The truth at each frame, about 30 a second, in order.
    eye_opening
        The person's open eye over the average (`traits.Person`).
    confounds
        What disturbs this camera.
    seed
        Of the noise.

    Returns
    -------
    (n, 21) float32
        In the order of `COLUMNS`; NaN where the driver would measure nothing.
    """
    t, n = moments.t_s, len(moments)
    noise = generator(seed, "camera columns").standard_normal((n, 12))
    glare, dim = inside(t, confounds.glare), inside(t, confounds.dim)
    covered = inside(t, confounds.covered)
    worse = 1.0 + 2.0 * glare + 1.0 * dim
    row = {name: np.full(n, np.nan) for name in NAMES}

    head = np.stack([moments.head_yaw, moments.head_pitch, moments.head_roll], axis=1)
    head_read = head * np.array(HEAD_GAIN) + np.array([0, -0.036, 0.003]) + 0.008 * _settled(noise[:, :3], 0.94)
    row["head_yaw"], row["head_pitch"], row["head_roll"] = head_read.T
    # The landmark model follows its own last frame: lids are read a little late and a little less deep.
    lid = _followed(moments.lid, LID_KEEP)
    opening = (1 - lid) * eye_opening
    ear = EAR_SHUT + EAR_RANGE * opening + 0.09 * moments.gaze_pitch - 0.21 * moments.head_pitch
    ear_noise = (0.010 * worse)[:, None] * _settled(noise[:, 3:5], 0.7)
    ears = np.clip(ear[:, None] - 0.04 * np.abs(moments.head_yaw)[:, None] + ear_noise, 0.0, 1.0)
    # Reflections on glasses hide the lids' edge: a closed eye looks half open, an open one half closed.
    ears = np.where(glare[:, None], 0.6 * ears + 0.4 * 0.22, ears)
    row["ear_left"], row["ear_right"] = ears.T
    score = np.clip(0.055 + 0.47 * lid + 0.23 * moments.head_pitch - 0.13 * moments.eye_pitch, 0.0, 1.0)
    scores = np.where(glare, 0.7 * score, score)[:, None] + (0.02 * worse)[:, None] * _settled(noise[:, 5:7], 0.8)
    row["blink_left"], row["blink_right"] = np.clip(scores + np.array([0.015, -0.015]), 0.0, 1.0).T

    gaze_noise = (confounds.noise_rad * worse)[:, None] * _settled(noise[:, 7:9], GAZE_KEEP)
    for axis, name in enumerate(("yaw", "pitch")):
        eye = confounds.eye_gain[axis] * getattr(moments, f"eye_{name}") + confounds.bias_rad[axis]
        eye = np.where((ears <= LIDS_SHUT).all(axis=1), np.nan, eye + gaze_noise[:, axis])
        row[f"eye_{name}"] = eye
        row[f"gaze_{name}"] = eye + GAZE_HEAD_GAIN[axis] * getattr(moments, f"head_{name}")
    row["head_x"] = 0.065 * moments.head_yaw - 0.005
    row["head_y"] = 0.058 * moments.head_pitch + 0.022
    row["head_z"] = 0.347 + 0.005 * _settled(noise[:, 9:10], 0.99)[:, 0]
    row["jaw_open"] = np.clip(0.012 + 0.4 * moments.jaw + np.abs(0.012 * noise[:, 10]), 0.0, 1.0)
    row["face_size"] = 0.435 + 0.073 * moments.head_pitch + 0.007 * _settled(noise[:, 11:12], 0.98)[:, 0]

    step_s = np.diff(t, prepend=t[0] - 1 / RATE_HZ) if n else t
    speed = np.hypot(np.gradient(moments.head_yaw, t), np.gradient(moments.head_pitch, t)) if n > 1 else np.zeros(n)
    lost = inside(t, confounds.losses) | covered | (moments.shift >= IN_VIEW)
    # Fast heads blur; glare and dim light cost single frames.
    trust = np.clip(1.25 - 0.2 * speed, 0.0, 1.0) * np.where(dim | glare, 1 - 0.45 * np.abs(noise[:, 10]), 1.0)
    row["face"] = np.where(lost, 0.0, np.clip(trust, 0.0, 1.0))
    for name in NAMES[:15]:
        row[name][lost] = np.nan
    row["face_size"][lost] = np.nan
    row["faces"] = np.where(lost, 0.0, 1.0)
    row["subject"] = np.ones(n)
    row["luma"] = np.where(covered, DARK_LUMA, _light(moments, confounds, lost) * np.where(dim, 0.25, 1.0))
    row["motion"] = 0.0045 + np.minimum(0.3, 0.02 * speed * step_s * RATE_HZ)
    return np.stack([row[name] for name in NAMES], axis=1).astype(np.float32)


def frame_times(length_s: float, confounds: CameraConfounds, seed: int) -> NDArray[np.int64]:
    """Return when the frames that arrive were taken: (n,) ns since the session began."""
    count = int(length_s * RATE_HZ) + 1
    kept = generator(seed, "camera drops").random(count) >= confounds.drop
    return np.asarray(np.rint(np.arange(count)[kept] * (1e9 / RATE_HZ)), np.int64)


def _light(moments: Moments, confounds: CameraConfounds, lost: NDArray[np.bool_]) -> NDArray[np.float64]:
    face = np.where(lost, BACKDROP_LUMA, confounds.luma)
    if confounds.light is None:
        return face * (1 + 0.035 * np.sin(2 * np.pi * 0.07 * moments.t_s))
    lit: NDArray[np.float64] = np.clip(face * (1 + 0.15 * confounds.light.at(moments.t_s)[:, 0]), 0.0, 255.0)
    return lit


def _followed(values: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    from scipy.signal import lfilter

    if not len(values):
        return values
    late: NDArray[np.float64] = lfilter([1 - keep], [1, -keep], values, zi=np.array([keep * values[0]]))[0]
    return late


def _settled(noise: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    """Return noise (n, k) of standard deviation 1 of which each sample keeps a share of the one before."""
    from scipy.signal import lfilter

    if not len(noise):
        return noise
    filtered: NDArray[np.float64] = lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise, axis=0)
    return filtered
