"""The arithmetic between a face mesh and the camera columns: pure numpy, no image, no state.

Frames of reference
-------------------
Image
    Normalised landmarks ``(x, y, z)``: x to the image's right and y down, both over the frame's width and height; z
    towards the scene, in the scale of x. An unmirrored camera shows the person's right at the image's left.
MediaPipe camera
    Right-handed, centimetres, camera at the origin looking along -z, +x to the image's right, +y up. The canonical
    face looks along its own +z and has +x to the person's LEFT.
Ours (what the columns use)
    Metres and radians with the camera at the origin: +x to the person's own right, +y up, +z away from the camera.
    For a person who faces the camera these are the axes of OpenXR (x right, y up, -z forward). Yaw is positive to the
    person's right, pitch positive up, roll positive clockwise as the person sees it (right ear down). All zero means:
    the face, or the gaze, points against the camera's optical axis.

Metres rest on MediaPipe's assumptions (vertical field of view 63 degrees, a face of average size), so they are good to
compare with themselves and coarse as distances.

MediaPipe's rotation lies between the angle against the optical axis and the angle against the ray that sees the face,
nearer to the latter: one and the same picture of a face, moved 26 degrees off the axis, reads 6 degrees of yaw where
true perspective would make it 26. Columns are published as measured; a session that compares with the person's own
baseline is hardly touched, one that maps gaze onto a wall is.
"""

from math import asin, dist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

EYE_RIGHT = (33, 160, 158, 133, 153, 144)
"""Mesh points p1..p6 of the person's right eye (image left): outer corner, two upper lid, inner corner, two lower."""
EYE_LEFT = (263, 387, 385, 362, 380, 373)
"""The same of the person's left eye."""
IRIS_RIGHT, IRIS_LEFT = 468, 473
OUTLINE = 468
"""The first so many points are the face; the rest are the irises."""

RIGID = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 127, 356, 234, 454, 98, 327, 21, 251, 54, 284)
"""Points that move with the skull: forehead, nose, eye corners, temples, cheek bones."""

_RIGID = np.array(RIGID)

IRIS_ARC = 0.35
"""Distance of the iris from the eye's centre of rotation over the width of the lid opening: about 10.5 mm over 30 mm
in an average adult eye."""

LOOK_SCALE = np.radians(35.0)
"""Angle at which an eyeLook* score of MediaPipe comes to 1, about the oculomotor range shown to the model."""


def rotation(matrix: Array) -> Array:
    """Return the pure rotation (3, 3) of a face matrix (4, 4), its columns scaled to length one."""
    turn = np.asarray(matrix, dtype=np.float64)[:3, :3]
    return np.asarray(turn / np.linalg.norm(turn, axis=0))


def head_angles(turn: Array) -> tuple[float, float, float]:
    """Return head yaw, pitch and roll in rad from a rotation (3, 3); order yaw, then pitch, then roll."""
    forward = turn[:, 2]
    yaw = np.arctan2(-forward[0], forward[2])
    pitch = np.arcsin(np.clip(forward[1], -1.0, 1.0))
    roll = np.arctan2(turn[1, 0], turn[1, 1])
    return float(yaw), float(pitch), float(roll)


def head_position(matrix: Array) -> tuple[float, float, float]:
    """Return the centre of the canonical face in our frame, in m, from a face matrix (4, 4) in cm."""
    x, y, z = np.asarray(matrix, dtype=np.float64)[:3, 3] / 100.0
    return float(-x), float(y), float(-z)


def direction(yaw: float, pitch: float) -> Array:
    """Return the unit vector (3,) of an angle pair in MediaPipe's axes (+x to the person's left)."""
    return np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])


def combine(turn: Array, eye_yaw: float, eye_pitch: float) -> tuple[float, float]:
    """Return gaze yaw and pitch in rad: the eye's direction in the head, turned by the head (3, 3)."""
    x, y, z = turn @ direction(eye_yaw, eye_pitch)
    return float(np.arctan2(-x, z)), float(np.arcsin(np.clip(y, -1.0, 1.0)))


def pixels(landmarks: Array, width: int, height: int) -> Array:
    """Return landmarks (points, 3) in pixels with MediaPipe's axes: x image right, y up, z towards the camera."""
    return np.asarray(landmarks * np.array([width, -height, -width], dtype=np.float64))


def aspect_ratio(points: Array, eye: tuple[int, ...]) -> float:
    """Return the eye aspect ratio (|p2 p6| + |p3 p5|) / (2 |p1 p4|) of one eye (Soukupova and Cech 2016, eq. 1).

    Distances are taken in three dimensions, because a turned head shortens the eye's width in the image (by the cosine
    of its yaw) and would raise the ratio without any lid having moved.
    """
    p1, p2, p3, p4, p5, p6 = points[list(eye)].tolist()
    width = dist(p1, p4)
    return (dist(p2, p6) + dist(p3, p5)) / (2.0 * width) if width > 1e-9 else float("nan")


def iris_angles(points: Array, turn: Array, eye: tuple[int, ...], iris: int) -> tuple[float, float]:
    """Return yaw and pitch in rad of one eye in the head, from where its iris lies between the eye's corners.

    For yaw the iris is put at the depth of the corners: the model's own depth of the iris carries the head's yaw into
    both eyes with opposite signs, about as much as the head turns, and only a plain mean of two visible eyes would
    cancel that. For pitch the model's depth is kept; without it hardly any vertical movement is left.

    Parameters
    ----------
    points
        (478, 3) pixels as from `pixels`.
    turn
        (3, 3) rotation of the head.
    eye, iris
        Mesh points of the eye and of its iris centre.
    """
    outer, inner = points[eye[0]], points[eye[3]]
    reach = IRIS_ARC * float(np.linalg.norm(outer - inner))
    if reach < 1e-9:
        return float("nan"), float("nan")
    offset = (points[iris] - (outer + inner) / 2.0) / reach
    aside = -float(turn[:2, 0] @ offset[:2])
    up = float(turn[:, 1] @ offset)
    return asin(min(1.0, max(-1.0, aside))), asin(min(1.0, max(-1.0, up)))


def shape_change(before: Array, after: Array) -> float:
    """Return how much the rigid points changed their arrangement between two frames, over the face's size.

    Shift, turn in the image plane and scale are taken out by a least-squares similarity (complex regression), so what
    is left is small for any real head at video rate and large when the mesh slips off the face.

    Parameters
    ----------
    before, after
        (478, 3) pixels as from `pixels`.
    """
    a = before[_RIGID, 0] + 1j * before[_RIGID, 1]
    b = after[_RIGID, 0] + 1j * after[_RIGID, 1]
    a, b = a - a.mean(), b - b.mean()
    power = float(np.sum(np.abs(a) ** 2))
    size = float(np.sqrt(np.mean(np.abs(b) ** 2)))
    if power < 1e-9 or size < 1e-9:
        return float("inf")
    residual = b - a * (np.sum(np.conj(a) * b) / power)
    return float(np.sqrt(np.mean(np.abs(residual) ** 2)) / size)


def falling(value: float, full: float, none: float) -> float:
    """Return 1 up to `full`, 0 from `none` on, and the straight line between; `none` may also lie below `full`."""
    return min(1.0, max(0.0, (none - value) / (none - full)))
