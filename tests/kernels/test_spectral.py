"""Periodograms, bands and the 1/f exponent against plain twins."""

import naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import spectral


def run(samples: np.ndarray, rate_hz: float, cuts: tuple[int, ...] = (),
        breaks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return when segments ended and their densities."""
    length, bins, channels = round(rate_hz), spectral.bin_count(rate_hz), samples.shape[1]
    table, hop = spectral.fourier_table(length, bins), spectral.hop(length)
    position, sums = np.zeros(1, np.int64), np.zeros((spectral.SLOTS, channels, 2 * bins), np.float32)
    breaks = np.zeros(len(samples), np.int64) if breaks is None else breaks
    ended, powers = [], []
    for a, b in zip([0, *cuts], [*cuts, len(samples)], strict=True):
        room = (b - a) // hop + spectral.SLOTS
        ends, power = np.zeros(room, np.int64), np.zeros((room, channels, bins))
        done = spectral.periodograms(table, hop, rate_hz, position, sums, breaks[a:b], samples[a:b], ends, power)
        ended.append(ends[:done] + a)
        powers.append(power[:done])
    return np.concatenate(ended), np.concatenate(powers)


def pink(seconds: float, rate_hz: float, channels: int = 3, exponent: float = 1.2, rms: float = 10.0,
         seed: int = 0) -> np.ndarray:
    random, count = np.random.default_rng(seed), int(seconds * rate_hz)
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum = (random.normal(size=(len(hz), channels)) + 1j * random.normal(size=(len(hz), channels)))
    spectrum[1:] /= hz[1:, None] ** (exponent / 2)
    spectrum[hz < 0.5] = 0
    x = np.fft.irfft(spectrum, count, axis=0)
    return (x / x.std(axis=0) * rms).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [128.0, 200.0, 220.0, 250.0, 250.4, 256.0])
def test_periodograms_match_the_naive_twin(rate_hz: float) -> None:
    samples = pink(4, rate_hz)
    length, bins = round(rate_hz), spectral.bin_count(rate_hz)
    ends, power = run(samples, rate_hz)
    assert_array_equal(ends, np.arange(length - 1, len(samples), spectral.hop(length)))
    for end, comp in zip(ends, power, strict=True):
        for c in range(3):
            segment = samples[end - length + 1:end + 1, c].astype(np.float64)
            ref = naive.naive_periodogram(segment, rate_hz, bins)
            assert_allclose(comp[c], ref, rtol=1e-4, atol=1e-4 * ref.max() * 1e-3)


def test_constant_nan_and_empty_input() -> None:
    constant = np.full((300, 1), 7.0, np.float32)
    assert np.abs(run(constant, 250.0)[1][:, :, 1:]).max() < 1e-6  # a constant leaks into the 1 Hz bin and no further
    holed = pink(2, 250.0)
    holed[100, 1] = np.nan
    _, power = run(holed, 250.0)
    assert np.isnan(power[0, 1]).all()
    assert np.isfinite(power[0, 0]).all()
    assert len(run(holed[:0], 250.0)[0]) == len(run(holed[:1], 250.0)[0]) == 0


def test_the_cut_changes_nothing() -> None:
    samples, breaks = pink(3, 250.0), np.zeros(750, np.int64)
    breaks[400] = 1
    ends, power = run(samples, 250.0, breaks=breaks)
    for cuts in (tuple(range(1, 750)), tuple(range(12, 750, 12)), (3, 3, 250, 251, 700)):
        again, repower = run(samples, 250.0, cuts, breaks)
        assert_array_equal(again, ends)
        assert_array_equal(repower, power)


def test_no_segment_bridges_a_hole() -> None:
    samples, breaks = pink(4, 250.0), np.zeros(1000, np.int64)
    breaks[400] = 1
    ends, power = run(samples, 250.0, breaks=breaks)
    assert_array_equal(ends, [*range(249, 400, 63), *range(649, 1000, 63)])
    assert_array_equal(power[-1], run(samples[400:], 250.0)[1][-1])
    breaks[400] = 2  # one segment's length of settling first
    assert_array_equal(run(samples, 250.0, breaks=breaks)[0], [*range(249, 400, 63), *range(899, 1000, 63)])


def test_power_is_in_uv2() -> None:
    t = np.arange(1000) / 250
    sine = (10 * np.sqrt(2) * np.sin(2 * np.pi * 10 * t))[:, None].astype(np.float32)
    density, out = run(sine, 250.0)[1][-1], np.empty((1, 1))
    spectral.band_powers(density, np.array([7]), np.array([12]), 1.0, out)
    assert_allclose(out, 2.0, atol=1e-4)  # 100 uV2


def test_mains_off_the_bins_stay_out_of_the_bands() -> None:
    t = np.arange(1000) / 250
    samples = pink(4, 250.0, 1)
    with_mains = samples + (100 * np.sin(2 * np.pi * 50.3 * t))[:, None].astype(np.float32)
    clean, loud = run(samples, 250.0)[1].mean(axis=0), run(with_mains, 250.0)[1].mean(axis=0)
    assert_allclose(loud[0, :30].sum(), clean[0, :30].sum(), rtol=0.01)


def test_welch_matches_the_naive_twin() -> None:
    random = np.random.default_rng(3)
    power, scores = random.random((12, 4, 9)), random.random((12, 4))
    scores[:, 2] *= 0.4  # nothing good: all is used
    power[3, 1], power[:, 3] = np.nan, np.nan
    ends, out = np.arange(12) * 10, np.empty((4, 9))
    spectral.welch(power, scores, ends, 35, 0.5, out)
    assert_allclose(out, naive.naive_welch(power, scores, ends, 35, 0.5), rtol=1e-12)


@pytest.mark.parametrize("kind", ["random", "nan", "all nan", "scaled"])
def test_exponent_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(4)
    log_hz = np.log10(np.arange(1, 46))
    density = 2 - 1.3 * log_hz + random.normal(0, 0.1, 45)
    if kind == "nan":
        density[random.random(45) < 0.3] = np.nan
    elif kind == "all nan":
        density[:] = np.nan
    elif kind == "scaled":
        density += 8
    used = np.arange(1, 40)
    assert_allclose(spectral.aperiodic_exponent(10**density, log_hz, used),
                    naive.naive_exponent(density, log_hz, used), rtol=1e-4)


def test_exponent_of_a_known_background_despite_a_peak() -> None:
    hz = np.arange(1, 46)
    density = 3 - 1.4 * np.log10(hz)
    density[17:20] += 1.0  # a strong beta rhythm
    used = np.flatnonzero((hz >= 2) & (hz <= 40) & ((hz < 7) | (hz > 14)))
    assert spectral.aperiodic_exponent(10**density, np.log10(hz), used) == pytest.approx(1.4, abs=0.1)


@pytest.mark.parametrize("kind", ["random", "zero", "nan", "offset"])
def test_band_sums_match_plain_numpy(kind: str) -> None:
    density = np.random.default_rng(5).random((4, 45))
    density += 1e8 if kind == "offset" else 0.0
    density[1] = {"zero": 0.0, "nan": np.nan}.get(kind, density[1])
    firsts, ends, out, ratio = np.array([0, 3, 12, 40]), np.array([3, 7, 29, 40]), np.empty((4, 4)), np.empty((4, 1))
    spectral.band_powers(density, firsts, ends, 1.02, out)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.stack([density[:, a:b].sum(axis=1) * 1.02 for a, b in zip(firsts, ends, strict=True)], axis=1)
        ref = np.where(sums > 0, np.log10(sums), np.nan)
        peak, beside = np.arange(7, 12), np.array([3, 4, 5, 13, 14])
        ref_ratio = density[:, peak].mean(axis=1) / density[:, beside].mean(axis=1)
    spectral.peak_ratio(density, peak, beside, 0, ratio)
    assert_allclose(out, ref, rtol=1e-9)
    assert_allclose(ratio[:, 0], ref_ratio, rtol=1e-9)


def test_medians_of_groups() -> None:
    values = np.array([[1.0, np.nan], [3, 5], [10, 6]])
    out = np.empty((3, 2))
    spectral.medians(values, np.array([[1.0, 1, 1], [1, 0, 1], [0, 0, 0]]), out)
    assert_array_equal(out, [[3, 5.5], [5.5, 6], [np.nan, np.nan]])
    many, middle = np.random.default_rng(6).random((33, 7)), np.empty((1, 7))
    spectral.medians(many, np.ones((1, 33)), middle)
    assert_array_equal(middle[0], np.median(many, axis=0))
    ratio = np.zeros((2, 3))
    spectral.peak_ratio(np.array([[1.0, 2, 9], [0, 0, 1]]), np.array([2]), np.array([0, 1]), 1, ratio)
    assert_array_equal(ratio[:, 1], [6, np.nan])
