"""Filters against a plain twin and against what they promise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import filters
from tests.reference import brain as reference

CHAIN = filters.eeg_chain(250.0)


def run(samples, cuts=(), settle_at=0):
    channels = samples.shape[1]
    state, held = np.zeros((filters.SECTIONS, 2, channels)), np.full(channels, np.nan)
    first, out = np.full((2, *samples.shape), np.nan, np.float32)
    for a, b in zip([0, *cuts], [*cuts, len(samples)], strict=True):
        for c in range(channels):
            filters.cascade(CHAIN, state, held, int(a == settle_at), samples, c, a, b - a, c, first[a:], out[a:])
    return first, out


def gain(section, hz, rate_hz):
    z = np.exp(-2j * np.pi * hz / rate_hz)
    return abs((section[0] + section[1] * z + section[2] * z * z) / (1 + section[3] * z + section[4] * z * z))


@pytest.mark.parametrize("rate_hz", [128.0, 200.0, 220.0, 250.0, 256.0])
def test_the_design_keeps_its_word(rate_hz):
    half = np.sqrt(0.5)
    for order in (1, 2):
        assert_allclose(gain(filters.high_pass(0.5, rate_hz, order), 0.5, rate_hz), half, rtol=1e-9)
        assert sum(filters.high_pass(0.5, rate_hz, order)[:3]) == 0.0
    for order in (2, 4):
        sections = filters.low_pass(45, rate_hz, order)
        assert len(sections) == order // 2
        assert_allclose(np.prod([gain(s, 45, rate_hz) for s in sections]), half, rtol=1e-9)
        assert_allclose(np.prod([gain(s, 0, rate_hz) for s in sections]), 1, rtol=1e-9)
    for mains in (50.0, 60.0):
        notch = filters.notch(mains, 30, rate_hz)
        assert gain(notch, mains, rate_hz) < 1e-9
        assert gain(notch, 45, rate_hz) > 0.97
        assert_allclose(gain(notch, 0, rate_hz), 1, rtol=1e-9)


@pytest.mark.parametrize("rate_hz", [70.0, 80.0, 100.0, 250.0])
def test_a_chain_is_full_and_leaves_out_what_the_rate_cannot_have(rate_hz):
    chain = filters.eeg_chain(rate_hz)
    assert chain.shape == (filters.SECTIONS, 5)
    wanted = np.array(reference.eeg_sections(rate_hz))
    assert_allclose(chain[:len(wanted)], wanted, atol=1e-12)
    assert_array_equal(chain[len(wanted):], np.tile(filters.THROUGH, (5 - len(wanted), 1)))


@pytest.mark.parametrize("kind", ["random", "constant", "offset", "single", "empty"])
def test_cascade_matches_the_naive_twin(kind):
    random = np.random.default_rng(0)
    count = {"single": 1, "empty": 0}.get(kind, 600)
    samples = random.normal(0, 20, (count, 3))
    if kind == "constant":
        samples[:] = 12.5
    elif kind == "offset":
        samples = 8 * np.round(samples) - 1e8
    samples = samples.astype(np.float32)
    first, out = run(samples)
    if count:
        for c in range(3):
            exact = samples[:, c].astype(np.float64)
            assert_allclose(out[:, c], reference.naive_filter(CHAIN, exact), rtol=1e-4, atol=1e-4)
            assert_allclose(first[:, c], reference.naive_filter(CHAIN[:1], exact), rtol=1e-4, atol=1e-4)


def test_an_offset_makes_no_transient_and_settling_forgets_the_level_before():
    samples = np.full((500, 2), -40_000, np.float32)
    assert np.abs(run(samples)[1]).max() < 1e-3
    samples[250:] = 30_000
    assert np.abs(run(samples)[1][250:]).max() > 1_000
    assert np.abs(run(samples, cuts=(250,), settle_at=250)[1][250:]).max() < 1e-3


def test_what_is_missing_or_impossible_repeats_the_last_value():
    samples = np.random.default_rng(1).normal(0, 10, (400, 2)).astype(np.float32)
    filled = samples.copy()
    samples[100:110, 0] = [np.nan, np.inf, -np.inf, 1e30, -2e9, *[np.nan] * 5]
    filled[100:110, 0] = filled[99, 0]
    assert_array_equal(run(samples)[1], run(filled)[1])


def test_a_channel_begins_with_its_first_value():
    samples = np.random.default_rng(1).normal(3e4, 10, (400, 1)).astype(np.float32)
    late = np.vstack([np.full((150, 1), np.nan, np.float32), samples])
    _, out = run(late, cuts=(64, 128, 192))
    assert np.isnan(out[:150]).all()
    assert_array_equal(out[150:], run(samples)[1])


def test_the_cut_changes_nothing():
    samples = np.random.default_rng(2).normal(0, 10, (300, 4)).astype(np.float32)
    for cuts in (tuple(range(1, 300)), tuple(range(13, 300, 13)), (5, 5, 5, 200)):
        assert_array_equal(run(samples, cuts), run(samples))


def test_what_has_decayed_is_forgotten_and_no_more():
    state = np.full((filters.SECTIONS, 2, 2), 1e-16)
    state[1, 0, 0] = -1e-3
    filters.forget_nothing(state, 0)
    assert state[1, 0, 0] == -1e-3
    assert np.count_nonzero(state[:, :, 0]) == 1
    assert (state[:, :, 1] == 1e-16).all()
