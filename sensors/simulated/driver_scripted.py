"""Distraction and microsleeps that are put into a simulated drive, with their truth."""

from dataclasses import dataclass

import numpy as np

from sensors.simulated import driver_road
from sensors.simulated.driver_traits import PLACES
from sensors.simulated.randomness import generator

EVERY_S = 45.0
"""One about so often: long enough for a buffer to fill and a count of 30 s to run out."""
LEAST_KMH = 25.0
LOOK_S, SHUT_S = (4.0, 8.0), (1.6, 4.0)
"""How long a distracted look and a microsleep last."""
SERIES, SERIES_LOOK_S, SERIES_ROAD_S = (6, 9), (1.8, 2.4), (0.6, 1.4)
"""A series of looks: how many, how long each, and how long the road is looked at between."""
KINDS = (("look", 0.45), ("series", 0.2), ("microsleep", 0.35))


@dataclass(frozen=True)
class Episode:
    """One thing that the driver did, as it was meant."""

    kind: str
    """look, series or microsleep where it was put in; else what was glanced at."""
    onset_s: float
    end_s: float
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    task: bool = False
    """Whether it belongs to driving."""
    place: str = ""
    """Where a distracted driver looks."""
    slowest_kmh: float = 0.0
    """Least speed while it lasts."""
    scripted: bool = False
    looks: tuple["Episode", ...] = ()
    """Its single looks away."""


def scripted(seed: int, road: driver_road.Road, length_s: float) -> tuple[Episode, ...]:
    """Return what is put into the drive of a seed: only where the car is faster than `LEAST_KMH` all the time."""
    draw, episodes, at_s = generator(seed, "scripted"), [], 70.0
    while at_s < length_s - 60.0:
        kind = str(draw.choice([name for name, _ in KINDS], p=[share for _, share in KINDS]))
        episode = _one(kind, at_s, draw)
        slowest = float(road.speed_kmh(np.arange(at_s - 4.0, episode.end_s + 2.0, 0.5)).min())
        if slowest < LEAST_KMH:
            at_s += 10.0
            continue
        episodes.append(Episode(**{**episode.__dict__, "slowest_kmh": slowest}))
        at_s = episode.end_s + EVERY_S * float(draw.uniform(0.8, 1.3))
    return tuple(episodes)


def _one(kind: str, at_s: float, draw: np.random.Generator) -> Episode:
    if kind == "microsleep":
        return Episode(kind, at_s, at_s + float(draw.uniform(*SHUT_S)), scripted=True)
    place = str(draw.choice(list(PLACES)))
    yaw, pitch = PLACES[place]
    looks, now = [], at_s
    lengths = draw.uniform(*LOOK_S, 1) if kind == "look" else draw.uniform(*SERIES_LOOK_S, int(draw.integers(*SERIES)))
    for length in lengths:
        off = draw.normal(0.0, 1.5, 2)
        looks.append(Episode(place, now, now + float(length), yaw + float(off[0]), pitch + float(off[1])))
        now += float(length) + float(draw.uniform(*SERIES_ROAD_S))
    return Episode(kind, at_s, looks[-1].end_s, yaw, pitch, place=place, scripted=True, looks=tuple(looks))
