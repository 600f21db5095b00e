"""The camera's features, on made columns and on a real face."""

import math
from pathlib import Path

import numpy as np
import pytest
from tracked import START_NS, column, grid, make, run

from sensors.clock import FakeClock
from sensors.driver import Setting
from sensors.drivers.webcam_config import WebcamConfig

NAMES = ("face", "ear_left", "ear_right", "blink_left", "blink_right", "gaze_yaw", "gaze_pitch", "head_yaw",
         "head_pitch", "head_roll", "jaw_open", "luma")
FACE, EAR_LEFT, EAR_RIGHT, BLINK_LEFT, BLINK_RIGHT, GAZE_YAW, GAZE_PITCH, HEAD_YAW = range(8)
LUMA = 11


def person(seconds: float, rate_hz: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """Return a calm face with open eyes on the target, and its times."""
    count = int(seconds * rate_hz)
    values = np.zeros((count, len(NAMES)))
    values[:, FACE], values[:, EAR_LEFT:EAR_RIGHT + 1], values[:, LUMA] = 0.98, 0.28, 120
    values[:, BLINK_LEFT:BLINK_RIGHT + 1] = 0.1
    values += np.random.default_rng(0).normal(0, 0.002, values.shape)
    return values, grid(count, rate_hz)


def features(values: np.ndarray, times: np.ndarray, **session: float) -> tuple[np.ndarray, np.ndarray]:
    return run(make("camera", NAMES, 30.0, **session), values, times)


def close(values: np.ndarray, first: int, last: int) -> None:
    values[first:last, EAR_LEFT:EAR_RIGHT + 1] = 0.04
    values[first:last, BLINK_LEFT:BLINK_RIGHT + 1] = 0.55


def test_a_calm_face() -> None:
    _, vectors = features(*person(20))
    last = {name: float(column(vectors, name)[-1]) for name in (
        "face_share", "face_absent_s", "openness", "closure_s", "perclos_60s", "blink_rate_60s", "long_closures_60s",
        "on_target_share_10s", "off_target_s", "camera_quality", "luma")}
    assert last == pytest.approx({
        "face_share": 1, "face_absent_s": 0, "openness": 1, "closure_s": 0, "perclos_60s": 0, "blink_rate_60s": 0,
        "long_closures_60s": 0, "on_target_share_10s": 1, "off_target_s": 0, "camera_quality": 1,
        "luma": 120}, abs=0.05)
    assert float(column(vectors, "gaze_dispersion_10s")[-1]) < 0.01
    assert float(column(vectors, "head_motion_2s")[-1]) < 0.3


def test_blinks_are_counted_timed_and_no_perclos() -> None:
    values, times = person(60)
    for first in range(200, 1700, 100):
        close(values, first, first + 4)
    tracker = make("camera", NAMES, 30.0)
    _, vectors = run(tracker, values, times)
    assert tracker.record["eyes"]["blink_count"] == 15
    assert abs(tracker.record["eyes"]["blink_onset_ns"][0, 0] - times[200]) <= 34e6
    assert column(vectors, "blink_rate_60s")[-1] == pytest.approx(15, rel=0.05)
    assert column(vectors, "blink_duration_60s")[-1] == pytest.approx(4 / 30, abs=0.02)
    assert column(vectors, "perclos_60s")[-1] == 0


def test_a_long_closure_runs_and_counts() -> None:
    values, times = person(20)
    close(values, 300, 360)
    at, vectors = features(values, times)
    closure = column(vectors, "closure_s")
    assert closure[np.searchsorted(at, 11.0)] == pytest.approx(1.0, abs=0.07)
    assert closure[at > 12.1].max() == 0
    assert column(vectors, "long_closures_60s")[-1] == 1
    assert column(vectors, "perclos_60s")[-1] == pytest.approx(0.1, abs=0.01)
    assert np.isnan(column(vectors, "blink_duration_60s")[-1])


def test_slow_cameras_have_no_blink_statistics() -> None:
    values, times = person(60, 12.0)
    vectors = run(make("camera", NAMES, 12.0), values, times)[1]
    assert np.isnan(column(vectors, "blink_rate_60s")).all()
    assert np.isfinite(column(vectors, "perclos_60s")[-1])


def test_a_glance_away_runs_and_ends() -> None:
    values, times = person(20)
    values[300:390, GAZE_YAW] = math.radians(40)
    at, vectors = features(values, times)
    away = column(vectors, "off_target_s")
    assert away[np.searchsorted(at, 12.9)] == pytest.approx(2.9, abs=0.1)
    assert away[at > 13.2].max() == 0
    assert column(vectors, "on_target_share_10s")[np.searchsorted(at, 13.0)] == pytest.approx(0.7, abs=0.02)


def test_the_target_is_the_rigs() -> None:
    values, times = person(12)
    values[:, GAZE_YAW] = math.radians(40)
    info = make("camera", NAMES, 30.0, target_yaw_deg=40.0, target_radius_deg=5.0)
    assert column(run(info, values, times)[1], "on_target_share_10s")[-1] == 1


def test_eyes_closed_are_not_a_glance_and_after_two_seconds_nobody_knows() -> None:
    values, times = person(20)
    close(values, 300, 450)
    values[300:450, GAZE_PITCH] = math.radians(-40)  # what irises seem to do under falling lids
    at, vectors = features(values, times)
    away = column(vectors, "off_target_s")
    assert away[(at > 10) & (at < 11.9)].max() == 0
    assert np.isnan(away[(at > 12.2) & (at < 14.9)]).all()


def test_a_face_that_leaves_is_absent_at_once_and_its_columns_are_not_used() -> None:
    values, times = person(20)
    values[300:, FACE] = 0.0
    values[300:, GAZE_YAW] = 1.0  # a stale value beside a lost face must not count
    at, vectors = features(values, times)
    assert column(vectors, "face_absent_s")[at < 10].max() == 0
    assert column(vectors, "face_absent_s")[np.searchsorted(at, 10.5)] == pytest.approx(0.5, abs=0.05)
    assert column(vectors, "face_share")[-1] == 0
    assert column(vectors, "camera_quality")[-1] == 0
    assert np.isnan(column(vectors, "gaze_yaw")[-1])
    assert np.isnan(column(vectors, "openness")[-1])
    assert column(vectors, "on_target_share_10s")[np.searchsorted(at, 12)] == 1


def test_nobody_ever() -> None:
    values, times = person(10)
    values[:, FACE] = np.nan
    at, vectors = features(values, times)
    assert column(vectors, "face_absent_s")[-1] == pytest.approx(at[-1], abs=0.05)
    assert column(vectors, "face_share")[-1] == 0


@pytest.mark.parametrize(("place", "value"), [(LUMA, 8.0), (HEAD_YAW, math.radians(62))])
def test_quality_falls_in_the_dark_and_in_profile(place: int, value: float) -> None:
    values, times = person(10)
    values[150:, place] = value
    assert column(features(values, times)[1], "camera_quality")[-1] < 0.1


def test_head_motion_is_an_angular_speed() -> None:
    values, times = person(10)
    values[:, HEAD_YAW] = 0.5 * np.sin(2 * np.pi * 0.5 * np.arange(300) / 30)
    expected = 0.5 * 2 * np.pi * 0.5 / math.sqrt(2)
    assert column(features(values, times)[1], "head_motion_2s")[-1] == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
def test_the_one_blink_of_a_real_face(shared_data: Path) -> None:
    """Annotated by eye: closed in frames 26-28 of 72, falling from 25, half open again by 29."""
    pytest.importorskip("mediapipe")
    webcam = pytest.importorskip("sensors.drivers.webcam")
    config = WebcamConfig(source=str(shared_data / "face" / "single_face.mp4"), realtime=False)
    setting = Setting(stream="camera", clock=FakeClock(START_NS), start_ns=START_NS)
    driver = webcam.Webcam(config, setting)
    info = driver.open()
    pieces = []
    while (samples := driver.read(1.0)) is not None:
        pieces.append(samples)
    driver.close()
    values = np.concatenate([piece.values for piece in pieces])
    times = np.concatenate([piece.times_ns for piece in pieces])
    tracker = make("camera", info.names, info.rate_hz)
    run(tracker, values, times)
    assert len(times) == 72
    assert tracker.record["eyes"]["blink_count"] == 1
    frame = [int(np.searchsorted(times, moment)) for moment in
             (tracker.record["eyes"]["blink_onset_ns"][0, 0], tracker.record["eyes"]["blink_end_ns"][0, 0])]
    assert abs(frame[0] - 25) <= 2
    assert abs(frame[1] - 29) <= 2
