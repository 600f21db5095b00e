"""Closures: PERCLOS time, the rungs, and what a loss of the eyes does to them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import closures
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND
LIMITS = {"P80": (closures.P80, closures.P80_ENDS), "P70": (closures.P70, closures.P70_ENDS)}


def grid(count: int, rate_hz: float = 30.0) -> np.ndarray:
    return START + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def run(times: np.ndarray, opened: np.ndarray, limits: tuple[float, float] = LIMITS["P80"]) -> np.ndarray:
    """Return (closed s, age s) of each frame; an age of -1 outside closures."""
    record = np.zeros(1, closures.CLOSURE)
    closures.clear(record)
    steps = np.round(reference.steps_s(times) * SECOND).astype(np.int64)
    rows = []
    for t, step, value in zip(times, steps, opened, strict=True):
        closed_ns = closures.step(record[0], *limits, t, step, value)
        rows.append((closed_ns / 1e9, record["age_ns"][0] / 1e9 if record["age_ns"][0] >= 0 else -1.0))
    return np.array(rows).reshape(-1, 2)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(4))
def test_closures_match_the_naive_twin(seed: int, limits: str) -> None:
    random = np.random.default_rng(seed)
    times = START + np.cumsum(random.choice([25, 33, 50, 140, 160, 300], 1500, p=[.2, .6, .1, .04, .03, .03])
                              ).astype(np.int64) * 1_000_000
    opened = np.full(1500, 1.0)
    for first in random.integers(0, 1450, 40):
        opened[first:first + random.integers(1, 40)] = random.choice([0.0, 0.15, 0.25, 0.32, 0.5])
    opened[random.random(1500) < 0.1] = np.nan
    comp = run(times, opened, LIMITS[limits])
    assert_allclose(comp[:, 0], reference.closed_s(times, opened, *LIMITS[limits]), atol=1e-8)
    ages = dict(pair for closure in reference.closures(times, opened, *LIMITS[limits]) for pair in closure)
    seen = np.flatnonzero(np.isfinite(opened))
    assert_allclose(comp[seen, 1], [ages.get(k, -1.0) for k in seen], atol=1e-8)
    assert comp[:, 0].sum() > 1


def test_a_blink_is_no_perclos_and_a_longer_closure_counts_from_its_beginning() -> None:
    opened = np.ones(300)
    opened[50:57] = 0.0  # 0.23 s
    assert run(grid(300), opened)[:, 0].sum() == 0
    opened[100:115] = 0.0  # 0.5 s
    assert_allclose(run(grid(300), opened)[:, 0].sum(), 0.5, atol=1e-6)


def test_a_closure_survives_a_short_loss_of_the_eyes_only() -> None:
    opened = np.ones(600)
    opened[300:400] = 0.0
    opened[340:350] = np.nan
    rows = run(grid(600), opened)
    assert_allclose(rows[399, 1], 100 / 30, rtol=1e-3)
    assert rows[400, 1] == -1.0
    assert_allclose(rows[:, 0].sum(), 90 / 30, rtol=1e-3)  # without eyes nothing is closed
    opened[340:360] = np.nan  # 0.67 s without eyes: what came of the closure is not known
    rows = run(grid(600), opened)
    assert_allclose(rows[399, 1], 40 / 30, rtol=0.05)


def test_eyes_that_never_were_are_not_closed() -> None:
    assert (run(grid(90), np.full(90, np.nan)) == [0.0, -1.0]).all()
