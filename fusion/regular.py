"""A regular grid for irregular stamps: what rate the samples really had, where they belong, where holes are."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND
from sensors.messages import FloatArray, TimeArray

HOLE = 2.5
"""Steps between two samples, in median sampling intervals, from which the samples between them count as missing."""

TOLERANCE = 0.5
"""Samples that stand closer than this to their grid point, in intervals, are placed on it without interpolation."""


class Gridded(NamedTuple):
    """Samples on a regular grid."""

    rate_hz: float
    """Measured over the stretches without holes."""
    values: NDArray[np.float64]
    """(time, column), finite everywhere; linear between the neighbours where nothing was measured."""
    holes: list[tuple[float, float]]
    """(onset, duration) in seconds from the first sample."""
    unmeasured: list[tuple[float, float, list[int]]]
    """(onset, duration, columns) of runs of NaN, in seconds from the first sample."""
    jitter_s: float
    """Largest distance of a sample from its grid point."""
    resampled: bool
    """Whether the samples were too irregular to be placed, and were interpolated."""


def regular(times_ns: TimeArray, values: FloatArray, nominal_hz: float) -> Gridded:
    """Put samples on a regular grid of their own measured rate.

    Parameters
    ----------
    times_ns
        (time,) increasing stamps.
    values
        (time, column) samples; NaN where not measured.
    nominal_hz
        Stands in for the measured rate when fewer than two samples stand together.
    """
    seconds = (times_ns - times_ns[0]) / SECOND
    steps = np.diff(seconds)
    typical = float(np.median(steps)) if len(steps) else 0.0
    # Stamps that come in bursts have a median step near zero; the nominal interval is then the better yardstick.
    interval = max(typical, 0.5 / nominal_hz if nominal_hz else 0.0)
    is_hole = steps > HOLE * interval
    within = float(steps[~is_hole].sum())
    rate_hz = float((~is_hole).sum() / within) if within > 0 else nominal_hz or 1.0
    place = seconds * rate_hz
    index, spread = _counted(place, is_hole)
    regular_enough = bool((np.diff(index) > 0).all()) and spread < TOLERANCE
    at = index.astype(np.float64) if regular_enough else place
    grid = np.arange(int(np.rint(at[-1])) + 1)
    jitter = float(np.abs(place - (index if regular_enough else np.rint(place))).max())
    holes = [(float(seconds[i]), float(steps[i])) for i in np.flatnonzero(is_hole)]
    filled = np.empty((len(grid), values.shape[1]))
    unmeasured: list[tuple[float, float, list[int]]] = []
    for column in range(values.shape[1]):
        good = np.isfinite(values[:, column])
        filled[:, column] = np.interp(grid, at[good], values[good, column]) if good.any() else 0.0
        for first, last in _runs(~good):
            unmeasured.append((float(seconds[first]), float(seconds[last] - seconds[first]) + 1 / rate_hz, [column]))
    return Gridded(rate_hz, filled, holes, _together(unmeasured), jitter / rate_hz, not regular_enough)


def _counted(place: NDArray[np.float64], is_hole: NDArray[np.bool_]) -> tuple[NDArray[np.int64], float]:
    """Return grid points that count on by one a sample between holes, and how far samples stand from them at most.

    The distance leaves out the constant part of each stretch, which is where its first grid point was put.
    """
    starts = [0, *(np.flatnonzero(is_hole) + 1).tolist(), len(place)]
    index = np.empty(len(place), np.int64)
    worst = 0.0
    for first, last in pairwise(starts):
        steps = np.arange(last - first)
        shift = place[first:last] - steps
        index[first:last] = round(float(np.median(shift))) + steps
        worst = max(worst, float(shift.max() - shift.min()) / 2)
    return np.maximum(index, 0), worst


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, last) index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _together(runs: list[tuple[float, float, list[int]]]) -> list[tuple[float, float, list[int]]]:
    """Return the runs with those of the same time and length joined over their columns."""
    joined: dict[tuple[float, float], list[int]] = {}
    for onset, duration, columns in runs:
        joined.setdefault((onset, duration), []).extend(columns)
    return [(onset, duration, columns) for (onset, duration), columns in sorted(joined.items())]
