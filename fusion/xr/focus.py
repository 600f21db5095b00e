"""Whether looking is focal or ambient, and how ordered it is, from fixations and saccades as they become known.

The definitions are those of the feature vector (`kernels.scanning`): K coefficient (Krejtz 2016), stationary and
transition entropy (Krejtz 2015; Shiferaw 2019). Here they rest on the events that an app is told, and so on the
saccades of a headset, where the camera's features must make do with 30 Hz.
"""

import math
from collections import deque

import numpy as np

from fusion.xr.movement import Movement
from kernels import scanning
from kernels.eyes import LEAST_KS, MINUTE_NS, SACCADE_NS

K_NS = 30_000_000_000
"""The K coefficient told is the mean of this long; 10 to 30 s are usual."""
PAIRED_NS = 75_000_000
"""Longest time from the end of a fixation to the saccade that ended it."""


class Focus:
    """Takes movements, and tells the measures of a moment.

    Parameters
    ----------
    target_yaw, target_pitch
        Where straight ahead at the task is, rad: the middle of the grid of directions whose entropy is told.
    """

    def __init__(self, target_yaw: float, target_pitch: float) -> None:
        self._target_yaw, self._target_pitch = target_yaw, target_pitch
        self._state = np.zeros(1, scanning.FOCUS)
        self._visits = np.zeros(1, scanning.VISITS)
        self._ks: deque[tuple[int, float]] = deque()
        self._fixation: Movement | None = None
        self._saccade: Movement | None = None
        self._cell = -1

    def take(self, movement: Movement) -> None:
        """Take in what the eyes did."""
        if movement.kind == "saccade":
            self._saccade = movement
        else:
            yaw, pitch = movement.yaw - self._target_yaw, movement.pitch - self._target_pitch
            cell = scanning.cell(yaw, pitch)
            last = self._fixation
            follows = last is not None and movement.onset_ns - last.end_ns <= SACCADE_NS
            scanning.visit(self._visits[0], movement.known_ns, cell, self._cell if follows else -1)
            self._fixation, self._cell = movement, cell
        self._pair(movement.known_ns)

    def _pair(self, now_ns: int) -> None:
        """Score a fixation with the saccade that ended it; which of the two is known first depends on the rate."""
        fixation, saccade = self._fixation, self._saccade
        if fixation is None or saccade is None or not 0 <= saccade.onset_ns - fixation.end_ns <= PAIRED_NS:
            return
        self._saccade = None
        seconds = (fixation.end_ns - fixation.onset_ns) * 1e-9
        k = scanning.focus(self._state[0], seconds, min(math.pi, saccade.amplitude))
        if not math.isnan(k):
            self._ks.append((now_ns, k))

    def measures(self, now_ns: int) -> dict[str, float]:
        """Return what can be told at `now_ns`, by kind of event."""
        while self._ks and self._ks[0][0] <= now_ns - K_NS:
            self._ks.popleft()
        found = {}
        if len(self._ks) >= LEAST_KS:
            found["focus"] = sum(k for _, k in self._ks) / len(self._ks)
        stationary, transition = scanning.entropies(self._visits[0], now_ns, MINUTE_NS)
        found["entropy"], found["transition_entropy"] = stationary, transition
        return {kind: float(value) for kind, value in found.items() if not math.isnan(value)}
