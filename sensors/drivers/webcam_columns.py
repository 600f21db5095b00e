"""From one face mesh to the camera columns, and how far to trust them.

Everything here is as measured in this frame. The personal baseline, blinks and anything else that needs seconds belong
to the session, so that a replay can compute them again.
"""

from math import radians
from typing import NamedTuple

from sensors.drivers import webcam_geometry as geometry
from sensors.drivers.webcam_face import SCORES, Mesh
from sensors.drivers.webcam_subject import Place
from sensors.messages import Column

COLUMNS = (
    Column("gaze_yaw", "rad"), Column("gaze_pitch", "rad"),
    Column("eye_yaw", "rad"), Column("eye_pitch", "rad"),
    Column("head_yaw", "rad"), Column("head_pitch", "rad"), Column("head_roll", "rad"),
    Column("head_x", "m"), Column("head_y", "m"), Column("head_z", "m"),
    Column("ear_left", "1"), Column("ear_right", "1"),
    Column("blink_left", "1"), Column("blink_right", "1"),
    Column("jaw_open", "1"),
    Column("face", "1"), Column("faces", "1"), Column("subject", "1"), Column("face_size", "1"),
    Column("luma", "1"), Column("motion", "1"),
)
"""The columns of the camera stream, in order; axes and signs as in `webcam_geometry`."""

INDEX = {column.name: position for position, column in enumerate(COLUMNS)}

YAW_FULL, YAW_NONE = radians(45.0), radians(60.0)
"""Up to the first angle a face mesh is trusted fully, from the second on not at all."""
OUTSIDE_NONE = 0.35
"""Share of mesh points outside the frame at which nothing is trusted any more."""
HEIGHT_FULL_PX, HEIGHT_NONE_PX = 64.0, 24.0
"""A face lower than the first number of pixels loses trust; at the second its eyes are a pixel or two."""
SHAPE_FULL, SHAPE_NONE = 0.04, 0.10
"""Change of the rigid points' arrangement between frames, over the face's size; a real head at 30 Hz: below 0.02."""
UNCONFIRMED = 0.4
"""Trust in the first frame of a face, before a second one confirms its shape: single false alarms stay below 0.5."""
LIDS_SHUT = 0.12
"""Aspect ratio below which the iris is covered and its position a guess."""


class Face(NamedTuple):
    """One mesh with what several columns need of it."""

    mesh: Mesh
    width: int
    height: int
    points: geometry.Array
    """(478, 3) pixels, x image right, y up, z towards the camera."""
    turn: geometry.Array
    """(3, 3) rotation of the head in MediaPipe's camera axes."""
    angles: tuple[float, float, float]
    """Head yaw, pitch and roll in rad."""
    low: geometry.Array
    high: geometry.Array
    """(2,) corners of the face's box over the frame's size; parts outside the frame lie outside 0..1."""

    @property
    def place(self) -> Place:
        """Where the face is, in pixels."""
        (x, y), (right, bottom) = self.low, self.high
        return Place((x + right) / 2.0 * self.width, (y + bottom) / 2.0 * self.height,
                     max((right - x) * self.width, (bottom - y) * self.height))


def face_of(mesh: Mesh, width: int, height: int) -> Face:
    """Return a mesh, found in a frame of `width` x `height` pixels, with what the columns need of it."""
    turn = geometry.rotation(mesh.matrix)
    flat = mesh.landmarks[:geometry.OUTLINE, :2]
    return Face(mesh, width, height, geometry.pixels(mesh.landmarks, width, height), turn,
                geometry.head_angles(turn), flat.min(axis=0), flat.max(axis=0))


