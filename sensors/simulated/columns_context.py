"""The context's columns straight from the truth, with a road that does not only ask what the person's state would."""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column
from sensors.simulated.confounds import ContextConfounds
from sensors.simulated.moments import Moments

RATE_HZ = 10.0
COLUMNS = (Column("speed_kmh", "km/h"), Column("demand", "1"))
"""The context driver's columns."""
USUAL_SPEED_KMH, USUAL_DEMAND = 75.0, 0.45
ROAD_SPEED_KMH, ROAD_DEMAND = 20.0, 0.12
"""Standard deviation of what the road itself brings."""


def frame_times(length_s: float) -> NDArray[np.int64]:
    """Return the grid: (n,) ns since the session began."""
    return np.asarray(np.rint(np.arange(int(length_s * RATE_HZ) + 1) * (1e9 / RATE_HZ)), np.int64)


def world(moments: Moments, confounds: ContextConfounds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return speed in km/h and demand 0..1 outside at each moment, each (n,)."""
    speed = USUAL_SPEED_KMH + confounds.share * (moments.speed_kmh - USUAL_SPEED_KMH)
    demand = USUAL_DEMAND + confounds.share * (moments.demand - USUAL_DEMAND)
    if confounds.road is not None:
        road = confounds.road.at(moments.t_s)
        speed, demand = speed + ROAD_SPEED_KMH * road[:, 0], demand + ROAD_DEMAND * road[:, 1]
    return np.maximum(speed, 0.0), np.clip(demand, 0.0, 1.0)


def context_columns(moments: Moments, confounds: ContextConfounds) -> NDArray[np.float32]:
    """Return the context's rows: (n, 2) float32 in the order of `COLUMNS`."""
    return np.stack(world(moments, confounds), axis=1).astype(np.float32)
