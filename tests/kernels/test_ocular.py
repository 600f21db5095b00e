"""Lids: opening, the personal open eye, and openness."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import ocular
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


def grid(count: int, rate_hz: float = 30.0) -> np.ndarray:
    return START + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def run(times: np.ndarray, opening: np.ndarray, score: np.ndarray | None = None, head: np.ndarray | None = None,
        calibration_s: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (openness, lids) of a fresh person."""
    lids = np.zeros(1, ocular.LIDS)
    ocular.clear(lids, calibration_s)
    score = np.full(len(times), np.nan) if score is None else score
    head = np.zeros((2, len(times))) if head is None else head
    steps = np.round(reference.steps_s(times) * SECOND).astype(np.int64)
    rows = [ocular.openness(lids[0], times[i], steps[i], float(opening[i]), float(score[i]), head[0, i], head[1, i])
            for i in range(len(times))]
    return np.array(rows), lids[0]


@pytest.mark.parametrize("kind", ["random", "nan"])
def test_lid_opening_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(3)
    left, right = random.random((2, 500))
    yaw = random.normal(0, 0.5, 500)
    if kind == "nan":
        left[random.random(500) < 0.3] = np.nan
        right[random.random(500) < 0.3] = np.nan
        yaw[random.random(500) < 0.1] = np.nan
    comp = [ocular.lid_opening(a, b, c) for a, b, c in zip(left, right, yaw, strict=True)]
    assert_allclose(comp, reference.lid_opening(left, right, yaw), rtol=1e-12)


def test_the_far_eye_is_left_out() -> None:
    assert ocular.lid_opening(0.3, 0.1, math.radians(40)) == 0.3  # head to the person's right hides the right eye
    assert ocular.lid_opening(0.3, 0.1, math.radians(-40)) == 0.1


@pytest.mark.parametrize("calibration_s", [0.0, 5.0, 20.0])
@pytest.mark.parametrize("scored", [True, False])
def test_openness_matches_the_naive_twin(scored: bool, calibration_s: float) -> None:
    random = np.random.default_rng(2)
    times = START + np.cumsum(random.choice([25, 33, 50, 160], 1200, p=[.2, .6, .15, .05])).astype(np.int64) * 1_000_000
    opening = 0.3 + random.normal(0, 0.01, 1200)
    for first in random.integers(0, 1100, 30):
        opening[first:first + random.integers(2, 40)] *= random.choice([0.1, 0.3, 0.5, 0.7])
    opening[random.random(1200) < 0.05] = np.nan
    score = np.clip(0.1 + 0.5 * (opening < 0.15) + random.normal(0, 0.05, 1200), 0, 1)
    if not scored:
        score[:] = np.nan
    head = np.repeat(random.normal(0, 0.3, (2, 12)), 100, axis=1)
    comp, lids = run(times, opening, score, head, calibration_s)
    rows, levels = reference.openness(times, opening, score, head[0], head[1], calibration_s)
    assert_allclose(comp, rows, rtol=1e-9, atol=1e-9)
    assert_allclose(lids["open"], levels[-1], rtol=1e-9)


def test_openness_is_relative_to_the_own_eye() -> None:
    for own in (0.18, 0.26, 0.40):  # a fixed limit of 0.2 would call the first one closed all along
        opening = np.full(600, own)
        opening[400:430] = 0.15 * own
        rows, lids = run(grid(600), opening)
        assert abs(float(lids["open"]) / own - 1) < 0.03
        assert (rows[200:400] > 0.9).all()
        assert (rows[400:430] <= 0.2).all()


def test_a_session_that_begins_with_closed_eyes_knows_it() -> None:
    opening = np.full(300, 0.28)
    opening[:10] = 0.05
    rows, _ = run(grid(300), opening)
    assert (rows[:10] <= 0.2).all()


def test_the_learnt_level_may_rise_and_falls_little() -> None:
    drooping = np.concatenate([np.full(300, 0.30), np.full(3000, 0.22)])
    _, lids = run(grid(len(drooping)), drooping)
    assert_allclose(lids["open"], 0.9 * lids["learnt"], rtol=1e-3)
    widening = np.concatenate([np.full(300, 0.26), np.full(3000, 0.31)])
    _, lids = run(grid(len(widening)), widening)
    assert_allclose(lids["open"], 0.31, rtol=0.02)


def test_a_turned_head_teaches_nothing() -> None:
    opening, head = np.full(600, 0.28), np.zeros((2, 600))
    opening[100:], head[0, 100:] = 0.40, math.radians(35)
    _, lids = run(grid(600), opening, head=head)
    assert float(lids["open"]) < 0.30


def test_looking_down_is_not_closed() -> None:
    opening, score = np.full(600, 0.28), np.full(600, 0.10)
    opening[300:360] = 0.28 * 0.50  # half open: more than a look of 30 degrees down takes
    score[300:360] = 0.15
    rows, _ = run(grid(600), opening, score)
    assert (rows[300:360] > 0.25).all()
    score[300:360] = 0.55  # the same lids with the blink score up: closing
    rows, _ = run(grid(600), opening, score)
    assert (rows[302:360] <= 0.2).all()
    opening[300:360] = 0.28 * 0.2  # so far down that no look explains it: closed, whatever the score says
    rows, _ = run(grid(600), opening, np.full(600, 0.10))
    assert (rows[302:360] <= 0.2).all()
