"""Window statistics against their plain twins."""

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import windows

SECOND = 1_000_000_000
START = 3_600 * SECOND
KINDS = ["random", "constant", "offset", "nan", "all nan", "inf", "single", "empty"]


def recording(kind: str) -> tuple[np.ndarray, np.ndarray, int]:
    random = np.random.default_rng(11)
    count = {"single": 1, "empty": 0}.get(kind, 700)
    times = START + np.cumsum(random.integers(20, 50, count)).astype(np.int64) * 1_000_000
    values = random.normal(size=(3, count))
    if kind == "constant":
        values[:] = 4.2
    elif kind == "offset":
        values += 1e8
    elif kind == "nan":
        values[random.random((3, count)) < 0.4] = np.nan
    elif kind == "all nan":
        values[:] = np.nan
    elif kind == "inf":
        values[:, ::5] = np.inf
    return times, values, int(times[-1]) if count else START


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window_s", [0.04, 2.0, 60.0])
def test_statistics_match_the_naive_twins(kind: str, window_s: float) -> None:
    times, values, tick = recording(kind)
    window, out = round(window_s * SECOND), np.empty(3)
    ref = naive.naive_mean_sd(times, values[0], tick, window)
    assert_allclose(windows.mean_sd(times, values[0], tick, window), ref, rtol=1e-4, atol=1e-9)
    assert_allclose(windows.mean(times, values[0], tick, window), ref[0], rtol=1e-12)
    count = windows.means(times, values, tick, window, out)
    assert count == np.count_nonzero(naive.naive_window(times, tick, window))
    assert_allclose(out, naive.naive_means(times, values, tick, window), rtol=1e-12)


def test_a_window_leaves_out_its_beginning_and_has_its_end() -> None:
    times = START + np.arange(4) * SECOND
    assert windows.mean(times, np.array([1.0, 2, 3, 4]), START + 2 * SECOND, 2 * SECOND) == 2.5


def test_increases_are_exact_differences_of_totals() -> None:
    times = START + np.arange(6) * SECOND
    totals = np.array([[0.0, 1, 2, 3, 4, 2**52]])
    out = np.empty((2, 1))
    windows.increases(times, totals, int(times[4]), np.array([2 * SECOND, 100 * SECOND]), out)
    assert_array_equal(out[:, 0], [2, 4])
    windows.increases(times[:0], totals[:, :0], 5, np.array([1, 2]), out)
    assert_array_equal(out[:, 0], [0, 0])


@pytest.mark.parametrize("kind", ["random", "nan", "single", "empty"])
def test_latch_matches_the_naive_twin(kind: str) -> None:
    scores = np.abs(recording(kind)[1][0])
    comp = scores.copy()
    state = np.zeros(1, np.int64)
    for first in range(0, len(comp), 9):
        windows.latch(state, 0.5, 0.35, comp[first:first + 9])
    assert_array_equal(comp, naive.naive_latch(scores, 0.5, 0.35))


def test_pick_and_hold_find_columns() -> None:
    values = np.array([[1, 2], [3, np.nan]], np.float32)
    rows, newest, newest_ns = np.empty((3, 2)), np.full(3, np.nan), np.zeros(3, np.int64)
    source = np.array([1, -1, 0])
    windows.pick(values, source, rows)
    assert_array_equal(rows, [[2, np.nan], [np.nan, np.nan], [1, 3]])
    windows.hold(values, source, np.array([10, 20]), newest, newest_ns)
    assert_array_equal(newest, [2, np.nan, 3])
    assert_array_equal(newest_ns, [10, 0, 20])