def measure(face: Face) -> dict[str, float]:
    """Return the columns that come from the mesh alone, by name."""
    mesh = face.mesh
    yaw, pitch, roll = face.angles
    x, y, z = geometry.head_position(mesh.matrix)
    ear_left = geometry.aspect_ratio(face.points, geometry.EYE_LEFT)
    ear_right = geometry.aspect_ratio(face.points, geometry.EYE_RIGHT)
    eye_yaw, eye_pitch = eye_angles(face, ear_left, ear_right)
    gaze_yaw, gaze_pitch = geometry.combine(face.turn, eye_yaw, eye_pitch)
    return {
        "gaze_yaw": gaze_yaw, "gaze_pitch": gaze_pitch, "eye_yaw": eye_yaw, "eye_pitch": eye_pitch,
        "head_yaw": yaw, "head_pitch": pitch, "head_roll": roll, "head_x": x, "head_y": y, "head_z": z,
        "ear_left": ear_left, "ear_right": ear_right,
        "blink_left": score(mesh, "eye_blink_left"), "blink_right": score(mesh, "eye_blink_right"),
        "jaw_open": score(mesh, "jaw_open"), "face_size": float(face.high[1] - face.low[1]),
    }


def eye_angles(face: Face, ear_left: float, ear_right: float) -> tuple[float, float]:
    """Return yaw and pitch in rad of the eyes in the head; NaN while both are shut.

    The mean of two readings: where the irises lie between the eyes' corners, and MediaPipe's eyeLook* scores. The first
    follows small movements, the second is steadier and knows the lids. Each eye counts by how much of its iris is to be
    seen: not while shut, and the far eye of a turned head less.
    """
    right = geometry.iris_angles(face.points, face.turn, geometry.EYE_RIGHT, geometry.IRIS_RIGHT)
    left = geometry.iris_angles(face.points, face.turn, geometry.EYE_LEFT, geometry.IRIS_LEFT)
    away = float(face.turn[0, 2])  # below zero when the head is turned to the person's right, hiding the right eye
    weight_right = (ear_right > LIDS_SHUT) * (1.0 - min(0.9, 1.5 * max(0.0, -away)))
    weight_left = (ear_left > LIDS_SHUT) * (1.0 - min(0.9, 1.5 * max(0.0, away)))
    total = weight_right + weight_left
    if total <= 0.0:
        return float("nan"), float("nan")
    looks = look_angles(face.mesh)
    yaw, pitch = (((weight_right * right[axis] + weight_left * left[axis]) / total + looks[axis]) / 2.0
                  for axis in (0, 1))
    return yaw, pitch


def look_angles(mesh: Mesh) -> tuple[float, float]:
    """Return yaw and pitch in rad of the eyes in the head from the eyeLook* scores."""
    yaw = (score(mesh, "eye_look_out_right") - score(mesh, "eye_look_in_right")
           + score(mesh, "eye_look_in_left") - score(mesh, "eye_look_out_left")) / 2.0
    pitch = (score(mesh, "eye_look_up_right") - score(mesh, "eye_look_down_right")
             + score(mesh, "eye_look_up_left") - score(mesh, "eye_look_down_left")) / 2.0
    return yaw * geometry.LOOK_SCALE, pitch * geometry.LOOK_SCALE


def score(mesh: Mesh, name: str) -> float:
    """Return one blendshape score 0..1."""
    return float(mesh.scores[SCORES[name]])


def trust(face: Face, before: Face | None) -> float:
    """Return how far to trust this face, 0..1: the product of what each doubt leaves.

    Parameters
    ----------
    face, before
        This frame's face and the same face in the frame before, None if there was none.
    """
    height_px = float((face.high[1] - face.low[1]) * face.height)
    sure = (geometry.falling(abs(face.angles[0]), YAW_FULL, YAW_NONE)
            * geometry.falling(outside(face), 0.0, OUTSIDE_NONE)
            * geometry.falling(height_px, HEIGHT_FULL_PX, HEIGHT_NONE_PX))
    if before is None:
        return min(sure, UNCONFIRMED)
    return sure * geometry.falling(geometry.shape_change(before.points, face.points), SHAPE_FULL, SHAPE_NONE)


def outside(face: Face) -> float:
    """Return the share of the mesh that lies outside the frame."""
    if face.low.min() >= 0.0 and face.high.max() <= 1.0:
        return 0.0
    flat = face.mesh.landmarks[:, :2]
    return float(((flat < 0.0) | (flat > 1.0)).any(axis=1).mean())
