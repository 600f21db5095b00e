"""The microphone's and the headset's columns from the truth."""

import numpy as np

from sensors.drivers import microphone_frames
from sensors.simulated import columns_eeg as eeg
from sensors.simulated import columns_microphone as microphone
from sensors.simulated.brain import Brain
from sensors.simulated.confounds import EegConfounds, MicrophoneConfounds
from sensors.simulated.events import Span
from sensors.simulated.participant import Participant
from sensors.simulated.story import ParticipantConfig, Scene

CONFIG = ParticipantConfig(seed=5, script=(Scene(at_s=0.0, state="distracted_visual"),))


def _heard(confounds: MicrophoneConfounds) -> tuple[dict[str, np.ndarray], np.ndarray]:
    times_s = microphone.frame_times(60.0) / 1e9
    values = microphone.microphone_columns(Participant(CONFIG), times_s, confounds)
    return {name: values[:, place] for place, name in enumerate(microphone.NAMES)}, times_s


def test_columns_are_the_drivers() -> None:
    assert microphone.COLUMNS == microphone_frames.COLUMNS


def test_speech_is_heard_in_the_participants_turns() -> None:
    heard, times_s = _heard(MicrophoneConfounds())
    turns = [turn for piece in Participant(CONFIG).pieces(0.0, 60.0) for turn in piece.turns]
    inside = np.zeros(times_s.shape, bool)
    for turn in turns:
        inside |= (times_s > turn.start_s + 0.1) & (times_s < turn.end_s)
    assert inside.any()
    assert (heard["speech"][inside] > 0.5).mean() > 0.95
    assert heard["rms_db"][inside].mean() > heard["rms_db"][~inside].mean() + 15


def test_a_muted_microphone_is_silent_and_others_are_heard() -> None:
    heard, times_s = _heard(MicrophoneConfounds(muted=(Span(10.0, 20.0),)))
    muted = (times_s >= 10.0) & (times_s < 20.0)
    assert (heard["silent"][muted] == 1).all()
    assert (heard["silent"][~muted] == 0).all()
    company, _ = _heard(MicrophoneConfounds(others=(Span(0.0, 60.0),)))
    assert (company["speech"] > 0.5).mean() > (heard["speech"] > 0.5).mean() + 0.1


def test_a_plain_headset_is_the_brain_itself() -> None:
    values = eeg.eeg_columns(CONFIG, 4.0, EegConfounds())
    np.testing.assert_array_equal(values, Brain(CONFIG, 250.0).samples(0, 1001))


def test_a_headset_that_is_taken_off_lies_still() -> None:
    confounds = EegConfounds(montage="4 frontal", rate_hz=256.0, off=(Span(2.0, 8.0),))
    values = eeg.eeg_columns(CONFIG, 10.0, confounds)
    assert [column.name for column in eeg.columns(confounds)] == ["TP9", "AF7", "AF8", "TP10"]
    assert (values[round(5.5 * 256):round(7.9 * 256)] == 0).all()
    assert values[round(8.5 * 256):].std() > 1


def test_a_brain_that_hardly_reacts_changes_less() -> None:
    from sensors.simulated import rhythms
    from sensors.simulated.traits import Person

    person = Person.drawn(5)
    usual, shy = rhythms.amplitudes(person), rhythms.amplitudes(person, 0.2)
    assert np.ptp(shy[:, 1]) < 0.5 * np.ptp(usual[:, 1])
