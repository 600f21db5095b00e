"""How gaze scans the scene: order and spread of fixations over directions, and whether looking is focal or ambient.

Entropy rises with sleep loss (Shiferaw 2018) and falls under mental load, so it says something only against the
person's own. It needs many fixations: with fewer than 50, most of the 16 x 16 transitions were simply not yet seen.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

SIDE, CELLS = 4, 16
"""Directions are 4 x 4 cells about the target..."""
CELL_RAD = math.radians(10.0)
"""...of 10 degrees each; the outer ones reach on to the end. Eyes without head turn about 20 degrees."""
CAPACITY = 1024
"""Fixations remembered: a minute of the fastest."""
LEAST_FIXATIONS, LEAST_TRANSITIONS = 50, 50
FEWEST_PAIRS = 10
"""Fixations with a saccade after them, without which the person's own mean and spread are not known."""
LEAST_SPREAD = 1e-4
"""Standard deviation over mean, without which differences are but rounding."""
LARGEST_K = 20.0
"""One score counts at most so much: a single stray saccade should not rule half a minute."""

VISITS = np.dtype([("count", np.int64), ("times_ns", np.int64, (CAPACITY,)), ("cells", np.int64, (CAPACITY,)),
                   ("before", np.int64, (CAPACITY,)), ("stays", np.int64, (CELLS,)),
                   ("moves", np.int64, (CELLS, CELLS))], align=True)
"""How many fixations ever were; a ring of when each was known, its cell, and the cell of the fixation just before it
(-1 where there was none); and scratch for counting. Zeros are its beginning."""

FOCUS = np.dtype([("pairs", np.int64), ("duration", np.float64), ("duration_squares", np.float64),
                  ("amplitude", np.float64), ("amplitude_squares", np.float64)], align=True)
"""Running means of fixation duration (s) and the amplitude of the saccade after it (rad), and their sums of squared
deviations (Welford 1962). Zeros are its beginning."""


@kernel
def cell(yaw: float, pitch: float) -> int:
    """Return the cell 0..15 of a direction, radians from the target: rows from below, columns from the left."""
    column = min(SIDE - 1, max(0, math.floor(yaw / CELL_RAD) + SIDE // 2))
    row = min(SIDE - 1, max(0, math.floor(pitch / CELL_RAD) + SIDE // 2))
    return row * SIDE + column


@kernel
def visit(visits: Any, now_ns: int, where: int, before: int) -> None:
    """Append a fixation: when it was known, its cell, and the cell of the fixation just before, or -1."""
    place = visits.count % CAPACITY
    visits.times_ns[place] = now_ns
    visits.cells[place] = where
    visits.before[place] = before
    visits.count += 1


@kernel
def entropies(visits: Any, tick_ns: int, window_ns: int) -> tuple[float, float]:
    """Return stationary and transition entropy of the fixations of (tick - window, tick], both 0..1.

    Hs = -sum p_i log2 p_i over log2 16. Ht = -sum p_i sum p_ij log2 p_ij over log2 15, where transitions within a cell
    are left out and p_i is the share of the transitions that leave cell i (Krejtz 2015; Shiferaw 2019). NaN for fewer
    than 50 fixations, or 50 transitions between cells.
    """
    for i in range(CELLS):
        visits.stays[i] = 0
        for j in range(CELLS):
            visits.moves[i, j] = 0
    fixations = transitions = 0
    for k in range(visits.count - 1, max(-1, visits.count - 1 - CAPACITY), -1):
        place = k % CAPACITY
        if visits.times_ns[place] <= tick_ns - window_ns:
            break
        if visits.times_ns[place] > tick_ns:
            continue
        here, before = visits.cells[place], visits.before[place]
        visits.stays[here] += 1
        fixations += 1
        if before >= 0 and before != here:
            visits.moves[before, here] += 1
            transitions += 1
    stationary = transition = math.nan
    if fixations >= LEAST_FIXATIONS:
        stationary = bits(visits.stays) / math.log2(CELLS)
    if transitions >= LEAST_TRANSITIONS:
        transition = 0.0
        for i in range(CELLS):
            leaving = 0
            for j in range(CELLS):
                leaving += visits.moves[i, j]
            if leaving > 0:
                transition += leaving / transitions * bits(visits.moves[i])
        transition /= math.log2(CELLS - 1)
    return stationary, transition


@kernel
def bits(counts: NDArray[np.int64]) -> float:
    """Return the entropy in bits of what was counted (n,), at least one in all."""
    total = 0
    logs = 0.0
    for i in range(counts.shape[0]):
        if counts[i] > 0:
            total += counts[i]
            logs += counts[i] * math.log2(counts[i])
    return max(0.0, math.log2(total) - logs / total)


@kernel
def focus(state: Any, duration_s: float, amplitude: float) -> float:
    """Learn from one fixation and the saccade after it, and return its K coefficient.

    K_i = (d_i - mean d) / sd d - (a_i+1 - mean a) / sd a: over 0 for focal looking (long fixations, short saccades),
    under 0 for ambient (Krejtz 2016). Means and standard deviations (of the population) are those of the session so
    far, this pair included. NaN before ten pairs, or while either never varied.

    Parameters
    ----------
    state : FOCUS record
        Changed in place.
    duration_s, amplitude : float
        Seconds and radians.
    """
    state.pairs += 1
    off = duration_s - state.duration
    state.duration += off / state.pairs
    state.duration_squares += off * (duration_s - state.duration)
    off = amplitude - state.amplitude
    state.amplitude += off / state.pairs
    state.amplitude_squares += off * (amplitude - state.amplitude)
    sd_duration = math.sqrt(state.duration_squares / state.pairs)
    sd_amplitude = math.sqrt(state.amplitude_squares / state.pairs)
    varied = sd_duration > LEAST_SPREAD * state.duration and sd_amplitude > LEAST_SPREAD * state.amplitude
    if state.pairs < FEWEST_PAIRS or not varied:
        return math.nan
    k = (duration_s - state.duration) / sd_duration - (amplitude - state.amplitude) / sd_amplitude
    return float(min(LARGEST_K, max(-LARGEST_K, k)))
