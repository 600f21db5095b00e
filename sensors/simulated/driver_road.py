"""The road a simulated driver takes: town, country and motorway, with stops and junctions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column
from sensors.simulated.randomness import generator

COLUMNS = (Column("speed_kmh", "km/h"), Column("steering", "rad"), Column("indicator", "1"), Column("gear", "1"),
           Column("brake", "1"))
"""What the vehicle sends."""

ROADS = (("town", 0.40, (28.0, 52.0), (15.0, 50.0), 0.5), ("country", 0.35, (65.0, 102.0), (40.0, 90.0), 0.08),
         ("motorway", 0.25, (95.0, 135.0), (40.0, 120.0), 0.0))
"""Name, share of the drive, range of speeds in km/h, how long one is kept in s, and the share of them that end in a
stop: our choice."""
LEG_S = (240.0, 600.0)
SPEED_UP, SLOW_DOWN = 6.0, 9.0
"""km/h in a second."""
STOP_S = (4.0, 40.0)
AWAY_S = 3.0
"""How long a driver still looks around after pulling away: up to 18 km/h."""
TURNS = 0.5
"""Share of stops that are junctions where the car turns."""
TURN_RAD = 1.6
"""Steering wheel in such a turn."""


@dataclass(frozen=True)
class Road:
    """A whole drive, as the vehicle tells it."""

    knots_s: NDArray[np.float64]
    """(n,) ascending."""
    knots_kmh: NDArray[np.float64]
    """(n,) the speed there; straight lines between."""
    stops_s: NDArray[np.float64]
    """(m, 2) from when to when the car stands."""
    turns: NDArray[np.float64]
    """(m,) -1 where it then turns left, 1 right, 0 straight on."""

    def speed_kmh(self, t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the speed at each time (n,)."""
        return np.interp(t_s, self.knots_s, self.knots_kmh)

    def columns(self, t_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return (n, 5) float32 rows of `COLUMNS`."""
        out = np.zeros((len(t_s), len(COLUMNS)))
        out[:, 0] = self.speed_kmh(t_s)
        out[:, 3] = 1.0
        later = self.speed_kmh(t_s + 0.5)
        out[:, 4] = np.where(out[:, 0] - later > 1.0, 0.3, 0.0)
        if len(self.stops_s):
            away_s = self.stops_s[:, 1]
            place = np.minimum(np.searchsorted(away_s + 6.0, t_s, side="right"), len(away_s) - 1)
            since_s = t_s - away_s[place]
            out[:, 2] = np.where((since_s > -6.0) & (since_s < 4.0), self.turns[place], 0.0)
            out[:, 1] = self.turns[place] * TURN_RAD * np.clip(1.0 - np.abs(since_s - 3.0) / 2.0, 0.0, 1.0)
        return out.astype(np.float32)


def drawn(seed: int, length_s: float) -> Road:
    """Return the road of a seed."""
    draw = generator(seed, "road")
    knots: list[tuple[float, float]] = [(0.0, 0.0)]
    stops: list[tuple[float, float]] = []
    at_s, speed, stop_s = 0.0, 0.0, float(draw.uniform(2.0, 6.0))
    stops.append((0.0, stop_s))
    at_s = stop_s
    knots.append((at_s, 0.0))
    while at_s < length_s:
        road = ROADS[int(draw.choice(len(ROADS), p=[row[1] for row in ROADS]))]
        leg_end_s = at_s + draw.uniform(*LEG_S)
        while at_s < min(leg_end_s, length_s):
            aim = float(draw.uniform(*road[2]))
            at_s += 0.1 + abs(aim - speed) / (SPEED_UP if aim > speed else SLOW_DOWN)
            knots.append((at_s, aim))
            at_s += float(draw.uniform(*road[3]))
            speed = aim
            knots.append((at_s, speed))
            if draw.uniform() < road[4]:
                at_s += speed / SLOW_DOWN
                knots.append((at_s, 0.0))
                stop_s = float(draw.uniform(*STOP_S))
                stops.append((at_s, at_s + stop_s))
                at_s, speed = at_s + stop_s, 0.0
                knots.append((at_s, 0.0))
    turns = np.where(draw.uniform(size=len(stops)) < TURNS, draw.choice([-1.0, 1.0], len(stops)), 0.0)
    times, speeds = np.array(knots).T
    return Road(times, speeds, np.array(stops), turns)
