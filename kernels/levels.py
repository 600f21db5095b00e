"""A person's own level of a feature: its mean over the calibration time, then frozen."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

FEWEST = 8
"""Values without which a level is not believed, however long it took."""

LEVEL = np.dtype([("total", np.float64), ("count", np.int64), ("first_ns", np.int64), ("value", np.float64)],
                 align=True)
"""Sum and number of the values so far, time of the first, and the level, NaN until it is learnt."""


def clear(records: NDArray[Any]) -> None:
    """Forget many levels (any shape) at once; plain Python."""
    records["total"] = records["count"] = 0
    records["first_ns"] = -1
    records["value"] = np.nan


@kernel
def learn(level: Any, t_ns: int, calibration_ns: int, value: float) -> None:
    """Take in a trusted value; NaN, and values after the calibration, change nothing.

    When the calibration time is over before `FEWEST` values came, it goes on learning until they have.

    Parameters
    ----------
    level : LEVEL record
        Changed in place.
    t_ns, calibration_ns : int
        Time of the value; how long to learn, from the first value on.
    value : float
    """
    if not math.isnan(level.value) or math.isnan(value):
        return
    if level.first_ns < 0:
        level.first_ns = t_ns
    level.total += value
    level.count += 1
    if t_ns - level.first_ns >= calibration_ns and level.count >= FEWEST:
        level.value = level.total / level.count
