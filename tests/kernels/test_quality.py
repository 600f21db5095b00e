"""Trust in EEG channels."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import quality
from tests.reference import brain as reference

LENGTH = 250
HALF = LENGTH // 2


def statistics(raw, clean, cuts=(), hole=-1):
    """Statistics (half, STATISTICS, channel) of a stream whose sample `hole` follows a hole."""
    channels = raw.shape[1]
    halves = np.zeros((len(raw) // HALF, quality.STATISTICS, channels))
    last, same, before = np.full(channels, np.nan, np.float32), np.zeros(channels, np.int64), np.zeros(channels)
    stops = sorted({*cuts, *range(0, len(raw) + 1, HALF), *([hole] if hole >= 0 else [])})
    for a, b in pairwise(stops):
        since = a - hole if 0 <= hole <= a else a
        for c in range(channels):
            quality.collect(halves[a // HALF], int(a % HALF == 0), last, same, before[c], since, raw, c, a, b - a,
                            clean[a:b], c)
            before[c] = clean[b - 1, c]
    return halves


def joined(older, newer):
    return np.array([min(older[0], newer[0]), max(older[1], newer[1]), max(older[2], newer[2]),
                     max(older[3], newer[3]), older[4] + newer[4], older[5] + newer[5]])


@pytest.mark.parametrize("kind", ["random", "constant", "offset", "nan", "stuck", "hole"])
def test_statistics_match_the_naive_twin(kind):
    random = np.random.default_rng(0)
    clean = random.normal(0, 10, (750, 2)).astype(np.float32)
    raw = clean + 100
    if kind == "constant":
        raw[:] = clean[:] = 3.0
    elif kind == "offset":
        raw = 8 * np.round(clean) - np.float32(1e8)
    elif kind == "nan":
        raw[random.random((750, 2)) < 0.1] = np.nan
    elif kind == "stuck":
        raw[240:340] = 500.0
        raw[345:348] = 400.0
    hole = 250 if kind == "hole" else -1
    halves = statistics(raw.astype(np.float32), clean, hole=hole)
    for k in range(len(halves) - 1):
        for c in range(2):
            x = raw[:, c].astype(np.float64)
            begin = 250 if hole >= 0 and k >= 2 else 0
            if hole >= 0 and k == 1:
                continue  # no segment bridges a hole
            ref = reference.naive_statistics(x, clean[:, c].astype(np.float64), reference.stuck_samples(x), k * HALF,
                                             k * HALF + LENGTH, begin)
            assert_allclose(joined(halves[k, :, c], halves[k + 1, :, c]), ref, rtol=1e-4)


def test_the_cut_changes_nothing():
    raw = np.random.default_rng(1).normal(0, 10, (750, 2)).round(-1).astype(np.float32)
    for cuts in (tuple(range(1, 750)), tuple(range(11, 750, 11))):
        assert_array_equal(statistics(raw, raw, cuts), statistics(raw, raw))


GOOD = np.array([-30.0, 30, 400, 8, 0, 0])
HZ = np.arange(1, 62)


def score(table, power=None):
    density = (100 / HZ**1.2 if power is None else power).astype(np.float32)
    return quality.score(np.asarray(table)[:, None], np.array([np.inf, -np.inf, 0, 0, 0, 0])[:, None], 0,
                         *quality.split(density, len(density)), LENGTH, 250.0, quality.FULL_SCALE_UV)


@pytest.mark.parametrize("bins", [61, 55, 45, 40])
def test_scores_match_the_naive_twin(bins):
    random = np.random.default_rng(6)
    table = GOOD * np.ones((200, 1))
    table[:, 1] = random.uniform(-29.8, 400, 200)
    table[:, 2] = random.uniform(0, 187_500, 200)
    table[:, 3] = random.uniform(0, 90, 200)
    table[::3, 4] = random.uniform(0, 20, 67)
    table[::5, 5] = random.uniform(0, 50, 40)
    power = 100 / np.arange(1, bins + 1) ** random.uniform(0.3, 1.5, (200, 1)) * random.lognormal(0, 0.5, (200, bins))
    power[:, 48:51] *= 10 ** random.uniform(0, 5, (200, 1))
    power[7], power = np.nan, power.astype(np.float32)
    comp = [score(one, density) for one, density in zip(table, power, strict=True)]
    ref = [reference.naive_score(one, density.astype(np.float64), LENGTH, 250.0, quality.FULL_SCALE_UV)
           for one, density in zip(table, power, strict=True)]
    assert_allclose(comp, ref, rtol=1e-6, atol=1e-9)
    assert 0.1 < np.mean(np.array(ref)[:, 0] > 0) < 0.9


@pytest.mark.parametrize(("place", "value"), [
    (1, -29.6),  # flat
    (1, 290.0),  # a swing of 320 uV
    (2, 0.95 * quality.FULL_SCALE_UV),  # railed
    (3, 120.0),  # a step
    (4, 30.0),  # lost samples
    (5, 90.0),  # stuck on one value
])
def test_each_defect_takes_the_trust_away(place, value):
    assert score(GOOD) == (1.0, 1.0)
    table = GOOD.copy()
    table[place] = value
    trust, contact = score(table)
    assert trust < 0.05
    assert contact == (1.0 if value == 290.0 else trust)  # whoever looks for blinks allows a swing


def test_muscle_mains_and_nothing_take_the_trust_away():
    background = 100 / HZ**1.2
    assert score(GOOD, background + np.where(HZ >= 20, 15, 0))[0] < 0.05
    assert score(GOOD, np.where(np.abs(HZ - 50) < 2, 1e6, background))[0] < 0.05
    assert score(GOOD, np.where(np.abs(HZ - 60) < 2, 1e6, background))[0] < 0.05
    assert score(GOOD, np.where(np.abs(HZ - 60) < 2, 1e3, background))[0] == 1.0  # unfiltered, but good
    assert score(GOOD, np.full(61, np.nan)) == (0.0, 0.0)
    assert score(GOOD, np.zeros(61)) == (0.0, 0.0)


def test_the_stream_is_unusable_with_over_40_percent_bad_channels():
    trust = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    assert quality.stream_quality(trust, 5, 1.0) == 1.0
    trust[2] = 0.4
    assert quality.stream_quality(trust, 5, 0.4) < 0.3
