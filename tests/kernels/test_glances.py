"""Glances away from a target: against a plain twin, and in stories."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import glances
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND
TARGET = (0.1, -0.05, 0.26)


def run(times: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """Return the seconds away at each frame, and the glances that ended as (frame, seconds)."""
    record = np.zeros(1, glances.GLANCES)
    record["newest_ns"] = -1
    record["target_yaw"], record["target_pitch"], record["target_radius"] = TARGET
    away, found = [], []
    for k, t in enumerate(times):
        hidden = np.isnan(yaw[k]) or np.isnan(pitch[k])
        if glances.step(record[0], t, np.nan if hidden else yaw[k], np.nan if hidden else pitch[k]):
            found.append((k, record["found_ns"][0] / 1e9))
        away.append(record["away_ns"][0] / 1e9 if record["newest_ns"][0] >= 0 else np.nan)
    return np.array(away), found


@pytest.mark.parametrize("kind", ["random", "constant", "nan", "all nan", "single", "empty"])
def test_glances_match_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(7)
    count = {"single": 1, "empty": 0}.get(kind, 900)
    steps_ms = random.choice([33, 34, 70, 250, 2500], count, p=[0.6, 0.3, 0.08, 0.015, 0.005])
    times = START + np.cumsum(steps_ms).astype(np.int64) * 1_000_000
    yaw, pitch = np.repeat(random.normal(0, 0.3, (2, count // 9 + 1)), 9, axis=1)[:, :count]
    if kind == "constant":
        yaw[:], pitch[:] = 0.2, 0.2
    elif kind in ("nan", "all nan"):
        yaw[random.random(count) < (0.3 if kind == "nan" else 2)] = np.nan
    away, found = run(times, yaw, pitch)
    ref_away, _, ref_found = reference.glances(times, yaw, pitch, TARGET)
    assert_allclose(away, ref_away, rtol=1e-6, atol=1e-9)
    assert_array_equal([k for k, _ in found], [k for k, _ in ref_found])
    assert_allclose([s for _, s in found], [s for _, s in ref_found], rtol=1e-6)
    assert (len(found) > 10) == (kind in ("random", "nan"))


def story() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five seconds at 30 Hz, all away from the target."""
    return START + np.arange(150) * SECOND // 30, np.full(150, 1.0), np.zeros(150)


def test_a_flicker_back_does_not_end_a_glance() -> None:
    times, yaw, pitch = story()
    yaw[60:62] = 0.1  # 67 ms
    away, found = run(times, yaw, pitch)
    assert away[-1] == pytest.approx(147 / 30, abs=0.01)
    assert not found
    yaw[60:66] = 0.1  # 200 ms
    away, found = run(times, yaw, pitch)
    assert away[-1] == pytest.approx(84 / 30, abs=0.01)
    assert found == [(62, pytest.approx(59 / 30, abs=0.01))]  # known after 0.1 s, which are no part of it


def test_a_single_frame_away_is_no_glance() -> None:
    times, yaw, pitch = story()
    yaw[:] = 0.1
    yaw[50:53] = 1.0  # 100 ms
    assert not run(times, yaw, pitch)[1]
    yaw[50:54] = 1.0  # 133 ms
    assert len(run(times, yaw, pitch)[1]) == 1


def test_missing_gaze_holds_the_glance_for_two_seconds() -> None:
    times, yaw, pitch = story()
    yaw[60:90] = np.nan
    away, _ = run(times, yaw, pitch)
    assert away[89] == away[59]
    assert away[-1] == pytest.approx(118 / 30, abs=0.01)
    yaw[60:125] = np.nan
    away, _ = run(times, yaw, pitch)
    assert away[-1] == pytest.approx(24 / 30, abs=0.01)
