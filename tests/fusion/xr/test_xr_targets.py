"""Targets: who is looked at, when a dwell comes, and that nothing flickers at edges."""

import math

import numpy as np
import pytest

from fusion.xr.targets import MOST, Look, Targets
from sensors.messages import Target

MS = 1_000_000
DEGREE = math.pi / 180


def target(name: str, yaw_deg: float = 0.0, size_deg: float = 4.0, shape: str = "ellipse") -> Target:
    return Target(t_ns=0, name=name, yaw=yaw_deg * DEGREE, pitch=0.0, width=size_deg * DEGREE,
                  height=size_deg * DEGREE, shape=shape)  # type: ignore[arg-type]


class Eyes:
    """Looks at degrees of yaw for so many milliseconds, at a steady rate."""

    def __init__(self, *targets: Target, dwell_ms: float = 800.0, error_deg: float = 1.0,
                 rate_hz: float = 100.0) -> None:
        self.targets = Targets(dwell_ms, error_deg * DEGREE)
        for one in targets:
            self.targets.hear(one)
        self.now_ns = 0
        self.step_ns = round(1e9 / rate_hz)
        self.found: list[Look] = []

    def look(self, yaw_deg: float, for_ms: float) -> "Eyes":
        for _ in range(round(for_ms * MS / self.step_ns)):
            self.now_ns += self.step_ns
            self.found += self.targets.advance(self.now_ns)
            if not math.isnan(yaw_deg):
                self.found += self.targets.step(self.now_ns, yaw_deg * DEGREE, 0.0)
        return self

    @property
    def story(self) -> list[str]:
        return [f"{look.kind} {look.target}" for look in self.found]


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 120.0, 200.0])
def test_a_dwell_comes_at_its_time_once_a_visit_and_leaving_arms_it_again(rate_hz: float) -> None:
    eyes = Eyes(target("play"), rate_hz=rate_hz).look(10, 300).look(0, 3000).look(10, 300).look(0, 1000)
    assert eyes.story == ["enter play", "dwell play", "leave play", "enter play", "dwell play"]
    enter, dwell, leave, *_ = eyes.found
    assert dwell.known_ns - dwell.onset_ns == pytest.approx(800 * MS, abs=1.5e9 / rate_hz)
    assert enter.known_ns - enter.onset_ns == pytest.approx(60 * MS, abs=1e9 / rate_hz)
    assert leave.known_ns - leave.end_ns == pytest.approx(100 * MS, abs=1.5e9 / rate_hz)
    assert leave.seconds == pytest.approx(3.0, abs=2 / rate_hz)


def test_a_sweep_across_enters_nothing() -> None:
    assert Eyes(target("play")).look(5, 200).look(1, 40).look(-5, 500).story == []


def test_an_edge_within_the_gaze_error_does_not_flicker() -> None:
    eyes = Eyes(target("play")).look(1.5, 300)
    for _ in range(20):
        eyes.look(2.7, 150).look(1.8, 50)
    assert eyes.story == ["enter play", "dwell play"]
    assert eyes.look(3.2, 200).story[-1] == "leave play", "beyond outline and error it is left"


def test_an_out_in_flicker_leaves_nothing_and_does_not_count_as_looking() -> None:
    eyes = Eyes(target("play"))
    for _ in range(6):
        eyes.look(0, 100).look(20, 60)
    assert eyes.story == ["enter play"], "6 x 100 ms on it, 6 x 60 ms beside it"


def test_a_blink_holds_the_dwell_and_long_loss_ends_the_visit_when_it_was_due() -> None:
    eyes = Eyes(target("play")).look(0, 600).look(math.nan, 300).look(0, 150)
    assert eyes.story == ["enter play"], "the blink is no looking"
    assert eyes.look(0, 100).story == ["enter play", "dwell play"]
    newest = eyes.now_ns
    leave = eyes.look(math.nan, 1000).found[-1]
    assert (leave.kind, leave.known_ns, leave.end_ns) == ("leave", newest + 500 * MS, newest)


def test_of_overlapping_targets_the_nearest_centre_has_it() -> None:
    eyes = Eyes(target("left", -1.0), target("right", 1.0)).look(-0.9, 200).look(1.2, 200)
    assert eyes.story == ["enter left", "leave left", "enter right"]
    for _ in range(20):
        eyes.look(-0.1, 80).look(0.1, 80)
    assert eyes.story[3:] == ["dwell right"], "half-way between both the visited one keeps it"


def test_a_target_that_moves_with_gaze_on_it_does_not_begin_anew() -> None:
    eyes = Eyes(target("fish"))
    for step in range(9):
        eyes.targets.hear(target("fish", 0.5 * step))
        eyes.look(0.5 * step, 100)
    assert eyes.story == ["enter fish", "dwell fish"]
    eyes.targets.hear(target("fish", 30.0))
    assert eyes.look(4.0, 200).story[-1] == "leave fish"


def test_taking_a_target_away_is_leaving_it() -> None:
    eyes = Eyes(target("play"), target("stop", 20.0)).look(0, 300)
    assert [look.kind for look in eyes.targets.hear(target("play", size_deg=0.0))] == ["leave"]
    assert eyes.targets.hear(target("play", size_deg=0.0)) == []
    assert eyes.look(0, 500).story == ["enter play"]
    assert set(eyes.targets.shares(eyes.now_ns)) == {"", "stop"}


def test_a_box_has_corners_and_an_ellipse_has_none() -> None:
    for shape, inside in (("box", True), ("ellipse", False)):
        targets = Targets(100.0, DEGREE)
        targets.hear(target("key", shape=shape))
        found = [look for k in range(20) for look in targets.step(k * 10 * MS, 1.7 * DEGREE, 1.7 * DEGREE)]
        assert bool(found) == inside


def test_shares_are_of_the_looking_of_ten_seconds() -> None:
    eyes = Eyes(target("a", 0.0), target("b", 10.0)).look(0, 9000).look(10, 2000).look(20, 3000)
    shares = eyes.targets.shares(eyes.now_ns)
    assert shares["a"] == pytest.approx(0.5, abs=0.01)
    assert shares["b"] == pytest.approx(0.2, abs=0.01)
    assert shares[""] == pytest.approx(0.7, abs=0.01)


def test_confidence_is_the_chance_that_gaze_is_inside() -> None:
    error = 1.5
    eyes = Eyes(target("play", shape="box", size_deg=4.0), error_deg=error, dwell_ms=100).look(1.0, 300)
    draw = np.random.default_rng(1).normal(0, error, (200_000, 2)) + np.array([1.0, 0.0])
    assert eyes.found[-1].confidence == pytest.approx((np.abs(draw) <= 2.0).all(axis=1).mean(), abs=0.01)


def test_a_flood_of_targets_is_refused_and_counted() -> None:
    targets = Targets(800.0, DEGREE)
    for k in range(MOST + 10):
        targets.hear(target(f"t{k}", k))
    assert targets.refused == 10
