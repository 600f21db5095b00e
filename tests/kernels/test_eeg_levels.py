"""The person's own levels."""

import numpy as np
import pytest

from kernels import levels


def learnt(values, seconds=1.0, calibration_s=5.0):
    level = np.zeros(1, levels.LEVEL)
    levels.clear(level)
    out = []
    for k, value in enumerate(values):
        levels.learn(level[0], round((100 + k * seconds) * 1e9), round(calibration_s * 1e9), value)
        out.append(float(level["value"][0]))
    return np.array(out)


def test_a_level_is_the_mean_over_the_calibration_and_then_frozen():
    values = np.arange(20.0)
    out = learnt(values, calibration_s=9.0)
    assert np.isnan(out[:9]).all()
    assert out[9:] == pytest.approx(np.full(11, np.mean(values[:10])))


def test_too_few_values_go_on_learning_and_missing_ones_do_not_count():
    values = np.array([1.0, np.nan, 3.0, np.nan, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 99.0])
    out = learnt(values, calibration_s=2.0)
    assert np.isnan(out[:9]).all()
    assert out[9] == out[10] == 8.0
