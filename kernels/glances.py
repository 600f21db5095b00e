"""Glances away from a target: how long the running one has lasted, and when one is over.

A glance is the movement towards somewhere else and the stay there, until gaze leaves again (ISO 15007). The angles are
radians, yaw + to the person's right, pitch + up.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import kernel

DEBOUNCE_NS = 100_000_000
"""Shortest look back that ends a glance: an in-out-in flicker resets nothing."""
LONGEST_STEP_NS = 200_000_000
"""Longest step between two gaze samples that counts as watched."""
LOST_NS = 2_000_000_000
"""Time without gaze after which nobody knows what came of the glance: it is dropped."""
SHORTEST_NS = 120_000_000
"""Eyes cannot go and come back faster: anything shorter was no glance."""

GLANCES = np.dtype([
    ("newest_ns", np.int64), ("step_ns", np.int64), ("away_ns", np.int64), ("back_ns", np.int64),
    ("found_ns", np.int64), ("target_yaw", np.float64), ("target_pitch", np.float64),
    ("target_radius", np.float64)], align=True)
"""The newest gaze (-1 before the first) and the time it stands for, the running glance away, the running look back, and
how long the glance was that ended last; the target, a circle in radians."""


@kernel
def step(glances: Any, now_ns: int, yaw: float, pitch: float) -> int:
    """Take in one frame; return 1 if a glance away ended with it, which has lasted ``glances.found_ns``.

    Frames without gaze hold the glance instead of counting it. The look back that ends it is not part of it.

    Parameters
    ----------
    glances : GLANCES record
        Changed in place; `away_ns` is then the running glance, 0 on target, and `step_ns` the watched time that this
        frame adds.
    now_ns : int
        Later than the frame before.
    yaw, pitch : float
        Radians; both NaN where not measured.
    """
    g = glances
    g.step_ns = 0
    if math.isnan(yaw):
        return 0
    if g.newest_ns >= 0:
        passed_ns = now_ns - g.newest_ns
        if passed_ns <= LONGEST_STEP_NS:
            g.step_ns = passed_ns
        elif passed_ns > LOST_NS:
            g.away_ns = g.back_ns = 0
    g.newest_ns = now_ns
    apart_yaw, apart_pitch = yaw - g.target_yaw, pitch - g.target_pitch
    if apart_yaw * apart_yaw + apart_pitch * apart_pitch > g.target_radius * g.target_radius:
        g.away_ns += g.step_ns
        g.back_ns = 0
        return 0
    g.back_ns += g.step_ns
    if g.back_ns < DEBOUNCE_NS:
        return 0
    g.found_ns = g.away_ns
    g.away_ns = 0
    return 1 if g.found_ns >= SHORTEST_NS else 0
