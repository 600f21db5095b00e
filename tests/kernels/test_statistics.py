"""Averages that forget and a person's baseline, against the defining sums, closed forms and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from kernels import statistics
from kernels.errors import InputError
from kernels.layout import FEATURES, INDEX, SIZE
from tests.reference import statistics as naive

SECOND = 1_000_000_000


def average(tau_s: float = 5.0) -> np.ndarray:
    records = np.zeros(1, statistics.AVERAGE)
    statistics.reset_average(records, tau_s)
    return records


def person(calibration_s: float) -> np.ndarray:
    records = np.zeros(1, statistics.PERSON)
    statistics.reset(records, statistics.Setup(calibration_s))
    return records


def vectors(random: np.random.Generator, count: int, quality: float = 0.9) -> np.ndarray:
    """Feature vectors inside the layout's ranges, all modalities trusted."""
    low, high = np.array([[f.low, min(f.high, f.low + 20)] for f in FEATURES]).T
    values = low + (high - low) * random.beta(4, 4, (count, SIZE))
    values[:, [INDEX[f"{kind}_quality"] for kind in statistics.KINDS]] = quality
    return values.astype(np.float32)


def scored(records: np.ndarray, rows: np.ndarray, step_ns: int = SECOND // 10, first_ns: int = 3600 * SECOND,
           ) -> np.ndarray:
    out = np.zeros((len(rows), SIZE))
    for k, row in enumerate(rows):
        statistics.learn(records[0], first_ns + k * step_ns, row)
        statistics.zscore(records[0], row, out[k])
    return out


@given(st.lists(st.tuples(st.floats(1e-3, 30), st.one_of(st.floats(-1e3, 1e3), st.just(math.nan), st.just(math.inf))),
                max_size=40), st.sampled_from([0.0, 1e8]))
def test_average_against_its_weights_written_out(samples: list[tuple[float, float]], offset: float) -> None:
    records = average()
    times_ns = np.cumsum([round(step * 1e9) for step, _ in samples], dtype=np.int64)
    values = [offset + value for _, value in samples]
    for time_ns, value in zip(times_ns, values, strict=True):
        statistics.average_push(records[0], time_ns, value)
    mean, variance = naive.weighted(times_ns / 1e9, values, 5.0)
    assert_allclose(records["level"][0], mean, rtol=1e-9, atol=1e-9)
    # The twin itself forms x - mean at 1e8, where float64 has steps of 1.5e-8.
    assert_allclose(records["variance"][0], variance, rtol=1e-4, atol=1e-9 if offset == 0.0 else 1e-3)


def test_first_value_is_the_mean_exactly_and_constants_stay() -> None:
    records = average()
    assert math.isnan(records["level"][0])
    for k in range(1000):
        statistics.average_push(records[0], k * 37_000_000, 0.1)
        assert records["level"][0] == 0.1
        assert records["variance"][0] == 0.0


