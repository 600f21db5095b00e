"""Bands, individual alpha and lateralisation on worked examples."""

import math

import numpy as np
import pytest
from eeg_signals import column, pink, run, sine
from numpy.testing import assert_allclose

from kernels import rhythms

HZ = np.arange(1.0, 62.0)
BACK = ("P3", "P4", "O1", "O2")


def test_powers_add_up():
    density = np.arange(61.0)
    assert rhythms.band_power(density, 7, 12, 1.02) == pytest.approx((7 + 8 + 9 + 10 + 11) * 1.02)
    assert math.isnan(rhythms.band_power(density, 7, 7, 1.0))
    assert rhythms.decades(1000.0) == pytest.approx(3.0)
    assert math.isnan(rhythms.decades(0.0))
    assert math.isnan(rhythms.decades(math.nan))


def test_the_peak_ratio_is_of_mean_densities():
    density = np.zeros(61)
    density[7:12], density[3:6], density[13:19] = 6.0, 1.0, 4.0
    ranges = np.array([[7, 12], [3, 6], [13, 19]], np.int32)
    assert rhythms.peak_ratio(density, ranges) == pytest.approx(6.0 / 3.0)  # (3 x 1 + 6 x 4) / 9
    assert math.isnan(rhythms.peak_ratio(np.zeros(61), ranges))


def test_power_around_counts_bins_in_part():
    density = np.full(61, 2.0)
    assert rhythms.power_around(density, 61, 10.0, 2.0, 1.0) == pytest.approx(8.0)
    assert rhythms.power_around(density, 61, 10.37, 2.0, 1.0) == pytest.approx(8.0)
    density[:] = 0
    density[9] = 5.0  # the bin of 10 Hz reaches from 9.5 to 10.5
    assert rhythms.power_around(density, 61, 12.0, 2.0, 1.0) == pytest.approx(2.5)
    assert math.isnan(rhythms.power_around(density, 61, math.nan, 2.0, 1.0))


def test_the_centre_of_gravity_is_that_of_what_rises_above_the_background():
    background = 10.0 ** (2.0 - 1.2 * np.log10(HZ))
    density = background.copy()
    density[8] += 30.0  # 9 Hz
    density[9] += 10.0  # 10 Hz
    assert rhythms.alpha_frequency(density, 6, 13, 1.0, 1.2, 2.0) == pytest.approx((9 * 30 + 10 * 10) / 40)
    assert math.isnan(rhythms.alpha_frequency(background, 6, 13, 1.0, 1.2, 2.0))
    assert math.isnan(rhythms.alpha_frequency(np.full(61, np.nan), 6, 13, 1.0, 1.2, 2.0))


@pytest.mark.parametrize("peak_hz", [8.3, 9.0, 10.4, 11.5])
def test_the_individual_alpha_of_a_known_peak(peak_hz):
    vector, _ = run(pink(8, 4, rms=6.0) + sine(8, peak_hz, 12.0), BACK)
    assert column(vector, "alpha_frequency") == pytest.approx(peak_hz, abs=0.25)
    assert 10.0 ** column(vector, "individual_alpha") == pytest.approx(72.0, rel=0.15)  # 12^2 / 2 uV2, and background


def test_no_alpha_has_no_frequency():
    found = [float(column(run(pink(6, 4, seed=seed), BACK)[0], "alpha_frequency")) for seed in range(20)]
    assert np.isnan(found).mean() >= 0.75


@pytest.mark.parametrize(("left", "right", "sign"), [(12.0, 6.0, -1), (6.0, 12.0, 1)])
def test_more_alpha_on_the_right_is_positive(left, right, sign):
    gains = np.array([left, right, left, right])
    vector, _ = run(pink(8, 4, rms=3.0) + sine(8, 10.0, 1.0) * gains, BACK)
    assert column(vector, "alpha_lateralisation") == pytest.approx(sign * 0.6, abs=0.06)  # (4 - 1) / (4 + 1)
    assert rhythms.lateralisation(math.log10(4.0)) == pytest.approx(0.6)


def test_only_pairs_of_trusted_electrodes_are_compared():
    values = pink(8, 4, rms=3.0) + sine(8, 10.0, 1.0) * np.array([12.0, 6.0, 9.0, 9.0])
    values[:, 1] = 187_500.0
    assert abs(column(run(values, BACK)[0], "alpha_lateralisation")) < 0.1
    assert np.isnan(column(run(values[:, :2], BACK[:2])[0], "alpha_lateralisation"))
    assert np.isnan(column(run(values, ("O1", "Oz", "POz", "Pz"))[0], "alpha_lateralisation"))


def test_ratios_are_those_of_the_bands():
    vector, _ = run(pink(8))
    theta, alpha, beta = (float(column(vector, name)) for name in ("theta", "alpha", "beta"))
    assert_allclose(column(vector, "theta_beta"), theta - beta, atol=1e-5)
    assert_allclose(column(vector, "engagement"), beta - np.log10(10**alpha + 10**theta), atol=1e-5)
