"""One person's labelled time cut into what is learned from, what learning stops on, and what decides.

Neighbouring steps are almost the same step, so the cuts are blocks of time with a gap between them, never shuffled.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.labels import NOT_LABELLED
from models.windows import Windows

HELD_SHARE, STOP_SHARE = 0.3, 0.2
"""Of each state's labelled time, the latest decides; of what is left, the latest is what learning stops on."""
GUARD_S = 5.0
"""Labelled time nearer to what decides than this belongs to no part. Features that look back a minute still overlap: a
gain on what decides is more than a gain on another day would be."""

Mask = NDArray[np.bool_]


class Cut(NamedTuple):
    """Which steps (n,) belong to each part."""

    learn: Mask
    stop: Mask
    held: Mask


def cut(windows: Windows) -> Cut:
    """Return the parts of a session; the same labels are always cut the same way, so what was held out stays so."""
    held, learn, stop = (np.zeros(len(windows), bool) for _ in range(3))
    labelled = windows.state != NOT_LABELLED
    for steps in _by_state(windows, labelled):
        held[steps[round((1 - HELD_SHARE) * len(steps)):]] = True
    for steps in _by_state(windows, labelled & ~_near(windows.times_s, held)):
        last = round((1 - STOP_SHARE) * len(steps))
        learn[steps[:last]] = stop[steps[last:]] = True
    return Cut(learn, stop, held)


def _by_state(windows: Windows, among: Mask) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(among & (windows.state == state)) for state in np.unique(windows.state[among])]


def _near(times_s: NDArray[np.float64], taken: Mask) -> Mask:
    """Return which steps lie within the guard of a taken one."""
    there = times_s[taken]
    if not len(there):
        return np.zeros(len(times_s), bool)
    after = np.searchsorted(there, times_s)
    later = there[np.minimum(after, len(there) - 1)] - times_s
    earlier = times_s - there[np.maximum(after - 1, 0)]
    out: Mask = (np.abs(later) < GUARD_S) | (np.abs(earlier) < GUARD_S)
    return out
