"""Eyes made by arithmetic: fixations joined by saccades of the main sequence's durations, and what is true of them."""

import math
from typing import NamedTuple

import numpy as np

SECOND = 1_000_000_000
START_NS = 3_600 * SECOND


class Truth(NamedTuple):
    """One fixation and the saccade after it."""

    begin_s: float
    end_s: float
    yaw: float
    pitch: float


def grid(seconds: float, rate_hz: float) -> np.ndarray:
    """Return uniform times."""
    return START_NS + (np.arange(int(seconds * rate_hz)) * SECOND / rate_hz).astype(np.int64)


def saccade_s(degrees: float) -> float:
    """Return a saccade's duration: 2.2 ms a degree + 21 ms."""
    return 0.0022 * degrees + 0.021


def looks(seconds: float, seed: int, least_deg: float, most_deg: float, shortest_s: float = 0.25,
          longest_s: float = 0.6) -> list[Truth]:
    """Return fixations within 20 degrees, each `least_deg` to `most_deg` from the one before."""
    draw = np.random.default_rng(seed)
    at, place, found = 0.0, np.zeros(2), []
    while at < seconds:
        end = at + float(draw.uniform(shortest_s, longest_s))
        found.append(Truth(at, end, float(place[0]), float(place[1])))
        while True:
            size, angle = draw.uniform(least_deg, most_deg), draw.uniform(0, 2 * math.pi)
            there = place + np.radians(size) * np.array([math.cos(angle), math.sin(angle)])
            if np.abs(there).max() < math.radians(20):
                break
        at, place = end + saccade_s(float(size)), there
    return found


def gaze(truth: list[Truth], times_ns: np.ndarray, noise_deg: float, seed: int = 9) -> np.ndarray:
    """Return (n, 2) gaze in rad; a saccade follows the smoothest path (minimum jerk)."""
    t = (times_ns - START_NS) / SECOND
    out = np.empty((len(t), 2))
    for one, after in zip(truth, [*truth[1:], truth[-1]], strict=True):
        here, there = np.array([one.yaw, one.pitch]), np.array([after.yaw, after.pitch])
        out[(t >= one.begin_s) & (t <= one.end_s)] = here
        flying = (t > one.end_s) & (t < after.begin_s)
        u = ((t[flying] - one.end_s) / (after.begin_s - one.end_s))[:, None] if flying.any() else np.empty((0, 1))
        out[flying] = here + (there - here) * (10 * u**3 - 15 * u**4 + 6 * u**5)
    return out + math.radians(noise_deg) * np.random.default_rng(seed).normal(size=out.shape)
