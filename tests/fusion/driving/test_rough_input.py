"""What cameras and vehicles do wrong reaches no rule: no crash, nobody blamed, and a proof that fits its alert."""

import math

import numpy as np
import pytest

from fusion import estimator
from fusion.bench_driving import _lengths, drive_alerts
from fusion.commands_explain import listed
from fusion.console import console
from fusion.driving import profile
from fusion.driving.cabin import Cabin
from fusion.driving.explain import _Book
from fusion.driving.facts import Facts
from fusion.driving.ladders import Ladders
from fusion.driving.looks import UNLEARNT, Looks
from fusion.report_driving import DrivingFound, _of
from fusion.session import Session
from sensors.clock import SECOND
from sensors.errors import RigError
from sensors.messages import Alert, AnyMessage, Chunk, Column, Proof, Said, State, StreamInfo, Tick
from sensors.rig import SessionConfig
from sensors.rig_driving import CabinConfig, DrivingConfig
from sensors.simulated.driver import Drive
from tests.fusion.driving.drives import CAMERA, COLUMNS, START_NS, VEHICLE, Part, alerts, camera, drive, proofs

ALL = DrivingConfig(profiles=profile.names())


class Told:
    """A session whose only follower is the ladders."""

    def __init__(self) -> None:
        self.ladders = Ladders(ALL)
        self.session = Session(SessionConfig(), estimator.make("rules"), [self.ladders], own_rules=False)
        self.said: list[Said] = []
        self.say(Tick(t_ns=START_NS), CAMERA, VEHICLE)

    def say(self, *messages: AnyMessage) -> None:
        for message in messages:
            self.said += self.session.update(message)


def rows(values: object, times_s: list[float], stream: str = "camera") -> Chunk:
    times_ns = START_NS + np.rint(np.array(times_s) * SECOND).astype(np.int64)
    return Chunk(t_ns=int(times_ns[-1]), stream=stream, values=np.asarray(values, np.float32), times_ns=times_ns)


@pytest.mark.parametrize("stream", ["camera", "car"])
def test_a_chunk_of_other_columns_reaches_no_ladder(stream: str) -> None:
    told = Told()
    told.say(rows(np.zeros((2, 1)), [0.1, 0.2], stream), rows(np.zeros((2, 40)), [0.3, 0.4], stream))
    assert alerts(told.said) == []
    assert len(told.ladders.looks.times_ns) == 0
    assert math.isnan(told.ladders.vehicle.kmh(START_NS + SECOND))


def test_times_that_repeat_or_go_back_reach_no_ladder() -> None:
    told = Told()
    told.say(Tick(t_ns=START_NS + SECOND), rows(np.full((4, len(COLUMNS)), np.nan), [0.5, 0.3, 0.3, 0.6]))
    assert ((told.ladders.looks.times_ns - START_NS) / SECOND).tolist() == [0.5, 0.6]
    told.say(rows(np.full((3, len(COLUMNS)), np.nan), [0.6, 0.4, 0.7]))
    assert ((told.ladders.looks.times_ns - START_NS) / SECOND).tolist() == [0.7]


