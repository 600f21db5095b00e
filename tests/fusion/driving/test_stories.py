"""Every named story comes out as told: at any frame rate, with frames lost, and however the stream is cut."""

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fusion.driving import profile, stories
from fusion.driving.cabin import Cabin
from fusion.driving.stories import Expected, Step, Story
from fusion.driving.story_player import judge, play
from fusion.driving.story_truth import BEGIN_NS, Look, camera, vehicle
from kernels import sight
from sensors.errors import RigError
from sensors.messages import Alert
from sensors.rig_driving import CabinConfig
from sensors.simulated.driver_camera import NAMES

CENTRE = Cabin.load(CabinConfig()).centre
CUT = 8
LONGEST_ERROR_S = 0.05
PLAIN = {story.name: story for story in stories.shipped()}


@pytest.mark.parametrize("name", list(PLAIN))
def test_a_story_comes_out_as_told(name: str) -> None:
    played = play(PLAIN[name], Look(), CUT)
    assert not played.wrong, "\n".join(played.wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("rate_hz", "dropped"), [(20.0, 0.05), (60.0, 0.0)])
def test_stories_come_out_the_same_at_any_rate_and_with_frames_lost(rate_hz: float, dropped: float) -> None:
    wrong, errors_s = {}, [0.0]
    for story in stories.shipped():
        played = play(story, Look(rate_hz, dropped), CUT)
        errors_s += [abs(error) for error in played.errors_s]
        if played.wrong:
            wrong[story.name] = played.wrong
    assert not wrong
    assert max(errors_s) <= LONGEST_ERROR_S


@pytest.mark.parametrize("name", ["in, out, in", "asleep", "look after look"])
def test_how_frames_are_cut_changes_no_alert(name: str) -> None:
    one, many = (play(PLAIN[name], Look(seed=3), cut) for cut in (1, 9))
    told = [[(alert.t_ns, alert.rule, alert.stage, alert.active) for alert in each.alerts] for each in (one, many)]
    assert told[0] == told[1]
    assert len(told[0]) > 0


def test_there_are_stories_of_every_profile_and_all_have_two_lines() -> None:
    assert len(PLAIN) >= 48
    used = Counter(name for story in PLAIN.values() for name in story.profiles)
    assert set(used) == set(profile.names())
    lines = [line.strip() for story in PLAIN.values() for line in story.story]
    assert all(len(line) > 15 and line.endswith(".") for line in lines)
    assert sum(bool(story.expect) for story in PLAIN.values()) >= 30
    assert sum(not story.expect for story in PLAIN.values()) >= 20


def test_stories_expect_only_rules_that_there_are() -> None:
    for story in PLAIN.values():
        for expected in story.expect:
            rules = profile.load(expected.profile or story.profiles[0]).rules
            assert expected.rule in rules, story.name
            assert expected.stage is None or expected.stage <= len(rules[expected.rule].stages), story.name
        known = {rule for name in (*story.profiles, "watch") for rule in profile.load(name).rules}
        for name in (*story.never, *story.may):
            assert name.split("/")[-1] in known, (story.name, name)


def _story(**changes: object) -> Story:
    plain = {"name": "test", "story": ("a", "b"), "profiles": ("eu-addw",), "steps": (Step(for_s=5.0),),
             "expect": (Expected(rule="visual_distraction", at_s=3.0),)}
    return Story(**{**plain, **changes})  # type: ignore[arg-type]


def _alert(at_s: float, rule: str = "visual_distraction", *, active: bool = True, number: int = 1,
           stage: int = 1) -> Alert:
    return Alert(t_ns=BEGIN_NS + round(at_s * 1e9), rule=rule, level="warning", reason="r", onset_ns=BEGIN_NS,
                 active=active, number=number, stage=stage, profile="eu-addw")


def test_the_judge_finds_what_is_missing_late_early_or_too_much() -> None:
    assert judge(_story(), [_alert(3.04)]).wrong == ()
    assert judge(_story(), [_alert(3.04)]).errors_s == pytest.approx((0.04,))
    assert "did not come" in judge(_story(), []).wrong[0]
    assert "off by +60 ms" in judge(_story(), [_alert(3.06)]).wrong[0]
    assert "off by -60 ms" in judge(_story(), [_alert(2.94)]).wrong[0]
    assert "not expected" in judge(_story(), [_alert(3.0), _alert(4.5, number=2)]).wrong[0]
    assert "not expected" in judge(_story(), [_alert(3.0), _alert(4.5, "other", number=2)]).wrong[0]
    assert judge(_story(may=("other",)), [_alert(3.0), _alert(4.5, "other", number=2)]).wrong == ()
    assert "must never" in judge(_story(expect=(), never=("other",)), [_alert(4.5, "other")]).wrong[0]
    assert "did not come" in judge(_story(), [_alert(3.0, active=False)]).wrong[0]


def test_a_warning_that_is_said_again_is_one_warning_and_a_higher_stage_is_not() -> None:
    assert judge(_story(), [_alert(3.0), _alert(4.0), _alert(5.0)]).wrong == ()
    assert "not expected" in judge(_story(), [_alert(3.0), _alert(4.0, stage=2)]).wrong[0]


