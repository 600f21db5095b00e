"""Nods and yawns: against plain twins, and in stories."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kernels import frames, gestures
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


def grid(count: int, rate_hz: float = 30.0) -> np.ndarray:
    return START + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def nods(times: np.ndarray, pitch: np.ndarray) -> list[int]:
    state, recent, found = np.zeros(1, gestures.NOD), np.zeros(1, frames.FRAMES), []
    for k, (t, angle) in enumerate(zip(times, pitch, strict=True)):
        frames.remember(recent[0], t, 1, np.nan, np.nan, angle, np.nan, np.nan)
        if gestures.nod(state[0], recent[0], t, angle):
            found.append(k)
    return found


def yawns(times: np.ndarray, jaw: np.ndarray) -> list[int]:
    state = np.zeros(1, gestures.YAWN)
    return [k for k, (t, score) in enumerate(zip(times, jaw, strict=True)) if gestures.yawn(state[0], t, score)]


def rough(seed: int, values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Levels held for a while, with noise, holes and missing samples."""
    random = np.random.default_rng(seed)
    signal = np.repeat(random.choice(values, 150), random.integers(5, 80, 150))[:3000]
    signal = np.clip(signal + random.normal(0, 0.05, len(signal)), -1, 1).astype(np.float32).astype(np.float64)
    signal[random.random(len(signal)) < 0.05] = np.nan
    steps = random.choice([33, 34, 70, 700], len(signal), p=[0.6, 0.36, 0.03, 0.01])
    return START + np.cumsum(steps).astype(np.int64) * 1_000_000, signal


@pytest.mark.parametrize("seed", range(4))
def test_gestures_match_the_naive_twins(seed: int) -> None:
    times, pitch = rough(seed, [0.0, -0.2, -0.5])
    assert_array_equal(nods(times, pitch), reference.nods(times, pitch))
    times, jaw = rough(seed, [0.05, 0.45, 0.8])
    assert_array_equal(yawns(times, jaw), reference.yawns(times, jaw))
    assert len(nods(times, -jaw)) > 3
    assert len(yawns(times, jaw)) > 3


def falling(degrees: float, down_s: float, stay_s: float, up_s: float) -> np.ndarray:
    """Head pitch at 30 Hz: two seconds level, down, staying, up, and two seconds level."""
    return -np.radians(degrees) * np.concatenate([
        np.zeros(60), np.linspace(0, 1, round(30 * down_s)), np.ones(round(30 * stay_s)),
        np.linspace(1, 0, round(30 * up_s)), np.zeros(60)])


@pytest.mark.parametrize(("story", "pitch", "count"), [
    ("a nod", falling(25, 0.5, 0.3, 0.5), 1),
    ("too small", falling(13, 0.5, 0.3, 0.5), 0),
    ("too slow", falling(25, 2.5, 0.3, 0.5), 0),
    ("a look at the lap", falling(40, 0.5, 3.0, 0.5), 0),
    ("never back", falling(25, 0.5, 0.3, 0.5)[:88], 0),
    ("two nods", np.tile(falling(25, 0.5, 0.3, 0.5), 2), 2),
    ("shaking", np.radians(20) * np.sin(2 * math.pi * 3 * np.arange(90) / 30), 2),
])
def test_stories_of_nods(story: str, pitch: np.ndarray, count: int) -> None:
    assert len(nods(grid(len(pitch)), pitch)) == count


def test_a_head_that_was_not_seen_falling_did_not_nod() -> None:
    pitch = falling(25, 0.5, 0.3, 0.5)
    pitch[62:80] = np.nan
    assert nods(grid(len(pitch)), pitch) == []


@pytest.mark.parametrize(("story", "jaw", "expected_s"), [
    ("a yawn", [(0.05, 2), (0.9, 4), (0.05, 2)], [3.5]),
    ("talking", [(0.05, 2), *[(0.6, 0.2), (0.2, 0.15)] * 20], []),
    ("too short", [(0.05, 2), (0.9, 1.4), (0.05, 2)], []),
    ("a dip half-way", [(0.05, 2), (0.9, 1), (0.3, 0.1), (0.9, 1.2), (0.05, 1)], []),
    ("held open", [(0.05, 2), (0.9, 1), (0.45, 0.3), (0.9, 1), (0.05, 1)], [3.5]),
    ("two", [(0.05, 2), (0.9, 2), (0.05, 2), (0.9, 2)], [3.5, 7.5]),
    ("one with a twitch at its end", [(0.05, 2), (0.9, 2), (0.3, 0.1), (0.9, 0.3), (0.3, 1)], [3.5]),
])
def test_stories_of_yawns(story: str, jaw: list[tuple[float, float]], expected_s: list[float]) -> None:
    signal = np.concatenate([np.full(round(30 * seconds), level) for level, seconds in jaw])
    found = yawns(grid(len(signal)), signal)
    assert [k / 30 for k in found] == pytest.approx(expected_s, abs=0.05)
