"""Frames of reference of headsets and eye trackers, and ours: pure arithmetic, one direction or many.

Ours are the axes of OpenXR and WebXR: right-handed, metres, +x to the person's right, +y up, **-z forward** (OpenXR
1.1, section 2.16; the eye gaze pose of XR_EXT_eye_gaze_interaction is in them, too). Yaw is positive to the person's
right, pitch positive up, roll positive clockwise as the person sees it, all in radians. `webcam_geometry` has the same
axes for a person who faces the camera.

======== =============================================================================================
openxr   as ours
unity    left-handed, +x right, +y up, +z forward; pitch on the wire is + down, in degrees (VRChat)
opencv   a camera that looks at the person: +x image right, +y image down, +z away from the camera
======== =============================================================================================
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Frame: TypeAlias = Literal["openxr", "unity", "opencv"]

SIGNS: dict[str, tuple[float, float, float]] = {
    "openxr": (1.0, 1.0, 1.0), "unity": (1.0, 1.0, -1.0), "opencv": (-1.0, -1.0, 1.0)}
"""What each axis of a frame is multiplied with to become ours; it is also the way back."""

HEAD_AXES: dict[str, tuple[float, float, float]] = {
    "openxr": (1.0, 1.0, 1.0), "unity": (1.0, 1.0, -1.0), "opencv": (-1.0, 1.0, -1.0)}
"""What the columns of a head's rotation are multiplied with, once in our axes, to be its right, up and back. Under
opencv the head's own axes are +x to the person's left, +y up and +z out of the face, as face models have them: for a
face that looks straight into the lens the rotation is diag(1, -1, -1)."""


def in_ours(vectors: ArrayLike, frame: str) -> Array:
    """Return vectors (..., 3) of `frame` in our axes; the other way round it is the same."""
    turned: Array = np.asarray(vectors, np.float64) * np.array(SIGNS[frame])
    return turned


def angles(vectors: ArrayLike) -> tuple[Array, Array]:
    """Return yaw and pitch in rad (...) of directions (..., 3) in our axes, of any length.

    ``yaw = atan2(x, -z)``, ``pitch = asin(y / |v|)``; the latter as atan2, which keeps its digits near the poles. NaN
    for a vector without length or with a component that is not finite.
    """
    v = np.asarray(vectors, np.float64)
    x, y, z = v[..., 0], v[..., 1], v[..., 2]
    yaw, pitch = np.arctan2(x, -z), np.arctan2(y, np.hypot(x, z))
    known = np.isfinite(v).all(axis=-1) & (np.abs(v).max(axis=-1) > 1e-9)
    return np.where(known, yaw, np.nan), np.where(known, pitch, np.nan)


def direction(yaw: ArrayLike, pitch: ArrayLike) -> Array:
    """Return the unit vectors (..., 3) in our axes of yaw and pitch in rad."""
    yaw, pitch = np.asarray(yaw, np.float64), np.asarray(pitch, np.float64)
    return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch) * np.ones_like(yaw),
                     -np.cos(yaw) * np.cos(pitch)], axis=-1)


def from_vrchat(pitch_deg: float, yaw_deg: float) -> tuple[float, float]:
    """Return (yaw, pitch) in rad of an angle pair as VRChat's eye tracking addresses carry it: degrees, pitch + down.

    There yaw is turned about the vertical first and pitch about the eyes' own axis then (VRChat, "OSC Eye Tracking"),
    which makes the pair spherical as ours is: only the sign of pitch differs.
    """
    return float(np.radians(yaw_deg)), float(-np.radians(pitch_deg))


def between(left: ArrayLike, right: ArrayLike) -> Array:
    """Return the mean direction (..., 3) of both eyes' directions (..., 3), each counted by its length of one.

    It is the direction from between the eyes up to the second order of their separation over the distance: 0.1 degrees
    at half a metre and 20 degrees aside.
    """
    total = sum(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)
                for v in (np.asarray(left, np.float64), np.asarray(right, np.float64)))
    return np.asarray(total, np.float64)


def rotation(x: float, y: float, z: float, w: float) -> Array:
    """Return the rotation (3, 3) of a quaternion of any length but 0; its columns are the turned axes.

    Raises
    ------
    ValueError
        If it has no length, or one that is not finite.
    """
    q = np.array([x, y, z, w], np.float64)
    length = float(np.linalg.norm(q))
    if not 1e-6 < length < 1e6:
        raise ValueError(f"the quaternion ({x:g}, {y:g}, {z:g}, {w:g}) has no direction")
    x, y, z, w = (q / length).tolist()
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def head_angles(turn: ArrayLike, frame: str = "openxr") -> tuple[Array, Array, Array]:
    """Return head yaw, pitch and roll in rad (...) of rotations (..., 3, 3) of `frame`: turned in that order.

    The columns are the head's own axes as the frame sees them; see `HEAD_AXES`.
    """
    turn = np.asarray(turn, np.float64)
    own = np.array(HEAD_AXES[frame])
    right, up, back = (in_ours(turn[..., :, k], frame) * own[k] for k in range(3))
    yaw, pitch = angles(-back)
    return yaw, pitch, np.arctan2(-right[..., 1], up[..., 1])


def on_screen(right_m: ArrayLike, up_m: ArrayLike, distance_m: float) -> tuple[Array, Array]:
    """Return yaw and pitch in rad of points on an upright screen, from the point of it that is straight ahead.

    Parameters
    ----------
    right_m, up_m
        Metres from that point, to the person's right and up.
    distance_m
        From the eyes to the screen.
    """
    right, up = np.asarray(right_m, np.float64), np.asarray(up_m, np.float64)
    return angles(np.stack([right, up, np.full_like(right, -distance_m)], axis=-1))
