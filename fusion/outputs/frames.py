"""Frames of reference of gaze, and what turns one into another: pure arithmetic on plain numbers.

=================  ==========================================================================  ======================
frame              axes                                                                        angles
=================  ==========================================================================  ======================
ours               as OpenXR; a camera's columns have the camera at the origin                 rad, yaw + right,
                                                                                               pitch + up, roll +
                                                                                               clockwise as seen by
                                                                                               the person
OpenXR and WebXR   right-handed, metres: +x right, +y up, **-z forward**                       quaternion x, y, z, w
Unity              left-handed, metres: +x right, +y up, **+z forward**                        degrees about x, y, z:
                                                                                               + down, + right, +
                                                                                               anticlockwise
VRChat             as Unity, in the frame of the head                                          degrees, pitch **+
                                                                                               down**, yaw + right
=================  ==========================================================================  ======================

A direction is (cos p sin y, sin p, -cos p cos y) in OpenXR; the signs follow from the axes alone. Rotations are taken
in the order yaw, pitch, roll, which is the order of Unity's Euler angles and of our head columns. What is not known
(NaN) stays unknown; straight up and straight down have yaw 0, because any would do.
"""

import math
from typing import NamedTuple

from fusion.outputs.gaze import Gaze


class Vector(NamedTuple):
    """Metres, or a direction of length one."""

    x: float
    y: float
    z: float


class Quaternion(NamedTuple):
    """A rotation, of length one."""

    x: float
    y: float
    z: float
    w: float


class Pose(NamedTuple):
    """Where something is and which way it points."""

    position: Vector
    orientation: Quaternion


class Angles(NamedTuple):
    """A direction; rad, yaw + to the person's right, pitch + up."""

    yaw: float
    pitch: float


class Turn(NamedTuple):
    """An orientation; rad, signs as in `Angles`, roll + clockwise as the person sees it."""

    yaw: float
    pitch: float
    roll: float


UNKNOWN = Angles(math.nan, math.nan)


def direction(yaw: float, pitch: float) -> Vector:
    """Return the direction of two angles, length one, in OpenXR's axes."""
    flat = math.cos(pitch)
    return Vector(flat * math.sin(yaw), math.sin(pitch), -flat * math.cos(yaw))


def angles(vector: Vector) -> Angles:
    """Return the angles of a vector of any length in OpenXR's axes; NaN if it has none."""
    flat = math.hypot(vector.x, vector.z)
    if math.isnan(flat) or math.isnan(vector.y) or flat == vector.y == 0:
        return UNKNOWN
    return Angles(math.atan2(vector.x, -vector.z) if flat > 0 else 0.0, math.atan2(vector.y, flat))


def quaternion(yaw: float, pitch: float, roll: float = 0.0) -> Quaternion:
    """Return the rotation that turns straight ahead (0, 0, -1) to an orientation, in OpenXR's axes."""
    # About +y a positive turn is to the left, about +x up, about +z anticlockwise.
    sy, cy = math.sin(-yaw / 2), math.cos(-yaw / 2)
    sp, cp = math.sin(pitch / 2), math.cos(pitch / 2)
    sr, cr = math.sin(-roll / 2), math.cos(-roll / 2)
    return Quaternion(cy * sp * cr + sy * cp * sr, sy * cp * cr - cy * sp * sr,
                      cy * cp * sr - sy * sp * cr, cy * cp * cr + sy * sp * sr)


def turn(rotation: Quaternion) -> Turn:
    """Return the angles of an orientation in OpenXR's axes; at the poles all of the turn is called yaw."""
    x, y, z, w = rotation
    forward = rotate(rotation, Vector(0.0, 0.0, -1.0))
    # atan2 keeps its precision near the poles, where asin(y) would lose half the digits.
    pitch = math.atan2(forward.y, math.hypot(forward.x, forward.z))
    if math.hypot(forward.x, forward.z) < 1e-9:
        return Turn(-2.0 * math.atan2(y, w) if abs(w) + abs(y) > 0 else 0.0, pitch, 0.0)
    return Turn(math.atan2(forward.x, -forward.z), pitch,
                -math.atan2(2 * (x * y + z * w), 1 - 2 * (x * x + z * z)))


