"""Every machine against a twin that walks through time in small paces, over random courses of facts."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.driving.engine import Engine, Running
from fusion.driving.facts import CLOSED, EYES, GAZE, POOR
from fusion.driving.machines.awareness import AwarenessMachine
from fusion.driving.machines.buffer import BufferMachine
from fusion.driving.machines.glances import GlancesMachine
from fusion.driving.machines.machine import Machine
from fusion.driving.machines.share import ShareMachine
from fusion.driving.machines.timer import TimerMachine
from fusion.driving.machines.window import WindowMachine
from fusion.driving.profile import Awareness, Band, Buffer, Glances, Limit, Profile, Share, Stage, Timer, Window
from sensors.clock import SECOND

AWAY, ROAD, MIRROR, FAST = 1 << 20, 1 << 21, 1 << 22, 1 << 23
PACE_S = 0.01
ONE = (Stage("warning", "so {seconds:.1f}"),)
KIND = {"away": GAZE | AWAY, "road": GAZE | ROAD, "mirror": GAZE | MIRROR, "lost": 0}

Course = Sequence[tuple[float, str]]
looks = st.lists(st.tuples(st.integers(5, 400).map(lambda n: n * PACE_S), st.sampled_from(sorted(KIND))), min_size=1,
                 max_size=25)


def told(machine: Machine, course: Course, bits: dict[str, int] = KIND, always: int = FAST) -> list[tuple[str, float]]:
    """Return (fire, escalate or clear, seconds) of a course of (seconds, kind)."""
    rule = Share(clause="", sure="own", stages=ONE, bands=(Band(60, 0.1),))
    engine = Engine([Running(Profile(name="p", title="", inspired_by="", rules={}), "r", rule, machine)])
    at_ns, out = SECOND, []
    for seconds, kind in course:
        out += engine.change(at_ns, bits[kind] | always)
        at_ns += round(seconds * SECOND)
    out += engine.advance(at_ns)
    return [(one.step.step, one.t_ns / SECOND - 1) for one in out if one.step.step in ("fire", "escalate", "clear")]


def paced(course: Course) -> list[str]:
    """Return the kind at every pace."""
    return [kind for seconds, kind in course for _ in range(round(seconds / PACE_S))]


def fires(steps: list[tuple[str, float]]) -> list[float]:
    return [at_s for step, at_s in steps if step == "fire"]


def agree(found: list[float], wanted: list[float], course: Course, within_s: float = 2.1 * PACE_S) -> None:
    """Both fire at the same moments; what happens in the course's very last moments is a matter of rounding."""
    both = min(len(found), len(wanted))
    assert found[:both] == pytest.approx(wanted[:both], abs=within_s)
    end_s = sum(seconds for seconds, _ in course)
    assert all(at > end_s - 2 * within_s for at in [*found[both:], *wanted[both:]]), (found, wanted)


def timer(**changes: object) -> TimerMachine:
    rule = Timer(clause="", sure="own", stages=ONE, when="away", limits=(Limit(0, 3.0), Limit(50, 2.0)), **changes)
    return TimerMachine(rule, 0, AWAY, GAZE, ((0, 3 * SECOND), (FAST, 2 * SECOND)))


def timer_twin(kinds: list[str]) -> list[float]:
    count = out = lost = 0.0
    active, found = False, []
    for k, kind in enumerate(kinds):
        if kind == "away":
            count, out, lost = count + PACE_S, 0.0, 0.0
            if count >= 2.0 - 1e-9 and not active:
                active = True
                found.append((k + 1) * PACE_S)
        elif kind == "lost":
            lost += PACE_S
        else:
            out, lost = out + PACE_S, 0.0
        if out >= 0.3 - 1e-9 or lost >= 2.0 - 1e-9:
            count, active = 0.0, False
    return found


@given(looks)
@settings(max_examples=60, deadline=None)
def test_timer(course: Course) -> None:
    agree(fires(told(timer(), course)), timer_twin(paced(course)), course)


def test_timer_is_extended_while_conditions_are_poor_and_cut_short_when_they_are_good_again() -> None:
    machine = timer(extend_s=1.5)
    bits = {"poor": GAZE | AWAY | POOR, "good": GAZE | AWAY}
    assert fires(told(machine, [(10, "poor")], bits)) == pytest.approx([3.5])
    assert fires(told(timer(extend_s=1.5), [(3, "poor"), (3, "good")], bits)) == pytest.approx([3.0])


