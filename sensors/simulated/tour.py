"""A drive through town, over country roads and a motorway, with stops, and backwards into a parking space.

Speeds, durations and steering angles are design choices of ordinary European traffic on the right; none is measured.
"""

import bisect
import math
from typing import NamedTuple

import numpy as np

from sensors.simulated.randomness import generator

PULL, SLOW = 1.6, 2.2
"""Mean acceleration and deceleration of a change of speed, m/s^2."""
LEFT, OFF, RIGHT = -1, 0, 1
DEMAND_SETTLE_S = 2.0
CURVE_BLEND_S = 3.0


class Leg(NamedTuple):
    """One stretch of a tour, from `start_s` up to but not including `end_s`."""

    place: str
    """parked, town, junction, country, motorway or reversing."""
    start_s: float
    end_s: float
    from_kmh: float
    to_kmh: float
    change_s: float
    """How long the change of speed takes, from the leg's start."""
    demand: float
    before: float
    """The demand of the leg before."""
    indicator: int = OFF
    steer: float = 0.0
    """Amplitude of one manoeuvre over the leg, rad at the wheel, + to the right."""
    swings: int = 1
    """Half waves of it: 1 a turn, 2 a change of lane."""
    curves: float = 0.0
    """Amplitude of the road's curves, rad at the wheel."""

    def speed(self, t_s: float) -> tuple[float, float]:
        """Return speed in km/h and acceleration in m/s^2 at `t_s`."""
        share = min(1.0, max(0.0, (t_s - self.start_s) / self.change_s))
        step = self.to_kmh - self.from_kmh
        return (self.from_kmh + step * share * share * (3 - 2 * share),
                step / 3.6 * 6 * share * (1 - share) / self.change_s)

    def steering(self, t_s: float, road: float) -> float:
        """Return the angle of the wheel at `t_s`, rad; `road` is the road's own bend, about -1 to 1."""
        share = (t_s - self.start_s) / (self.end_s - self.start_s)
        blend = min(1.0, (t_s - self.start_s) / CURVE_BLEND_S, (self.end_s - t_s) / CURVE_BLEND_S)
        return self.steer * math.sin(math.pi * self.swings * share) + self.curves * road * max(0.0, blend)

    def asks(self, t_s: float) -> float:
        """Return the demand at `t_s`, 0..1."""
        share = min(1.0, max(0.0, (t_s - self.start_s) / DEMAND_SETTLE_S))
        return self.before + (self.demand - self.before) * share


class Tour:
    """Drives one after the other, each drawn from its own seed; a pure function of seed and time.

    Parameters
    ----------
    seed
        The participant's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._legs: list[Leg] = []
        self._starts: list[float] = []
        self._drawn = 0

    def leg(self, t_s: float) -> Leg:
        """Return the leg that `t_s` lies in; what was before the tour is its first leg."""
        while not self._legs or self._legs[-1].end_s <= t_s:
            begin_s = self._legs[-1].end_s if self._legs else 0.0
            self._legs += _Plan(generator(self._seed, "tour", self._drawn), begin_s).tour()
            self._starts = [leg.start_s for leg in self._legs]
            self._drawn += 1
        return self._legs[max(0, bisect.bisect_right(self._starts, t_s) - 1)]


class _Plan:
    """Draws one tour."""

    def __init__(self, draw: np.random.Generator, begin_s: float) -> None:
        self._draw, self._at_s, self._kmh, self._demand = draw, begin_s, 0.0, 0.05
        self._legs: list[Leg] = []

    def tour(self) -> list[Leg]:
        self._go("parked", 0.0, 8.0, 0.05)
        for _ in range(int(self._draw.integers(4, 7))):
            self._block()
        self._go("country", self._some(80, 95), self._some(50, 90), 0.45, curves=0.25)
        self._go("country", self._some(55, 65), self._some(15, 25), 0.55, curves=0.45)
        self._go("country", self._some(85, 100), self._some(40, 80), 0.45, curves=0.2)
        self._go("motorway", 105.0, 9.0, 0.6, indicator=LEFT, steer=-0.08, swings=2)
        self._go("motorway", self._some(118, 130), self._some(60, 120), 0.3, curves=0.03)
        for side in (LEFT, RIGHT):
            self._go("motorway", self._kmh, 6.0, 0.5, indicator=side, steer=side * 0.05, swings=2)
            self._go("motorway", self._some(115, 130), self._some(20, 60), 0.3, curves=0.03)
        self._go("motorway", 60.0, 12.0, 0.5, indicator=RIGHT, steer=0.06, swings=2)
        self._go("motorway", 50.0, 6.0, 0.6, indicator=RIGHT, steer=0.6)
        for _ in range(int(self._draw.integers(2, 4))):
            self._block()
        self._park()
        return self._legs

    def _block(self) -> None:
        """Drive to the next junction, and over it by a turn or after a stop."""
        self._go("town", self._some(32, 50), self._some(15, 35), 0.6, curves=0.1)
        kind = self._draw.random()
        if kind < 0.4:
            self._go("junction", 0.0, self._some(10, 25), 0.5)
        elif kind < 0.8:
            side = RIGHT if self._draw.random() < 0.5 else LEFT
            self._go("junction", 18.0, 5.0, 0.8, indicator=side)
            self._go("junction", 16.0, self._some(4.0, 6.0), 0.85, indicator=side, steer=side * self._some(2.5, 4.0))

    def _park(self) -> None:
        self._go("town", 0.0, 7.0, 0.6, indicator=RIGHT)
        for kmh, seconds in ((5.0, self._some(8, 12)), (0.0, 3.0)):
            self._go("reversing", kmh, seconds, 0.7, indicator=RIGHT, steer=7.0 if kmh else 0.0, swings=2)
        self._go("parked", 0.0, self._some(12, 25), 0.05)

    def _some(self, low: float, high: float) -> float:
        return float(self._draw.uniform(low, high))

    def _go(self, place: str, kmh: float, seconds: float, demand: float, *, indicator: int = OFF, steer: float = 0.0,
            swings: int = 1, curves: float = 0.0) -> None:
        """Add a leg at least as long as its change of speed takes."""
        step = kmh - self._kmh
        change_s = max(1.0, abs(step) / 3.6 / (PULL if step > 0 else SLOW))
        end_s = self._at_s + max(seconds, change_s)
        self._legs.append(Leg(place, self._at_s, end_s, self._kmh, kmh, change_s, demand, self._demand, indicator,
                              steer, swings, curves))
        self._at_s, self._kmh, self._demand = end_s, kmh, demand
