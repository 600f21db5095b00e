"""Glances, spread and head movement against their plain twins."""

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import gaze

SECOND = 1_000_000_000
START = 3_600 * SECOND
TARGET = np.array([0.1, -0.05, 0.26])


def recording(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) and three angle rows (3, n)."""
    random = np.random.default_rng(7)
    count = {"single": 1, "empty": 0}.get(kind, 900)
    steps_ms = random.choice([33, 34, 70, 250], count, p=[0.6, 0.3, 0.08, 0.02])
    times = START + np.cumsum(steps_ms).astype(np.int64) * 1_000_000
    angles = np.repeat(random.normal(0, 0.3, (3, count // 9 + 1)), 9, axis=1)[:, :count]
    angles = angles + random.normal(0, 0.01, (3, count))
    if kind == "constant":
        angles[:] = 0.2
    elif kind == "offset":
        angles += 1e8
    elif kind == "nan":
        angles[:, random.random(count) < 0.3] = np.nan
        angles[0, random.random(count) < 0.1] = np.nan
    elif kind == "all nan":
        angles[:] = np.nan
    return times, angles


KINDS = ["random", "constant", "offset", "nan", "all nan", "single", "empty"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window_s", [0.5, 10.0])
def test_spread_matches_the_naive_twin(kind: str, window_s: float) -> None:
    times, (yaw, pitch, _) = recording(kind)
    tick, window = int(times[-1]) if len(times) else START, round(window_s * SECOND)
    comp = gaze.spread(times, yaw, pitch, TARGET, tick, window)
    assert_allclose(comp, naive.naive_spread(times, yaw, pitch, TARGET, tick, window), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_angular_speed_matches_the_naive_twin(kind: str) -> None:
    times, (yaw, pitch, roll) = recording(kind)
    tick = int(times[-1]) if len(times) else START
    comp = gaze.angular_speed(times, yaw, pitch, roll, tick, 2 * SECOND, 0.2)
    assert_allclose(comp, naive.naive_angular_speed(times, yaw, pitch, roll, tick, 2 * SECOND, 0.2), rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_camera_window_matches_the_naive_twin(kind: str) -> None:
    times, angles = recording(kind)
    rows, comp = np.vstack([angles, 2 * angles, 3 * angles])[:8], np.empty(12)
    tick = int(times[-1]) if len(times) else START
    gaze.camera_window(times, rows, TARGET, 0.1, 0.2, tick, comp)
    assert_allclose(comp, naive.naive_camera_window(times, rows, TARGET, 0.1, 0.2, tick), rtol=1e-4, atol=1e-9)


def run_glances(times: np.ndarray, yaw: np.ndarray, pitch: np.ndarray, cut: int = 10_000,
                openness: np.ndarray | None = None) -> np.ndarray:
    record, out = np.zeros(1, gaze.GLANCE), np.empty(len(times))
    openness = np.full(len(times), np.nan) if openness is None else openness
    for first in range(0, len(times), cut):
        part = slice(first, first + cut)
        gaze.glances(record, TARGET, 0.1, 0.2, 0.35, times[part], openness[part], yaw[part].copy(),
                     pitch[part].copy(), out[part])
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_glances_match_the_naive_twin_whatever_the_cut(kind: str) -> None:
    times, (yaw, pitch, _) = recording(kind)
    comp = run_glances(times, yaw, pitch)
    assert_allclose(comp, naive.naive_glances(times, yaw, pitch, TARGET, 0.1, 0.2), rtol=1e-6, atol=1e-9)
    assert_array_equal(run_glances(times, yaw, pitch, cut=1), comp)
    assert_array_equal(run_glances(times, yaw, pitch, cut=13), comp)


def test_a_flicker_back_does_not_end_a_glance() -> None:
    times = START + np.arange(150) * SECOND // 30
    yaw, pitch = np.full(150, 1.0), np.zeros(150)
    yaw[60:62] = 0.1  # 67 ms
    assert run_glances(times, yaw, pitch)[-1] == pytest.approx(147 / 30, abs=0.01)
    yaw[60:66] = 0.1  # 200 ms
    assert run_glances(times, yaw, pitch)[-1] == pytest.approx(84 / 30, abs=0.01)


def test_missing_gaze_holds_the_glance() -> None:
    times = START + np.arange(150) * SECOND // 30
    yaw, pitch = np.full(150, 1.0), np.zeros(150)
    yaw[60:90] = np.nan
    away = run_glances(times, yaw, pitch)
    assert away[89] == away[59]
    assert away[-1] == pytest.approx(118 / 30, abs=0.01)


def test_covered_eyes_have_no_gaze() -> None:
    times = START + np.arange(60) * SECOND // 30
    openness = np.full(60, 0.1)
    assert np.isnan(run_glances(times, np.ones(60), np.ones(60), openness=openness)).all()
