"""What the vehicle tells: speeds with hysteresis, nothing from a stale or impossible speed but the strictest limits."""

import math

import numpy as np
import pytest

from fusion.driving.facts import BRAKING, INDICATOR, REVERSE, SPEED, TURNING, Facts
from fusion.driving.vehicle import Vehicle

NAMES = ("speed_kmh", "gear", "indicator", "brake", "steering")


def vehicle(assumed_kmh: float = -1.0) -> tuple[Vehicle, int]:
    facts = Facts()
    fifty = facts.speed(50.0, 2.0)
    made = Vehicle(facts, assumed_kmh)
    made.meet(NAMES)
    return made, fifty


def told(made: Vehicle, speeds: list[float], begin_s: float = 0.0, **other: float) -> None:
    times = np.array([round((begin_s + 0.1 * k) * 1e9) for k in range(len(speeds))], np.int64)
    rows = [[speed, *(other.get(name, 0.0) for name in NAMES[1:])] for speed in speeds]
    made.take(np.array(rows, np.float32), times)


@pytest.mark.parametrize(("speeds", "fast"), [([51.0], True), ([49.0], False), ([40, 51], False), ([40, 53], True),
                                              ([60, 49], True), ([60, 47], False), ([48, 51, 49, 51.5], False)])
def test_a_speed_is_reached_with_hysteresis(speeds: list[float], fast: bool) -> None:
    made, fifty = vehicle()
    told(made, speeds)
    made.changes(10**9)
    assert bool(made.bits & fifty) == fast


@pytest.mark.parametrize("speed", [math.nan, -5.0, 900.0])
def test_a_speed_that_cannot_be_is_unknown_and_unknown_is_taken_for_fast(speed: float) -> None:
    made, fifty = vehicle()
    told(made, [30.0, speed])
    changes = made.changes(10**9)
    assert [bool(bits & fifty) for _, bits in changes] == [False, True]
    assert not changes[-1][1] & SPEED
    assert math.isnan(made.kmh(10**9))


def test_a_vehicle_that_falls_silent_is_unknown_after_two_seconds() -> None:
    made, fifty = vehicle()
    told(made, [30.0])
    assert not made.changes(1_900_000_000)[-1][1] & fifty
    assert made.changes(2_100_000_000) == [(2_000_000_000, made.bits)]
    assert made.bits & fifty
    told(made, [30.0], begin_s=5.0)
    assert not made.changes(5_000_000_000)[-1][1] & fifty


def test_a_hole_in_the_middle_is_told_at_its_own_time() -> None:
    made, fifty = vehicle()
    made.take(np.array([[30.0, 0, 0, 0, 0], [30.0, 0, 0, 0, 0]], np.float32), np.array([0, 6_000_000_000], np.int64))
    assert [(t_ns, bool(bits & fifty)) for t_ns, bits in made.changes(7_000_000_000)] == [
        (0, False), (2_000_000_000, True), (6_000_000_000, False)]


def test_a_rig_may_assume_a_speed() -> None:
    made, fifty = vehicle(assumed_kmh=30.0)
    assert made.bits & SPEED
    assert not made.bits & fifty
    assert made.kmh(0) == 30.0


@pytest.mark.parametrize(("other", "bit"), [({"gear": -1.0}, REVERSE), ({"indicator": -1.0}, INDICATOR),
                                            ({"brake": 0.5}, BRAKING), ({"steering": -0.7}, TURNING)])
def test_what_else_the_vehicle_does(other: dict[str, float], bit: int) -> None:
    made, _ = vehicle()
    told(made, [60.0])
    assert not made.changes(0)[-1][1] & bit
    told(made, [60.0], begin_s=1.0, **other)
    assert made.changes(10**9)[-1][1] & bit


def test_reversing_at_an_unknown_speed_stays_reversing() -> None:
    made, _ = vehicle()
    told(made, [5.0])
    bits = []
    for k in range(1, 80):
        told(made, [math.nan], begin_s=0.1 * k, gear=-1.0)
        bits += made.changes(round((0.1 * k + 0.05) * 1e9))
    assert [bool(one & REVERSE) for _, one in bits] == [False, True]
    assert bool(made.changes(11 * 10**9)[-1][1] & REVERSE) is False


def test_the_proof_tells_the_speed_that_the_limits_were_taken_from() -> None:
    made, _ = vehicle(assumed_kmh=30.0)
    told(made, [80.0, math.nan])
    assert (made.kmh(0), made.kmh(10**8)) == (80.0, 30.0)


def test_another_vehicle_may_have_another_clock() -> None:
    made, _ = vehicle()
    told(made, [80.0] * 5, begin_s=100.0)
    made.meet(NAMES)
    told(made, [20.0] * 5)
    assert made.kmh(4 * 10**8) == 20.0
