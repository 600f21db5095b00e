"""Blinks in a lid-opening signal, one sample at a time: any unit, any rate from 15 Hz, webcam or laboratory.

A blink is a dip: the opening falls a fifth below its own recent level, and comes back half-way within half a second.
The level is the signal's own, a second old, so squinting, looking down and slow drift are not blinks; a lid that stays
down is a closure (`kernels.ocular`), not a blink.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

RECENT = 256
"""Samples remembered for the half-amplitude crossings: a whole blink at up to 400 Hz."""

STATE = np.dtype([
    ("phase", np.int64), ("count", np.int64), ("level", np.float64), ("newest_ns", np.int64), ("onset_ns", np.int64),
    ("onset", np.int64), ("lowest", np.float64), ("lowest_ns", np.int64), ("bottom", np.int64), ("top", np.float64),
    ("end_ns", np.int64)])
"""What the detector carries from sample to sample; see `new_state`."""

BLINK = np.dtype([("onset_ns", np.int64), ("lowest_ns", np.int64), ("end_ns", np.int64), ("duration_s", np.float64),
                  ("depth", np.float64)])
"""One blink: first sample of the fall, lowest sample, sample at which it was half open again (when it is reported),
duration at half amplitude in seconds, and depth as a share of the open level."""

DEPTH, LEVEL_S, SHORTEST_S, LONGEST_S, GAP_S = 0.22, 1.0, 0.05, 0.5, 0.15
"""A fall of 22 % of the level opens a blink (many blinks of real people are half blinks); the level follows with a time
constant of 1 s; a blink lasts 50 to 500 ms at half amplitude; 0.15 s without a sample break the signal."""

LIMITS = np.array([DEPTH, LEVEL_S, SHORTEST_S, LONGEST_S, GAP_S])
"""The same as the array the kernel takes."""

State = tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]


def new_state() -> State:
    """Return a detector that has seen nothing: its record, and the times and values of recent samples."""
    return np.zeros(1, STATE), np.zeros(RECENT, np.int64), np.zeros(RECENT, np.float64)


@njit(cache=True, fastmath=False)
def step(record: NDArray[Any], recent_ns: NDArray[np.int64], recent: NDArray[np.float64],
         limits: NDArray[np.float64], times_ns: NDArray[np.int64], opening: NDArray[np.float64],
         found: NDArray[Any]) -> int:
    """Take in samples and report the blinks that end among them.

    Parameters
    ----------
    record, recent_ns, recent
        The three arrays of `new_state`, changed in place.
    limits : (5,) float64
        `LIMITS`, or others in that order.
    times_ns : (n,) int64
        Strictly increasing.
    opening : (n,) float64
        Lid opening in any unit; NaN where not measured.
    found : (m,) BLINK
        Filled with the blinks in order; m = n always suffices.

    Returns
    -------
    int
        Number of blinks written.
    """
    s = record[0]
    depth, level_s, shortest_s, longest_s, gap_s = limits
    size = recent.shape[0]
    blinks = 0
    for i in range(times_ns.shape[0]):
        now, value = times_ns[i], opening[i]
        if not np.isfinite(value):
            continue
        gap = (now - s.newest_ns) * 1e-9
        if s.count == 0 or gap > gap_s:
            s.phase = 0
            s.level = value
        s.newest_ns = now
        recent_ns[s.count % size] = now
        recent[s.count % size] = value
        s.count += 1
        falls = False
        if s.phase == 2:  # half open again: the next blink must fall anew
            s.top = max(s.top, value)
            if value > (1.0 - 0.5 * depth) * s.level:
                s.phase = 0
            elif value < s.top - depth * s.level:
                falls = True
            elif (now - s.end_ns) * 1e-9 > 0.4:
                s.phase = 0
                s.level = value
        elif s.phase == 0:
            if value < (1.0 - depth) * s.level:
                falls = True
            else:
                s.level += (1.0 - np.exp(-gap / level_s)) * (value - s.level)
        if falls:
            s.phase = 1
            s.onset_ns, s.onset = now, s.count - 1
            s.lowest, s.lowest_ns, s.bottom = value, now, s.count - 1
        if s.phase != 1:
            continue
        if value < s.lowest:
            s.lowest, s.lowest_ns, s.bottom = value, now, s.count - 1
        half = 0.5 * (s.level + s.lowest)
        if value > half:
            # Walk back from the lowest sample to the last one above half, and interpolate both crossings.
            oldest = max(0, s.count - size)
            before = s.bottom
            while before > oldest and recent[before % size] <= half:
                before -= 1
            after = s.bottom
            while recent[after % size] <= half:
                after += 1
            down = _crossing(recent_ns, recent, before, before + 1, half, size)
            up = _crossing(recent_ns, recent, after - 1, after, half, size)
            duration = (up - down) * 1e-9
            if shortest_s <= duration <= longest_s:
                b = found[blinks]
                b.onset_ns, b.lowest_ns, b.end_ns = s.onset_ns, s.lowest_ns, now
                b.duration_s, b.depth = duration, 1.0 - s.lowest / s.level
                blinks += 1
            s.phase, s.top, s.end_ns = 2, value, now
        elif (now - s.onset_ns) * 1e-9 > longest_s + 0.1:
            s.phase = 0  # it stays down: no blink; the level starts again from here
            s.level = value
    return blinks


@njit(cache=True, fastmath=False)
def _crossing(recent_ns: NDArray[np.int64], recent: NDArray[np.float64], left: int, right: int, half: float,
              size: int) -> float:
    a, b = recent[left % size], recent[right % size]
    t, u = recent_ns[left % size], recent_ns[right % size]
    return float(t) if a == b else t + (u - t) * min(1.0, max(0.0, (half - a) / (b - a)))


def detect(times_ns: NDArray[np.int64], opening: NDArray[np.float64]) -> NDArray[Any]:
    """Return the blinks of a whole recording as an array of `BLINK`.

    Parameters
    ----------
    times_ns
        (n,) session time of each sample.
    opening
        (n,) eye aspect ratio or any other lid opening; NaN where not measured.
    """
    found = np.zeros(len(times_ns), BLINK)
    count = step(*new_state(), LIMITS, times_ns, np.asarray(opening, np.float64), found)
    return found[:count]


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    detect(np.arange(3), np.ones(3))
