import dataclasses
import math
import random
import subprocess
import sys

import numpy as np
import pytest

from sensors.simulated.participant import Moment, Participant
from sensors.simulated.story import STATES, Fault, ParticipantConfig, Scene
from sensors.simulated.timeline import Timeline

MINUTES = 15
RATE_HZ = 8


def scripted(*scenes: tuple[float, str], seed: int = 7) -> Participant:
    return Participant(ParticipantConfig(seed=seed, script=tuple(Scene(at_s=at, state=state) for at, state in scenes)))


@pytest.fixture(scope="module")
def lives() -> dict[str, tuple[Participant, list[Moment]]]:
    """Each state held for a long virtual time."""
    found = {}
    for state in STATES:
        person = scripted((0.0, state))
        found[state] = person, [person.at(number / RATE_HZ) for number in range(MINUTES * 60 * RATE_HZ)]
    return found


def column(moments: list[Moment], name: str) -> np.ndarray:
    return np.array([getattr(moment, name) for moment in moments], float)


def closed_spans(person: Participant, kind: str) -> list[float]:
    return [span.end_s - span.start_s for piece in person.pieces(0, MINUTES * 60) for span in getattr(piece, kind)]


def test_any_order_of_questions_brings_the_same_answers() -> None:
    config = ParticipantConfig(seed=3, mean_stay_s=5.0)
    times = [number * 0.37 for number in range(600)]
    forwards = [Participant(config).at(t_s) for t_s in times[:40]]
    person = Participant(config)
    shuffled = random.Random(1).sample(times, len(times))
    answers = {t_s: person.at(t_s) for t_s in shuffled}
    again = Participant(config)
    assert [again.at(t_s) for t_s in times] == [answers[t_s] for t_s in times]
    assert forwards == [answers[t_s] for t_s in times[:40]]


def test_another_process_brings_the_same_answers() -> None:
    code = ("from sensors.simulated.participant import Participant\n"
            "from sensors.simulated.story import ParticipantConfig\n"
            "person = Participant(ParticipantConfig(seed=11))\n"
            "print([repr(person.at(t)) for t in (200.0, 3.25, 71.5)])")
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    person = Participant(ParticipantConfig(seed=11))
    assert other.strip() == str([repr(person.at(t_s)) for t_s in (200.0, 3.25, 71.5)])


def test_another_seed_is_another_person_and_story() -> None:
    one, two = (Participant(ParticipantConfig(seed=seed)) for seed in (1, 2))
    assert one.person != two.person
    assert any(one.at(t).state != two.at(t).state for t in range(0, 300, 5))


@pytest.mark.parametrize("seed", [-5, 0, 2**70])
def test_every_whole_number_is_a_seed(seed: int) -> None:
    assert Participant(ParticipantConfig(seed=seed)).at(5.0).state in STATES


def test_the_script_is_followed_to_the_moment() -> None:
    person = scripted((5.0, "drowsy"), (9.0, "away"), (12.0, "overloaded"))
    expected = [(-1.0, "focused"), (0.0, "focused"), (4.999, "focused"), (5.0, "drowsy"), (8.999, "drowsy"),
                (9.0, "away"), (12.0, "overloaded"), (1e5, "overloaded")]
    assert [person.at(t_s).state for t_s, _ in expected] == [state for _, state in expected]


def test_two_scenes_at_one_moment_leave_the_later_one() -> None:
    person = scripted((0.0, "focused"), (0.0, "drowsy"), (4.0, "away"), (4.0, "overloaded"))
    assert [person.at(t_s).state for t_s in (0.0, 3.9, 4.0)] == ["drowsy", "drowsy", "overloaded"]


def test_the_chain_visits_every_state_and_stays_as_long_as_asked() -> None:
    timeline = Timeline(ParticipantConfig(seed=5, mean_stay_s=12.0))
    late = timeline.segment(20_000.0)
    codes = {timeline.segment(t_s).code for t_s in range(0, 20_000, 4)}
    assert codes == set(range(len(STATES)))
    assert 20_000 / late.number == pytest.approx(12.0, rel=0.1)


def test_shares_pass_from_state_to_state_and_agree_in_both_forms() -> None:
    timeline = Timeline(ParticipantConfig(script=(Scene(at_s=10.0, state="drowsy"), Scene(at_s=11.0, state="away"))))
    times = np.array([5.0, 10.0, 10.5, 11.5, 12.5, 14.0])
    matrix = timeline.share_matrix(times, 2.0)
    assert matrix.sum(axis=1) == pytest.approx(1.0)
    for row, t_s in zip(matrix, times, strict=True):
        single = np.zeros(len(STATES))
        for code, share in timeline.shares(float(t_s), 2.0):
            single[code] += share
        assert single == pytest.approx(row, abs=1e-9)
    assert matrix[3] == pytest.approx([0.25, 0, 0, 0.5, 0, 0.25])


@pytest.mark.parametrize(("state", "low", "high"), [
    ("focused", 0.85, 0.92), ("distracted_visual", 0.5, 0.7), ("distracted_cognitive", 0.92, 0.98),
    ("drowsy", 0.82, 0.90), ("overloaded", 0.89, 0.95), ("away", 0.0, 0.0)])
def test_gaze_share_is_in_the_published_range(lives: dict[str, tuple[Participant, list[Moment]]], state: str,
                                              low: float, high: float) -> None:
    assert low <= column(lives[state][1], "on_target").mean() <= high


