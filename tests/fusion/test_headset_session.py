"""A headset's gaze through the whole session at 120 and 200 Hz: no picture, no light, no jaw, and it is enough."""

from typing import Any

import numpy as np
import pytest

from fusion import estimator, virtual
from fusion.session import Session
from kernels.layout import INDEX
from sensors.clock import SECOND
from sensors.messages import Column, State, StreamInfo
from sensors.rig import parse
from sensors.topics import TOPICS

STORY = [{"at_s": 0.0, "state": "focused"}, {"at_s": 14.0, "state": "distracted_visual"},
         {"at_s": 22.0, "state": "away"}, {"at_s": 26.0, "state": "focused"}]
SECONDS = 30.0


def live(driver: str, **table: Any) -> tuple[Session, list[tuple[float, State]]]:
    rig = parse({"session": {"calibration_s": 6.0, "estimator": "rules"}, "participant": {"seed": 7, "script": STORY},
                 "headset": {"driver": driver, "source": "simulated"} | table}, "headset")
    session = Session(rig.session, estimator.make("rules"))
    states = [((said.t_ns - virtual.START_NS) / SECOND, said) for _, topic, message in virtual.run(rig, SECONDS)
              if TOPICS[topic].session for said in session.update(message) if isinstance(said, State)]
    return session, states


@pytest.mark.parametrize(("driver", "rate_hz"), [("osc", 120.0), ("websocket", 200.0)])
def test_a_headset_alone_carries_a_session(driver: str, rate_hz: float) -> None:
    session, states = live(driver, rate_hz=rate_hz)
    pending = session.pending["headset"]
    assert (session.refused, pending.backwards, pending.overflow, pending.unfit) == (0, 0, 0, 0)
    assert pending.samples == pytest.approx(SECONDS * rate_hz, rel=0.01)
    told = {state.state for at_s, state in states if 8 < at_s < 13}
    assert told == {"focused"}
    assert "distracted_visual" in {state.state for at_s, state in states if 16 < at_s < 22}
    vector = session.vector
    assert np.isnan(vector[INDEX["luma"]]), "what a headset does not measure stays unmeasured"
    assert np.isnan(vector[INDEX["jaw_open"]])
    measured = {name: float(vector[INDEX[name]]) for name in (
        "openness", "blink_rate_60s", "fixation_rate_30s", "fixation_duration_30s", "saccade_amplitude_30s")}
    assert measured["openness"] == pytest.approx(1.0, abs=0.05)
    assert 5 < measured["blink_rate_60s"] < 40
    assert 60 < measured["fixation_rate_30s"] < 300
    assert 0.15 < measured["fixation_duration_30s"] < 0.8


def test_a_headset_that_is_taken_off_is_unknown_and_degraded_and_never_blamed() -> None:
    """Without a picture nobody can tell an empty seat from shut or covered eyes."""
    _, states = live("osc", rate_hz=120.0)
    off = [state for at_s, state in states if 24.5 < at_s < 26.0]
    assert {state.state for state in off} == {"unknown"}
    assert {state.status for state in off} == {"degraded"}
    assert all(state.reason for state in off)
    assert all(state.reason for at_s, state in states if state.state == "unknown"), "unknown always says why"
    first = next(at_s for at_s, state in states if at_s > 22 and state.status == "degraded")
    assert first - 22 < 5, "told long before ten seconds have passed"


def test_a_source_of_markers_alone_is_no_sensor_of_the_session() -> None:
    session = Session(parse({"truth": {}}, "x").session, estimator.make("rules"))
    session.update(StreamInfo(t_ns=0, stream="keys", kind="marker", driver="lsl", rate_hz=0.0, columns=()))
    session.update(StreamInfo(t_ns=0, stream="gaze", kind="camera", driver="lsl", rate_hz=200.0,
                              columns=(Column("gaze_yaw", "rad"), Column("gaze_pitch", "rad"), Column("face", "1"))))
    assert list(session.pending) == ["gaze"]
