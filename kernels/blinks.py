"""Blinks in a lid-opening signal, one sample at a time: any unit, any rate from 15 Hz, webcam or laboratory.

A blink is a dip: the opening falls a fifth below its own recent level, and comes back half-way within half a second.
The level is the signal's own, a second old, so squinting, looking down and slow drift are not blinks; a lid that stays
down is a closure (`kernels.closures`), not a blink.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

RECENT = 256
"""Samples remembered for the half-amplitude crossings: a whole blink at up to 400 Hz."""
DEPTH = 0.22
"""Share of the level by which the opening falls in a blink: many blinks of real people are half blinks."""
LEVEL_S = 1.0
"""Time constant with which the level follows the open eye."""
SHORTEST_S, LONGEST_S = 0.05, 0.5
"""Duration of a blink at half amplitude; 0.1 to 0.15 s is usual (Ingre 2006), over 0.5 s is a long closure."""
GAP_S = 0.15
"""Time without a sample that breaks the signal."""
RISING_S = 0.4
"""How long the lid may take from half open to open, before its new height is the level."""

OPEN, DOWN, RISING = 0, 1, 2

BLINK = np.dtype([("onset_ns", np.int64), ("lowest_ns", np.int64), ("end_ns", np.int64), ("duration_s", np.float64),
                  ("depth", np.float64)], align=True)
"""One blink: first sample of the fall, lowest sample, sample at which it was half open again (when it is reported),
duration at half amplitude in seconds, and depth as a share of the open level."""

BLINKS = np.dtype([
    ("phase", np.int64), ("count", np.int64), ("level", np.float64), ("newest_ns", np.int64), ("onset_ns", np.int64),
    ("lowest", np.float64), ("lowest_ns", np.int64), ("bottom", np.int64), ("top", np.float64), ("end_ns", np.int64),
    ("found", BLINK), ("recent_ns", np.int64, (RECENT,)), ("recent", np.float64, (RECENT,))], align=True)
"""What the detector carries from sample to sample, and the blink it found last. Zeros are its beginning."""


@kernel
def step(blinks: Any, now_ns: int, opening: float) -> int:
    """Take in one sample; return 1 if a blink ended with it, which then lies in ``blinks.found``.

    Parameters
    ----------
    blinks : BLINKS record
        Changed in place.
    now_ns : int
        Later than the sample before.
    opening : float
        Lid opening in any unit; NaN where not measured.
    """
    if not math.isfinite(opening):
        return 0
    s = blinks
    gap_s = (now_ns - s.newest_ns) * 1e-9
    if s.count == 0 or gap_s > GAP_S:
        s.phase = OPEN
        s.level = opening
    s.newest_ns = now_ns
    s.recent_ns[s.count % RECENT] = now_ns
    s.recent[s.count % RECENT] = opening
    s.count += 1
    if _falls(s, now_ns, gap_s, opening):
        s.phase = DOWN
        s.onset_ns = now_ns
        s.lowest, s.lowest_ns, s.bottom = opening, now_ns, s.count - 1
    if s.phase != DOWN:
        return 0
    if opening < s.lowest:
        s.lowest, s.lowest_ns, s.bottom = opening, now_ns, s.count - 1
    if opening > 0.5 * (s.level + s.lowest):
        s.phase, s.top, s.end_ns = RISING, opening, now_ns
        duration_s = _duration_s(s)
        if SHORTEST_S <= duration_s <= LONGEST_S:
            s.found.onset_ns, s.found.lowest_ns, s.found.end_ns = s.onset_ns, s.lowest_ns, now_ns
            s.found.duration_s, s.found.depth = duration_s, 1.0 - s.lowest / s.level
            return 1
    elif (now_ns - s.onset_ns) * 1e-9 > LONGEST_S + 0.1:
        s.phase = OPEN  # it stays down: no blink; the level starts again from here
        s.level = opening
    return 0


@kernel
def _falls(s: Any, now_ns: int, gap_s: float, opening: float) -> bool:
    """Move the level along while no blink runs, and return whether one begins."""
    if s.phase == RISING:  # half open again: the next blink must fall anew
        s.top = max(s.top, opening)
        if opening > (1.0 - 0.5 * DEPTH) * s.level:
            s.phase = OPEN
        elif opening < s.top - DEPTH * s.level:
            return True
        elif (now_ns - s.end_ns) * 1e-9 > RISING_S:
            s.phase = OPEN
            s.level = opening
    elif s.phase == OPEN:
        if s.level > 0.0 and opening < (1.0 - DEPTH) * s.level:
            return True
        s.level += (1.0 - math.exp(-gap_s / LEVEL_S)) * (opening - s.level)
    return False


@kernel
def _duration_s(s: Any) -> float:
    """Walk from the lowest sample to the last one above half on either side, and interpolate both crossings."""
    half = 0.5 * (s.level + s.lowest)
    oldest = max(0, s.count - RECENT)
    before = s.bottom
    while before > oldest and s.recent[before % RECENT] <= half:
        before -= 1
    after = s.bottom
    while s.recent[after % RECENT] <= half:
        after += 1
    return (_crossing(s, after - 1, half) - _crossing(s, before, half)) * 1e-9


@kernel
def _crossing(s: Any, left: int, half: float) -> float:
    """Return when, in ns after the onset, the opening passed `half` between sample `left` and the one after it."""
    i, j = left % RECENT, (left + 1) % RECENT
    a, b = s.recent[i], s.recent[j]
    since_ns = float(s.recent_ns[i] - s.onset_ns)
    if a == b:
        return since_ns
    share = min(1.0, max(0.0, (half - a) / (b - a)))
    return float(since_ns + (s.recent_ns[j] - s.recent_ns[i]) * share)


def detect(times_ns: NDArray[np.int64], opening: NDArray[np.float64]) -> NDArray[Any]:
    """Return the blinks of a whole recording as an array of `BLINK`.

    Parameters
    ----------
    times_ns
        (n,) session time of each sample.
    opening
        (n,) eye aspect ratio or any other lid opening; NaN where not measured.
    """
    records, found = np.zeros(1, BLINKS), np.zeros(len(times_ns), BLINK)
    count = _detect(records[0], np.asarray(times_ns, np.int64), np.asarray(opening, np.float64), found)
    return found[:count]


@kernel
def _detect(blinks: Any, times_ns: NDArray[np.int64], opening: NDArray[np.float64], found: NDArray[Any]) -> int:
    count = 0
    for i in range(times_ns.shape[0]):
        if step(blinks, times_ns[i], opening[i]) == 1:
            into, blink = found[count], blinks.found
            into.onset_ns, into.lowest_ns, into.end_ns = blink.onset_ns, blink.lowest_ns, blink.end_ns
            into.duration_s, into.depth = blink.duration_s, blink.depth
            count += 1
    return count