def test_timer_climbs_its_stages_and_repeats_the_last() -> None:
    stages = (Stage("info", ""), Stage("warning", "", later_s=1.5), Stage("critical", "", later_s=2.0))
    rule = Timer(clause="", sure="own", stages=stages, when="away", limits=(Limit(0, 1.0),), repeat_s=1.0)
    steps = told(TimerMachine(rule, 0, AWAY, GAZE, ((0, SECOND),)), [(6.0, "away"), (1.0, "road")])
    assert [step for step, _ in steps] == ["fire", "escalate", "escalate", "clear"]
    assert [at_s for _, at_s in steps] == pytest.approx([1.0, 2.5, 4.5, 6.3])


def test_a_rule_below_its_speed_is_off_and_ends_what_it_told() -> None:
    rule = Timer(clause="", sure="own", stages=ONE, when="away", limits=(Limit(0, 2.0),))
    bits = {"fast": GAZE | AWAY | FAST, "slow": GAZE | AWAY}
    machine = TimerMachine(rule, FAST, AWAY, GAZE, ((0, 2 * SECOND),))
    steps = told(machine, [(3, "fast"), (5, "slow"), (3, "fast")], bits, 0)
    assert steps == [("fire", pytest.approx(2.0)), ("clear", pytest.approx(3.0)), ("fire", pytest.approx(10.0))]


def window() -> WindowMachine:
    rule = Window(clause="", sure="own", stages=ONE, when="away", sum_s=4.0, within_s=10.0, reset_on="road",
                  reset_s=2.0)
    return WindowMachine(rule, 0, AWAY, ROAD)


def window_twin(kinds: list[str]) -> list[float]:
    found, active, road, lost, away = [], False, 0.0, 0.0, []
    for k, kind in enumerate(kinds):
        away.append(kind == "away")
        road = road if kind == "lost" else road + PACE_S if kind == "road" else 0.0
        lost = lost + PACE_S if kind == "lost" else 0.0
        if (kind == "road" and road >= 2.0 - 1e-9) or (active and lost >= 2.0 - 1e-9):
            away, active = [], False
        if sum(away[-round(10 / PACE_S):]) * PACE_S >= 4.0 - 1e-9 and not active:
            active = True
            found.append((k + 1) * PACE_S)
    return found


@given(looks)
@settings(max_examples=60, deadline=None)
def test_window(course: Course) -> None:
    agree(fires(told(window(), course)), window_twin(paced(course)), course)


def test_a_sum_stands_still_while_an_older_look_leaves_its_window() -> None:
    assert fires(told(window(), [(3.0, "away"), (6.5, "mirror"), (8.0, "away")])) == pytest.approx([13.5])


def buffer() -> BufferMachine:
    rule = Buffer(clause="", sure="own", stages=ONE, road="road", glance="mirror", size_s=2.0, allowance_s=1.0,
                  refocus_s=0.1, lost_s=2.0)
    return BufferMachine(rule, 0, ROAD, MIRROR)


def buffer_twin(kinds: list[str]) -> list[float]:
    left, spent, before, active, found = 2.0, 0.0, "road", False, []
    for k, kind in enumerate(kinds):
        spent = spent + PACE_S if kind == before else PACE_S
        before = kind
        if kind == "road" and spent > 0.1 + 1e-9:
            left, active = min(2.0, left + PACE_S), False
        elif kind == "away" or (kind == "mirror" and spent > 1.0 + 1e-9):
            left = max(0.0, left - PACE_S)
            if left < 1e-9 and not active:
                active = True
                found.append((k + 1) * PACE_S)
        elif kind == "lost" and spent >= 2.0 - 1e-9:
            left, active = 2.0, False
    return found


@given(looks)
@settings(max_examples=60, deadline=None)
def test_buffer(course: Course) -> None:
    agree(fires(told(buffer(), course)), buffer_twin(paced(course)), course)


def awareness() -> AwarenessMachine:
    stages = (Stage("info", "", awareness=8 / 11), Stage("warning", "", awareness=6 / 11), Stage("critical", ""))
    rule = Awareness(clause="", sure="own", stages=stages, when="away", empty_s=11.0, filter_s=0.25, distracted=0.63,
                     attentive=0.37, gain=3.75, base=1.25, forgive_s=3.0)
    return AwarenessMachine(rule, 0, AWAY)


def test_awareness_tells_after_3_5_and_11_seconds_of_distraction_believed() -> None:
    believed_s = 0.25 * math.log(1 / 0.37)
    steps = told(awareness(), [(1, "road"), (13, "away"), (8, "road")])
    assert [step for step, _ in steps] == ["fire", "escalate", "escalate", "clear"]
    assert [at_s for _, at_s in steps[:3]] == pytest.approx([1 + believed_s + late for late in (3, 5, 11)], abs=1e-3)
    assert steps[3][1] == pytest.approx(14 + 0.25 * math.log(1 / 0.37) + 3.0, abs=1e-3)


