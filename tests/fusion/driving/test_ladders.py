"""The ladders as a follower: exact moments at any frame rate and cut, and never a word against a driver nobody sees."""

import msgspec
import pytest

from fusion.driving import profile
from fusion.driving.ladders import Ladders
from sensors.errors import RigError
from sensors.messages import Alert, Proof, State
from sensors.rig_driving import CabinConfig, DrivingConfig
from tests.fusion.driving.drives import START_NS, Part, alerts, drive, proofs

ALL = DrivingConfig(profiles=profile.names())
LONG_DRIVE = [Part(20), Part(7, "lap"), Part(8), Part(2, "left_mirror"), Part(10), Part(4, eyes="shut"), Part(6),
              Part(3, face=False), Part(9, "lap", "hidden"), Part(5), Part(12, face=False), Part(5)]


def ladders(*profiles: str, **changes: object) -> Ladders:
    return Ladders(msgspec.structs.replace(ALL, profiles=profiles or ALL.profiles, **changes))


@pytest.mark.parametrize(("kmh", "at_s"), [(30.0, 26.0), (80.0, 23.5), (15.0, None), (None, 23.5)])
def test_a_look_at_the_lap_is_told_at_the_limit_of_the_speed(kmh: float | None, at_s: float | None) -> None:
    told = alerts(drive(ladders("eu-addw"), [Part(20), Part(7, "lap"), Part(5)], kmh))
    if at_s is None:
        assert told == []
    else:
        rule, _, found_s, active = told[0]
        assert (rule, active) == ("visual_distraction", True)
        assert found_s == pytest.approx(at_s, abs=0.02)


@pytest.mark.parametrize("cuts", [[], range(1, 2730), range(30, 2730, 30), [5, 5, 700, 701, 2000]],
                         ids=["whole", "single", "uniform", "irregular and empty"])
def test_how_the_camera_is_cut_changes_nothing(cuts: list[int]) -> None:
    whole = drive(ladders(), LONG_DRIVE)
    assert repr(drive(ladders(), LONG_DRIVE, cuts=cuts)) == repr(whole)
    assert len([one for one in whole if isinstance(one, Alert)]) > 20


@pytest.mark.parametrize("rate_hz", [20.0, 60.0])
def test_another_frame_rate_tells_the_same_at_the_same_moments(rate_hz: float) -> None:
    want, got = alerts(drive(ladders(), LONG_DRIVE)), alerts(drive(ladders(), LONG_DRIVE, rate_hz=rate_hz))
    assert len(got) == len(want)
    for one in want:
        assert any(other[:2] == one[:2] and other[3] == one[3] and abs(other[2] - one[2]) <= 0.05 for other in got), one


@pytest.mark.parametrize("part", [Part(12, face=False), Part(12, "lap", "hidden", face=False)], ids=["gone", "covered"])
def test_nobody_is_blamed_for_what_nobody_sees(part: Part) -> None:
    told = alerts(drive(ladders(), [Part(20), part, Part(5)]))
    assert [(rule, active) for rule, _, _, active in told] == [("visibility", True), ("visibility", False)]
    assert told[0][2] <= 30.0


def test_a_camera_that_falls_silent_is_told_too() -> None:
    watched = ladders("eu-addw")
    said = drive(watched, [Part(10), Part(2, "lap")])
    for k in range(1, 120):
        said += watched.tick(State(t_ns=START_NS + 12_000_000_000 + k * 100_000_000, state="unknown", probabilities={}))
    told = alerts(said)
    assert [rule for rule, *_ in told] == ["visibility"]
    assert told[0][2] == pytest.approx(12.0 + 5.0, abs=0.3)


def test_reversing_is_no_time_to_be_warned() -> None:
    over_the_shoulder = [Part(5), Part(9, "left_window"), Part(5)]
    assert alerts(drive(ladders("euro-ncap-2026"), over_the_shoulder, 25.0, gear=-1.0)) == []
    assert alerts(drive(ladders("euro-ncap-2026"), over_the_shoulder, 25.0))


def test_a_mirrored_cabin_judges_the_mirrored_driver_alike() -> None:
    left = drive(ladders(), LONG_DRIVE)
    right = drive(ladders(cabin=CabinConfig(drive="right")), [
        one._replace(zone="right_mirror" if one.zone == "left_mirror" else one.zone) for one in LONG_DRIVE])
    assert alerts(left) == alerts(right)


def test_the_proof_holds_every_step_of_an_alert() -> None:
    said = drive(ladders("eu-addw"), [Part(20), Part(4, "lap"), Part(0.2), Part(4, "lap"), Part(5)], 30.0)
    steps = proofs(said, "visual_distraction")
    assert [one.step for one in steps] == ["on", "start", "hold", "resume", "fire", "repeat", "hold", "clear"]
    fire = steps[4]
    assert (fire.value, fire.limit, fire.unit) == (6.0, 6.0, "s")
    assert "lap P 0." in fire.because
    assert "30 km/h" in fire.because
    alert = next(one for one in said if isinstance(one, Alert))
    assert alert.number == fire.number == 1
    assert alert.evidence_ns == (steps[1].t_ns, fire.t_ns)
    assert fire.t_ns - steps[1].t_ns == pytest.approx(6.2e9, abs=1e6)


def test_alerts_are_the_same_whether_their_proof_is_told() -> None:
    quiet = Ladders(ALL, proof=False)
    said = drive(quiet, LONG_DRIVE)
    assert alerts(said) == alerts(drive(ladders(), LONG_DRIVE))
    assert not any(isinstance(one, Proof) for one in said)


def test_a_profile_that_is_named_twice_is_refused() -> None:
    with pytest.raises(RigError, match="'eu-addw' is there twice"):
        ladders("eu-addw", "eu-addw")
