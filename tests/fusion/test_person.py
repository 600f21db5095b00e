"""Personal baselines."""

import math

import pytest

from fusion.person import FEWEST, Level, Person
from sensors.clock import SECOND


def test_a_level_is_the_mean_of_the_calibration_and_then_frozen() -> None:
    level = Level(2.0)
    for k in range(9):
        assert math.isnan(level.value)
        level.learn(k * SECOND // 4, float(k))
    assert level.value == pytest.approx(4.0)
    level.learn(10 * SECOND, 100.0)
    assert level.value == pytest.approx(4.0)


def test_a_level_waits_for_enough_trusted_values() -> None:
    level = Level(1.0)
    for k in range(FEWEST - 1):
        level.learn(k * 10 * SECOND, 1.0)
        level.learn(k * 10 * SECOND, math.nan)
    assert math.isnan(level.value)
    level.learn(1000 * SECOND, 1.0)
    assert level.value == 1.0


def test_progress_counts_from_the_earliest_sample_of_any_sensor() -> None:
    person = Person(10.0)
    assert person.progress(99 * SECOND) == 0.0
    person.meet(4 * SECOND)
    person.meet(3 * SECOND)
    person.meet(8 * SECOND)
    assert person.progress(8 * SECOND) == 0.5
    assert person.progress(2 * SECOND) == 0.0
    assert person.progress(99 * SECOND) == 1.0


def test_without_calibration_it_is_over_with_the_first_sample() -> None:
    person = Person(0.0)
    assert person.progress(SECOND) == 0.0
    person.meet(SECOND)
    assert person.progress(SECOND) == 1.0
