"""The newest gaze as every output tells it: direction, place, lids, and how far to trust them."""

import math
from typing import NamedTuple

import numpy as np

from kernels import sight
from kernels.errors import InputError
from sensors.clock import SECOND
from sensors.messages import Chunk, Column, StreamInfo

SILENT_NS = 2 * SECOND
"""A stream that has said nothing for so long gives way to another one, as it does in the session."""


class Gaze(NamedTuple):
    """One moment of gaze; NaN where not measured.

    Angles in rad, yaw + to the person's right, pitch + up, roll + clockwise as the person sees it; metres as in the
    camera's columns.
    """

    t_ns: int
    """When it was true, on the session clock; its age is the time since."""
    yaw: float
    pitch: float
    head_yaw: float
    head_pitch: float
    head_roll: float
    x: float
    y: float
    z: float
    """The head's place; the camera, or the headset's own origin, is at zero."""
    openness: float
    """Both lids together, 1 the person's own open eye, 0 closed."""
    confidence: float
    """0..1: how far the sensor trusts the face it measured; 0 without one."""
    status: str
    """"ok", "no_gaze" (lids down, eyes covered) or "no_face"."""


PLACE = ("head_roll", "head_x", "head_y", "head_z", "face")


class GazeReader:
    """Turns the chunks of one camera or headset stream into gaze."""

    def __init__(self) -> None:
        self._stream = ""
        self._newest_ns = -1
        self._columns: dict[str, int] = {}
        self._sight = np.zeros(1, sight.SIGHT)

    def meet(self, info: StreamInfo) -> None:
        """Take a camera or headset that has gaze; as in the session, another one only once this one is silent."""
        if info.kind != "camera" or "gaze_yaw" not in info.names:
            return
        columns = {name: k for k, name in enumerate(info.names)}
        if info.stream == self._stream:
            if columns == self._columns:
                return
        elif self._newest_ns >= 0 and info.t_ns - self._newest_ns <= SILENT_NS:
            return
        try:
            sight.reset(self._sight, info.names, 20.0)
        except InputError:
            return
        self._stream, self._columns, self._newest_ns = info.stream, columns, -1

    def read(self, chunk: Chunk) -> list[Gaze]:
        """Return the gaze of each row, in order; none of another stream's, or of one not met."""
        if chunk.stream != self._stream or chunk.values.shape[1] != len(self._columns):
            return []
        self._newest_ns = max(self._newest_ns, chunk.t_ns)
        rows = sight.follow_one(self._sight, chunk.values, chunk.times_ns)
        place = np.stack([chunk.values[:, self._columns[name]] if name in self._columns
                          else np.full(len(chunk.values), np.nan, np.float32) for name in PLACE], axis=1)
        return [self._one(t_ns, row, extra) for t_ns, row, extra in
                zip(chunk.times_ns.tolist(), rows.tolist(), place.tolist(), strict=True)]

    def _one(self, t_ns: int, row: list[float], extra: list[float]) -> Gaze:
        roll, x, y, z, face = extra
        seen = row[sight.FACE] > 0
        looks = not math.isnan(row[sight.GAZE_YAW])
        trust = 1.0 if math.isnan(face) else min(1.0, max(0.0, face))
        return Gaze(t_ns, row[sight.GAZE_YAW], row[sight.GAZE_PITCH], row[sight.HEAD_YAW], row[sight.HEAD_PITCH], roll,
                    x, y, z, row[sight.OPENNESS], trust if seen else 0.0,
                    "ok" if looks else "no_gaze" if seen else "no_face")


def warm() -> None:
    """Compile what reads a camera, or load it from the cache, so that the first live row does not wait for it."""
    reader = GazeReader()
    reader.meet(StreamInfo(t_ns=0, stream="camera", kind="camera", driver="", rate_hz=0.0,
                           columns=(Column("gaze_yaw", "rad"), Column("gaze_pitch", "rad"))))
    reader.read(Chunk(t_ns=0, stream="camera", values=np.zeros((1, 2), np.float32), times_ns=np.zeros(1, np.int64)))
