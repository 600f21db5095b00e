"""Named stories of the decider: what a person is told, and when."""

import pytest

from fusion.estimator import STATES
from fusion.states import DWELL_S, Decider, Decision, Situation
from sensors.clock import SECOND

FINE = Situation(calibrated=1.0, face_seen=True, troubles=(), fresh=True, telling=True)


def told(decider: Decider, at_s: float, situation: Situation = FINE, **shares: float) -> Decision:
    rest = (1 - sum(shares.values())) / (len(STATES) - len(shares))
    return decider.decide(round(at_s * SECOND), tuple(shares.get(state, rest) for state in STATES), situation)


def focused() -> Decider:
    decider = Decider()
    assert told(decider, 0.0, focused=0.9).state == "focused"
    return decider


def test_a_short_glance_does_not_change_the_state() -> None:
    decider = focused()
    assert told(decider, 1.0, distracted_visual=0.9).state == "focused"
    assert told(decider, 1.5, focused=0.9).state == "focused"
    assert told(decider, 2.4, distracted_visual=0.9).state == "focused", "the first lead does not count any more"


def test_a_lasting_lead_changes_it_after_the_dwell() -> None:
    decider = focused()
    told(decider, 1.0, distracted_visual=0.9)
    assert told(decider, 1.0 + DWELL_S - 0.01, distracted_visual=0.9).state == "focused"
    assert told(decider, 1.0 + DWELL_S, distracted_visual=0.9).state == "distracted_visual"


def test_noise_between_the_thresholds_cannot_flap() -> None:
    decider = focused()
    states = {told(decider, 1 + i / 10, focused=0.45, drowsy=0.5).state for i in range(100)}
    assert states == {"focused"}


def test_no_leader_and_no_hold_is_unknown_not_a_guess() -> None:
    decider = focused()
    for i in range(30):
        last = told(decider, 1 + i / 10)
    assert last.state == "unknown"


def test_an_empty_seat_is_away_at_once() -> None:
    decider = focused()
    assert told(decider, 1.0, away=0.99).state == "away"
    assert told(decider, 1.1, focused=0.9).state == "focused", "and back at once"


def test_a_covered_lens_is_unknown_never_away() -> None:
    covered = Situation(calibrated=1.0, face_seen=False, troubles=("camera: dark",), fresh=True, telling=True)
    assert told(focused(), 1.0, covered, away=0.99) == Decision("unknown", "degraded", "camera: dark")


def test_nothing_that_can_tell_is_unknown_whatever_the_numbers_say() -> None:
    blind = Situation(calibrated=1.0, face_seen=False, troubles=(), fresh=True, telling=False)
    assert told(focused(), 1.0, blind, focused=0.99).state == "unknown"
    dead = blind._replace(fresh=False)
    assert told(focused(), 1.0, dead, focused=0.99).status == "stale"


def test_calibration_is_told_with_its_progress() -> None:
    early = FINE._replace(calibrated=0.4)
    decision = told(Decider(), 1.0, early, focused=0.9)
    assert (decision.state, decision.status) == ("unknown", "calibrating")
    assert "40%" in decision.reason
    assert told(Decider(), 1.0, early, away=0.99).state == "away", "presence needs no baseline"


def test_a_lost_sensor_is_degraded_and_says_why() -> None:
    lame = FINE._replace(troubles=("eeg: The board stopped sending.",))
    decision = told(focused(), 1.0, lame, focused=0.9)
    assert decision == Decision("focused", "degraded", "eeg: The board stopped sending.")


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_reached(state: str) -> None:
    assert told(Decider(), 0.0, **{state: 0.95}).state == state
