"""The last ten seconds of the microphone's columns, in totals that never drift.

A frame's values are counted in when it comes and out when it leaves. Both are whole numbers of a small unit, and sums
of whole numbers are exact in any order: after hours a window is what it would have been on its own.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

CAPACITY = 400
"""Frames of 10 s at the highest rate, 40 a second."""

SPEAKING, TRANSIENT, CLIPPED, SILENT, FLUX, CENTROID, FLATNESS, MOVEMENT, SYLLABLES = range(9)
"""Columns of which the mean is wanted."""
F0, LEVEL = 9, 10
"""Columns of which the standard deviation is wanted, too."""
MEANS, COLUMNS = 9, 11

STEPS = float(2**36)
"""Steps in a unit of the columns with a mean. None is negative. 400 of the largest, squares of
1e5 dB^2, stay under 2^62 steps; a flatness of 1e-6 still has 7e4."""
FINE = float(2**15)
"""Steps in a Hz and in a dB."""
LOWEST = (50.0, -110.0)
"""Smallest value of `F0`, in Hz, and of `LEVEL`, in dBFS; none is more than 450 larger."""
HALF = 225 * 2**15
"""Steps are counted from the middle: then 400 times a sum of 400 squares is under 2^63."""

TOTALS = np.dtype([("counts", np.int64, (COLUMNS,)), ("sums", np.int64, (COLUMNS,)),
                   ("squares", np.int64, (COLUMNS,))], align=True)
"""Number, sum and sum of squares of the measured values of each column."""

SOUND = np.dtype([("values", np.float32, (CAPACITY, COLUMNS)), ("totals", TOTALS), ("scratch", TOTALS)], align=True)
"""The frames of the last 10 s, NaN where not measured, and their totals."""


def reset(records: NDArray[np.void]) -> None:
    """Set (n,) `SOUND` records to the start of a stream."""
    records[...] = np.zeros((), SOUND)


@kernel
def tally(totals: Any, values: NDArray[np.float32], sign: int) -> None:
    """Count a frame's values (column,) into `TOTALS` (sign 1) or out of them (sign -1)."""
    for k in range(MEANS):
        value = float(values[k])
        if not math.isnan(value):
            totals.counts[k] += sign
            totals.sums[k] += sign * int(value * STEPS + 0.5)
    for k in range(MEANS, COLUMNS):
        value = float(values[k])
        if not math.isnan(value):
            steps = int((value - LOWEST[k - MEANS]) * FINE + 0.5) - HALF
            totals.counts[k] += sign
            totals.sums[k] += sign * steps
            totals.squares[k] += sign * steps * steps


@kernel
def look(sound: Any, oldest: int, first: int) -> None:
    """Fill the scratch totals with those of the frames inside a window.

    Parameters
    ----------
    sound : SOUND
    oldest, first
        Number of the oldest frame in the ring, and of the first that is inside the window.
    """
    for k in range(COLUMNS):
        sound.scratch.counts[k] = sound.totals.counts[k]
        sound.scratch.sums[k] = sound.totals.sums[k]
        sound.scratch.squares[k] = sound.totals.squares[k]
    for number in range(oldest, first):
        tally(sound.scratch, sound.values[number % CAPACITY], -1)


@kernel
def mean(totals: Any, column: int) -> float:
    """Return the mean of a column's measured values; NaN when there are none."""
    if totals.counts[column] == 0:
        return math.nan
    steps: float = totals.sums[column] / totals.counts[column]
    return steps / STEPS if column < MEANS else LOWEST[column - MEANS] + (HALF + steps) / FINE


@kernel
def deviation(totals: Any, column: int) -> float:
    """Return the standard deviation (of the population) of `F0` or `LEVEL`; NaN under two values."""
    count: int = totals.counts[column]
    if count < 2:
        return math.nan
    spread = count * totals.squares[column] - totals.sums[column] * totals.sums[column]
    return math.sqrt(spread) / count / FINE
