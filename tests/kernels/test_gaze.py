"""Spread of gaze against its plain twin and a Gaussian's own numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import gaze
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND
TARGET = (0.1, -0.05, 0.26)


def remembered(times: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    record = np.zeros(1, gaze.GAZE)
    for t, a, b in zip(times, yaw, pitch, strict=True):
        gaze.remember(record[0], t, a, b)
    return record[0]


@pytest.mark.parametrize("kind", ["random", "constant", "far away", "two", "single", "empty", "over the ring"])
@pytest.mark.parametrize("seconds", [0.5, 10.0])
def test_spread_and_mean_match_the_naive_twin(kind: str, seconds: float) -> None:
    random = np.random.default_rng(7)
    count = {"two": 2, "single": 1, "empty": 0, "over the ring": gaze.CAPACITY + 500}.get(kind, 600)
    steps_ms = random.choice([33, 34, 70, 250], count, p=[0.6, 0.3, 0.08, 0.02])
    times = START + np.cumsum(steps_ms).astype(np.int64) * 1_000_000
    yaw, pitch = random.normal(0, 0.2, (2, count)).astype(np.float32).astype(np.float64)
    if kind == "constant":
        yaw[:], pitch[:] = np.float32(0.2), np.float32(0.3)
    elif kind == "far away":
        yaw, pitch = ((1.5 + 0.0001 * angle).astype(np.float32).astype(np.float64) for angle in (yaw, pitch))
    record, tick = remembered(times, yaw, pitch), int(times[-1]) - 50_000_000 if count > 2 else START + SECOND // 8
    comp = gaze.spread(record, tick, round(seconds * SECOND), *TARGET)
    assert_allclose(comp, reference.spread(times, yaw, pitch, TARGET, tick, seconds), rtol=1e-4, atol=1e-12)
    assert_allclose(gaze.mean(record, tick, round(seconds * SECOND)),
                    [reference.mean(times, angle, tick, seconds) for angle in (yaw, pitch)], rtol=1e-6, atol=1e-12)
    if kind == "constant":
        assert comp[:2] == (0.0, 0.0)


def test_bcea_is_the_ellipse_that_holds_68_percent_of_a_gaussian() -> None:
    random = np.random.default_rng(1)
    sx, sy, r = 0.04, 0.02, 0.6
    points = random.multivariate_normal([0.1, 0.0], [[sx**2, r * sx * sy], [r * sx * sy, sy**2]], 4000)
    times = START + np.arange(4000) * SECOND // 400
    _, area, _ = gaze.spread(remembered(times, *points.T), int(times[-1]), 10 * SECOND, *TARGET)
    assert area == pytest.approx(-2 * np.log(1 - 0.68) * np.pi * sx * sy * np.sqrt(1 - r**2), rel=0.05)
    centred = points - points.mean(axis=0)
    squared = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(np.cov(points.T)), centred)
    scale = area / (np.pi * np.sqrt(np.linalg.det(np.cov(points.T))))
    assert np.mean(squared <= scale) == pytest.approx(0.68, abs=0.02)


def test_gaze_along_a_line_covers_no_area() -> None:
    angle = np.linspace(-0.2, 0.2, 300)
    times = START + np.arange(300) * SECOND // 30
    _, area, _ = gaze.spread(remembered(times, angle, 0.5 * angle), int(times[-1]), 10 * SECOND, *TARGET)
    assert area < 1e-6
