"""The 1-euro filter: against a plain twin, by hand, and across saccades."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import one_euro
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


def run(times: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    record = np.zeros(1, one_euro.SMOOTH)
    record["newest_ns"] = -1
    out = []
    for t, a, b in zip(times, yaw, pitch, strict=True):
        one_euro.step(record[0], t, a, b)
        out.append((record["yaw"]["value"][0], record["pitch"]["value"][0]))
    return np.array(out).reshape(-1, 2)


@pytest.mark.parametrize("kind", ["scanning", "constant", "noise", "single", "empty"])
def test_the_filter_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(4)
    count = {"single": 1, "empty": 0}.get(kind, 900)
    steps = random.choice([8, 33, 50, 300], count, p=[0.2, 0.6, 0.18, 0.02])
    times = START + np.cumsum(steps).astype(np.int64) * 1_000_000
    yaw, pitch = np.repeat(random.normal(0, 0.2, (2, count // 10 + 1)), 10, axis=1)[:, :count]
    yaw, pitch = yaw + random.normal(0, 0.01, count), pitch + random.normal(0, 0.01, count)
    if kind == "constant":
        yaw[:], pitch[:] = 0.3, -0.1
    elif kind == "noise":
        yaw, pitch = random.normal(0, 0.5, (2, count))
    assert_allclose(run(times, yaw, pitch), reference.one_euro(times, yaw, pitch), rtol=1e-9, atol=1e-12)


def test_one_step_by_hand() -> None:
    """At 100 ms and 1 Hz the share is 0.2 pi / (1 + 0.2 pi) = 0.3859.

    A step of 0.04 rad is a speed of 0.4 rad/s, filtered 0.1543, which raises the cutoff by 2.865 * 0.1543 = 0.4422 to
    1.4422 Hz: share 0.4754, value 0.01902.
    """
    assert one_euro.share(1.0, 0.1) == pytest.approx(0.38587, abs=1e-5)
    out = run(START + np.array([0, SECOND // 10]), np.array([0.0, 0.04]), np.zeros(2))
    assert out[1, 0] == pytest.approx(0.04 * 0.47537, abs=2e-6)


def test_fixation_noise_is_smoothed_and_a_saccade_is_not_glided_through() -> None:
    random = np.random.default_rng(1)
    times = START + np.arange(120) * SECOND // 30
    yaw = np.where(np.arange(120) < 60, 0.0, 0.2) + random.normal(0, 0.005, 120)
    out = run(times, yaw, np.zeros(120))[:, 0]
    assert out[20:60].std() < 0.5 * yaw[20:60].std()
    assert abs(out[61] - 0.2) < 0.02  # the second frame of the new place
    assert abs(out[75:].mean() - 0.2) < 0.005


def test_one_stray_frame_does_not_throw_the_filter() -> None:
    times, yaw = START + np.arange(60) * SECOND // 30, np.zeros(60)
    yaw[30] = math.radians(20)
    out = run(times, yaw, np.zeros(60))[:, 0]
    assert abs(out).max() < math.radians(16)
    assert abs(out[36:]).max() < math.radians(3)
