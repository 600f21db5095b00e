"""Medians in place against NumPy's."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kernels import medians


@pytest.mark.parametrize("kind", ["random", "ties", "sorted", "reversed", "constant"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16, 17, 31, 128, 465])
def test_both_match_numpy(count, kind):
    rows = np.random.default_rng(count).normal(size=(count + 1, 7))
    if kind == "ties":
        rows = np.round(rows)
    elif kind in ("sorted", "reversed"):
        rows = np.sort(rows, axis=0)[::1 if kind == "sorted" else -1].copy()
    elif kind == "constant":
        rows[:] = 3.0
    ref = np.median(rows[:count], axis=0)
    assert [medians.median(rows[:, k].copy(), count) for k in range(7)] == list(ref)
    out = np.zeros(7)
    medians.medians(rows.copy(), count, 2, 6, out)
    assert_array_equal(out, [0, 0, *ref[2:6], 0])


def test_nothing_has_no_median():
    out = np.zeros(3)
    medians.medians(np.ones((2, 3)), 0, 0, 3, out)
    assert np.isnan(out).all()
    assert np.isnan(medians.median(np.ones(2), 0))
