"""The EEG's record and features, against a plain twin and whatever the cut, and what its edge refuses."""

import numpy as np
import pytest
from eeg_signals import NAMES, START_NS, column, grid, make, over_time, pink, run, sine, told, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from kernels import brain
from kernels.brain_record import EEG
from kernels.errors import InputError
from kernels.layout import INDEX
from tests.reference import brain as reference

RATE = 250.0


def lively(seconds=14.0, rate=RATE, channels=9, seed=0):
    """EEG with alpha that grows to the back, four blinks, mains and electrode offsets."""
    values = pink(seconds, channels, rate, seed=seed) + np.linspace(3, 12, channels) * sine(seconds, 10.3, 1.0, rate)
    for at in (2.4, 4.8, 7.0, 10.4):
        if at < seconds - 0.4:
            first, width = int(at * rate), int(0.3 * rate)
            values[first:first + width, :2] += 120 * np.hanning(width)[:, None]
    return values + sine(seconds, 50.1, 20.0, rate) + np.linspace(-30_000, 40_000, channels)


def agree(vector, want):
    for name in EEG:
        assert_allclose(column(vector, name), want.get(name, np.nan), rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_eegs_features_follow_each_other_in_the_layout():
    assert [INDEX[name] for name in EEG] == list(range(INDEX["delta"], INDEX["delta"] + len(EEG)))


@pytest.mark.parametrize("kind", ["lively", "constant", "offset", "nan", "holes", "single", "empty", "short", "noise"])
def test_features_match_the_naive_twin(kind):
    values, times = lively(), grid(3500)
    if kind == "constant":
        values[:] = 12.5
    elif kind == "offset":
        values = np.round(values / 16) * 16 + 1e8  # single precision has steps of 8 there
    elif kind == "nan":
        values[np.random.default_rng(1).random(values.shape) < 0.03] = np.nan
        values[:400, 4] = np.nan
        values[:, 5] = np.nan
        values[1000:1003, 0] = 1e30, np.inf, -np.inf
    elif kind == "holes":
        times = times.copy()
        for at, ns in ((700, 20_000_000), (900, 30_000_000), (1500, 1_000_000_000), (1600, 12_000_000)):
            times[at:] += ns
    elif kind == "noise":
        values = np.random.default_rng(2).normal(0, 10, values.shape)
    count = {"single": 1, "empty": 0, "short": 499}.get(kind, len(values))
    vector, record = run(values[:count], times=times[:count])
    if not count:
        assert np.isnan(vector).all()
        return
    want, blinks = twin(values[:count], times=times[:count])
    agree(vector, want)
    assert_array_equal(record["blink_ns"][0, :record["blink_count"][0]], blinks)
    if kind in ("lively", "nan", "holes"):
        assert len(blinks) >= 3
        assert column(vector, "eeg_quality") > 0.5
        assert np.isfinite(column(vector, "alpha_frequency"))
    if kind in ("single", "short"):
        assert np.isnan(vector).all()


@pytest.mark.parametrize("rate", [125.0, 128.0, 200.0, 220.0, 250.4, 256.0, 500.0])
def test_every_rate_matches_the_naive_twin(rate):
    vector, _ = run(lively(9.0, rate), rate=rate)
    agree(vector, twin(lively(9.0, rate), rate=rate)[0])


@pytest.mark.parametrize("names", [("TP9", "AF7", "AF8", "TP10"), ("ch1", "ch2", "ch3"), ("Cz",),
                                   ("F3", "F4", "Pz", "POz", "PO7", "PO8")])
def test_every_montage_matches_the_naive_twin(names):
    values = lively(9.0, channels=len(names))
    vector, _ = run(values, names)
    agree(vector, twin(values, names)[0])


def test_as_many_channels_as_a_record_holds():
    names = tuple(f"{row}{k}" for row in ("AF", "F", "C", "P") for k in range(1, 9))
    values = lively(6.0, channels=32)
    vector, record = run(values, names)
    assert record["columns"].shape[1] == 32
    agree(vector, twin(values, names)[0])


def test_multitaper_matches_the_naive_twin():
    from scipy.signal.windows import dpss

    values = lively(8.0)
    vector, _ = run(values, spectrum="multitaper")
    agree(vector, twin(values, windows=dpss(250, 2.0, 3, sym=False, return_ratios=True))[0])


def test_blinks_that_the_camera_saw_are_left_out_of_frontal_channels_alone():
    values, times = lively(), grid(3500)
    values[3100:3180, :3] += 100 * np.hanning(80)[:, None]
    marks = [(times[2600], times[2675]), (times[3110], times[3160])]
    plain, gated = run(values)[0], run(values, marks=marks)[0]
    agree(gated, twin(values, marks=marks)[0])
    assert column(gated, "frontal_theta") < column(plain, "frontal_theta") - 0.2
    assert column(gated, "posterior_alpha") == column(plain, "posterior_alpha")
    later = [(times[3110], times[3499] + 1)]  # not over when the last segment was summed up
    assert_array_equal(run(values, marks=later)[0], plain)
    always = [(times[0], times[3400])]  # nothing is free of it, so all is used
    assert_array_equal(run(values, marks=always)[0], plain)


HOLED = grid(3000).copy()
HOLED[700:] += 20_000_000
HOLED[1500:] += 900_000_000
HOLED[1640:] += 12_000_000
BUSY = lively(12.0)
BUSY[2000:2100, 3] = np.nan
WHOLE = run(BUSY, times=HOLED)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3000), max_size=60).map(sorted))
def test_the_cut_changes_no_bit(cuts):
    vector, record = run(BUSY, times=HOLED, cuts=cuts)
    assert_array_equal(vector, WHOLE[0])
    assert_array_equal(record["blink_ns"], WHOLE[1]["blink_ns"])
    assert_array_equal(record["trust"], WHOLE[1]["trust"])


