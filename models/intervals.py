"""How sure a figure is: intervals by drawing people again, and chance by turning the labels round in time.

People, not windows, are what is drawn: windows of one person resemble each other, and an interval over windows would
be far too narrow (the cluster bootstrap; Field and Welsh 2007). In the permutation test labels are turned round in a
circle within each person, which keeps how slowly they change; shuffled labels would call any slow feature a finding.
Balanced accuracy is worked out from each person's counts (see `models.counts`), which gives the
same and takes a moment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import counts, metrics
from models.errors import ModelError
from models.labels import NOT_LABELLED

DRAWS = 1000
COVERED = 0.95

Measure = Callable[[NDArray[np.integer], NDArray[np.floating]], float]
"""From true labels (n,) and probabilities (n, class) to a figure."""


@dataclass(frozen=True, eq=False)
class Told:
    """The truth and the probabilities of one session, steps without a known truth left out."""

    person: str
    truth: NDArray[np.integer]
    probabilities: NDArray[np.floating]

    @classmethod
    def of(cls, person: str, truth: NDArray[np.integer], probabilities: NDArray[np.floating]) -> "Told":
        """Return the labelled steps."""
        known = truth != NOT_LABELLED
        return cls(person, truth[known], probabilities[known])


@dataclass(frozen=True)
class Interval:
    """A figure, between what 95 % of draws of people give, beside chance."""

    value: float
    low: float
    high: float
    chance: float


def joined(told: Sequence[Told]) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Return all sessions' truth (n,) and probabilities (n, class) one after the other.

    Raises
    ------
    ModelError
        If there is no labelled step.
    """
    if not sum(len(part.truth) for part in told):
        raise ModelError("There is no step with a known truth to measure on.",
                         "Label some, or choose another data set.")
    return np.concatenate([part.truth for part in told]), np.concatenate([part.probabilities for part in told])


def balanced_accuracy(truth: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the balanced accuracy of the most probable class."""
    return metrics.balanced_accuracy(truth, probabilities.argmax(axis=1))


def over_people(told: Sequence[Told], measure: Measure = balanced_accuracy, *, chance: float | None = None,
                draws: int = DRAWS, seed: int = 0) -> Interval:
    """Return a figure over all people with its percentile interval over `draws` draws of people.

    With one person there is nothing to draw: the ends are NaN. `chance` is 1 / classes if it is left out. A measure
    other than the balanced accuracy is worked out anew for every draw.
    """
    truth, probabilities = joined(told)
    parts = _by_person(told)
    often = counts.draws_of(len(parts), draws, seed)
    if measure is balanced_accuracy:
        figures = counts.balanced(np.tensordot(often, tables(told), axes=1))
    else:
        figures = np.array([measure(*(np.concatenate([parts[k][side] for k in np.repeat(np.arange(len(parts)), row)])
                                      for side in (0, 1))) for row in often])
    return Interval(measure(truth, probabilities), *_ends(figures, len(parts)),
                    metrics.chance(truth) if chance is None else chance)


def gain(told: Sequence[Told], other: Sequence[Told], *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Return by how much the first is better than the other in balanced accuracy, on the same draws of people.

    Raises
    ------
    ModelError
        If they are not about the same people.
    """
    if sorted({part.person for part in told}) != sorted({part.person for part in other}):
        raise ModelError("Two predictors can only be compared on the same people.",
                         "Predict the same sessions with both.")
    both = [tables(one) for one in (told, other)]
    often = counts.draws_of(len(both[0]), draws, seed)
    first, second = (counts.balanced(np.tensordot(often, one, axes=1)) for one in both)
    value = float(np.subtract(*(counts.balanced(one.sum(axis=0)) for one in both)))
    return Interval(value, *_ends(first - second, len(both[0])), 0.0)


def area_over_people(person: Sequence[str], truth: Sequence[NDArray[np.bool_]], score: Sequence[NDArray[np.floating]],
                     *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Return the area under the ROC curve of sessions, each of a person with truth and score (n,), over people."""
    if not all(np.isfinite(values).all() for values in score):
        return Interval(float("nan"), float("nan"), float("nan"), 0.5)
    names = sorted(set(person))
    joint = [[np.concatenate([part for name, part in zip(person, side, strict=True) if name == who]) for who in names]
             for side in (truth, score)]
    areas = counts.Areas(joint[0], joint[1])
    return Interval(float(areas.of(np.ones(len(names), np.int64))),
                    *_ends(areas.of(counts.draws_of(len(names), draws, seed)), len(names)), 0.5)


def permutation_p(told: Sequence[Told], *, draws: int = DRAWS, seed: int = 0) -> float:
    """Return how often labels turned round in time give as good a balanced accuracy, (1 + hits) / (1 + draws).

    Every person's labels are turned by a distance of their own, over all of the person's sessions laid end to end, at
    least a tenth of them away from where they were; sessions of one label each thus change label, too.
    """
    joined(told)
    draw = np.random.default_rng(seed)
    classes = told[0].probabilities.shape[1]
    total = np.zeros((draws, classes, classes), np.int64)
    for truth, probabilities in _by_person(told):
        least = max(1, len(truth) // 10)
        turns = draw.integers(least, max(least + 1, len(truth) - least + 1), size=draws)
        total += counts.turned(truth, probabilities.argmax(axis=1), classes)[turns % len(truth)]
    hits = int((counts.balanced(total) >= counts.balanced(tables(told).sum(axis=0))).sum())
    return (1 + hits) / (1 + draws)


def tables(told: Sequence[Told]) -> NDArray[np.int64]:
    """Return how often each class was told as each, (person, true class, told class), people in order of names."""
    return np.stack([metrics.confusion(truth, probabilities.argmax(axis=1), probabilities.shape[1])
                     for truth, probabilities in _by_person(told)])


def _by_person(told: Sequence[Told]) -> list[tuple[NDArray[np.integer], NDArray[np.floating]]]:
    return [joined([part for part in told if part.person == name])
            for name in sorted({part.person for part in told if len(part.truth)})]


def _ends(figures: NDArray[np.float64], people: int) -> tuple[float, float]:
    if people < 2 or not np.isfinite(figures).any():
        return float("nan"), float("nan")
    low, high = np.nanquantile(figures, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    return float(low), float(high)
