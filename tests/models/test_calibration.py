"""Calibration against worked examples: temperature, sets that hold the truth, and strangeness."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.calibration import COVERAGE, AdaptiveConformal, Calibration, fit


def overconfident(n: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that are `factor` times too large, and truths drawn from what they should have been."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 1.5, (n, 6))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    state = np.array([draw.choice(6, p=row) for row in chances])
    return (factor * logits).astype(np.float32), state


def fitted(factor: float) -> tuple[Calibration, np.ndarray, np.ndarray]:
    logits, state = overconfident(6_000, factor)
    pooled = np.random.default_rng(1).normal(size=(6_000, 4)).astype(np.float32)
    return fit(logits, state, np.ones(6_000), pooled, (pooled, state)), logits, state


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_was_too_sure_or_too_timid(factor: float) -> None:
    made, *_ = fitted(factor)
    assert made.temperature == pytest.approx(factor, rel=0.08)


def test_sets_hold_the_truth_as_often_as_they_say_on_steps_they_were_not_fitted_on() -> None:
    made, *_ = fitted(3.0)
    logits, state = overconfident(6_000, 3.0, seed=5)
    members = made.members(made.probabilities(logits))
    assert members[np.arange(6_000), state].mean() == pytest.approx(COVERAGE, abs=0.015)
    assert members.any(axis=1).all()
    assert members.sum(axis=1).mean() < 5


def test_people_with_many_steps_do_not_outweigh_the_others() -> None:
    logits, state = overconfident(1_000, 1.0)
    wrong = (state + 1) % 6
    both, truth = np.concatenate([logits] * 10 + [logits]), np.concatenate([state] * 10 + [wrong])
    owner = np.concatenate([np.zeros(10_000, int), np.ones(1_000, int)])
    pooled = np.zeros((11_000, 2), np.float32)
    alike = fit(both, truth, 1.0 / np.bincount(owner)[owner], pooled, (pooled, truth))
    by_step = fit(both, truth, np.ones(11_000), pooled, (pooled, truth))
    assert alike.temperature > 1.5 * by_step.temperature  # the second person alone is always wrong


def test_what_lies_far_from_all_that_is_known_is_strange() -> None:
    made, *_ = fitted(1.0)
    near = np.random.default_rng(7).normal(size=(4_000, 4)).astype(np.float32)
    assert (made.strangeness(near) < 1).mean() == pytest.approx(0.995, abs=0.004)
    assert made.strangeness(np.full((1, 4), 9.0, np.float32)) > 1
    assert Calibration().strangeness(near[0]) == 0


def test_a_worked_set() -> None:
    made = Calibration(temperature=2.0, missed=0.8)
    chances = made.probabilities(2.0 * np.log(np.array([0.5, 0.25, 0.15, 0.06, 0.03, 0.01], np.float32)))
    assert_allclose(chances, [0.5, 0.25, 0.15, 0.06, 0.03, 0.01], rtol=1e-5)
    assert made.members(chances).tolist() == [True, True, False, False, False, False]
    assert Calibration(missed=0.1).members(chances).tolist() == [True] + [False] * 5


def test_the_running_level_widens_after_misses_and_narrows_slowly() -> None:
    level = AdaptiveConformal(Calibration(missed=0.8), gamma=0.05)
    level.answer(0.01)
    assert level.missed == pytest.approx(0.8 + 0.05 * 0.9)
    level.answer(0.9)
    assert level.missed == pytest.approx(0.8 + 0.05 * 0.9 - 0.05 * 0.1)
    for _ in range(100):
        level.answer(0.0)
    assert level.missed == 1.0