def awareness_twin(kinds: list[str], pace_s: float = PACE_S) -> list[float]:
    aware, level, distracted, active, found, lost, attentive, away = 1.0, 0.0, False, False, [], 0.0, 0.0, False
    for k, kind in enumerate(kinds):
        if kind == "lost":
            lost += pace_s
            if lost >= 2.0 - 1e-9:
                aware, level, distracted, active, away = 1.0, 0.0, False, False, False
            continue
        lost, away = 0.0, kind == "away"
        level += (1 - math.exp(-pace_s / 0.25)) * (away - level)
        if level > 0.63 and not distracted and away:
            distracted = True
        elif level < 0.37 and distracted and not away:
            distracted, attentive, active = False, 0.0, active and aware <= 0
        if distracted:
            aware = max(0.0, aware - pace_s / 11)
            if aware <= 8 / 11 and not active:
                active = True
                found.append((k + 1) * pace_s)
        else:
            attentive += pace_s
            if aware > 0 or attentive > 3.0:
                aware, active = min(1.0, aware + (3.75 * (1 - aware) + 1.25) * pace_s / 11), False
    return found


@given(looks)
@settings(max_examples=40, deadline=None)
def test_awareness(course: Course) -> None:
    # Belief that flips a pace late is paid back at up to five times the rate, so the twin takes finer ones.
    fine = [kind for kind in paced(course) for _ in range(5)]
    agree(fires(told(awareness(), course)), awareness_twin(fine, PACE_S / 5), course, 0.06)


def glances(measure: str, limit: float, least: int = 1) -> GlancesMachine:
    rule = Glances(clause="", sure="own", stages=ONE, when="away", measure=measure, limit=limit, task_gap_s=3.0,
                   least_glances=least)
    return GlancesMachine(rule, 0, AWAY)


def test_glances_of_one_task() -> None:
    task = [(1.5, "away"), (1.0, "road")] * 4
    assert fires(told(glances("total_s", 5.0), task)) == pytest.approx([3 * 2.5 + 0.5])
    assert fires(told(glances("total_s", 5.0), [*task[:4], (3.5, "road"), *task[:4]])) == []
    assert fires(told(glances("mean_s", 1.4, least=3), task)) == pytest.approx([2 * 2.5 + 1.5])
    assert fires(told(glances("mean_s", 1.6, least=3), task)) == []
    mixed = [(2.5, "away"), (1.0, "road"), *[(1.0, "away"), (1.0, "road")] * 4]
    assert fires(told(glances("long_share", 0.15, least=5), mixed)) == pytest.approx([3.5 + 3 * 2 + 1.0])
    assert fires(told(glances("long_share", 0.25, least=5), mixed)) == []


def test_a_glance_holds_no_time_in_which_nobody_knows() -> None:
    assert fires(told(glances("total_s", 3.0), [(2, "away"), (1.5, "lost"), (2, "away")])) == pytest.approx([4.5])


LOSABLE = {"timer": timer, "window": window, "buffer": buffer, "awareness": awareness,
           "glances": lambda: glances("total_s", 3.0)}


@pytest.mark.parametrize("name", LOSABLE)
def test_an_alert_ends_two_seconds_after_nobody_can_tell_any_more(name: str) -> None:
    steps = told(LOSABLE[name](), [(1, "road"), (6, "away"), (60, "lost")])
    assert (steps[0][0], steps[-1]) == ("fire", ("clear", pytest.approx(9.0)))


@pytest.mark.parametrize("name", LOSABLE)
def test_what_is_seen_in_pieces_is_added_up_on_both_sides(name: str) -> None:
    """A camera of one frame a second vouches for an eighth of each."""
    in_pieces = [[(0.125, kind), (0.875, "lost")] * 40 for kind in ("away", "road")]
    steps = told(LOSABLE[name](), [*in_pieces[0], *in_pieces[1]])
    assert [step for step, _ in steps if step != "escalate"] in (["fire", "clear"], [])
    assert steps or name == "window"
    glance = [(0.125, "away"), (0.875, "lost"), *in_pieces[1][:20]]
    assert fires(told(LOSABLE[name](), glance * 30)) == []


def test_a_window_that_ended_unseen_counts_anew() -> None:
    assert told(window(), [(5, "away"), (3, "lost"), (3, "away")]) == [("fire", pytest.approx(4.0)),
                                                                       ("clear", pytest.approx(7.0))]


def test_what_is_in_both_areas_of_a_window_counts_as_away() -> None:
    both = {"both": GAZE | AWAY | ROAD}
    assert told(window(), [(9, "both")], both) == [("fire", pytest.approx(4.0))]


