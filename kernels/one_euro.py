"""The 1-euro filter: smooth while gaze stays, quick while it moves (Casiez, Roussel and Vogel, CHI 2012).

It begins anew where gaze has jumped: a filter that glides through a saccade points where nobody looked.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import kernel

LEAST_CUTOFF_HZ = 1.0
"""Cutoff for gaze that stays."""
BETA = math.degrees(0.05)
"""How much the cutoff rises with speed, Hz per rad/s: 0.05 Hz per degree/s."""
SPEED_CUTOFF_HZ = 1.0
"""Cutoff for the speed itself."""
JUMP_RAD, JUMP_FRAMES = math.radians(3.0), 2
"""So many frames in a row this far from the filtered direction are a saccade; a single one is noise."""
LONGEST_STEP_S = 0.2
"""After a longer time without gaze the filter begins anew."""

AXIS = np.dtype([("value", np.float64), ("speed", np.float64)], align=True)
"""Filtered value, rad, and filtered speed, rad/s."""

SMOOTH = np.dtype([("newest_ns", np.int64), ("jumped", np.int64), ("yaw", AXIS), ("pitch", AXIS)], align=True)
"""Time of the newest direction (-1 before the first), how many frames in a row were far off, and both axes."""


@kernel
def step(smooth: Any, now_ns: int, yaw: float, pitch: float) -> None:
    """Take in one measured direction, radians; the filtered one is then in ``smooth.yaw`` and ``smooth.pitch``.

    Parameters
    ----------
    smooth : SMOOTH record
        Changed in place.
    now_ns : int
        Later than the direction before.
    yaw, pitch : float
    """
    passed_s = (now_ns - smooth.newest_ns) * 1e-9
    far = math.sqrt((yaw - smooth.yaw.value) ** 2 + (pitch - smooth.pitch.value) ** 2) > JUMP_RAD
    smooth.jumped = smooth.jumped + 1 if far else 0
    if smooth.newest_ns < 0 or passed_s > LONGEST_STEP_S or smooth.jumped >= JUMP_FRAMES:
        smooth.jumped = 0
        smooth.yaw.value, smooth.yaw.speed = yaw, 0.0
        smooth.pitch.value, smooth.pitch.speed = pitch, 0.0
    else:
        follow(smooth.yaw, passed_s, yaw)
        follow(smooth.pitch, passed_s, pitch)
    smooth.newest_ns = now_ns


@kernel
def follow(axis: Any, passed_s: float, value: float) -> None:
    """Filter one value that came `passed_s` seconds, over 0, after the one before; algorithm 1 of the paper."""
    speed = (value - axis.value) / passed_s
    axis.speed += share(SPEED_CUTOFF_HZ, passed_s) * (speed - axis.speed)
    axis.value += share(LEAST_CUTOFF_HZ + BETA * abs(axis.speed), passed_s) * (value - axis.value)


@kernel
def share(cutoff_hz: float, passed_s: float) -> float:
    """Return how far a low-pass filter of first order goes towards a new value."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz * passed_s))
