"""Which of two yes-no series follows the other: their correlation over a minute at every lag up to 2 s.

Both series are sampled on one even grid. For each lag the four kinds of pairs (yes-yes, yes-no, no-yes, no-no) are
counted as cells come and go, so a step costs as many additions as there are lags, and whole numbers never drift.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

CELLS = 600
"""Cells of the window: 60 s of a 100 ms grid."""
REACH = 20
"""Largest lag in cells: 2 s."""
LAGS = 2 * REACH + 1
FEWEST_PAIRS = 200
"""Pairs without which a lag has no correlation: 20 s."""
ADVANTAGE = 1e-12
"""By what share of r squared a longer lag must be stronger to win: more than rounding, so ties go to the shorter."""

MISSING = -1
"""A cell in which a series was not measured."""

LAGGED = np.dtype([("count", np.int64), ("pairs", np.int64, (LAGS, 4)), ("leader", np.int8, (CELLS,)),
                   ("follower", np.int8, (CELLS,))], align=True)
"""Cells so far, pairs of each kind (2 * leader + follower) at lags -REACH..REACH, and the cells themselves."""


def reset(records: NDArray[Any]) -> None:
    """Set pairs of series that have seen nothing; records (n,) LAGGED."""
    records["count"] = 0
    records["pairs"] = 0
    records["leader"] = records["follower"] = MISSING


@kernel
def _tally(lagged: Any, lag: int, leader_slot: int, follower_slot: int, change: int) -> None:
    a = int(lagged.leader[leader_slot % CELLS])
    b = int(lagged.follower[follower_slot % CELLS])
    if a >= 0 and b >= 0:
        lagged.pairs[lag + REACH, 2 * a + b] += change


@kernel
def push(lagged: Any, leader: int, follower: int) -> None:
    """Take in one cell; the cell of a window ago leaves.

    Parameters
    ----------
    lagged : LAGGED
        Changed in place.
    leader, follower : int
        0, 1 or `MISSING`.
    """
    slot = lagged.count % CELLS
    if lagged.leader[slot] >= 0:
        for lag in range(REACH + 1):
            _tally(lagged, lag, slot, slot + lag, -1)
    if lagged.follower[slot] >= 0:
        for lag in range(1, REACH + 1):
            _tally(lagged, -lag, slot + lag, slot, -1)
    lagged.leader[slot] = leader
    lagged.follower[slot] = follower
    if follower >= 0:
        for lag in range(REACH + 1):
            _tally(lagged, lag, slot + CELLS - lag, slot, 1)
    if leader >= 0:
        for lag in range(1, REACH + 1):
            _tally(lagged, -lag, slot, slot + CELLS - lag, 1)
    lagged.count += 1


@kernel
def strongest(lagged: Any) -> tuple[float, int]:
    """Return the correlation of largest magnitude among all lags, with its sign, and its lag in cells.

    The phi coefficient (Pearson's r of two yes-no series)::

        r = (n11 n00 - n10 n01) / sqrt((n11 + n10) (n01 + n00) (n11 + n01) (n10 + n00))

    Every product is a whole number below 2**53. A lag takes part from `FEWEST_PAIRS` pairs on and if both series vary
    among them; of equally strong lags the shortest wins, then the positive one. NaN and 0 without any.

    Returns
    -------
    tuple of float and int
        Lag + when the follower comes after the leader.
    """
    best, best_spread, best_lag = 0.0, 0.0, 0
    for place in range(LAGS):
        lag = (place + 1) // 2 if place % 2 == 1 else -(place // 2)
        n00, n01 = lagged.pairs[lag + REACH, 0], lagged.pairs[lag + REACH, 1]
        n10, n11 = lagged.pairs[lag + REACH, 2], lagged.pairs[lag + REACH, 3]
        spread = float((n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00))
        if n00 + n01 + n10 + n11 >= FEWEST_PAIRS and spread > 0.0:
            product = float(n11 * n00 - n10 * n01)
            # Squares are compared crosswise: a square root and a division each would cost more than all the rest.
            if best_spread == 0.0 or product**2 * best_spread > best**2 * spread * (1.0 + ADVANTAGE):
                best, best_spread, best_lag = product, spread, lag
    if best_spread == 0.0:
        return math.nan, 0
    return best / math.sqrt(best_spread), best_lag