def test_the_evidence_of_a_buffer_begins_after_it_was_given_up() -> None:
    machine = buffer()
    at_ns = 0
    for seconds, kind in ((5, "road"), (1, "away"), (100, "lost"), (3, "away")):
        machine.change(at_ns, KIND[kind])
        at_ns += seconds * SECOND
        while machine.due_ns <= at_ns:
            last = machine.expire(machine.due_ns)
    assert [(one.step, one.onset_ns) for one in last] == [("fire", 106 * SECOND)]


def test_awareness_runs_however_quickly_it_leaks() -> None:
    rule = Awareness(clause="", sure="own", stages=ONE, when="away", empty_s=1e-6, filter_s=0.25, distracted=0.63,
                     attentive=0.37, gain=3.75, base=1.25, forgive_s=3.0)
    assert fires(told(AwarenessMachine(rule, 0, AWAY), [(1, "road"), (1, "away")])) == pytest.approx([1.25], abs=0.01)


EYELIDS = {"open": EYES | GAZE, "shut": EYES | CLOSED, "unseen": 0}
lids = st.lists(st.tuples(st.integers(5, 900).map(lambda n: n * PACE_S), st.sampled_from(sorted(EYELIDS))), min_size=1,
                max_size=20)


def share_twin(kinds: list[str]) -> list[float]:
    """PERCLOS of 20 s at 0.25, with closures under 0.25 s as open and half the window watched, by its definition."""
    shut = [kind == "shut" for kind in kinds]
    found, active = [], False
    size = round(20 / PACE_S)
    runs: list[int] = []
    for one in shut:
        runs.append(runs[-1] + 1 if one and runs else int(one))
    counted = list(runs)
    for k in range(len(shut) - 2, -1, -1):
        if shut[k] and shut[k + 1]:
            counted[k] = counted[k + 1]
    for k in range(len(shut)):
        low = max(0, k + 1 - size)
        current = runs[k]
        closed = sum(shut[j] and (counted[j] * PACE_S >= 0.25 - 1e-9 if j <= k - current else
                                  current * PACE_S >= 0.25 - 1e-9) for j in range(low, k + 1))
        watched = sum(kind != "unseen" for kind in kinds[low:k + 1])
        value = closed / watched if watched >= size / 2 else 0.0
        if value >= 0.25 and not active and kinds[k] != "unseen":
            active = True
            found.append((k + 1) * PACE_S)
        elif active and value < 0.2:
            active = False
    return found


@given(lids)
@settings(max_examples=20, deadline=None)
def test_share_fires_first_when_the_definition_says_so(course: Course) -> None:
    rule = Share(clause="", sure="own", stages=ONE, bands=(Band(20.0, 0.25),))
    course = [(min(seconds, 4.0), kind) for seconds, kind in course]
    found = fires(told(ShareMachine(rule, 0), course, EYELIDS))[:1]
    wanted = share_twin(paced(course))[:1]
    end_s = sum(seconds for seconds, _ in course) - 0.1
    # While eyes are shut the share is looked at every 50 ms, and every second while they are open.
    if wanted and wanted[0] < end_s - 1.0:
        assert found
        assert wanted[0] - 2 * PACE_S <= found[0] <= wanted[0] + 1.0 + 2 * PACE_S
    if found and found[0] < end_s:
        assert wanted


def test_a_share_remembers_no_more_unseen_times_than_its_window_holds() -> None:
    machine = ShareMachine(Share(clause="", sure="own", stages=ONE, bands=(Band(20.0, 0.25),)), 0)
    told(machine, [(0.5, "open"), (0.5, "unseen")] * 500, EYELIDS)
    assert len(machine._blind) <= 21


def test_share_forgets_blinks_and_does_not_count_what_was_not_seen() -> None:
    rule = Share(clause="", sure="own", stages=ONE, bands=(Band(20.0, 0.1),))
    blinks = [(0.3, "open"), (0.2, "shut")] * 100
    assert fires(told(ShareMachine(rule, 0), blinks, EYELIDS)) == []
    unseen = [(12.0, "open"), (30.0, "unseen"), (5.0, "open")]
    assert fires(told(ShareMachine(rule, 0), unseen, EYELIDS)) == []
    rising = [(20.0, "open"), (1.9, "shut"), (0.1, "open"), (9.0, "unseen")]
    assert fires(told(ShareMachine(rule, 0), rising, EYELIDS)) == []
    long = [(12.0, "open"), (4.0, "shut")]
    assert fires(told(ShareMachine(rule, 0), long, EYELIDS)) == pytest.approx([13.35], abs=0.06)
