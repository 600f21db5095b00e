"""Rendered ground truth: the simulated participant's face, whose every angle and lid is known, through the driver.

All figures here are about the simulated face.
"""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("cv2")
pytest.importorskip("mediapipe")
pytest.importorskip("skimage")
face = pytest.importorskip("sensors.simulated.face", reason="the simulated face is not in this build")

from sensors.clock import SECOND, FakeClock  # noqa: E402  (the skips above must come first)
from sensors.driver import Setting, build  # noqa: E402
from sensors.drivers.webcam_config import WebcamConfig  # noqa: E402
from sensors.simulated.participant import Participant  # noqa: E402
from sensors.simulated.story import ParticipantConfig, Scene  # noqa: E402

RATE_HZ = 15.0
SECONDS = 24
STORY = ParticipantConfig(seed=7, script=(
    Scene(at_s=0.0, state="distracted_visual"), Scene(at_s=12.0, state="drowsy"), Scene(at_s=21.0, state="away")))


@pytest.fixture(scope="module")
def seen() -> dict[str, NDArray[np.float64]]:
    """Return the driver's columns by name, and the truth at the same moments as ``true_...``."""
    clock = FakeClock(start_ns=100 * SECOND)
    start_ns = clock.now_ns()
    config = WebcamConfig(source="simulated", width=640, height=480, rate_hz=RATE_HZ, realtime=False)
    driver = build("webcam", config, Setting(stream="camera", start_ns=start_ns, clock=clock, participant=STORY))
    info = driver.open()
    rows, times = [], []
    for _ in range(round(SECONDS * RATE_HZ)):
        samples = driver.read(1.0)
        assert samples is not None
        rows.append(samples.values)
        times.append(int(samples.times_ns[0]) - start_ns)
    driver.close()
    assert info.meta["simulated"] == "yes"
    assert times == [round(k * SECOND / RATE_HZ) for k in range(len(times))], "stamps lie on the exact frame grid"
    values = np.concatenate(rows).astype(np.float64)
    table = {name: values[:, position] for position, name in enumerate(info.names)}
    participant = Participant(STORY)
    truth = [dataclasses.asdict(participant.at(t_ns / SECOND)) for t_ns in times]
    for name in ("head_yaw", "head_pitch", "eye_yaw", "gaze_yaw", "lid", "shift", "jaw"):
        table[f"true_{name}"] = np.array([moment[name] for moment in truth])
    return table


def line(table: dict[str, NDArray[np.float64]], name: str) -> tuple[float, float]:
    """Return gain and correlation of a column against its truth, over the frames with a trusted face and open lids."""
    good = (table["face"] > 0.5) & (table["true_lid"] < 0.3) & np.isfinite(table[name])
    assert good.sum() > 100
    truth, measured = table[f"true_{name}"][good], table[name][good]
    return float(np.polyfit(truth, measured, 1)[0]), float(np.corrcoef(truth, measured)[0, 1])


@pytest.mark.parametrize(("name", "least_gain", "least_correlation"), [
    ("head_yaw", 0.6, 0.95), ("gaze_yaw", 0.5, 0.9), ("eye_yaw", 0.4, 0.8)])
def test_yaw_follows_the_truth_with_its_sign(name: str, least_gain: float, least_correlation: float,
                                             seen: dict[str, NDArray[np.float64]]) -> None:
    gain, correlation = line(seen, name)
    assert least_gain < gain < 1.5
    assert correlation > least_correlation


def test_shut_lids_lower_the_aspect_ratio_and_raise_the_blink_score(seen: dict[str, NDArray[np.float64]]) -> None:
    there = (seen["face"] > 0.5) & (abs(seen["true_head_yaw"]) < 0.35)
    shut, wide = there & (seen["true_lid"] > 0.9), there & (seen["true_lid"] < 0.15)
    assert shut.sum() >= 3
    assert wide.sum() >= 30
    for side in ("left", "right"):
        assert np.median(seen[f"ear_{side}"][shut]) < 0.65 * np.median(seen[f"ear_{side}"][wide])
        assert np.median(seen[f"blink_{side}"][shut]) > np.median(seen[f"blink_{side}"][wide]) + 0.15


def test_a_participant_who_leaves_is_no_face(seen: dict[str, NDArray[np.float64]]) -> None:
    gone, here = seen["true_shift"] > 0.99, seen["true_shift"] < 0.01
    assert gone.sum() > 10
    assert np.mean(seen["face"][gone] > 0.5) < 0.1
    assert np.mean(seen["face"][here] > 0.5) > 0.9