@pytest.mark.parametrize(("state", "mean", "sd"), [("focused", 0.7, 0.35), ("distracted_visual", 2.5, 1.2)])
def test_glances_are_as_long_as_published(lives: dict[str, tuple[Participant, list[Moment]]], state: str, mean: float,
                                          sd: float) -> None:
    lengths = [glance.end_s - glance.start_s for piece in lives[state][0].pieces(0, MINUTES * 60)
               for glance in piece.glances]
    assert np.mean(lengths) == pytest.approx(mean, rel=0.1)
    assert np.std(lengths) == pytest.approx(sd, rel=0.25)
    assert abs(np.median(lengths) - np.mean(lengths)) > 0.02 * mean  # skewed, as a log-normal is


@pytest.mark.parametrize(("state", "per_min", "median_s"), [
    ("focused", 15, 0.115), ("distracted_visual", 18, 0.115), ("overloaded", 8, 0.105), ("drowsy", 17, 0.160)])
def test_blinks_are_as_often_and_as_long_as_published(lives: dict[str, tuple[Participant, list[Moment]]], state: str,
                                                      per_min: float, median_s: float) -> None:
    person = lives[state][0]
    lengths = closed_spans(person, "blinks")
    assert len(lengths) / MINUTES / person.person.blink_factor == pytest.approx(per_min, rel=0.2)
    assert np.median(lengths) - person.person.blink_offset_s == pytest.approx(median_s, rel=0.1)
    assert max(lengths) <= 0.82


def test_only_the_drowsy_close_their_eyes_for_long(lives: dict[str, tuple[Participant, list[Moment]]]) -> None:
    for state in STATES:
        closures = closed_spans(lives[state][0], "closures")
        if state == "drowsy":
            long = [length for length in closures if length >= 1]
            assert 0.3 <= len(long) / MINUTES <= 1.3
            assert max(long) <= 4.0
        else:
            assert closures == []


def test_perclos_tells_drowsy_from_awake(lives: dict[str, tuple[Participant, list[Moment]]]) -> None:
    perclos = {}
    for state in STATES:
        person = lives[state][0]
        spans = closed_spans(person, "blinks") + closed_spans(person, "closures")
        perclos[state] = sum(length for length in spans if length >= 0.25) / (MINUTES * 60)
    assert 0.10 <= perclos["drowsy"] <= 0.25
    assert max(share for state, share in perclos.items() if state != "drowsy") <= 0.05


@pytest.mark.parametrize(("state", "yaw", "pitch"), [
    ("focused", 4, 3), ("distracted_visual", 18, 10), ("drowsy", 3, 6), ("overloaded", 3, 2)])
def test_the_head_moves_as_much_as_published(lives: dict[str, tuple[Participant, list[Moment]]], state: str,
                                             yaw: float, pitch: float) -> None:
    moments = lives[state][1]
    assert math.degrees(column(moments, "head_yaw").std()) == pytest.approx(yaw, rel=0.35)
    assert math.degrees(column(moments, "head_pitch").std()) == pytest.approx(pitch, rel=0.35)


@pytest.mark.parametrize(("state", "share"), [("focused", 0.1), ("distracted_visual", 0.4), ("drowsy", 0.02)])
def test_speech_share_follows_the_state(lives: dict[str, tuple[Participant, list[Moment]]], state: str,
                                        share: float) -> None:
    assert column(lives[state][1], "speaking").mean() == pytest.approx(share, rel=0.5, abs=0.02)


def test_vigilance_and_load_order_the_states(lives: dict[str, tuple[Participant, list[Moment]]]) -> None:
    vigilance, load = ({state: column(lives[state][1], name).mean() for state in STATES}
                       for name in ("vigilance", "load"))
    assert min(vigilance, key=vigilance.__getitem__) == "drowsy"
    assert max(load, key=load.__getitem__) == "overloaded"


def test_gaze_is_head_plus_eye_and_everything_is_in_range(lives: dict[str, tuple[Participant, list[Moment]]]) -> None:
    for _, moments in lives.values():
        for moment in moments[::7]:
            assert moment.gaze_yaw == pytest.approx(moment.head_yaw + moment.eye_yaw)
            assert moment.gaze_pitch == pytest.approx(moment.head_pitch + moment.eye_pitch)
            assert math.degrees(max(abs(moment.eye_yaw), abs(moment.eye_pitch))) < 31
            for name in ("lid", "jaw", "vigilance", "load", "demand", "shift"):
                assert 0 <= getattr(moment, name) <= 1
            assert all(math.isfinite(value) for value in dataclasses.astuple(moment) if isinstance(value, float))


def test_nothing_jumps_but_the_eyes() -> None:
    person = scripted((0.0, "distracted_visual"), (6.0, "drowsy"), (14.0, "away"), (18.0, "focused"),
                      (24.0, "overloaded"))
    step = 0.005
    moments = [person.at(number * step) for number in range(round(30 / step))]
    for name, most in (("head_yaw", 0.06), ("head_pitch", 0.06), ("lid", 0.15), ("shift", 0.05), ("speed_kmh", 1.0),
                       ("vigilance", 0.02), ("load", 0.02)):
        assert np.abs(np.diff(column(moments, name))).max() < most, name


def test_one_who_is_away_leaves_the_view_and_comes_back() -> None:
    person = scripted((0.0, "focused"), (5.0, "away"), (9.0, "focused"))
    shown = [person.at(t_s).present for t_s in (4.9, 5.1, 5.6, 8.9, 9.1, 9.6)]
    assert shown == [True, True, False, False, False, True]


@pytest.mark.parametrize(("field", "value"), [("amount", 1.5), ("amount", -0.1), ("for_s", 0.0), ("kind", "fire")])
def test_a_fault_that_cannot_be_is_refused(field: str, value: float | str) -> None:
    good: dict[str, object] = {"stream": "eeg", "kind": "drop", "at_s": 1.0}
    Fault(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"fault {field} is"):
        Fault(**{**good, field: value})  # type: ignore[arg-type]
