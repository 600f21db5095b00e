"""The camera's features through the session's door: the rig's target, and a real face."""

import math
from pathlib import Path

import numpy as np
import pytest
from tracked import START_NS, column, grid, make, run

from sensors.clock import FakeClock
from sensors.driver import Setting
from sensors.drivers.webcam_config import WebcamConfig


def test_the_target_is_the_rigs() -> None:
    values, times = np.ones((360, 3)), grid(360, 30.0)
    values[:, 1:] = math.radians(40), 0.0
    for degrees, share in ((40.0, 1), (0.0, 0)):
        tracker = make("camera", ("face", "gaze_yaw", "gaze_pitch"), 30.0, target_yaw_deg=degrees,
                       target_radius_deg=5.0)
        assert column(run(tracker, values, times)[1], "on_target_share_10s")[-1] == share


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
