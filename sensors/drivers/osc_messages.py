"""From OSC messages to rows: VRChat's eye tracking addresses read as input, and plain ones of our own.

VRChat's are those of its document "OSC Eye Tracking": one address for the lids and one of six for the direction, in
degrees or as vectors of Unity's left-handed axes. Ours are radians and metres in our axes.

================================== ===========================================================================
/tracking/eye/CenterPitchYaw       pitch (+ down), yaw (+ right), degrees
/tracking/eye/CenterPitchYawDist   the same and the distance in m, which has no column
/tracking/eye/CenterVec            x y z, a direction
/tracking/eye/CenterVecFull        x y z, as long as the distance in m
/tracking/eye/LeftRightPitchYaw    pitch and yaw of the left eye, then of the right
/tracking/eye/LeftRightVec         x y z of the left eye, then of the right
/tracking/eye/EyesClosedAmount     0 open to 1 shut
/attnflow/gaze                     yaw (+ right), pitch (+ up), and maybe a confidence 0 to 1
/attnflow/lids                     openness of the left eye and of the right, 1 open to 0 shut; or one for both
/attnflow/head                     yaw, pitch, roll, and maybe x, y, z in m
================================== ===========================================================================
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from sensors.clock import SECOND
from sensors.drivers import headset_geometry as geometry
from sensors.drivers.headset_columns import NAN, Head, Lids, row

LIDS_KEPT_S = 10.0
"""How long lids hold without a new word: VRChat's own timeout."""
HEAD_KEPT_S = 1.0
"""How long a head's pose holds."""
GAZE_KEPT_S = 0.1
"""A word about the lids makes a row of its own when the last gaze is older: shut eyes send none."""
FARTHEST_M = 1000.0
"""A head further from the origin of its room is no head."""
SLACK = 0.01
"""How far a share may leave 0..1 by rounding."""


class EyeMessages:
    """Keeps the lids and the head that came last, and makes one row of every gaze."""

    def __init__(self) -> None:
        self._lids, self._lids_ns = Lids(), -1
        self._head, self._head_ns = Head(), -1
        self._gaze_ns = -1

    def take(self, address: str, values: Sequence[Any], now_ns: int) -> tuple[float, ...] | None:
        """Return the row that a message makes, or None if it makes none.

        Raises
        ------
        ValueError
            If its arguments are not those of its address; one sentence.
        KeyError
            If no such address is read.
        """
        counts, of = ADDRESSES[address]
        numbers = _numbers(address, values, counts)
        if of is None:
            return self._kept(address, numbers, now_ns)
        yaw, pitch, confidence = of(numbers)
        self._gaze_ns = now_ns
        return self._row(yaw, pitch, confidence, now_ns)

    def _kept(self, address: str, numbers: list[float], now_ns: int) -> tuple[float, ...] | None:
        if address == HEAD:
            if max(map(abs, numbers[:3])) > math.pi + SLACK or max(map(abs, numbers)) > FARTHEST_M:
                raise ValueError(f"{address} {numbers} are no angles in radians, or no place in metres")
            self._head, self._head_ns = Head(*numbers), now_ns
            return None
        shares = [min(1.0, max(0.0, number)) for number in numbers if -SLACK <= number <= 1 + SLACK]
        if len(shares) < len(numbers):
            raise ValueError(f"{address} {numbers} is outside 0 to 1")
        if address == CLOSED:
            shares = [1.0 - shares[0]]
        self._lids, self._lids_ns = Lids(shares[0], shares[-1]), now_ns
        silent = now_ns - self._gaze_ns > GAZE_KEPT_S * SECOND
        return self._row(NAN, NAN, NAN, now_ns) if silent else None

    def _row(self, yaw: float, pitch: float, confidence: float, now_ns: int) -> tuple[float, ...]:
        lids = self._lids if now_ns - self._lids_ns <= LIDS_KEPT_S * SECOND else Lids()
        head = self._head if now_ns - self._head_ns <= HEAD_KEPT_S * SECOND else Head()
        return row(yaw, pitch, lids, head, confidence)


def _numbers(address: str, values: Sequence[Any], counts: tuple[int, ...]) -> list[float]:
    if len(values) not in counts:
        expected = " or ".join(map(str, counts))
        raise ValueError(f"{address} came with {len(values)} arguments, expected {expected}")
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{address} came with {list(values)!r:.80}, expected finite numbers")
    return numbers


Read = tuple[float, float, float]
"""Yaw and pitch in rad, and the confidence."""


def _center(numbers: list[float]) -> Read:
    pitch, yaw = numbers[:2]
    if abs(pitch) > 90 or abs(yaw) > 180:
        raise ValueError(f"pitch {pitch:g} and yaw {yaw:g} are no angles in degrees")
    return *geometry.from_vrchat(pitch, yaw), NAN


def _both(numbers: list[float]) -> Read:
    eyes = [geometry.direction(*_center(numbers[k:k + 2])[:2]) for k in (0, 2)]
    return _angles(geometry.between(*eyes))


def _vector(numbers: list[float]) -> Read:
    return _angles(geometry.in_ours(numbers, "unity"))


def _vectors(numbers: list[float]) -> Read:
    return _angles(geometry.between(*(geometry.in_ours(numbers[k:k + 3], "unity") for k in (0, 3))))


def _angles(vector: geometry.Array) -> Read:
    yaw, pitch = geometry.angles(vector)
    if math.isnan(float(yaw)):
        raise ValueError(f"the direction {vector.tolist()} has no length")
    return float(yaw), float(pitch), NAN


def _ours(numbers: list[float]) -> Read:
    yaw, pitch, confidence = (*numbers, NAN)[:3]
    if abs(yaw) > math.pi + SLACK or abs(pitch) > math.pi / 2 + SLACK:
        raise ValueError(f"yaw {yaw:g} and pitch {pitch:g} are no angles in radians")
    if not (math.isnan(confidence) or 0 <= confidence <= 1):
        raise ValueError(f"the confidence {confidence:g} is outside 0 to 1")
    return yaw, pitch, confidence


CLOSED, LIDS, HEAD = "/tracking/eye/EyesClosedAmount", "/attnflow/lids", "/attnflow/head"
ADDRESSES: dict[str, tuple[tuple[int, ...], Callable[[list[float]], Read] | None]] = {
    "/tracking/eye/CenterPitchYaw": ((2,), _center),
    "/tracking/eye/CenterPitchYawDist": ((3,), _center),
    "/tracking/eye/CenterVec": ((3,), _vector),
    "/tracking/eye/CenterVecFull": ((3,), _vector),
    "/tracking/eye/LeftRightPitchYaw": ((4,), _both),
    "/tracking/eye/LeftRightVec": ((6,), _vectors),
    "/attnflow/gaze": ((2, 3), _ours),
    CLOSED: ((1,), None),
    LIDS: ((1, 2), None),
    HEAD: ((3, 6), None),
}
"""Each address: how many arguments it may have, and how a gaze is read from them; None for what only is kept."""
