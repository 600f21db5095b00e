"""A headset's rows: the openness that went in is the openness the session sees; stamps only go forward."""

import math

import numpy as np
import pytest

from kernels import sight
from sensors.clock import SECOND, FakeClock
from sensors.driver import Setting
from sensors.drivers.headset_columns import COLUMNS, NAN, Head, Lids, row
from sensors.drivers.headset_driver import increasing
from sensors.drivers.headset_notice import TOLD_S, Notice
from sensors.drivers.headset_simulated import SimulatedHeadset
from sensors.simulated.story import ParticipantConfig, Scene

NAMES = tuple(column.name for column in COLUMNS)


def value(made: tuple[float, ...], name: str) -> float:
    return made[NAMES.index(name)]


def test_openness_passes_through_the_session_s_own_reading_of_lids() -> None:
    openness = np.concatenate([np.ones(1200), np.linspace(1, 0, 60), np.zeros(30), np.linspace(0, 1, 60), np.ones(60)])
    rows = np.array([row(0.1, 0.0, Lids(o, o), Head(), 1.0) for o in openness.tolist()], np.float32)
    times = np.arange(len(rows), dtype=np.int64) * (SECOND // 120) + SECOND
    seen = np.zeros(1, sight.SIGHT)
    sight.reset(seen, NAMES, 5.0)
    read = sight.follow_one(seen, rows, times)[:, sight.OPENNESS]
    assert read[1200:] == pytest.approx(openness[1200:], abs=0.03)


def test_what_is_not_measured_is_not_told() -> None:
    blind = row(0.1, NAN, Lids(), Head())
    assert math.isnan(value(blind, "gaze_yaw")), "half a direction is none"
    assert value(blind, "face") == 0.0
    assert value(row(0.1, 0.2, Lids(), Head()), "face") == 1.0
    assert value(row(NAN, NAN, Lids(0.0, 0.0), Head()), "face") == 1.0, "shut eyes are eyes"
    assert value(row(0.1, 0.2, Lids(), Head(), 0.25), "face") == 0.25
    assert value(row(0, 0, Lids(1, 0.5), Head()), "blink_right") == 0.5


def test_stamps_are_raised_only_where_they_must_be() -> None:
    assert increasing([5, 5, 4, 9], after_ns=4).tolist() == [5, 6, 7, 9]
    assert increasing([5], after_ns=7).tolist() == [8]


def test_trouble_is_told_for_a_while_and_then_no_more(clock: FakeClock) -> None:
    notice = Notice(clock)
    assert notice.text() == ""
    notice.tell("It is broken.")
    clock.advance(TOLD_S / 2)
    assert notice.text() == "It is broken."
    clock.advance(TOLD_S)
    assert notice.text() == ""


def test_a_simulated_headset_that_is_taken_off_sees_nothing(clock: FakeClock) -> None:
    story = ParticipantConfig(seed=3, script=(Scene(at_s=0.0, state="focused"), Scene(at_s=2.0, state="away")))
    source = SimulatedHeadset(Setting(stream="h", start_ns=clock.now_ns(), clock=clock, participant=story), 0.0)
    assert source.open()[1]["simulated"] == "yes"
    for until_s, faces, looks in ((1.0, 1.0, True), (4.0, 0.0, False)):
        clock.advance(until_s)
        newest = source.receive(0.0)[-1].row
        assert value(newest, "face") == faces
        assert math.isfinite(value(newest, "gaze_yaw")) == looks
