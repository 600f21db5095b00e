"""Lagged correlation of two yes-no series: against a twin over whole lists, planted lags, and what may not count."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import lagged
from tests.reference import crossmodal as naive

MISSING = lagged.MISSING


def pushed(leader: np.ndarray, follower: np.ndarray) -> np.ndarray:
    records = np.zeros(1, lagged.LAGGED)
    lagged.reset(records)
    for a, b in zip(leader.tolist(), follower.tolist(), strict=True):
        lagged.push(records[0], a, b)
    return records


def runs(random: np.random.Generator, count: int, cells: float) -> np.ndarray:
    """Yes and no by turns, each run `cells` long on average."""
    return (np.cumsum(random.random(count) < 1 / cells) % 2).astype(np.int64)


def optional(series: np.ndarray) -> list[int | None]:
    return [None if value == MISSING else value for value in series.tolist()]


@pytest.mark.parametrize("count", [0, 1, 199, 200, 221, 600, 601, 1500])
@pytest.mark.parametrize("gaps", [0.0, 0.2, 0.6])
def test_against_the_twin(count: int, gaps: float) -> None:
    random = np.random.default_rng(count)
    series = [runs(random, count, cells) for cells in (15, 9)]
    for one in series:
        one[random.random(count) < gaps] = MISSING
    r, lag = lagged.strongest(pushed(*series)[0])
    expected_r, expected_lag = naive.strongest(optional(series[0]), optional(series[1]))
    assert_allclose(r, expected_r, rtol=1e-9)
    assert lag == expected_lag


@pytest.mark.parametrize("lag", [-20, -3, 0, 7, 20])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_lag_is_found_with_its_sign(lag: int, sign: int) -> None:
    source = runs(np.random.default_rng(1), 1040, 12)
    leader, follower = source[20:1020], source[20 - lag:1020 - lag]
    r, found = lagged.strongest(pushed(leader, follower if sign > 0 else 1 - follower)[0])
    assert_allclose(r, sign, rtol=1e-12)
    assert found == lag


def test_worked_example() -> None:
    """Two series with n11 = 100, n10 = 50, n01 = 30, n00 = 120 at lag 0."""
    kinds = np.repeat([3, 2, 1, 0], [100, 50, 30, 120])
    records = np.zeros(1, lagged.LAGGED)
    lagged.reset(records)
    records["pairs"][0, lagged.REACH] = np.bincount(kinds, minlength=4)
    r, lag = lagged.strongest(records[0])
    assert_allclose(r, (100 * 120 - 50 * 30) / math.sqrt(150 * 150 * 130 * 170), rtol=1e-14)
    assert lag == 0


def test_equal_strength_goes_to_the_shorter_lag_then_the_positive_one() -> None:
    """A series with a period of 10 cells correlates with itself fully at 0, +-10 and +-20, and inversely at +-5."""
    wave = (np.arange(800) // 5 % 2).astype(np.int64)
    assert lagged.strongest(pushed(wave, wave)[0]) == (1.0, 0)
    shifted = np.roll(wave, 2)  # fully at 2, -8, 12; inversely at -3, 7
    assert lagged.strongest(pushed(wave, shifted)[0])[1] == 2
    period_4 = (np.arange(800) // 2 % 2).astype(np.int64)
    assert lagged.strongest(pushed(period_4, np.roll(period_4, 1))[0])[1] == 1  # inversely at -1


@pytest.mark.parametrize("leader", [0, 1, MISSING])
def test_without_variation_there_is_no_correlation(leader: int) -> None:
    r, _ = lagged.strongest(pushed(np.full(700, leader), runs(np.random.default_rng(2), 700, 10))[0])
    assert math.isnan(r)


def test_what_left_the_window_is_forgotten() -> None:
    """A correlated minute, then an uncorrelated one: only the second counts, to the pair."""
    random = np.random.default_rng(3)
    first, a, b = runs(random, 900, 10), runs(random, 600, 10), runs(random, 600, 10)
    both = pushed(np.concatenate([first, a]), np.concatenate([first, b]))
    assert (both["pairs"] == pushed(a, b)["pairs"]).all()


def test_missing_cells_empty_the_window() -> None:
    series = runs(np.random.default_rng(4), 700, 10)
    gone = np.full(600, MISSING)
    assert (pushed(np.concatenate([series, gone]), np.concatenate([series, gone]))["pairs"] == 0).all()
