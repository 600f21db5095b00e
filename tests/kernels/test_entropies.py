"""Entropies on closed forms."""

import math

import numpy as np
import pytest
from eeg_signals import column, pink, run, sine

from kernels import entropies


def test_spectral_entropy_of_worked_spectra():
    assert entropies.spectral_entropy(np.full(45, 3.0), 0, 45) == pytest.approx(1.0)
    one = np.zeros(45)
    one[9] = 7.0
    assert entropies.spectral_entropy(one, 0, 45) == 0.0
    one[20] = 7.0  # two equal bins of 45
    assert entropies.spectral_entropy(one, 0, 45) == pytest.approx(math.log(2) / math.log(45))
    assert math.isnan(entropies.spectral_entropy(np.zeros(45), 0, 45))
    assert math.isnan(entropies.spectral_entropy(np.full(45, np.nan), 0, 45))


def low_passed(values):
    spectrum = np.fft.rfft(values, axis=0)
    spectrum[np.fft.rfftfreq(len(values), 1 / 250) > 30] *= 0.7
    return np.fft.irfft(spectrum, axis=0)


def test_white_noise_is_even_and_a_sine_is_not():
    # White noise has too much above 30 Hz to be trusted as EEG; a third less of that is as white as EEG may be.
    white = low_passed(np.random.default_rng(0).normal(0, 10, (2000, 16)))
    names = tuple(f"C{k}" for k in range(1, 9)) + tuple(f"P{k}" for k in range(1, 9))
    flat = column(run(white, names)[0], "spectral_entropy")
    wave = column(run(sine(8, 10.0, 30.0) + pink(8, 16, rms=2.0), names)[0], "spectral_entropy")
    assert flat > 0.98
    assert wave < 0.4


def test_differential_entropy_is_the_gaussians():
    assert entropies.differential_entropy(1.0) == pytest.approx(1.4189385, abs=1e-6)  # 0.5 ln(2 pi e)
    assert entropies.differential_entropy(100.0) == pytest.approx(1.4189385 + math.log(10.0), abs=1e-6)
    assert math.isnan(entropies.differential_entropy(0.0))
    vector, _ = run(pink(12, 4, rms=20.0), ("C3", "C4", "P3", "P4"))
    variance = 10.0 ** float(column(vector, "hjorth_activity"))
    assert column(vector, "differential_entropy") == pytest.approx(0.5 * math.log(2 * math.pi * math.e * variance))
