"""Where a driver looks when looking straight ahead: learnt while driving, as cameras are never mounted quite straight.

At speed most gaze is on the road, so the most frequent direction is the road's. It is learnt from driving above 13 m/s
for a minute at least, with a memory of some six minutes, and kept within bounds, as openpilot's policy does with its
running mean (policy.py); a mode is not pulled aside by mirrors and the instrument cluster as a mean is.
"""

from math import degrees, radians

import numpy as np
from numpy.typing import NDArray

REACH_DEG = 20
"""Directions farther from the rig's own straight ahead teach nothing."""
MOST_DEG = 14.0
"""The offset is kept within this, so that a driver who looks at the lap for minutes does not make it the road."""
MEMORY_S = 360.0
NEAR_DEG = 5
"""The offset is the centre of what lies so near the most frequent direction."""
BINS = 2 * REACH_DEG + 1


class Offset:
    """Learns one driver's straight ahead from a stream of directions.

    Parameters
    ----------
    least_s
        Time after which it is believed; 0 learns nothing.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._seconds = np.zeros((BINS, BINS))
        self.yaw = self.pitch = 0.0
        """rad; what to subtract from a direction. 0 until `learnt`."""
        self.learnt = least_s == 0

    def learn(self, yaw: NDArray[np.float64], pitch: NDArray[np.float64], step_s: NDArray[np.float64]) -> None:
        """Take in (n,) directions in rad and the time in s each stands for, and look at the offset anew."""
        if self._least_s == 0 or len(yaw) == 0:
            return
        column, row = np.rint(np.degrees(yaw)) + REACH_DEG, np.rint(np.degrees(pitch)) + REACH_DEG
        near = (column >= 0) & (column < BINS) & (row >= 0) & (row < BINS)
        np.add.at(self._seconds, (row[near].astype(int), column[near].astype(int)), step_s[near])
        total = float(self._seconds.sum())
        if total > MEMORY_S:
            self._seconds *= MEMORY_S / total
        if total < self._least_s:
            return
        self.learnt = True
        smooth = _box_sum(self._seconds, 2)
        top, left = np.unravel_index(int(smooth.argmax()), smooth.shape)
        rows = slice(max(0, top - NEAR_DEG), top + NEAR_DEG + 1)
        columns = slice(max(0, left - NEAR_DEG), left + NEAR_DEG + 1)
        part = self._seconds[rows, columns]
        pitches, yaws = np.arange(BINS)[rows] - REACH_DEG, np.arange(BINS)[columns] - REACH_DEG
        self.yaw = _within(float(part.sum(axis=0) @ yaws) / float(part.sum()))
        self.pitch = _within(float(part.sum(axis=1) @ pitches) / float(part.sum()))

    def __str__(self) -> str:
        return f"yaw {degrees(self.yaw):+.1f}, pitch {degrees(self.pitch):+.1f} degrees"


def _within(angle_deg: float) -> float:
    return radians(min(MOST_DEG, max(-MOST_DEG, angle_deg)))


def _box_sum(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the sum of the (2 reach + 1) squared neighbours of each bin."""
    padded = np.pad(values, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(windows.sum(axis=(2, 3)))