@pytest.mark.parametrize("step", [1, 25, 63, 64, 65, 125])
def test_uniform_cuts_and_ticks_in_between_change_no_bit(step):
    values = BUSY.astype(np.float32)
    records, table = make()
    for a in range(0, 3000, step):
        brain.push(records[0], table, values[a:a + step], HOLED[a:a + step])
        told(records, HOLED[min(2999, a + step - 1)])
    assert_array_equal(told(records, HOLED[-1]), WHOLE[0])


def test_features_hold_for_a_segment_and_then_stop():
    _, records = run(lively(6.0))
    last = grid(1500)[-1]
    assert np.isfinite(column(told(records, last + 1_200_000_000), "alpha"))
    assert np.isnan(told(records, last + 1_400_000_000)).all()


def test_what_was_measured_before_the_packets_were_lost_does_not_linger():
    values, times = lively(9.0), grid(2250)
    kept = (np.arange(2250) < 1500) | (np.arange(2250) % 100 > 2)
    at, vectors, _ = over_time(values[kept], times=times[kept])
    late = at > 7.6
    assert np.isfinite(column(vectors, "alpha")[(at > 3) & (at < 7)]).all()
    assert np.isnan(column(vectors, "alpha")[late]).all()
    assert (column(vectors, "eeg_quality")[late] == 0).all()


def test_a_stream_that_never_gives_a_whole_second_is_not_trusted():
    values, times = lively(20.0), grid(5000)
    often = np.arange(5000) % 200 > 4
    _, vectors, _ = over_time(values[often], times=times[often])
    assert (column(vectors, "eeg_quality")[20:] == 0).all()
    assert np.isnan(column(vectors, "alpha")).all()


@pytest.mark.parametrize(("spoil", "worse_than"), [
    (lambda x: np.where(np.arange(len(x))[:, None] % 500 < 20, np.nan, x), 0.9),
    (lambda x: np.clip(x + 187_400, -187_500, 187_500), 0.3),
    (lambda x: np.full_like(x, 187_500.0), 0.3),
    (lambda x: np.full_like(x, 1e30), 0.3),
    (lambda x: np.zeros_like(x), 0.3),
    (lambda x: np.full_like(x, np.nan), 0.3),
])
def test_bad_samples_lower_the_quality_and_are_no_eeg(spoil, worse_than):
    vector, _ = run(spoil(pink(12)))
    assert column(vector, "eeg_quality") < worse_than
    if worse_than < 0.5:
        for name in ("delta", "alpha", "alpha_ratio", "aperiodic", "hjorth_mobility", "spectral_entropy", "alpha_db",
                     "alpha_frequency", "alpha_lateralisation", "eeg_blinks_60s"):
            assert np.isnan(column(vector, name)), name


def test_lost_packets_lower_the_trust():
    values, times = pink(20), grid(5000)
    kept = np.ones(5000, bool)
    for first in range(2500, 5000, 500):
        kept[first:first + 5] = False
    at, vectors, _ = over_time(values[kept], times=times[kept])
    quality = column(vectors, "eeg_quality")
    assert quality[(at > 5) & (at < 10)].min() > 0.95
    assert quality[at > 15].max() < 0.85


def test_an_offset_of_a_hundred_volts_changes_nothing_that_single_precision_keeps():
    values = np.round(pink(10, rms=80) / 16) * 16
    near, far = run(values)[0], run(values + 1e8, full_scale_uv=2e8)[0]
    for name in ("delta", "alpha", "aperiodic", "hjorth_mobility"):
        assert_allclose(column(far, name), column(near, name), rtol=1e-4, atol=1e-4, err_msg=name)


