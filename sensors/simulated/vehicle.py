"""The simulated vehicle: speed, steering, indicator, gear and brake as a pure function of seed and time.

Two drives. On "participant" it goes exactly as fast as the simulated participant does in their state, and asks as much
of them, so that it tells the same story as face, voice and brain; it then keeps to a road and changes lane now and
then, but it never reverses. On "tour" it follows a drive of its own (see `tour`), whatever the participant does.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.participant import SPEED_SETTLE_S, Participant
from sensors.simulated.randomness import generator
from sensors.simulated.story import ParticipantConfig
from sensors.simulated.tour import Tour

SHIFTS_KMH = (17.0, 32.0, 50.0, 68.0, 90.0)
"""Speeds from which the second, third ... gear is in."""
STANDS_KMH = 0.5
ROLLS = 0.4
"""Deceleration without any brake, m/s^2."""
FULL_BRAKE = 7.0
"""Deceleration with the pedal all the way down, m/s^2."""
HOLD = 0.25
"""The pedal while the car is held at a junction."""
KEEPING = 0.015
"""What a driver's hands do to stay in lane, rad at the wheel (a design choice)."""
ROAD_WAVES = 5
LANE_BLOCK_S, LANE_CHANGE_S, LANE_SHARE, LANE_KMH, LANE_STEER = 45.0, 6.0, 0.4, 60.0, 0.05
"""On the participant's drive: in how many blocks of time a lane is changed, how long it takes, from which speed on, and
how far the wheel turns."""
SLOPE_S = 0.25


class VehicleMoment(NamedTuple):
    """What a vehicle could put on its bus at one moment."""

    speed_kmh: float
    acceleration: float
    """m/s^2, below 0 while it slows down, forwards and backwards alike."""
    steering: float
    """Angle of the wheel, rad, + to the right."""
    indicator: int
    """-1 left, 0 off, 1 right."""
    gear: int
    """-1 reverse, 0 park or neutral, 1 and up forward."""
    brake: float
    """Travel of the pedal, 0..1."""
    demand: float
    """How much the road asks of the driver, 0..1."""
    place: str
    """Where it is: a leg of the tour, or "road"."""


class Vehicle:
    """One seeded vehicle; any order of questions, in any process, brings the same answers.

    Parameters
    ----------
    config
        The participant who drives it.
    drive
        "participant" or "tour".
    """

    def __init__(self, config: ParticipantConfig, drive: str = "participant") -> None:
        self._seed = config.seed
        self._tour = Tour(config.seed) if drive == "tour" else None
        self._participant = Participant(config)
        self._block: tuple[int | None, float, int] = (None, 0.0, 0)
        draw = generator(config.seed, "road")
        self._road_hz = draw.uniform(0.01, 0.12, ROAD_WAVES)
        self._hands_hz = draw.uniform(0.1, 0.5, ROAD_WAVES)
        self._phase = draw.uniform(0, 2 * np.pi, (2, ROAD_WAVES))

    def at(self, t_s: float) -> VehicleMoment:
        """Return what is true at `t_s` seconds into the session."""
        return self._on_tour(t_s, self._tour) if self._tour else self._with_participant(t_s)

    def _on_tour(self, t_s: float, tour: Tour) -> VehicleMoment:
        leg = tour.leg(t_s)
        speed, acceleration = leg.speed(max(t_s, leg.start_s))
        gear = 0 if leg.place == "parked" else -1 if leg.place == "reversing" else _forward(speed)
        held = HOLD if speed < STANDS_KMH and gear else 0.0
        steering = leg.steering(max(t_s, leg.start_s), self._bend(t_s)) + self._hands(t_s, speed)
        return VehicleMoment(speed, acceleration, steering, leg.indicator, gear, max(held, _brake(acceleration)),
                             leg.asks(t_s), leg.place)

    def _with_participant(self, t_s: float) -> VehicleMoment:
        moment = self._participant.at(t_s)
        before, after = (self._participant.level("speed_kmh", at_s, SPEED_SETTLE_S)
                         for at_s in (t_s - SLOPE_S, t_s + SLOPE_S))
        acceleration = (after - before) / 3.6 / (2 * SLOPE_S)
        speed = max(0.0, moment.speed_kmh)
        side, turned = self._lane_change(t_s)
        # The faster, the straighter the road is built.
        bend = 0.25 * self._bend(t_s) * min(1.0, 50.0 / speed) if speed > STANDS_KMH else 0.0
        return VehicleMoment(speed, acceleration, bend + turned + self._hands(t_s, speed), side,
                             _forward(speed) if speed >= STANDS_KMH else 0,
                             _brake(acceleration) if speed >= STANDS_KMH else 0.0, moment.demand, "road")

    def _lane_change(self, t_s: float) -> tuple[int, float]:
        """Return which indicator is on and how far the wheel is turned for a change of lane."""
        start_s, side = self._lane_block(math.floor(t_s / LANE_BLOCK_S))
        share = (t_s - start_s) / LANE_CHANGE_S
        if not (side and 0 <= share < 1):
            return 0, 0.0
        # The indicator is on for a third of it before the wheel moves.
        return side, side * LANE_STEER * math.sin(2 * math.pi * (share * 1.5 - 0.5)) if share > 1 / 3 else 0.0

    def _lane_block(self, number: int) -> tuple[float, int]:
        """Return when a block's change of lane begins, and to which side; 0 is none."""
        if number != self._block[0]:
            draw = generator(self._seed, "lane", number)
            start_s = number * LANE_BLOCK_S + float(draw.uniform(0, LANE_BLOCK_S - LANE_CHANGE_S))
            wanted, side = float(draw.random()) < LANE_SHARE, 1 if draw.random() < 0.5 else -1
            fast = self._participant.level("speed_kmh", start_s, SPEED_SETTLE_S) >= LANE_KMH
            self._block = number, start_s, side if wanted and fast else 0
        return self._block[1:]

    def _bend(self, t_s: float) -> float:
        return self._sines(t_s, self._road_hz, 0)

    def _hands(self, t_s: float, speed: float) -> float:
        return KEEPING * self._sines(t_s, self._hands_hz, 1) * min(1.0, speed / 10.0)

    def _sines(self, t_s: float, hertz: NDArray[np.float64], which: int) -> float:
        waves = np.sin(2 * np.pi * hertz * t_s + self._phase[which])
        return float(waves.sum()) * math.sqrt(2 / ROAD_WAVES) / 2


def _forward(speed_kmh: float) -> int:
    return 1 + sum(speed_kmh >= limit for limit in SHIFTS_KMH)


def _brake(acceleration: float) -> float:
    return min(1.0, max(0.0, (-acceleration - ROLLS) / (FULL_BRAKE - ROLLS)))
