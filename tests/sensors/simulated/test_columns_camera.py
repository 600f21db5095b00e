"""The camera's columns from the truth carry what the driver's would, and suffer from what disturbs a camera."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from sensors.drivers import context as context_driver
from sensors.drivers import webcam_columns
from sensors.simulated import columns_camera as camera
from sensors.simulated import columns_context
from sensors.simulated.confounds import CameraConfounds, Confounds
from sensors.simulated.events import Span
from sensors.simulated.moments import moments
from sensors.simulated.participant import Moment, Participant
from sensors.simulated.stories import story
from sensors.simulated.story import ParticipantConfig

SCRIPTED = ParticipantConfig(seed=5, script=story(5, 240.0, 12.0))


def test_columns_are_the_drivers() -> None:
    assert camera.COLUMNS == webcam_columns.COLUMNS
    assert columns_context.COLUMNS == context_driver.COLUMNS


@pytest.mark.parametrize("config", [ParticipantConfig(seed=1, mean_stay_s=9.0), SCRIPTED])
def test_many_moments_are_what_one_by_one_would_be(config: ParticipantConfig) -> None:
    times_s = np.arange(0, 240, 0.1)
    many, one = moments(Participant(config), times_s), Participant(config)
    singles = [one.at(float(t_s)) for t_s in times_s]
    for name in (field.name for field in fields(Moment) if field.name != "state"):
        wanted = np.array([getattr(single, name) for single in singles])
        np.testing.assert_allclose(getattr(many, name), wanted, atol=1e-9, err_msg=name)


def test_walking_from_piece_to_piece_always_arrives() -> None:
    for seed in range(40):
        participant = Participant(ParticipantConfig(seed=seed, script=story(seed, 480.0)))
        pieces = []
        for piece in participant.pieces(0.0, 480.0):
            pieces.append(piece)
            assert len(pieces) < 200, seed
        assert all(after.start_s == before.end_s for before, after in pairwise(pieces))


def _columns(confounds: CameraConfounds) -> tuple[dict[str, np.ndarray], np.ndarray]:
    participant = Participant(SCRIPTED)
    times_s = np.arange(0, 240, 1 / 30)
    truth = moments(participant, times_s)
    values = camera.camera_columns(truth, participant.person.eye_opening, confounds, 5)
    return {name: values[:, place] for place, name in enumerate(camera.NAMES)}, truth


def test_signs_and_gains_follow_the_truth() -> None:
    seen, truth = _columns(CameraConfounds())
    there = seen["face"] > 0.5
    for name, least in (("gaze_yaw", 0.9), ("gaze_pitch", 0.6), ("head_yaw", 0.98), ("head_pitch", 0.98)):
        good = there & np.isfinite(seen[name])
        assert np.corrcoef(seen[name][good], getattr(truth, name)[good])[0, 1] > least, name
    assert np.corrcoef(seen["ear_left"][there], truth.lid[there])[0, 1] < -0.8
    assert not there[truth.shift > 0.5].any()
    assert np.isnan(seen["gaze_yaw"][truth.shift > 0.5]).all()


def test_confounds_strike_when_and_where_they_should() -> None:
    clean, _ = _columns(CameraConfounds())
    struck, _ = _columns(CameraConfounds(covered=(Span(10.0, 20.0),), bias_rad=(0.135, -0.008)))
    assert (struck["face"][300:599] == 0).all()
    assert struck["luma"][450] < 10
    moved = np.nanmean(struck["gaze_yaw"][:250] - clean["gaze_yaw"][:250])
    assert moved == pytest.approx(0.1, abs=1e-3)


def test_people_draw_different_confounds_and_the_same_ones_again() -> None:
    assert Confounds.drawn(1, 480.0).camera.bias_rad == Confounds.drawn(1, 480.0).camera.bias_rad
    drawn = [Confounds.drawn(seed, 480.0) for seed in range(60)]
    assert len({confounds.camera.bias_rad for confounds in drawn}) == 60
    assert {confounds.eeg.montage for confounds in drawn} == {"16 electrodes", "8 electrodes", "4 frontal"}
    assert any(confounds.eeg.reaction < 0.4 for confounds in drawn)
    assert any(confounds.context.absent for confounds in drawn)
