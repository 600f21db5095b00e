"""Where the eyes have pointed in the last seconds: a ring of directions and what it looks like.

Angles are radians, yaw + to the person's right, pitch + up.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import kernel

CAPACITY = 4096
"""Directions remembered: 10 s at up to 400 Hz. A faster stream has shorter windows."""
BCEA_K = 1.14
"""Half the chi-squared value (2 degrees of freedom) of an ellipse that holds 68 % of a Gaussian: -ln(1 - 0.68)."""

GAZE = np.dtype([("count", np.int64), ("times_ns", np.int64, (CAPACITY,)), ("yaw", np.float32, (CAPACITY,)),
                 ("pitch", np.float32, (CAPACITY,))], align=True)
"""How many directions were ever measured, and a ring of the latest; zeros are its beginning."""


@kernel
def remember(gaze: Any, now_ns: int, yaw: float, pitch: float) -> None:
    """Append one measured direction."""
    place = gaze.count % CAPACITY
    gaze.times_ns[place] = now_ns
    gaze.yaw[place] = yaw
    gaze.pitch[place] = pitch
    gaze.count += 1


@kernel
def mean(gaze: Any, tick_ns: int, window_ns: int) -> tuple[float, float]:
    """Return the mean yaw and pitch over (tick - window, tick]; NaN for a window without gaze."""
    count = 0
    yaw = pitch = 0.0
    for i in range(gaze.count - 1, max(-1, gaze.count - 1 - CAPACITY), -1):
        place = i % CAPACITY
        if gaze.times_ns[place] <= tick_ns - window_ns:
            break
        if gaze.times_ns[place] <= tick_ns:
            count += 1
            yaw += float(gaze.yaw[place])
            pitch += float(gaze.pitch[place])
    if count == 0:
        return math.nan, math.nan
    return yaw / count, pitch / count


@kernel
def spread(gaze: Any, tick_ns: int, window_ns: int, target_yaw: float, target_pitch: float,
           target_radius: float) -> tuple[float, float, float]:
    """Return how widely gaze moved over (tick - window, tick], and how much of it was on the target.

    Parameters
    ----------
    gaze : GAZE record
    tick_ns, window_ns : int
    target_yaw, target_pitch, target_radius : float
        A circle, radians.

    Returns
    -------
    dispersion : float
        Root mean square distance from the mean direction, rad.
    bcea : float
        Bivariate contour ellipse area that holds 68 % of gaze: 2 k pi sx sy sqrt(1 - r2), rad2 (Steinman 1965;
        Crossland and Rubin 2002). NaN for fewer than 3 samples, which always lie on a line.
    share : float
        Share of the samples inside the circle. All three are NaN without any.
    """
    count = inside = 0
    x = y = xx = yy = xy = 0.0
    newest = max(0, gaze.count - 1) % CAPACITY
    # Sums about the newest direction: exact for gaze that stays, and no second walk for the mean.
    about_yaw, about_pitch = float(gaze.yaw[newest]), float(gaze.pitch[newest])
    to_yaw, to_pitch, radius2 = about_yaw - target_yaw, about_pitch - target_pitch, target_radius * target_radius
    for i in range(gaze.count - 1, max(-1, gaze.count - 1 - CAPACITY), -1):
        place = i % CAPACITY
        if gaze.times_ns[place] <= tick_ns - window_ns:
            break
        if gaze.times_ns[place] <= tick_ns:
            a, b = float(gaze.yaw[place]) - about_yaw, float(gaze.pitch[place]) - about_pitch
            count += 1
            x += a
            y += b
            xx += a * a
            yy += b * b
            xy += a * b
            if (a + to_yaw) * (a + to_yaw) + (b + to_pitch) * (b + to_pitch) <= radius2:
                inside += 1
    if count == 0:
        return math.nan, math.nan, math.nan
    var_yaw, var_pitch = max(0.0, xx - x * x / count) / count, max(0.0, yy - y * y / count) / count
    covariance = (xy - x * y / count) / count
    area = math.nan
    if count >= 3:
        area = 2.0 * BCEA_K * math.pi * math.sqrt(max(0.0, var_yaw * var_pitch - covariance * covariance))
    return math.sqrt(var_yaw + var_pitch), area, inside / count
