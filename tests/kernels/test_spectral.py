"""Densities against SciPy, MNE and a plain twin."""

import numpy as np
import pytest
from eeg_signals import column, pink, run, sine
from numpy.testing import assert_allclose, assert_array_equal

from kernels import spectral
from tests.reference import brain as reference

RATE, LENGTH, BINS = 250.0, 250, 61


def densities(samples, rate=RATE, spectrum="welch", cuts=()):
    """Density (BINS,) of one segment given as (length,), added up in pieces."""
    table = spectral.fourier_table(rate, spectrum)
    values, power = np.asarray(samples, np.float32)[:, None], np.zeros(spectral.BINS, np.float32)
    for t in range(len(table)):
        total = np.full(spectral.WIDTH, 9.0, np.float32)
        for a, b in zip([0, *cuts], [*cuts, len(samples)], strict=True):
            spectral.add(table[t], a, values[a:b], 0, b - a, int(a == 0), total)
        spectral.add_power(total, int(t == 0), power)
    return power


@pytest.mark.parametrize("rate", [80.0, 125.0, 128.0, 200.0, 220.0, 250.0, 250.4, 256.0])
@pytest.mark.parametrize("kind", ["random", "constant", "nan"])
def test_densities_match_the_naive_twin(rate, kind):
    length, bins = spectral.segment_length(rate), spectral.bin_count(rate)
    assert length % 2 == 0
    assert abs(length - rate) <= 1
    samples = pink(2, 1, rate)[:length, 0]
    if kind == "constant":
        samples[:] = 7.0
    elif kind == "nan":
        samples[3] = np.nan
    ref = reference.naive_periodogram(samples.astype(np.float32), rate, bins)
    assert_allclose(densities(samples, rate)[:bins], ref, rtol=1e-4, atol=1e-7 * np.nan_to_num(np.abs(ref)).max())
    assert not densities(np.nan_to_num(samples), rate)[bins:].any()


def test_a_piece_more_or_less_changes_no_bit():
    samples = pink(1, 1)[:, 0]
    for cuts in (tuple(range(1, 250)), (3, 7, 8, 130), (64, 125, 189)):
        assert_array_equal(densities(samples, cuts=cuts), densities(samples))


def average_of_scipys(samples, window):
    """SciPy's Welch over the last 4 s: seven windows of a second, overlapping by half."""
    from scipy.signal import welch

    return welch(samples, RATE, window, nperseg=LENGTH, noverlap=LENGTH // 2, detrend=False)[1][1:BINS + 1]


def high_passed(samples):
    return reference.naive_filter(reference.eeg_sections(RATE)[:1], samples.astype(np.float32))


def test_four_seconds_are_scipys_and_mnes_welch():
    from mne.time_frequency import psd_array_welch

    samples = pink(8, 1)[:, 0] + sine(8, 10.3, 12.0)[:, 0]
    vector, record = run(samples[:, None], ("O1",))
    kept = high_passed(samples)[-1000:]
    density = record["density"][0, 0, :BINS]
    assert_allclose(density, average_of_scipys(kept, "hann"), rtol=1e-4)
    mnes, hz = psd_array_welch(kept, RATE, n_fft=LENGTH, n_overlap=LENGTH // 2, n_per_seg=LENGTH, window="hann",
                               remove_dc=False, verbose=False)
    assert_allclose(density, mnes[1:BINS + 1], rtol=1e-4)
    for name, (low, high) in reference.BANDS.items():
        power = mnes[(hz >= low) & (hz < high)].sum()
        assert_allclose(10.0 ** column(vector, name), power, rtol=1e-4, err_msg=name)


def test_four_seconds_of_multitaper_are_mnes():
    from mne.time_frequency import psd_array_multitaper

    samples = pink(8, 1)[:, 0] + sine(8, 10.3, 12.0)[:, 0]
    _, record = run(samples[:, None], ("O1",), spectrum="multitaper")
    kept = high_passed(samples)[-1000:]
    parts = np.array([kept[k:k + LENGTH] for k in range(0, 751, LENGTH // 2)])
    mnes, _ = psd_array_multitaper(parts, RATE, bandwidth=4.0, normalization="full", remove_dc=False, verbose=False)
    assert_allclose(record["density"][0, 0, :BINS], mnes.mean(axis=0)[1:BINS + 1], rtol=1e-4)


def test_power_is_in_uv2_and_multitaper_is_steadier():
    wave = run(sine(8, 10.0, 10.0 * np.sqrt(2.0)) + pink(8, 1, rms=0.1), ("O1",), spectrum="multitaper")[0]
    assert_allclose(column(wave, "alpha"), 2.0, atol=0.02)  # 100 uV2
    noise = np.random.default_rng(3).normal(0, 10, (2000, 16)).astype(np.float32)
    spread = {}
    for spectrum in spectral.TAPERS:
        density = run(noise, tuple(f"x{k}" for k in range(16)), spectrum=spectrum)[1]["density"][0, :16, 2:44]
        assert_allclose(density.mean(), 2 * 100 / RATE, rtol=0.05)
        spread[spectrum] = density.std() / density.mean()
    assert spread["multitaper"] < 0.85 * spread["welch"]


def test_mains_off_the_bins_stay_out_of_the_bands():
    clean = pink(6, 1)
    loud = clean + sine(6, 50.3, 100.0)
    for name in ("theta", "alpha", "beta"):
        assert_allclose(column(run(loud, ("O1",))[0], name), column(run(clean, ("O1",))[0], name), atol=0.005)


def test_the_average_takes_the_chosen_segments():
    random = np.random.default_rng(3)
    power, out = random.random((8, 2, spectral.BINS)).astype(np.float32), np.zeros((2, spectral.BINS))
    spectral.average(power, 0b10010110, 1, out)
    assert_allclose(out[1], power[[1, 2, 4, 7], 1].mean(axis=0), rtol=1e-6)
    assert not out[0].any()
    spectral.average(power, 0, 0, out)
    assert np.isnan(out[0]).all()