def test_a_channel_that_has_been_silent_for_minutes_costs_nothing_more():
    _, records = run(np.vstack([pink(4), np.zeros((30_000, len(NAMES)))]))
    states = np.abs(records["filter"][0])
    assert not ((states > 0) & (states < 1e-40)).any()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_whatever_comes_stays_within_the_layouts_limits(seed):
    from kernels.layout import FEATURES

    random = np.random.default_rng(seed)
    values = pink(6, seed=seed) * 10 ** random.uniform(-2, 5, len(NAMES))
    values[random.random(values.shape) < 0.001] = random.choice([np.nan, np.inf, -1e30, 0.0, 3e38])
    times = START_NS + np.cumsum(random.choice([4_000_000, 4_100_000, 9_000_000], len(values), p=[0.8, 0.199, 0.001]))
    vector, _ = run(values, times=times.astype(np.int64))
    for feature in FEATURES:
        value = column(vector, feature.name)
        assert np.isnan(value) or feature.low <= value <= feature.high, (feature.name, value)


def test_too_slow_a_stream_is_not_measured_and_too_slow_for_gamma_lacks_gamma():
    assert np.isnan(run(pink(10, rate=50.0), rate=50.0)[0]).all()
    vector = run(pink(10, rate=80.0), rate=80.0)[0]
    assert np.isnan(column(vector, "gamma"))
    assert np.isfinite(column(vector, "beta"))


def test_only_columns_in_microvolts_are_electrodes():
    values = np.column_stack([np.arange(2500), pink(10, 2), np.arange(2500)]).astype(np.float32)
    setup = brain.Setup(("counter", "O1", "O2", "battery"), ("1", "uV", "µV", "V"), RATE, calibration_s=5.0)
    records = np.zeros(2, brain.brain_dtype(2))
    brain.reset(records, setup)
    brain.push(records[1], brain.table(setup), values, grid(2500))
    assert_array_equal(told(records[1:], grid(2500)[-1]), run(values[:, 1:3], ("O1", "O2"))[0])
    assert np.isnan(told(records, grid(2500)[-1])).all()


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"rate_hz": -1.0}, "rate_hz is -1.0; expected 0"),
    ({"rate_hz": float("nan")}, "rate_hz is nan"),
    ({"units": ("uV",)}, "1 units for 2 columns"),
    ({"columns": ("O1", " ")}, "every column needs a name"),
    ({"full_scale_uv": 0.0}, "full_scale_uv is 0.0; expected a number above 0"),
    ({"calibration_s": float("inf")}, "calibration_s is inf"),
    ({"spectrum": "fft"}, "spectrum is 'fft'; expected one of welch, multitaper"),
    ({"columns": ("O1",) * 129, "units": ("uV",) * 129}, "129 columns in uV; expected at most 128"),
])
def test_a_wrong_setup_is_refused_in_a_sentence(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        brain.Setup(**{"columns": ("O1", "O2"), "units": ("uV", "uV"), "rate_hz": 250.0} | wrong)


def test_records_that_do_not_fit_are_refused():
    many, one = brain.Setup(tuple(f"C{k}" for k in range(1, 41)), ("uV",) * 40, 250.0), brain.Setup(("O1",), ("uV",), 9)
    records = np.zeros(1, brain.brain_dtype(16))
    with pytest.raises(InputError, match="40 electrodes for records of 32 channels"):
        brain.reset(records, many)
    with pytest.raises(InputError, match="expected \\(n,\\) brain_dtype"):
        brain.reset(np.zeros(3), one)
    with pytest.raises(InputError, match="129 channels"):
        brain.brain_dtype(129)
    assert [brain.capacity(n) for n in (0, 32, 33, 65, 128)] == [32, 32, 64, 128, 128]


def test_levels_are_learnt_while_the_quality_lasts():
    values = pink(30)
    values[4000:] += sine(14, 10.0, 10.0)
    at, vectors, _ = over_time(values, calibration_s=8.0)
    change = column(vectors, "alpha_db")
    assert np.isnan(change[at < 10]).all()
    assert abs(np.nanmean(change[(at > 11) & (at < 16)])) < 1.5
    assert change[-1] > 6
    want, _ = twin(values, tick_ns=START_NS + round(at[-1] * 1e9), calibration_s=8.0)
    assert_allclose(change[-1], want["alpha_db"], rtol=1e-4)


def test_the_twins_filters_and_the_kernels_are_designed_apart():
    from kernels import filters

    assert_allclose(filters.eeg_chain(RATE), reference.eeg_sections(RATE), atol=1e-12)