def test_equal_steps_are_adams_correction() -> None:
    """m_n = sum a (1-a)^(n-i) x_i, divided by 1 - (1-a)^n; the weight itself is that divisor."""
    a, x = -math.expm1(-0.1 / 5.0), [4.0, 1.0, 7.0, 2.0]
    records = average(5.0)
    moment = 0.0
    for n, value in enumerate(x, 1):
        statistics.average_push(records[0], n * SECOND // 10, value)
        moment = (1 - a) * moment + a * value
        assert_allclose(records["level"][0], moment / (1 - (1 - a) ** n), rtol=1e-14)
    assert_allclose(records["weight"][0], 1 - (1 - a) ** 4, rtol=1e-14)


def test_a_sample_out_of_order_changes_nothing() -> None:
    records = average()
    statistics.average_push(records[0], 5 * SECOND, 1.0)
    statistics.average_push(records[0], 6 * SECOND, 2.0)
    before = records.copy()
    statistics.average_push(records[0], 6 * SECOND, 9.0)
    statistics.average_push(records[0], 3 * SECOND, 9.0)
    assert_array_equal(records, before)


@pytest.mark.parametrize("kind", ["realistic", "riddled", "constant", "defects", "single", "empty", "short"])
def test_scores_against_the_twin(kind: str) -> None:
    random = np.random.default_rng(4)
    count = {"single": 1, "empty": 0, "short": 40}.get(kind, 130)
    rows = vectors(random, count)
    if kind == "riddled":
        rows[random.random(rows.shape) < 0.3] = np.nan
        rows[30:45, INDEX["eeg_quality"]] = 0.4
        rows[:60, INDEX["perclos_60s"]] = np.nan  # first measured when the calibration is nearly over
    elif kind == "constant":
        rows[:90] = rows[0]
    elif kind == "defects":
        rows[random.random(rows.shape) < 0.2] = 1e30
        rows[random.random(rows.shape) < 0.2] = -1e30
    got = scored(person(6.0), rows)
    names = [f.name for f in FEATURES]
    ticks = [3600 * SECOND + k * SECOND // 10 for k in range(count)]
    expected = [list(row.values()) for row in naive.scores(ticks, rows, 6.0, names)]
    assert_allclose(got, np.reshape(expected, (-1, SIZE)), rtol=1e-4, atol=1e-6)
    if kind == "realistic":
        learnt = np.isfinite(got[-1])
        assert learnt[[f.modality in statistics.KINDS for f in FEATURES]].all()
        assert not learnt[[f.modality not in statistics.KINDS for f in FEATURES]].any()
    if kind in ("single", "empty", "short"):
        assert np.isnan(got).all()


def test_the_learnt_mean_scores_zero_and_one_sd_scores_one() -> None:
    random = np.random.default_rng(5)
    rows, records = vectors(random, 101), person(9.95)
    scored(records, rows)
    alpha = rows[:100, INDEX["alpha"]].astype(np.float64)  # tick 100 is at 10 s: over
    for distance, z in ((0.0, 0.0), (1.0, 1.0), (-2.0, -2.0), (100.0, 6.0), (-100.0, -6.0)):
        row, out = rows[0].copy(), np.zeros(SIZE)
        row[INDEX["alpha"]] = np.clip(alpha.mean() + distance * alpha.std(ddof=1), -6, 8)
        if abs(distance) > 50:
            records["m2"][0, INDEX["alpha"]] /= 1e4
        statistics.zscore(records[0], row, out)
        assert_allclose(out[INDEX["alpha"]], z, atol=1e-5)


def test_floors_stand_in_for_a_spread_of_nothing() -> None:
    """A constant share of 0.25 has no spread: 0.02 more is one floor; a microsleep more is two half events."""
    rows = vectors(np.random.default_rng(6), 70)
    rows[:, INDEX["perclos_60s"]], rows[:, INDEX["microsleeps_60s"]] = 0.25, 0.0
    rows[-1, INDEX["perclos_60s"]], rows[-1, INDEX["microsleeps_60s"]] = 0.27, 1.0
    got = scored(person(5.0), rows)[-1]
    assert_allclose(got[[INDEX["perclos_60s"], INDEX["microsleeps_60s"]]], [1.0, 2.0], rtol=1e-5)


def test_the_baseline_is_frozen_after_the_calibration() -> None:
    rows, records = vectors(np.random.default_rng(7), 200), person(8.0)
    scored(records, rows[:81])
    before = records["level"].copy()
    scored(records, rows[81:], first_ns=3600 * SECOND + 81 * SECOND // 10)
    assert_array_equal(records["level"], before)


def test_each_modality_calibrates_from_its_own_first_trusted_tick() -> None:
    rows, records = vectors(np.random.default_rng(8), 140), person(6.0)
    rows[:50, INDEX["eeg_quality"]] = 0.49
    got = scored(records, rows)
    assert np.flatnonzero(np.isfinite(got[:, INDEX["luma"]]))[0] == 61
    assert np.flatnonzero(np.isfinite(got[:, INDEX["alpha"]]))[0] == 111


def test_every_floor_is_positive() -> None:
    personal = [f.modality in statistics.KINDS for f in FEATURES]
    assert (statistics.FLOOR[personal] > 0).all()
    assert set(statistics.WHOLE_EVENTS) <= set(INDEX)


@pytest.mark.parametrize("calibration_s", [-1.0, math.nan, math.inf])
def test_a_wrong_calibration_time_is_refused(calibration_s: float) -> None:
    with pytest.raises(InputError, match="expected 0 to 1e6 seconds"):
        person(calibration_s)


@pytest.mark.parametrize("tau_s", [0.0, -1.0, math.nan, math.inf])
def test_a_wrong_time_constant_is_refused(tau_s: float) -> None:
    with pytest.raises(InputError, match="expected a positive number of seconds"):
        average(tau_s)


def test_wrong_records_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected kernels\.statistics\.PERSON"):
        statistics.reset(np.zeros(1), statistics.Setup())
    with pytest.raises(InputError, match=r"expected kernels\.statistics\.AVERAGE"):
        statistics.reset_average(np.zeros(1), 1.0)