def test_a_span_of_time_counts_for_no_error() -> None:
    story = _story(expect=(Expected(rule="visual_distraction", at_s=3.0, by_s=4.0),))
    assert judge(story, [_alert(3.9)]) == judge(story, [_alert(3.9)])
    assert judge(story, [_alert(3.9)]).errors_s == ()
    assert judge(story, [_alert(3.9)]).wrong == ()
    assert judge(story, [_alert(4.2)]).wrong


def test_steps_keep_what_stays_and_groups_repeat() -> None:
    group = Step(times=2, steps=(Step(for_s=1.0, look="lap"), Step(for_s=2.0, at_kmh=40.0)))
    script = _story(steps=(Step(for_s=1.0, at_kmh=80.0, eyes=False), group)).script
    assert [step.look for step in script] == ["road", "lap", "road", "lap", "road"]
    assert [step.at_kmh for step in script] == [80.0, 80.0, 40.0, 40.0, 40.0]
    assert {step.eyes for step in script} == {False}


def test_the_camera_sees_a_look_when_the_script_says_so() -> None:
    story = _story(steps=(Step(for_s=2.0), Step(for_s=1.0, look="lap"), Step(for_s=1.0, face=False),
                          Step(for_s=1.0, face=True, eyes=False), Step(for_s=1.0, eyes=True, camera=False)))
    seen = camera(story, Look(60.0), CENTRE)
    at_s = (seen.times_ns - BEGIN_NS) * 1e-9
    row = dict(zip(NAMES, seen.values.T, strict=True))
    down = np.isfinite(row["gaze_pitch"]) & (row["gaze_pitch"] < np.radians(-25.0))
    assert at_s[down].min() == pytest.approx(2.0, abs=0.02)
    hidden = (at_s > 3.01) & (at_s < 3.99)
    assert np.isnan(row["gaze_yaw"][hidden]).all()
    assert np.isnan(row["head_yaw"][hidden]).all()
    assert (row["face"][hidden] == 0).all()
    glasses = (at_s > 4.01) & (at_s < 4.99)
    assert np.isnan(row["ear_left"][glasses]).all()
    assert np.isfinite(row["head_yaw"][glasses]).all()
    assert at_s.max() < 5.0


def test_lids_are_shut_for_as_long_as_the_script_says() -> None:
    story = _story(steps=(Step(for_s=6.0, lids="blinking"), Step(for_s=1.5, lids="closed"), Step(for_s=2.0)))
    seen = camera(story, Look(60.0), CENTRE)
    record = np.zeros(1, sight.SIGHT)
    sight.reset(record, NAMES, 5.0)
    opened = sight.follow_one(record, seen.values, seen.times_ns)[:, sight.OPENNESS]
    shut = (opened < 0.2) & (seen.times_ns > BEGIN_NS + 5.8e9)
    assert shut.sum() / 60.0 == pytest.approx(1.5, abs=0.06)


def test_a_seed_is_a_drive_and_lost_frames_are_as_many_as_asked_for() -> None:
    story = _story(steps=(Step(for_s=60.0, lids="blinking", at_kmh=50.0),))
    one, same, other = (camera(story, Look(seed=seed), CENTRE) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.values, same.values)
    assert not np.array_equal(one.times_ns, other.times_ns)
    lossy = camera(story, Look(30.0, 0.05, 4), CENTRE)
    assert len(lossy.times_ns) / len(one.times_ns) == pytest.approx(0.95, abs=0.015)
    assert set(lossy.times_ns) < set(one.times_ns)
    assert (vehicle(story, Look()).values[:, 0] == 50.0).all()


@pytest.mark.parametrize(("text", "says"), [
    ("[[story]]\nname = 'x'", "story"),
    ("not toml", "cannot be read"),
    ("[[story]]\nname='x'\nstory=['a','b']\nprofiles=['eu-addw']\nsteps=[{for_s=-1}]", "expected one"),
    ("[[story]]\nname='x'\nstory=['a','b']\nprofiles=['eu-addw']\nsteps=[{for_s=1, lids='half'}]", "half"),
    ("[[story]]\nname='x'\nstory=['a','b']\nprofiles=['a']\nsteps=[{for_s=1}]\nexpect=[{rule='r',profile='b',at_s=1}]",
     "does not run"),
])
def test_a_file_that_is_no_story_is_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "stories.toml"
    path.write_text(text)
    with pytest.raises(RigError, match=says):
        stories.read(path)


def test_two_stories_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.toml"
    one = "[[story]]\nname='x'\nstory=['a','b']\nprofiles=['eu-addw']\nsteps=[{for_s=1}]\n"
    path.write_text(one + one)
    with pytest.raises(RigError, match="more than once"):
        stories.read(path)


def test_what_a_story_says_survives_a_round_trip() -> None:
    story = PLAIN["lap at 30"]
    assert msgspec.convert(msgspec.to_builtins(story), Story) == story
