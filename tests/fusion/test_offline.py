"""Windows made off line are what a live session would have made of the same samples."""

import numpy as np
import pytest

from fusion import estimator
from fusion.offline import TICK_NS, fold
from fusion.offline_simulated import START_NS, simulate, streams
from fusion.offline_truth import TRUTH_NAMES, lapses, time_to_lapse
from fusion.session import Session
from kernels.layout import MODALITIES
from models.labels import STATES
from sensors.clock import SECOND
from sensors.messages import Chunk, State, Tick
from sensors.rig import SessionConfig
from sensors.simulated.confounds import Confounds
from sensors.simulated.events import Span
from sensors.simulated.participant import Participant
from sensors.simulated.story import ParticipantConfig, Scene

LENGTH_S = 70.0


def test_folding_streams_gives_the_vectors_and_the_quality_of_a_session() -> None:
    config = ParticipantConfig(seed=12, script=(Scene(at_s=5.0, state="drowsy"), Scene(at_s=20.0, state="away")))
    made = streams(config, Confounds.drawn(12, LENGTH_S), LENGTH_S)
    assert len(made) >= 3
    settings = SessionConfig(calibration_s=10.0)
    end_ns = START_NS + 30 * SECOND
    folded = fold(made, settings, START_NS, end_ns)
    session = Session(settings, estimator.make("rules"))
    session.update(Tick(t_ns=START_NS))
    for stream in made.values():
        session.update(stream.info)
    vectors, quality = {}, {}
    before_ns = START_NS - 1
    for now_ns in range(START_NS, end_ns + 2 * TICK_NS, TICK_NS):
        for kind, stream in made.items():
            part = (stream.times_ns > before_ns) & (stream.times_ns <= now_ns)
            if part.any():
                times_ns = stream.times_ns[part]
                session.update(Chunk(t_ns=now_ns, stream=kind, values=stream.values[part], times_ns=times_ns))
        before_ns = now_ns
        for output in session.update(Tick(t_ns=now_ns + 60_000_000)):
            if isinstance(output, State):
                vectors[output.t_ns] = session.vector.copy()
                quality[output.t_ns] = [output.quality[kind] for kind in MODALITIES]
    ticks = folded.ticks_ns.tolist()
    assert len(ticks) == 60
    np.testing.assert_array_equal(folded.features, np.array([vectors[tick] for tick in ticks]))
    np.testing.assert_array_equal(folded.quality, np.array([quality[tick] for tick in ticks], np.float32))


def test_a_simulated_session_is_the_same_each_time_and_of_one_person() -> None:
    first, again, other = simulate(3, 0, LENGTH_S), simulate(3, 0, LENGTH_S), simulate(3, 1, LENGTH_S)
    np.testing.assert_array_equal(first.features, again.features)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert first.person == "sim-3-0"
    assert other.person == "sim-3-1"
    assert not np.array_equal(first.truth, other.truth)
    assert (first.state[first.times_s < 60] == STATES.index("focused")).all()
    assert np.isfinite(first.truth).all()
    assert first.truth_names == TRUTH_NAMES


def test_nobody_attends_while_away_and_attention_is_a_share() -> None:
    windows = simulate(1, 2, 480.0)
    away = windows.state == STATES.index("away")
    assert away.any()
    assert (windows.attention[away] == 0).all()
    assert windows.attention.min() >= 0
    assert windows.attention.max() <= 1


def test_the_truth_does_not_carry_the_hidden_state() -> None:
    assert not {"state", "state_code", "vigilance", "load"} & set(TRUTH_NAMES)


@pytest.mark.parametrize(("at_s", "expected"), [(0.0, 5.0), (4.5, 0.5), (5.0, np.nan), (6.9, np.nan), (7.0, np.inf),
                                                (85.0, np.inf), (95.0, np.nan)])
def test_time_to_a_lapse_is_unknown_while_one_lasts_and_past_the_horizon(at_s: float, expected: float) -> None:
    lead = time_to_lapse(np.array([at_s]), [Span(5.0, 7.0)], 100.0)
    np.testing.assert_allclose(lead, [expected])


def test_a_short_glance_is_no_lapse_and_leaving_is_one() -> None:
    script = (Scene(at_s=0.0, state="distracted_visual"), Scene(at_s=40.0, state="away"))
    participant = Participant(ParticipantConfig(seed=4, script=script))
    found = lapses(participant, 50.0)
    assert any(span.start_s <= 40.0 < span.end_s for span in found)
    glances = [glance for piece in participant.pieces(0.0, 40.0) for glance in piece.glances]
    short = [glance for glance in glances if glance.end_s - glance.start_s < 2.0]
    assert short
    assert not any(span.start_s == glance.start_s for span in found for glance in short)
