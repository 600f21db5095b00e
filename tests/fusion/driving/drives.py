"""Short scripted drives for the tests of the ladders: zones looked at, eyes open or shut, at one speed."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.driving.ladders import Ladders
from sensors.messages import Alert, Chunk, Column, Proof, Said, StreamInfo

COLUMNS = ("face", "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "ear_left", "ear_right", "blink_left",
           "blink_right")
CAMERA = StreamInfo(t_ns=0, stream="camera", kind="camera", driver="test", rate_hz=30.0,
                    columns=tuple(Column(name, "1") for name in COLUMNS))
VEHICLE = StreamInfo(t_ns=0, stream="car", kind="context", driver="test", rate_hz=10.0,
                     columns=(Column("speed_kmh", "km/h"), Column("gear", "1")))
START_NS = 1_000_000_000_000


class Part(NamedTuple):
    """So many seconds of one thing."""

    seconds: float
    zone: str = "road"
    eyes: str = "open"
    """open, shut, or hidden (sunglasses: only the head is seen)."""
    face: bool = True
    luma: float = 120.0


def camera(ladders: Ladders, parts: Sequence[Part], rate_hz: float = 30.0,
           seed: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the camera's rows and times."""
    draw = np.random.default_rng(seed)
    times_s = np.arange(0.0, sum(part.seconds for part in parts), 1.0 / rate_hz)
    values = np.full((len(times_s), len(COLUMNS)), np.nan, np.float32)
    begin = 0.0
    for part in parts:
        rows = (times_s >= begin - 1e-9) & (times_s < begin + part.seconds - 1e-9)
        begin += part.seconds
        yaw, pitch = ladders.cabin.centre(part.zone)
        values[rows, 1] = part.luma
        values[rows, 0] = 0.95 if part.face else 0.0
        if not part.face:
            continue
        values[rows, 4], values[rows, 5] = 0.67 * yaw, 0.67 * pitch
        if part.eyes != "hidden":
            values[rows, 6:8], values[rows, 8:] = (0.3, 0.1) if part.eyes == "open" else (0.05, 0.9)
        if part.eyes == "open":
            values[rows, 2], values[rows, 3] = yaw, pitch
    values[:, 2:6] += draw.normal(0.0, math.radians(1.0), (len(times_s), 4)).astype(np.float32)
    values[:, 6:8] += draw.normal(0.0, 0.004, (len(times_s), 2)).astype(np.float32)
    return values, START_NS + np.rint(times_s * 1e9).astype(np.int64)


def speed(seconds: float, kmh: float, gear: float = 3.0) -> Chunk:
    """Return the vehicle's rows of so many seconds at one speed."""
    times_ns = START_NS + np.arange(0, round(seconds * 1e9), 100_000_000, dtype=np.int64)
    values = np.repeat(np.array([[kmh, gear]], np.float32), len(times_ns), axis=0)
    return Chunk(t_ns=int(times_ns[-1]), stream="car", values=values, times_ns=times_ns)


def drive(ladders: Ladders, parts: Sequence[Part], kmh: float | None = 80.0, *, cuts: Iterable[int] = (),
          rate_hz: float = 30.0, gear: float = 3.0) -> list[Said]:
    """Run a scripted drive and return all that was said; `kmh` None: no vehicle tells a speed."""
    values, times_ns = camera(ladders, parts, rate_hz)
    ladders.meet(CAMERA)
    said: list[Said] = []
    if kmh is not None:
        ladders.meet(VEHICLE)
        said += ladders.take(speed(len(times_ns) / rate_hz, kmh, gear))
    for rows in np.split(np.arange(len(times_ns)), list(cuts)):
        newest = int(times_ns[rows[-1]]) if len(rows) else 0
        said += ladders.take(Chunk(t_ns=newest, stream="camera", values=values[rows], times_ns=times_ns[rows]))
    return said


def alerts(said: Iterable[Said], profile: str = "") -> list[tuple[str, int, float, bool]]:
    """Return (rule, stage, seconds since the start, active) of every alert, or of one profile's."""
    return [(one.rule, one.stage, round((one.t_ns - START_NS) / 1e9, 3), one.active) for one in said
            if isinstance(one, Alert) and profile in ("", one.profile)]


def proofs(said: Iterable[Said], rule: str) -> list[Proof]:
    """Return one rule's proof."""
    return [one for one in said if isinstance(one, Proof) and one.rule == rule]
