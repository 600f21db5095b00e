"""The EEG's features: on made signals, and on a real recording with blinks, jaw clenching and closed eyes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tracked import START_NS, column, grid, make, run

from kernels.montage import FRONTAL, POSTERIOR, TEMPORAL, region

RATE = 250.0
MONTAGE = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


def pink(seconds: float, channels: int = 8, rate_hz: float = RATE, rms: float = 8.0, exponent: float = 1.2,
         seed: int = 0) -> np.ndarray:
    """Return noise with a 1/f background, uV."""
    random, count = np.random.default_rng(seed), int(seconds * rate_hz)
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum = random.normal(size=(len(hz), channels)) + 1j * random.normal(size=(len(hz), channels))
    spectrum[1:] /= hz[1:, None] ** (exponent / 2)
    spectrum[hz < 0.5] = 0
    x = np.fft.irfft(spectrum, count, axis=0)
    return x / x.std(axis=0) * rms


def sine(seconds: float, hz: float, amplitude: float, rate_hz: float = RATE) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)[:, None]


def features(values: np.ndarray, rate_hz: float = RATE, names: tuple[str, ...] = MONTAGE,
             times: np.ndarray | None = None, tick_hz: float = 4.0, calibration_s: float = 5.0,
             meta: dict[str, str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    times = grid(len(values), rate_hz) if times is None else times
    return run(make("eeg", names, rate_hz, calibration_s, unit="uV", meta=meta), values, times, tick_hz)


@pytest.mark.parametrize("rate_hz", [128.0, 200.0, 220.0, 250.0, 256.0, 500.0])
def test_bands_are_right_at_every_rate(rate_hz: float) -> None:
    values = pink(12, rate_hz=rate_hz) + sine(12, 10.0, 20.0, rate_hz) - 40_000
    _, vectors = features(values, rate_hz)
    last = vectors[-1:]
    assert column(last, "alpha")[0] == pytest.approx(np.log10(200), abs=0.06)
    assert column(last, "posterior_alpha")[0] == pytest.approx(np.log10(200), abs=0.06)
    assert column(last, "aperiodic")[0] == pytest.approx(1.2, abs=0.3)
    assert column(last, "eeg_quality")[0] > 0.95
    assert column(last, "alpha_ratio")[0] > 10
    assert np.isfinite(column(last, "gamma")[0])


def test_ratios_are_those_of_the_bands() -> None:
    last = features(pink(10))[1][-1:]
    delta, theta, alpha, beta = (float(column(last, name)[0]) for name in ("delta", "theta", "alpha", "beta"))
    assert delta > theta > beta
    assert column(last, "theta_beta")[0] == pytest.approx(theta - beta, abs=1e-5)
    assert column(last, "engagement")[0] == pytest.approx(beta - np.log10(10**alpha + 10**theta), abs=1e-5)


def test_a_rate_too_low_for_beta_is_not_measured_and_too_low_for_gamma_lacks_gamma() -> None:
    assert np.isnan(features(pink(10, rate_hz=50.0), 50.0)[1]).all()
    last = features(pink(10, rate_hz=80.0), 80.0)[1][-1:]
    assert np.isnan(column(last, "gamma")[0])
    assert np.isfinite(column(last, "beta")[0])


def test_baselines_turn_into_decibels_after_calibration() -> None:
    values = pink(30)
    values[4000:] += sine(14, 10.0, 10.0)
    at, vectors = features(values, calibration_s=8.0)
    change = column(vectors, "alpha_db")
    assert np.isnan(change[at < 8]).all()
    assert abs(np.nanmean(change[(at > 12) & (at < 16)])) < 1.5
    assert change[-1] > 6
    assert abs(column(vectors, "beta_db")[-1]) < 1.5


DESK = {
    "white noise": lambda r, n: r.normal(0, 10, (n, 8)),
    "faint noise": lambda r, n: r.normal(0, 0.7, (n, 8)),
    "mains 50": lambda r, n: 300 * np.sin(2 * np.pi * 50.02 * np.arange(n) / RATE)[:, None] + r.normal(0, 0.7, (n, 8)),
    "mains 60": lambda r, n: 300 * np.sin(2 * np.pi * 59.98 * np.arange(n) / RATE)[:, None] + r.normal(0, 0.7, (n, 8)),
    "flat": lambda r, n: np.zeros((n, 8)),
    "constant": lambda r, n: np.full((n, 8), -40_000.0),
    "railed": lambda r, n: np.full((n, 8), 187_500.0),
    "railing": lambda r, n: np.clip(187_400 + 300 * pink(20, rms=1), -187_500, 187_500),
    "holes of nan": lambda r, n: np.where(r.random((n, 8)) < 0.3, np.nan, pink(20)),
    "all nan": lambda r, n: np.full((n, 8), np.nan),
    "pops": lambda r, n: pink(20) + 400 * (np.arange(n)[:, None] // 100 % 2),
}


@pytest.mark.parametrize("signal", DESK)
def test_what_is_no_eeg_is_not_trusted(signal: str) -> None:
    for seed in range(3):
        values = DESK[signal](np.random.default_rng(seed), int(20 * RATE))
        at, vectors = features(values)
        quality = column(vectors, "eeg_quality")[at > 5]
        assert np.nanmax(quality) < 0.3, (signal, seed)


def test_good_eeg_is_trusted_even_with_unfiltered_mains_and_offset() -> None:
    values = pink(20) + sine(20, 50.1, 40.0) + np.linspace(-30_000, 60_000, 8)
    at, vectors = features(values)
    assert column(vectors, "eeg_quality")[at > 4].min() > 0.95


def test_a_bad_electrode_does_not_touch_the_medians_but_half_of_them_do() -> None:
    values = pink(12)
    spoilt = values.copy()
    spoilt[:, [2, 3]] = 187_500.0
    clean, some = features(values)[1][-1:], features(spoilt)[1][-1:]
    assert_allclose(column(some, "posterior_alpha"), column(clean, "posterior_alpha"))
    assert column(some, "eeg_quality")[0] > 0.9
    spoilt[:, [0, 1]] = np.nan
    assert column(features(spoilt)[1], "eeg_quality")[-1] < 0.3
    assert np.isnan(column(features(spoilt)[1], "frontal_theta")[-1])


def test_full_scale_is_the_boards_own() -> None:
    values = pink(10) + 900.0
    assert column(features(values)[1], "eeg_quality")[-1] > 0.9
    assert column(features(values, meta={"full_scale_uv": "1000"})[1], "eeg_quality")[-1] < 0.3


def test_lost_packets_lower_the_trust_and_nothing_bridges_them() -> None:
    values, times = pink(20), grid(5000, RATE)
    kept = np.ones(5000, bool)
    for first in range(2500, 5000, 500):
        kept[first:first + 5] = False
    at, vectors = features(values[kept], times=times[kept])
    quality = column(vectors, "eeg_quality")
    assert quality[(at > 5) & (at < 10)].min() > 0.95
    assert quality[at > 15].max() < 0.85
    often = np.arange(5000) % 200 > 4  # never a whole second
    at, vectors = features(values[often], times=times[often])
    assert (column(vectors, "eeg_quality")[at > 5] == 0).all()
    assert np.isnan(column(vectors, "alpha")).all()


def test_a_long_hole_makes_no_transient() -> None:
    values, times = pink(24), grid(6000, RATE)
    values[3000:] += 5_000  # the offset moved while nobody looked
    times = times.copy()
    times[3000:] += 2_000_000_000
    at, vectors = features(values, times=times)
    delta = column(vectors, "delta")
    assert np.nanmax(delta[at > 14]) < np.nanmax(delta[at < 12]) + 0.3


def test_regions_are_found_by_electrode_name() -> None:
    assert list(region(list(MONTAGE), FRONTAL)) == [1, 1, 0, 0, 0, 0, 0, 0]
    assert list(region(list(MONTAGE), POSTERIOR, TEMPORAL)) == [0, 0, 0, 0, 1, 1, 1, 1]
    muse = ["TP9", "AF7", "AF8", "TP10"]
    assert list(region(muse, FRONTAL)) == [0, 1, 1, 0]
    assert list(region(muse, POSTERIOR, TEMPORAL)) == [1, 0, 0, 1]
    assert list(region(["ch1", "ch2"], POSTERIOR, TEMPORAL)) == [1, 1]
    assert list(region(["fz", "POz", "oz", "Cz"], POSTERIOR, TEMPORAL)) == [0, 1, 1, 0]


def test_closed_eyes_in_a_real_recording(shared_data: Path) -> None:
    """OpenBCI Cyton, unfiltered: eyes open until 28 s, closed from 30 to 75 s."""
    rows = np.loadtxt(shared_data / "eeg" / "brainflow_playback_cyton_blinks_jaw_alpha.csv.gz")
    at, vectors = features(rows[:, 1:9], calibration_s=10.0)
    ratio, quality = column(vectors, "alpha_ratio"), column(vectors, "eeg_quality")
    opened, closed = np.nanmedian(ratio[(at > 15) & (at < 28)]), np.nanmedian(ratio[(at > 34) & (at < 75)])
    assert opened < 2.0
    assert closed > 1.6 * opened
    assert np.nanpercentile(ratio[(at > 34) & (at < 75)], 90) > 4
    assert np.median(quality[(at > 34) & (at < 75)]) > 0.7
    assert np.median(quality[(at > 6) & (at < 14.5)]) < 0.8  # jaw clenching
    spoilt = rows[:, 1:9].copy()
    spoilt[10_000:, 4:] = -187_500.0
    assert column(features(spoilt)[1], "eeg_quality")[-60:].max() < 0.3


def test_the_saturating_electrode_of_a_muse_is_found(shared_data: Path) -> None:
    """AF8 sits at its rail in most of these takes; the other three electrodes of this one do not."""
    rows = np.genfromtxt(shared_data / "eeg" / "muse_mental_state" / "subjecta-concentrating-1.csv.gz", delimiter=",",
                         skip_header=1)[:, 1:5]
    tracker = make("eeg", ("TP9", "AF7", "AF8", "TP10"), 256.0, unit="uV")
    run(tracker, rows, START_NS + (np.arange(len(rows)) * 1e9 / 256).astype(np.int64), 4.0)
    assert tracker.record["brain"]["trust"][0, 2] < 0.5
