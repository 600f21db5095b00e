"""Trust in EEG channels."""

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import quality, spectral

LENGTH, HOP = 250, 63


def segments(raw: np.ndarray, clean: np.ndarray, cuts: tuple[int, ...] = ()) -> np.ndarray:
    channels = raw.shape[1]
    position, statistics = np.zeros(1, np.int64), np.zeros((spectral.SLOTS, channels, quality.STATISTICS))
    previous, done = np.zeros(channels), []
    for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        out = np.zeros(((b - a) // HOP + spectral.SLOTS, channels, quality.STATISTICS))
        count = quality.segment_statistics(LENGTH, HOP, position, statistics, previous, np.zeros(b - a, np.int64),
                                           raw[a:b], np.arange(channels), clean[a:b], out)
        done.append(out[:count])
    return np.concatenate(done)


@pytest.mark.parametrize("kind", ["random", "constant", "offset", "nan", "stuck"])
def test_statistics_match_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(0)
    clean = random.normal(0, 10, (700, 2)).astype(np.float32)
    raw = clean + 100
    if kind == "constant":
        raw[:] = clean[:] = 3.0
    elif kind == "offset":
        raw = np.round(clean).astype(np.float32) - np.float32(1e8)
    elif kind == "nan":
        raw[random.random((700, 2)) < 0.1] = np.nan
    elif kind == "stuck":
        raw[300:340] = 500.0
        raw[345:348] = 400.0
    comp = segments(raw, clean)
    assert len(comp) == len(range(LENGTH - 1, 700, HOP))
    for k, end in enumerate(range(LENGTH - 1, 700, HOP)):
        for c in range(2):
            begin = end - LENGTH + 1
            part = slice(begin - 1, end + 1) if begin else slice(0, end + 1)
            ref_raw, ref_clean = raw[part, c], clean[part, c]
            if not begin:
                ref_raw, ref_clean = np.r_[np.nan, ref_raw], np.r_[np.nan, ref_clean]
            assert_allclose(comp[k, c, [0, 1, 2, 4, 5]],
                            np.array(naive.naive_statistics(ref_raw, ref_clean))[[0, 1, 2, 4, 5]], rtol=1e-4)
            if kind != "nan":
                assert_allclose(comp[k, c, 3], naive.naive_statistics(ref_raw, ref_clean)[3], rtol=1e-4)


def test_the_cut_changes_nothing() -> None:
    raw = np.random.default_rng(1).normal(0, 10, (700, 2)).astype(np.float32)
    whole = segments(raw, raw)
    for cuts in (tuple(range(1, 700)), tuple(range(11, 700, 11))):
        assert_array_equal(segments(raw, raw, cuts), whole)


GOOD = np.array([-30.0, 30, 400, 8, 0, 0, 1, 0])


def score(statistics: np.ndarray, power: np.ndarray | None = None) -> float:
    hz = np.arange(1, 62)
    out = np.empty(1)
    quality.channel_scores(statistics[None], (100 / hz**1.2 if power is None else power)[None], LENGTH, 250.0,
                           quality.FULL_SCALE_UV, out)
    return float(out[0])


@pytest.mark.parametrize("bins", [61, 55, 45, 40])
def test_scores_match_the_naive_twin(bins: int) -> None:
    random = np.random.default_rng(6)
    statistics = GOOD * np.ones((200, 1))
    statistics[:, 1] = random.uniform(-29.8, 400, 200)
    statistics[:, 2] = random.uniform(0, 187_500, 200)
    statistics[:, 3] = random.uniform(0, 90, 200)
    statistics[::3, 4] = random.uniform(0, 20, 67)
    statistics[::5, 5] = random.uniform(0, 50, 40)
    power = 100 / np.arange(1, bins + 1) ** random.uniform(0.3, 1.5, (200, 1)) * random.lognormal(0, 0.5, (200, bins))
    power[:, 48:51] *= 10 ** random.uniform(0, 5, (200, 1))
    power[7], comp = np.nan, np.empty(200)
    quality.channel_scores(statistics, power, LENGTH, 256.0, quality.FULL_SCALE_UV, comp)
    ref = [naive.naive_score(one, density, LENGTH, 256.0, quality.FULL_SCALE_UV)
           for one, density in zip(statistics, power, strict=True)]
    assert_allclose(comp, ref, rtol=1e-9, atol=1e-12)
    assert 0.1 < np.mean(np.array(ref) > 0) < 0.9


def test_good_eeg_is_trusted() -> None:
    assert score(GOOD) == 1.0


@pytest.mark.parametrize(("place", "value"), [
    (1, -29.6),  # flat
    (1, 290.0),  # a swing of 320 uV
    (2, 0.95 * quality.FULL_SCALE_UV),  # railed
    (3, 120.0),  # a step
    (4, 30.0),  # lost samples
    (5, 90.0),  # stuck on one value
])
def test_each_defect_takes_the_trust_away(place: int, value: float) -> None:
    statistics = GOOD.copy()
    statistics[place] = value
    assert score(statistics) < 0.05


def test_muscle_mains_and_nothing_take_the_trust_away() -> None:
    hz = np.arange(1, 62)
    background = 100 / hz**1.2
    assert score(GOOD, background + np.where(hz >= 20, 15, 0)) < 0.05
    assert score(GOOD, np.where(np.abs(hz - 50) < 2, 1e6, background)) < 0.05
    assert score(GOOD, np.where(np.abs(hz - 60) < 2, 1e6, background)) < 0.05
    assert score(GOOD, np.where(np.abs(hz - 60) < 2, 1e3, background)) == 1.0  # unfiltered, but good
    assert score(GOOD, np.full(61, np.nan)) == 0.0
    assert score(GOOD, np.zeros(61)) == 0.0


def test_the_stream_is_unusable_with_over_40_percent_bad_channels() -> None:
    ends, channel = np.arange(1, 4), np.empty(5)
    scores = np.ones((3, 5))
    assert quality.stream_quality(scores, ends, 0, 0.5, channel) == (1.0, 3)
    scores[:, :2] = 0.0
    assert quality.stream_quality(scores, ends, 0, 0.5, channel)[0] == 1.0
    assert_array_equal(channel, [0, 0, 1, 1, 1])
    scores[:, 2] = 0.4
    assert quality.stream_quality(scores, ends, 0, 0.5, channel)[0] < 0.3
    assert quality.stream_quality(scores, ends, 3, 0.5, channel) == (0.0, 0)
    assert quality.stream_quality(scores, ends, 2, 0.5, channel)[1] == 1
