"""Hjorth's descriptors on closed forms."""

import math

import numpy as np
import pytest
from eeg_signals import column, pink, run, sine

from kernels import hjorth


def sums(x, since=0, cuts=()):
    """Moments (MOMENTS,) of samples of which the first comes `since` samples after a hole."""
    moments, before, slope = np.full((hjorth.MOMENTS, 1), 9.0), np.zeros(1), np.zeros(1)
    values = np.asarray(x, np.float32)[:, None]
    for a, b in zip([0, *cuts], [*cuts, len(x)], strict=True):
        hjorth.collect(moments, int(a == 0), before, slope, since + a, values[a:b], b - a, 0)
    return moments[:, 0]


def test_sums_are_those_of_numpys_differences():
    x = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    d, e = np.diff(x), np.diff(x, 2)
    wanted = [x.sum(), (x**2).sum(), d.sum(), (d**2).sum(), e.sum(), (e**2).sum()]
    assert list(sums(x)) == wanted
    assert list(sums(x, cuts=(1, 1, 3))) == wanted
    assert hjorth.variance(wanted[0], wanted[1], 5) == pytest.approx(np.var(x))
    assert math.isnan(hjorth.variance(0.0, 0.0, 0))


@pytest.mark.parametrize("hz", [5.0, 10.0, 20.0])
def test_a_sine_has_its_angular_frequency_as_mobility_and_complexity_one(hz):
    vector, _ = run(sine(8, hz, 20.0) + pink(8, 1, rms=0.01), ("Cz",))
    sampled = 2 * 250.0 * math.sin(math.pi * hz / 250.0)  # differences shorten a sine's slope a little
    assert column(vector, "hjorth_mobility") == pytest.approx(sampled, rel=2e-3)
    assert column(vector, "hjorth_mobility") == pytest.approx(2 * math.pi * hz, rel=0.012)
    assert column(vector, "hjorth_complexity") == pytest.approx(1.0, abs=5e-3)
    assert 10 ** column(vector, "hjorth_activity") == pytest.approx(20.0**2 / 2, rel=0.01)


def test_a_flat_signal_has_none():
    assert all(math.isnan(value) for value in hjorth.descriptors(0.0, 0.0, 0.0, 250.0))
    assert hjorth.descriptors(4.0, 1.0, 0.5, 250.0) == (125.0, pytest.approx(math.sqrt(0.5) / 0.5))
