"""Intervals and turned labels from counts of people: the very figures that drawing all their steps again gives."""

import numpy as np
import pytest

from models import counts, metrics
from models.errors import ModelError
from models.intervals import Told, area_over_people, gain, over_people, permutation_p

DRAW = np.random.default_rng(5)
TOLD = [Told(f"p{k % 5}", DRAW.integers(0, 4 if k else 2, 60 + k), DRAW.dirichlet(np.ones(4), 60 + k))
        for k in range(9)]
"""Nine sessions of five people; one session holds two classes only."""


def naive(truth: np.ndarray, probabilities: np.ndarray) -> float:
    return metrics.balanced_accuracy(truth, probabilities.argmax(axis=1))


def test_drawing_counts_is_drawing_steps() -> None:
    fast, slow = over_people(TOLD, draws=200, seed=3), over_people(TOLD, naive, draws=200, seed=3)
    assert [fast.value, fast.low, fast.high] == pytest.approx([slow.value, slow.low, slow.high], abs=1e-12)
    assert fast.low < fast.value < fast.high


def test_a_class_that_no_drawn_person_has_does_not_count() -> None:
    table = np.array([[3, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert counts.balanced(table) == pytest.approx((0.75 + 0.5) / 2)
    assert np.isnan(counts.balanced(np.zeros((2, 2))))


def test_every_turn_of_the_labels_is_counted_as_rolling_them_counts() -> None:
    truth, told = DRAW.integers(0, 3, 31), DRAW.integers(0, 3, 31)
    tables = counts.turned(truth, told, 3)
    for turn in range(31):
        np.testing.assert_array_equal(tables[turn], metrics.confusion(np.roll(truth, turn), told, 3))


def test_areas_of_drawn_people_are_areas_of_their_steps() -> None:
    person = ["a", "b", "b", "c"]
    truth = [DRAW.random(40) < 0.3 for _ in person]
    score = [np.round(DRAW.random(40) + 0.3 * kind, 1) for kind in truth]  # rounded: ties
    found = area_over_people(person, truth, score, draws=300)
    assert found.value == pytest.approx(metrics.auc(np.concatenate(truth), np.concatenate(score)))
    areas = counts.Areas([truth[0], np.concatenate(truth[1:3]), truth[3]],
                         [score[0], np.concatenate(score[1:3]), score[3]])
    drawn = [0, 0, 3]
    assert areas.of(np.array([2, 0, 1])) == pytest.approx(metrics.auc(np.concatenate([truth[k] for k in drawn]),
                                                                      np.concatenate([score[k] for k in drawn])))
    assert found.low < found.value < found.high
    assert np.isnan(area_over_people(person, truth, [np.full(40, np.nan)] * 4).value)


def test_a_gain_is_told_on_the_same_draws_and_people() -> None:
    better = [Told(part.person, part.truth, np.eye(4)[part.truth]) for part in TOLD]
    found = gain(better, TOLD, draws=200)
    assert found.value == pytest.approx(1 - over_people(TOLD, draws=2).value)
    assert 0 < found.low < found.value < found.high
    same = gain(TOLD, TOLD, draws=50)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    with pytest.raises(ModelError, match="compared on the same people"):
        gain(TOLD, TOLD[:2])


def test_turned_labels_give_the_share_that_does_as_well() -> None:
    assert permutation_p([Told(one.person, one.truth, np.eye(4)[one.truth]) for one in TOLD], draws=99) == 0.01
    assert permutation_p([Told(one.person, one.truth, np.ones((len(one.truth), 4))) for one in TOLD], draws=99) == 1.0
