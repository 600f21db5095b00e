"""What a page or an app may say to the WebSocket driver: JSON texts, version 1.

``{"v": 1, "type": "gaze", "t_ms": 5123.4, "yaw": 0.1, "pitch": -0.05, "openness": 0.9, "confidence": 1}``
    Angles in rad, yaw + to the person's right, pitch + up; null where the eyes are not tracked. `openness` is 1 open
    to 0 shut, of both eyes; `openness_left` and `openness_right` of one.
``{"v": 1, "type": "pose", "t_ms": 5123.4, "direction": [0.1, 0, -0.99]}``
    The same as OpenXR and WebXR have it: right-handed, -Z forward; `direction` or `orientation` [x, y, z, w], and maybe
    `head_orientation` and `head_position` (m) in the same space.

`t_ms` is the sender's own clock, such as `performance.now()`; it travels beside our stamp of the arrival. `openness`,
`confidence` and the head may be left out. We say ``hello`` with the version, ``waiting`` to whom is not the source, and
``error`` with one sentence.
"""

import math
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from sensors.clock import MILLISECOND
from sensors.drivers import headset_geometry as geometry
from sensors.drivers.headset_columns import NAN, Head, Lids, row

VERSION = 1
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Angle: TypeAlias = Annotated[float, msgspec.Meta(ge=-math.pi, le=math.pi)]
Lean: TypeAlias = Annotated[float, msgspec.Meta(ge=-math.pi / 2, le=math.pi / 2)]
Stamp: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=9e12)]
"""Milliseconds; the most still fits int64 nanoseconds, and is a date 285 years on."""
Length: TypeAlias = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
"""Of a vector or along an axis, m; larger numbers are nobody's and would leave float32."""
Vector: TypeAlias = tuple[Length, Length, Length]
Quaternion: TypeAlias = tuple[Length, Length, Length, Length]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What every row carries."""

    v: Literal[1]
    t_ms: Stamp
    openness: Share | None = None
    openness_left: Share | None = None
    openness_right: Share | None = None
    confidence: Share | None = None

    @property
    def device_ns(self) -> int:
        """The sender's stamp in ns."""
        return round(self.t_ms * MILLISECOND)

    @property
    def lids(self) -> Lids:
        """Both lids."""
        left, right = (self.openness if one is None else one for one in (self.openness_left, self.openness_right))
        return Lids(_number(left), _number(right))


class GazeRow(Row, tag="gaze", frozen=True, kw_only=True):
    """A gaze as two angles."""

    yaw: Angle | None
    pitch: Lean | None

    def columns(self) -> tuple[float, ...]:
        """Return the row in our columns."""
        return row(_number(self.yaw), _number(self.pitch), self.lids, Head(), _number(self.confidence))


class PoseRow(Row, tag="pose", frozen=True, kw_only=True):
    """A gaze as OpenXR and WebXR have it."""

    direction: Vector | None = None
    orientation: Quaternion | None = None
    head_orientation: Quaternion | None = None
    head_position: Vector | None = None

    def columns(self) -> tuple[float, ...]:
        """Return the row in our columns.

        Raises
        ------
        ValueError
            If it has no direction, or two.
        """
        yaw, pitch, _ = self._gaze()
        x, y, z = self.head_position or (NAN, NAN, NAN)
        head = Head(x=x, y=y, z=z)
        if self.head_orientation is not None:
            head_yaw, head_pitch, roll = geometry.head_angles(geometry.rotation(*self.head_orientation))
            head = Head(float(head_yaw), float(head_pitch), float(roll), x, y, z)
        return row(yaw, pitch, self.lids, head, _number(self.confidence))

    def _gaze(self) -> tuple[float, float, float]:
        if (self.direction is None) == (self.orientation is None):
            raise ValueError("a pose needs direction or orientation, and not both")
        if self.orientation is not None:
            yaw, pitch, roll = geometry.head_angles(geometry.rotation(*self.orientation))
            return float(yaw), float(pitch), float(roll)
        yaw, pitch = geometry.angles(self.direction or (NAN, NAN, NAN))
        if math.isnan(float(yaw)):
            raise ValueError(f"the direction {self.direction} has no length")
        return float(yaw), float(pitch), NAN


def _number(value: float | None) -> float:
    return NAN if value is None else value


_DECODER = msgspec.json.Decoder(GazeRow | PoseRow)


def read(text: str) -> tuple[tuple[float, ...], int]:
    """Return the columns and the sender's stamp (ns) of one text.

    Raises
    ------
    ValueError
        If it is not what the version allows; one sentence.
    """
    try:
        said = _DECODER.decode(text)
        return said.columns(), said.device_ns
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"{error or 'the text is nested too deep'}".replace("\n", " ").rstrip(".")) from None


def say(kind: str, **fields: Any) -> str:
    """Return one text of ours."""
    return msgspec.json.encode({"v": VERSION, "type": kind, **fields}).decode()
