"""Filters against a plain twin and against what they promise."""

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import filters


def chain(rate_hz: float) -> np.ndarray:
    return np.array([filters.high_pass(0.5, rate_hz), filters.notch(50, 30, rate_hz), filters.notch(60, 30, rate_hz),
                     *filters.low_pass(45, rate_hz)])


def run(sections: np.ndarray, samples: np.ndarray, cuts: tuple[int, ...] = (),
        breaks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    channels = samples.shape[1]
    state, held = np.zeros((len(sections), channels, 2)), np.full(channels, np.nan)
    breaks = np.zeros(len(samples), np.int64) if breaks is None else breaks
    first, out = np.empty((2, *samples.shape), np.float32)
    for a, b in zip([0, *cuts], [*cuts, len(samples)], strict=True):
        filters.cascade(sections, state, held, breaks[a:b], samples[a:b], np.arange(channels), first[a:b], out[a:b])
    return first, out


def gain(section: np.ndarray, hz: float, rate_hz: float) -> float:
    z = np.exp(-2j * np.pi * hz / rate_hz)
    return abs((section[0] + section[1] * z + section[2] * z * z) / (1 + section[3] * z + section[4] * z * z))


@pytest.mark.parametrize("rate_hz", [128.0, 200.0, 220.0, 250.0, 256.0])
def test_the_design_keeps_its_word(rate_hz: float) -> None:
    half = np.sqrt(0.5)
    assert_allclose(gain(filters.high_pass(0.5, rate_hz), 0.5, rate_hz), half, rtol=1e-9)
    assert gain(filters.high_pass(0.5, rate_hz), 0.0, rate_hz) < 1e-9
    low = filters.low_pass(45, rate_hz)
    assert_allclose(gain(low[0], 45, rate_hz) * gain(low[1], 45, rate_hz), half, rtol=1e-9)
    assert_allclose(gain(low[0], 0, rate_hz) * gain(low[1], 0, rate_hz), 1, rtol=1e-9)
    for mains in (50.0, 60.0):
        notch = filters.notch(mains, 30, rate_hz)
        assert gain(notch, mains, rate_hz) < 1e-9
        assert gain(notch, 45, rate_hz) > 0.97
        assert_allclose(gain(notch, 0, rate_hz), 1, rtol=1e-9)


@pytest.mark.parametrize("kind", ["random", "constant", "offset", "single", "empty"])
def test_cascade_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(0)
    count = {"single": 1, "empty": 0}.get(kind, 600)
    samples = random.normal(0, 20, (count, 3))
    if kind == "constant":
        samples[:] = 12.5
    elif kind == "offset":
        samples -= 40_000
    samples = samples.astype(np.float32)
    comp = run(chain(250.0), samples)[1]
    if count:
        ref = np.column_stack([naive.naive_filter(chain(250.0), column.astype(np.float64)) for column in samples.T])
        assert_allclose(comp, ref, rtol=1e-4, atol=1e-4)
    assert comp.shape == samples.shape


def test_an_offset_makes_no_transient() -> None:
    samples = np.full((500, 2), -40_000, np.float32)
    assert np.abs(run(chain(250.0), samples)[1]).max() < 1e-3


def test_a_settling_break_forgets_the_level_before() -> None:
    samples, breaks = np.zeros((500, 1), np.float32), np.zeros(500, np.int64)
    samples[250:] = 30_000
    assert np.abs(run(chain(250.0), samples, breaks=breaks)[1][250:]).max() > 1_000
    breaks[250] = 2
    assert np.abs(run(chain(250.0), samples, breaks=breaks)[1][250:]).max() < 1e-3


def test_nan_repeats_the_last_value_and_leaves_the_filter_clean() -> None:
    samples = np.random.default_rng(1).normal(0, 10, (400, 2)).astype(np.float32)
    filled = samples.copy()
    samples[100:110, 0] = np.nan
    filled[100:110, 0] = filled[99, 0]
    assert_array_equal(run(chain(250.0), samples)[1], run(chain(250.0), filled)[1])
    samples[:, 1] = np.nan
    assert np.isnan(run(chain(250.0), samples)[1][:, 1]).all()


def test_the_cut_changes_nothing() -> None:
    samples = np.random.default_rng(2).normal(0, 10, (300, 4)).astype(np.float32)
    whole = run(chain(250.0), samples)
    for cuts in (tuple(range(1, 300)), tuple(range(13, 300, 13)), (5, 5, 5, 200)):
        assert_array_equal(run(chain(250.0), samples, cuts), whole)


def test_breaks_are_found() -> None:
    times, out = np.array([100, 104, 108, 116, 120, 400]), np.zeros(6, np.int64)
    filters.find_breaks(-1, times, 6.0, 100, out)
    assert_array_equal(out, [2, 0, 0, 1, 0, 2])
    filters.find_breaks(96, times, 6.0, 100, out)
    assert out[0] == 0