def test_a_camera_without_one_column_of_ours_is_blind_and_ends_nothing() -> None:
    told = Told()
    told.say(StreamInfo(t_ns=START_NS, stream="camera", kind="camera", driver="test", rate_hz=30.0,
                        columns=(Column("x", "1"),)), rows([[1.0]], [0.1]))
    for k in range(80):
        told.say(Tick(t_ns=START_NS + k * SECOND // 10))
    assert [rule for rule, *_ in alerts(told.said) if rule == "visibility"] == ["visibility"]


@pytest.mark.parametrize("name", profile.names())
def test_no_alert_goes_on_against_somebody_who_has_gone(name: str) -> None:
    said = drive(Ladders(DrivingConfig(profiles=(name,))), [Part(20), Part(13, "lap"), Part(30, face=False)])
    active = {}
    for one in said:
        if isinstance(one, Alert) and one.profile == name:
            active[one.number] = one.active
    assert not any(active.values())


def test_one_frame_a_second_adds_up_no_short_looks() -> None:
    said = drive(Ladders(ALL), [Part(20), *[Part(2, "lap"), Part(18)] * 12], rate_hz=1.0)
    assert {rule for rule, *_ in alerts(said)} == {"visibility"}


def test_sunglasses_put_on_in_a_blink_leave_the_head_to_go_by() -> None:
    said = drive(Ladders(DrivingConfig(profiles=("euro-ncap-2026",))), [
        Part(20), Part(0.3, eyes="shut"), Part(5, eyes="hidden"), Part(9, "lap", "hidden"), Part(5, eyes="hidden")])
    assert ("long_distraction", True) in [(rule, active) for rule, _, _, active in alerts(said)]


@pytest.mark.parametrize("cuts", [[], range(1, 820)], ids=["whole", "single"])
def test_the_proof_names_the_frame_that_stands_for_its_moment(cuts: list[int]) -> None:
    """The limit is reached nearer to the last frame at the lap than to the first one back on the road."""
    ladders = Ladders(DrivingConfig(profiles=("euro-ncap-2026",)))
    values, times_ns = camera(ladders, [Part(20), Part(3, "lap"), Part(4)])
    times_ns = np.where(times_ns >= START_NS + 23 * SECOND, times_ns + 4_000_000, times_ns)  # reached before halfway
    ladders.meet(CAMERA)
    said: list[Said] = []
    for part in np.split(np.arange(len(times_ns)), list(cuts)):
        if len(part):
            said += ladders.take(Chunk(t_ns=int(times_ns[part[-1]]), stream="camera", values=values[part],
                                       times_ns=times_ns[part]))
    fire = next(one for one in proofs(said, "long_distraction") if one.step == "fire")
    assert fire.because.startswith("lap")
    assert next(one for one in proofs(said, "long_distraction") if one.step == "hold").because.startswith("road")


def test_a_silent_camera_is_no_evidence() -> None:
    ladders = Ladders(DrivingConfig(profiles=("euro-ncap-2026",)))
    said = drive(ladders, [Part(10), Part(4, "lap")])
    said += ladders.tick(State(t_ns=START_NS + 20 * SECOND, state="unknown", probabilities={}))
    assert next(one for one in proofs(said, "long_distraction") if one.step == "clear").because.startswith("no frame")


def test_the_chances_shown_are_those_that_were_decided_by() -> None:
    config = DrivingConfig()
    looks = Looks(Cabin.load(config.cabin), Facts(), config)
    looks.meet(COLUMNS, 20.0)
    row = np.full((1, len(COLUMNS)), np.nan, np.float32)
    row[0, [0, 2, 3, 6, 7]] = 0.9, 0.2, -0.1, 0.3, 0.3
    looks.read(row, np.array([START_NS]), np.zeros(1, bool))
    wide, narrow = (Cabin.load(config.cabin).probabilities(math.radians(factor * config.gaze_error_deg))[
        Cabin.load(config.cabin).cell(np.array([0.2]), np.array([-0.1]))[0]].max() for factor in (UNLEARNT, 1.0))
    assert wide != pytest.approx(narrow, abs=0.01)
    assert looks.look(0).chance == pytest.approx(wide)


def test_what_ended_an_alert_is_said() -> None:
    said = drive(Ladders(ALL), [Part(40), Part(7, eyes="shut"), Part(40, face=False), Part(5)])
    over = {one.rule: one.reason for one in said if isinstance(one, Alert) and not one.active}
    assert over["visibility"].endswith("eyes are seen again.")
    assert over["advisory"].endswith("nobody can tell any more.")
    shut = drive(Ladders(ALL), [Part(20), Part(4, eyes="shut"), Part(5), Part(4, "lap"), Part(5)])
    over = {one.rule: one.reason for one in shut if isinstance(one, Alert) and not one.active}
    assert over["microsleep"].endswith("eyes are open again.")
    assert over["visual_distraction"].endswith("eyes are elsewhere.")


def test_an_alert_that_goes_on_is_explained_to_the_end() -> None:
    ladders = Ladders(DrivingConfig(profiles=("un-r171",)))
    book = _Book(ladders, START_NS)
    book.add(drive(ladders, [Part(20), Part(14, "lap")]))
    book.look()
    book.look()
    assert [step.step for step in book.explanations()[0].steps] == ["start", "fire", "escalate", "escalate"]
    assert len(book._recent) == len(ladders.looks.times_ns)


def test_the_command_for_more_asks_the_same_ladders(capsys: pytest.CaptureFixture[str]) -> None:
    ladders = Ladders(DrivingConfig(profiles=("un-r171",)))
    book = _Book(ladders, START_NS)
    book.add(drive(ladders, [Part(20), Part(14, "lap")]))
    console().print(listed(book.explanations(), "x.mcap --profile un-r171"))
    assert "x.mcap --profile un-r171 --alert 1" in " ".join(capsys.readouterr().out.split())


def test_the_report_holds_a_value_against_the_limit_it_had() -> None:
    found = DrivingFound()
    for value, limit in ((5.5, 6.0), (1.0, 3.5)):
        found.take(Proof(t_ns=0, profile="p", rule="r", step="hold", value=value, limit=limit, unit="s", because=""))
    assert _of(found.rules["p", "r"]) == "5.50 of 6.00 s"


@pytest.mark.parametrize("told", [{"ahead_yaw_deg": math.nan}, {"ahead_pitch_deg": 400.0}])
def test_a_straight_ahead_that_is_nowhere_is_refused(told: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected -90 to 90"):
        CabinConfig(**told)


@pytest.mark.parametrize("kmh", [math.nan, 1e6])
def test_an_assumed_speed_that_cannot_be_is_refused(kmh: float) -> None:
    with pytest.raises(ValueError, match="speed_kmh is"):
        DrivingConfig(speed_kmh=kmh)


def test_a_zone_that_is_too_small_for_the_map_is_one_sentence() -> None:
    with pytest.raises(RigError, match="holds no whole degree"):
        Cabin.load(CabinConfig(changes={"lap": {"yaw_deg": [10.1, 10.3], "pitch_deg": [-50, -40]}}))


@pytest.mark.parametrize("hours", [3 * 0.1, 30.001 / 3600.0, 30.0000001 / 3600.0])
def test_the_bench_drives_any_number_of_hours(hours: float) -> None:
    length_s = _lengths(hours)[-1]
    assert length_s == round(hours * 3600.0)
    drive_alerts(Drive(1, min(length_s, length_s % 30.0 + 30.0)))
