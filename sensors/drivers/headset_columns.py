"""The camera's columns as a headset or an eye tracker fills them, so that everything behind takes both."""

import math
from typing import NamedTuple

from sensors.messages import Column

COLUMNS = (
    Column("gaze_yaw", "rad"), Column("gaze_pitch", "rad"),
    Column("head_yaw", "rad"), Column("head_pitch", "rad"), Column("head_roll", "rad"),
    Column("head_x", "m"), Column("head_y", "m"), Column("head_z", "m"),
    Column("ear_left", "1"), Column("ear_right", "1"), Column("blink_left", "1"), Column("blink_right", "1"),
    Column("face", "1"),
)
"""The webcam's names and units, less what only a picture has: jaw, light, other faces."""

EAR_SHUT, EAR_OPEN = 0.12, 0.30
"""Eye aspect ratios that a headset's openness of 0 and 1 is written as.

A headset says how far the lids are open, a webcam how high the opening is over its width, and the session learns the
person's own open eye from the latter. 0.3 is a usual open eye (Soukupova and Cech 2016). A shut one is not 0: the
kernels begin with 0.4 of the open eye, and with just that share the session's openness is the headset's own.
"""

NAN = math.nan


class Lids(NamedTuple):
    """How far each eye is open: 1 open, 0 shut; NaN where not measured."""

    left: float = NAN
    right: float = NAN


class Head(NamedTuple):
    """Where the head is and faces: rad and m, in the frame of the gaze; NaN where not measured."""

    yaw: float = NAN
    pitch: float = NAN
    roll: float = NAN
    x: float = NAN
    y: float = NAN
    z: float = NAN


class Arrived(NamedTuple):
    """One row on its way."""

    row: tuple[float, ...]
    """In the order of `COLUMNS`."""
    t_ns: int
    """Session time of its arrival."""
    device_ns: int | None = None
    """The sender's own stamp."""


def row(yaw: float, pitch: float, lids: Lids, head: Head, confidence: float = NAN) -> tuple[float, ...]:
    """Return one row in the order of `COLUMNS`; angles in rad, NaN where not measured.

    Where the sender says no confidence, the eyes count as seen as long as there is a gaze or a lid.
    """
    if math.isnan(yaw) or math.isnan(pitch):
        yaw = pitch = NAN
    if math.isnan(confidence):
        confidence = float(not all(map(math.isnan, (yaw, lids.left, lids.right))))
    return (yaw, pitch, *head, *(EAR_SHUT + (EAR_OPEN - EAR_SHUT) * lid for lid in lids),
            *(1.0 - lid for lid in lids), confidence)
