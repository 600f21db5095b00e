"""Lids: opening, the personal open eye, closures and PERCLOS."""

import math

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import ocular, windows

SECOND = 1_000_000_000
START = 3_600 * SECOND


def grid(count: int, rate_hz: float = 30.0) -> np.ndarray:
    return START + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def run(times: np.ndarray, opening: np.ndarray, score: np.ndarray | None = None, head: np.ndarray | None = None,
        calibration_s: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, record) of a fresh person."""
    record, histogram = ocular.new_lids()
    limits = ocular.LIMITS.copy()
    limits[0] = calibration_s
    out = np.empty((5, len(times)))
    nothing = np.full(len(times), np.nan)
    ocular.openness(record, histogram, limits, ocular.BIN, times, np.asarray(opening, np.float64),
                    nothing if score is None else score, np.zeros((2, len(times))) if head is None else head, out)
    return out, record[0]


@pytest.mark.parametrize("kind", ["random", "nan", "single", "empty"])
def test_lid_opening_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(3)
    count = {"single": 1, "empty": 0}.get(kind, 500)
    left, right = random.random((2, count))
    yaw = random.normal(0, 0.5, count)
    if kind == "nan":
        left[random.random(count) < 0.3] = np.nan
        right[random.random(count) < 0.3] = np.nan
        yaw[random.random(count) < 0.1] = np.nan
    comp = np.empty(count)
    ocular.lid_opening(left, right, yaw, ocular.FAR_EYE_RAD, comp)
    assert_allclose(comp, naive.naive_lid_opening(left, right, yaw, ocular.FAR_EYE_RAD), rtol=1e-12)


def test_the_far_eye_is_left_out() -> None:
    left, right, comp = np.array([0.3, 0.3]), np.array([0.1, 0.1]), np.empty(2)
    ocular.lid_opening(left, right, np.radians([40.0, -40.0]), ocular.FAR_EYE_RAD, comp)
    assert_allclose(comp, [0.3, 0.1])  # head to the person's right hides the right eye


def test_openness_is_relative_to_the_own_eye() -> None:
    for own in (0.18, 0.26, 0.40):  # a fixed limit of 0.2 would call the first one closed all along
        opening = np.full(600, own)
        opening[400:430] = 0.15 * own
        rows, record = run(grid(600), opening)
        assert abs(float(record["open"]) / own - 1) < 0.03
        assert (rows[0, 200:400] > 0.9).all()
        assert (rows[0, 400:430] <= 0.2).all()


def test_a_session_that_begins_with_closed_eyes_knows_it() -> None:
    opening = np.full(300, 0.28)
    opening[:10] = 0.05
    rows, _ = run(grid(300), opening)
    assert (rows[0, :10] <= 0.2).all()


def test_the_learnt_level_may_rise_and_falls_little() -> None:
    drooping = np.concatenate([np.full(300, 0.30), np.full(9000, 0.22)])
    _, record = run(grid(len(drooping)), drooping)
    assert_allclose(record["open"], 0.9 * record["learnt"], rtol=1e-3)
    widening = np.concatenate([np.full(300, 0.26), np.full(9000, 0.31)])
    _, record = run(grid(len(widening)), widening)
    assert_allclose(record["open"], 0.31, rtol=0.02)


def test_a_turned_head_teaches_nothing() -> None:
    opening, head = np.full(600, 0.28), np.zeros((2, 600))
    opening[100:], head[0, 100:] = 0.40, math.radians(35)
    _, record = run(grid(600), opening, head=head)
    assert float(record["open"]) < 0.30


def test_looking_down_is_not_closed() -> None:
    opening, score = np.full(600, 0.28), np.full(600, 0.10)
    opening[300:360] = 0.28 * 0.50  # half open: more than a look of 30 degrees down takes
    score[300:360] = 0.15
    rows, _ = run(grid(600), opening, score)
    assert (rows[0, 300:360] > 0.25).all()
    score[300:360] = 0.55  # the same lids with the blink score up: closing
    rows, _ = run(grid(600), opening, score)
    assert (rows[0, 302:360] <= 0.2).all()
    opening[300:360] = 0.28 * 0.2  # so far down that no look explains it: closed, whatever the score says
    rows, _ = run(grid(600), opening, np.full(600, 0.10))
    assert (rows[0, 302:360] <= 0.2).all()


def test_a_closure_is_timed_and_survives_a_short_loss_of_the_eyes() -> None:
    opening = np.full(600, 0.28)
    opening[300:400] = 0.03
    opening[340:350] = np.nan
    rows, _ = run(grid(600), opening)
    assert_array_equal(np.isnan(rows[0]), np.isnan(opening))
    assert_allclose(rows[1, 399], 100 / 30, rtol=1e-3)
    assert rows[1, 400] == -1.0
    opening[340:360] = np.nan  # 0.67 s without eyes: what came of the closure is not known
    rows, _ = run(grid(600), opening)
    assert_allclose(rows[1, 399], 40 / 30, rtol=0.05)


def watched(rows: np.ndarray, times: np.ndarray, window_s: float) -> tuple[float, float, int]:
    out = np.empty((1, 3))
    windows.increases(times, rows[2:5], int(times[-1]), np.array([round(window_s * SECOND)]), out)
    ns, closed, long_closures = out[0]
    return (closed / ns if ns else np.nan), ns / 1e9, int(long_closures)


@pytest.mark.parametrize("window_s", [3.0, 10.0, 60.0])
@pytest.mark.parametrize("seed", range(4))
def test_perclos_matches_the_naive_twin(seed: int, window_s: float) -> None:
    random = np.random.default_rng(seed)
    times = START + np.cumsum(random.choice([25, 33, 50, 140, 160, 300], 1500, p=[.2, .6, .1, .04, .03, .03])
                              ).astype(np.int64) * 1_000_000
    opening = np.full(1500, 0.3)
    for first in random.integers(150, 1450, 25):
        opening[first:first + random.integers(1, 40)] = 0.3 * random.choice([0.2, 0.5, 0.7])
    opening[random.random(1500) < 0.1] = np.nan
    rows, _ = run(times, opening)
    comp, ref = watched(rows, times, window_s), naive.naive_perclos(times, rows[0], window_s)
    assert_allclose(comp, ref, rtol=1e-6)


def test_missing_eyes_are_neither_closed_nor_watched() -> None:
    opening = np.full(1800, 0.28)
    opening[600:660] = 0.03
    whole = watched(run(grid(1800), opening)[0], grid(1800), 60)
    opening[900:1500] = np.nan
    rows, _ = run(grid(1800), opening)
    share, seconds, _ = watched(rows, grid(1800), 60)
    assert_allclose(seconds, 40, atol=0.1)
    assert_allclose(share, 2 / 40, rtol=0.02)
    assert_allclose(whole[0], 2 / 60, rtol=0.02)


def test_blinks_are_not_perclos() -> None:
    opening = np.full(1800, 0.28)
    for first in range(200, 1700, 100):
        opening[first:first + 5] = 0.03  # 0.17 s
    share, _, long_closures = watched(run(grid(1800), opening)[0], grid(1800), 60)
    assert share == 0.0
    assert long_closures == 0
    opening[1000:1015] = 0.03
    share, _, long_closures = watched(run(grid(1800), opening)[0], grid(1800), 60)
    assert_allclose(share, 0.5 / 60, rtol=0.05)
    assert long_closures == 1


def test_five_frames_a_second_watch_nothing() -> None:
    times = grid(300, 5.0)
    assert watched(run(times, np.full(300, 0.28))[0], times, 60)[1] == 0.0


def test_the_cut_changes_nothing() -> None:
    random = np.random.default_rng(4)
    times, opening = grid(900), 0.3 * random.random(900) ** 0.3
    score = random.random(900)
    whole, _ = run(times, opening, score)
    record, histogram = ocular.new_lids()
    limits = ocular.LIMITS.copy()
    limits[0] = 5.0
    out = np.empty((5, 900))
    for first in range(0, 900, 7):
        part = slice(first, first + 7)
        piece = np.empty((5, len(times[part])))
        ocular.openness(record, histogram, limits, ocular.BIN, times[part], opening[part], score[part],
                        np.zeros((2, len(times[part]))), piece)
        out[:, part] = piece
    assert_array_equal(out, whole)


def test_gate_hides_what_no_trusted_face_gave() -> None:
    rows = np.ones((2, 4))
    assert ocular.gate(np.array([0.9, 0.4, np.nan, 0.5]), 0.5, rows) == 3
    assert_array_equal(rows, [[1, np.nan, np.nan, 1]] * 2)
    assert ocular.gate(np.array([0.1]), 0.5, np.ones((1, 1))) == -1
