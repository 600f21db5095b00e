"""The driver's straight ahead: learnt from the road, untouched by mirrors, kept within bounds."""

from math import degrees, radians

import numpy as np
import pytest

from fusion.driving.offset import MOST_DEG, Offset


def learn(offset: Offset, seconds: float, yaw_deg: float, pitch_deg: float, spread_deg: float = 3.0) -> None:
    draw = np.random.default_rng(7)
    count = round(seconds * 30)
    offset.learn(np.radians(draw.normal(yaw_deg, spread_deg, count)),
                 np.radians(draw.normal(pitch_deg, spread_deg, count)), np.full(count, 1 / 30))


def test_nothing_is_believed_before_a_minute() -> None:
    offset = Offset(60.0)
    learn(offset, 50.0, 8.0, -4.0)
    assert not offset.learnt
    assert (offset.yaw, offset.pitch) == (0.0, 0.0)
    learn(offset, 15.0, 8.0, -4.0)
    assert offset.learnt
    assert degrees(offset.yaw) == pytest.approx(8.0, abs=1.0)
    assert degrees(offset.pitch) == pytest.approx(-4.0, abs=1.0)


def test_mirrors_do_not_pull_the_road_aside() -> None:
    offset = Offset(60.0)
    learn(offset, 90.0, 5.0, 0.0)
    learn(offset, 12.0, -14.0, -12.0, 1.5)
    assert degrees(offset.yaw) == pytest.approx(5.0, abs=1.0)


def test_a_driver_who_only_looks_aside_does_not_become_straight_ahead() -> None:
    offset = Offset(60.0)
    learn(offset, 200.0, 19.0, 0.0, 0.5)
    assert offset.yaw <= radians(MOST_DEG)


def test_a_changed_seat_is_learnt_within_the_memory() -> None:
    offset = Offset(60.0)
    for _ in range(30):
        learn(offset, 10.0, 6.0, 0.0)
    for _ in range(60):
        learn(offset, 10.0, -6.0, 0.0)
    assert degrees(offset.yaw) == pytest.approx(-6.0, abs=1.0)


def test_learning_can_be_switched_off() -> None:
    offset = Offset(0.0)
    assert offset.learnt
    learn(offset, 300.0, 8.0, 0.0)
    assert offset.yaw == 0.0
