"""Hints never flap, never contradict each other, say why, and heed what people answer."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.xr.hint_rules import HINTS
from fusion.xr.hints import AWAY_MIN, Hints
from fusion.xr.vigil import Vigil
from sensors.messages import Answer, Hint, State
from sensors.rig_xr import XrConfig

SECOND = 1_000_000_000
STATES = ("focused", "distracted_visual", "distracted_cognitive", "drowsy", "overloaded", "away", "unknown")


def state(at_s: float, name: str = "focused", load: float = 0.3, attention: float = 0.8, vigilance: float = 0.8,
          status: str = "ok", sd: float = 0.05, reason: str = "") -> State:
    rest = 0.1 / 5
    return State(t_ns=round(at_s * SECOND), state=name, attention=attention, attention_sd=sd, vigilance=vigilance,
                 vigilance_sd=sd, load=load, load_sd=sd, status=status, reason=reason,
                 probabilities={one: 0.9 if one == name else rest for one in STATES[:-1]})


def run(hints: Hints, begin_s: float, end_s: float, driving: bool = False, **what: object) -> list[Hint]:
    found: list[Hint] = []
    for tick in range(round(begin_s * 10), round(end_s * 10)):
        found += hints.tick(state(tick / 10, **what), driving=driving)  # type: ignore[arg-type]
    return found


def told(found: list[Hint]) -> list[tuple[str, bool, float]]:
    return [(hint.hint, hint.active, hint.t_ns / SECOND) for hint in found]


def test_a_hint_starts_after_its_dwell_ends_after_its_dwell_and_says_why() -> None:
    hints = Hints(XrConfig())
    found = run(hints, 0, 10, name="overloaded", load=0.9, attention=0.4)
    assert told(found) == [("simplify", True, 2.0), ("hold_notifications", True, 2.0)]
    assert [hint.number for hint in found] == [1, 2]
    assert (found[0].onset_ns, found[0].reason) == (0, "Overloaded: P(overloaded) is 0.90.")
    assert found[0].confidence == pytest.approx(0.9)
    ends = run(hints, 10, 20, name="distracted_visual", load=0.3, attention=0.4)
    assert told(ends) == [("simplify", False, 12.0), ("hold_notifications", False, 12.0)]
    assert [hint.number for hint in ends] == [1, 2]
    assert ends[0].reason == "No longer. Distracted visual: P(overloaded) is 0.02."
    assert ends[0].onset_ns == 10 * SECOND


@pytest.mark.parametrize(("what", "hint"), [
    ({"load": 0.9, "attention": 0.4}, "simplify"),
    ({"attention": 0.8, "load": 0.5}, "hold_notifications"),
    ({"name": "drowsy", "attention": 0.3}, "take_break"),
    ({"name": "distracted_visual", "vigilance": 0.2}, "take_break"),
    ({"attention": 0.8, "load": 0.2}, "reveal_detail"),
    ({"name": "distracted_visual", "attention": 0.3, "driving": True}, "hold_notifications"),
])
def test_each_hint_has_its_condition(what: dict[str, object], hint: str) -> None:
    assert hint in [one.hint for one in run(Hints(XrConfig()), 0, 5, **what)]  # type: ignore[arg-type]


def test_nothing_is_hinted_of_an_ordinary_state_or_one_in_doubt() -> None:
    assert run(Hints(XrConfig()), 0, 30, name="distracted_visual", attention=0.4) == []
    assert run(Hints(XrConfig()), 0, 30, attention=0.6, load=0.65, sd=0.35) == []


def test_a_level_crossed_to_and_fro_changes_nothing() -> None:
    hints = Hints(XrConfig())
    run(hints, 0, 10, load=0.9)
    found: list[Hint] = []
    for tick in range(100, 600):
        found += hints.tick(state(tick / 10, load=0.50 if tick // 10 % 2 else 0.85))
    assert [hint for hint in found if hint.hint == "simplify"] == [], "a second below is less than the dwell"


FIGURE = st.one_of(st.floats(0, 1), st.just(math.nan))
MOMENTS = st.lists(st.tuples(st.sampled_from(STATES), FIGURE, FIGURE, FIGURE, st.sampled_from([0.01, 0.1, 0.4]),
                             st.sampled_from(["ok", "ok", "ok", "degraded", "stale", "calibrating"]), st.booleans(),
                             st.sampled_from([0.1, 0.5, 1.9, 3.0, 30.0]), st.integers(1, 60)), max_size=40)


@settings(max_examples=150)
@given(MOMENTS)
def test_whatever_comes_no_hint_flaps_and_no_two_contradict(moments: list[tuple[object, ...]]) -> None:
    config = XrConfig(hint_dwell_s=2.0, hint_on_s=5.0, hint_pause_s=7.0)
    hints, now_s = Hints(config), 0.0
    found: list[Hint] = []
    on: set[str] = set()
    for name, load, attention, vigilance, sd, status, driving, step_s, repeat in moments:
        for _ in range(int(repeat)):  # type: ignore[call-overload]
            now_s += float(step_s)  # type: ignore[arg-type]
            said = hints.tick(state(now_s, name, load, attention, vigilance, status, sd),  # type: ignore[arg-type]
                              driving=bool(driving))
            found += said
            for hint in said:
                (on.add if hint.active else on.remove)(hint.hint)
                assert 0 <= hint.confidence <= 1
                assert hint.reason.endswith(".")
            assert not {"simplify", "reveal_detail"} <= on
            assert not said or status != "stale" or not any(hint.active for hint in said)
    for name in HINTS:
        own = [hint for hint in found if hint.hint == name]
        assert all(one.active != after.active for one, after in pairwise(own))
        for one, after in pairwise(own):
            least = config.hint_on_s if one.active else config.hint_pause_s
            assert after.t_ns - one.t_ns >= least * SECOND - 1000, "stamps are rounded"
            assert one.number == after.number if one.active else one.number < after.number
    assert [hint.number for hint in found if hint.active] == list(range(1, 1 + sum(hint.active for hint in found)))


def test_detail_makes_way_for_simplicity() -> None:
    hints = Hints(XrConfig())
    run(hints, 0, 20, attention=0.9, load=0.2)
    found = [hint for hint in run(hints, 20, 30, name="overloaded", load=0.9) if hint.hint != "hold_notifications"]
    assert told(found) == [("reveal_detail", False, 22.0), ("simplify", True, 22.1)]


@pytest.mark.parametrize(("name", "status"), [("unknown", "stale"), ("unknown", "degraded"),
                                              ("unknown", "calibrating")])
def test_blindness_starts_nothing_and_ends_a_hint_with_its_reason(name: str, status: str) -> None:
    hints = Hints(XrConfig())
    run(hints, 0, 10, load=0.9)
    assert run(hints, 10, 14, name=name, status=status, reason="No face.") == []
    ends = run(hints, 14, 20, name=name, status=status, reason="No face.")
    assert {hint.reason for hint in ends} == {"Not known for 5.0 s: No face."}
    assert not any(hint.active for hint in ends)
    assert run(hints, 20, 60, name=name, status=status, load=0.9) == []


def test_a_degraded_session_keeps_and_ends_hints_but_starts_none() -> None:
    hints = Hints(XrConfig())
    assert run(hints, 0, 20, status="degraded", load=0.9) == []
    assert told(run(hints, 20, 30, load=0.9))[0] == ("simplify", True, 22.0), "the dwell begins with the trust"
    assert run(hints, 30, 60, status="degraded", load=0.9) == []
    assert ("simplify", False, 62.0) in told(run(hints, 60, 70, status="degraded", load=0.1, attention=0.2))


def answer(hint: Hint, what: str) -> Answer:
    return Answer(t_ns=hint.t_ns, hint=hint.hint, number=hint.number, answer=what)  # type: ignore[arg-type]


def test_a_dismissed_hint_stays_away_longer_each_time() -> None:
    hints, now = Hints(XrConfig()), 0.0
    gaps = []
    for _ in range(4):
        start = next(hint for hint in run(hints, now, now + 1200, load=0.9) if hint.hint == "simplify")
        if now:
            gaps.append(start.t_ns / SECOND - now)
        now += 1200
        end = hints.hear(answer(start, "dismissed"))[0]
        assert (end.active, end.number) == (False, start.number)
        assert "min" in end.reason
    assert gaps == pytest.approx([60 * minutes for minutes in AWAY_MIN], abs=0.2)


def test_an_accepted_break_is_over_and_an_accepted_simplification_goes_on() -> None:
    hints = Hints(XrConfig())
    start = run(hints, 0, 5, name="drowsy", attention=0.3)[0]
    assert hints.hear(answer(start, "accepted"))[0].hint == "take_break"
    assert run(hints, 5, 600, name="drowsy", attention=0.3) == []
    other = Hints(XrConfig())
    start = run(other, 0, 5, load=0.9)[0]
    assert other.hear(answer(start, "accepted")) == []
    assert run(other, 5, 60, load=0.9) == []


def test_answers_to_nothing_and_second_answers_are_counted_and_change_nothing() -> None:
    hints = Hints(XrConfig())
    start = run(hints, 0, 5, load=0.9)[0]
    assert hints.hear(Answer(t_ns=0, hint="simplify", number=99, answer="dismissed")) == []
    assert hints.hear(Answer(t_ns=0, hint="take_break", number=start.number, answer="dismissed")) == []
    hints.hear(answer(start, "accepted"))
    assert hints.hear(answer(start, "dismissed")) == []
    assert hints.refused == 3
    assert run(hints, 5, 30, load=0.9) == []


def test_a_break_is_suggested_when_vigilance_falls_over_a_long_task() -> None:
    config = XrConfig(break_after_min=10)
    hints = Hints(config)
    for minute in range(14):
        for tick in range(60):
            found = hints.tick(state(60.0 * minute + tick, "distracted_visual", attention=0.4,
                                     vigilance=0.85 - 0.025 * minute))
            assert not found or minute >= 10
            if found:
                assert found[0].hint == "take_break"
                assert "min at the task vigilance has fallen by" in found[0].reason
                return
    pytest.fail("no break was suggested")


def test_a_minute_away_begins_the_task_anew() -> None:
    vigil = Vigil()
    for second in range(600):
        vigil.update(second * SECOND, away=False, vigilance=0.8)
    assert vigil.minutes(600 * SECOND) == pytest.approx(10.0)
    for second in range(600, 630):
        vigil.update(second * SECOND, away=True, vigilance=math.nan)
    vigil.update(630 * SECOND, away=False, vigilance=0.5)
    assert vigil.minutes(630 * SECOND) == pytest.approx(10.5)
    for second in range(631, 700):
        vigil.update(second * SECOND, away=True, vigilance=math.nan)
    vigil.update(700 * SECOND, away=False, vigilance=0.5)
    assert vigil.minutes(700 * SECOND) == 0
    assert math.isnan(vigil.fall(700 * SECOND))