def rotate(rotation: Quaternion, vector: Vector) -> Vector:
    """Return a vector, turned."""
    x, y, z, w = rotation
    tx, ty, tz = (2 * (y * vector.z - z * vector.y), 2 * (z * vector.x - x * vector.z),
                  2 * (x * vector.y - y * vector.x))
    return Vector(vector.x + w * tx + y * tz - z * ty, vector.y + w * ty + z * tx - x * tz,
                  vector.z + w * tz + x * ty - y * tx)


def inverse(rotation: Quaternion) -> Quaternion:
    """Return the rotation that undoes one."""
    return Quaternion(-rotation.x, -rotation.y, -rotation.z, rotation.w)


def unity_vector(vector: Vector) -> Vector:
    """Turn OpenXR's vector into Unity's, or Unity's into OpenXR's: the same mirror both ways."""
    return Vector(vector.x, vector.y, -vector.z)


def unity_quaternion(rotation: Quaternion) -> Quaternion:
    """Turn OpenXR's rotation into Unity's, or Unity's into OpenXR's: the same mirror both ways."""
    return Quaternion(-rotation.x, -rotation.y, rotation.z, rotation.w)


def unity_euler(yaw: float, pitch: float, roll: float = 0.0) -> Vector:
    """Return Unity's Euler angles in degrees, (x down, y right, z anticlockwise), of an orientation of ours."""
    return Vector(-math.degrees(pitch), math.degrees(yaw), -math.degrees(roll))


def from_unity_euler(euler: Vector) -> Turn:
    """Return the orientation of Unity's Euler angles, which may also run from 0 to 360 degrees."""
    x, y, z = (math.radians(math.remainder(value, 360.0)) if math.isfinite(value) else math.nan for value in euler)
    return Turn(y, -x, -z)


def vrchat(look: Angles) -> tuple[float, float]:
    """Return VRChat's (pitch, yaw) in degrees, pitch + down."""
    return -math.degrees(look.pitch), math.degrees(look.yaw)


def from_vrchat(pitch_deg: float, yaw_deg: float) -> Angles:
    """Return the direction that VRChat's pitch and yaw mean."""
    return Angles(math.radians(yaw_deg), -math.radians(pitch_deg))


def of_each_eye(look: Angles, distance_m: float, ipd_m: float) -> tuple[Angles, Angles]:
    """Return where the left and the right eye look when both see one point.

    The point lies `distance_m` along the ray of `look`, which starts between the eyes; the eyes are half of `ipd_m`
    left and right of it on the x axis of the frame. Each eye's pitch is its angle to the horizontal plane, its yaw the
    heading of its ray in that plane, as for the centre. This is the geometry of VRChat's eye-tracking document, whose
    example is told there as roughly 15 degrees up, 20 to the right, 50 cm away with an IPD of 64 mm. Its own
    CenterPitchYawDist says what roughly means: -15.252, 20.128, 0.503. With these 0.503 m every number it prints comes
    out to 0.001; with 0.5 m the eyes' yaws would be off by 0.022 degrees.

    Parameters
    ----------
    look
        Direction from between the eyes, in the frame of the head.
    distance_m, ipd_m
        Metres; infinite distance makes both eyes parallel.
    """
    if math.isinf(distance_m):
        return look, look
    centre = direction(*look)
    x, y, z = (distance_m * part for part in centre)
    return angles(Vector(x + ipd_m / 2, y, z)), angles(Vector(x - ipd_m / 2, y, z))


def head_pose(gaze: Gaze) -> Pose:
    """Return where the head is and how it is turned, in the OpenXR frame of the gaze's own origin.

    The position is the head's place as the stream tells it: between the eyes for a headset; for a webcam the centre of
    its face model, some 4 cm from there, which is less than its metres are good for.
    """
    roll = 0.0 if math.isnan(gaze.head_roll) else gaze.head_roll
    return Pose(Vector(gaze.x, gaze.y, gaze.z), quaternion(gaze.head_yaw, gaze.head_pitch, roll))


def in_head(gaze: Gaze) -> Angles:
    """Return where the eyes point as the head sees it, which is what an avatar's eyes need.

    Without a measured head the gaze is taken to be the head's already, as eye trackers in headsets tell it.
    """
    look = Angles(gaze.yaw, gaze.pitch)
    if math.isnan(gaze.head_yaw) or math.isnan(gaze.head_pitch):
        return look
    return angles(rotate(inverse(head_pose(gaze).orientation), direction(*look)))
