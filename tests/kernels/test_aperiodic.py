"""The 1/f background on known slopes, and against a plain twin."""

import numpy as np
import pytest
from eeg_signals import column, pink, run, sine
from numpy.testing import assert_allclose

from kernels import aperiodic
from tests.reference import brain as reference

HZ = np.arange(1.0, 62.0)
FIT = aperiodic.fit_bins(HZ)
SCRATCH = np.zeros(aperiodic.FIT_BINS), np.zeros(aperiodic.FIT_BINS), np.zeros(aperiodic.PAIRS)


def exponent(log_density):
    return aperiodic.exponent(10.0**log_density, np.log10(HZ), FIT, len(FIT), *SCRATCH)


def test_the_fit_leaves_out_alpha():
    assert list(HZ[FIT]) == [2, 3, 4, 5, 6, *range(15, 41)]


@pytest.mark.parametrize("kind", ["random", "nan", "all nan", "offset"])
def test_the_exponent_matches_the_naive_twin(kind):
    random = np.random.default_rng(4)
    log_density = 2 - 1.3 * np.log10(HZ) + random.normal(0, 0.1, len(HZ))
    if kind == "nan":
        log_density[random.random(len(HZ)) < 0.3] = np.nan
    elif kind == "all nan":
        log_density[:] = np.nan
    elif kind == "offset":
        log_density += 8
    assert_allclose(exponent(log_density), reference.naive_exponent(log_density, np.log10(HZ), FIT), rtol=1e-9)


@pytest.mark.parametrize("chi", [0.0, 0.7, 1.4, 2.5])
def test_a_known_background_is_found_despite_peaks(chi):
    log_density = 3 - chi * np.log10(HZ)
    assert exponent(log_density) == pytest.approx(chi, abs=1e-9)
    b = aperiodic.level(10.0**log_density, np.log10(HZ), FIT, len(FIT), chi, SCRATCH[0])
    assert b == pytest.approx(3.0, abs=1e-9)
    log_density[7:13] += 1.5  # alpha is left out
    assert exponent(log_density) == pytest.approx(chi, abs=1e-9)
    log_density[17:20] += 1.0  # a strong beta rhythm is not
    assert exponent(log_density) == pytest.approx(chi, abs=0.12)


@pytest.mark.parametrize("chi", [0.8, 1.2, 1.6])
def test_synthetic_noise_of_known_slope(chi):
    values = pink(6, 16, exponent=chi, seed=3) + sine(6, 10.0, 10.0)
    vector, _ = run(values, tuple(f"C{k}" for k in range(1, 9)) + tuple(f"P{k}" for k in range(1, 9)))
    assert column(vector, "aperiodic") == pytest.approx(chi, abs=0.15)
