"""How sure a figure is: intervals by drawing people again, and chance by turning the labels round in time.

People, not windows, are what is drawn: windows of one person resemble each other, and an interval over windows would
be far too narrow (the cluster bootstrap; Field and Welsh 2007). In the permutation test labels are turned round in a
circle within each session, which keeps how slowly they change; shuffled labels would call any slow feature a finding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import metrics
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

    With one person there is nothing to draw: the ends are NaN. `chance` is 1 / classes if it is left out.
    """
    truth, probabilities = joined(told)
    by_person = {name: joined([part for part in told if part.person == name])
                 for name in sorted({part.person for part in told if len(part.truth)})}
    parts = list(by_person.values())
    low = high = float("nan")
    if len(parts) > 1:
        draw = np.random.default_rng(seed)
        figures = []
        for _ in range(draws):
            drawn = [parts[number] for number in draw.integers(len(parts), size=len(parts))]
            figures.append(measure(np.concatenate([part[0] for part in drawn]),
                                   np.concatenate([part[1] for part in drawn])))
        ends = np.nanquantile(figures, [(1 - COVERED) / 2, (1 + COVERED) / 2]) if np.isfinite(figures).any() \
            else (np.nan, np.nan)
        low, high = float(ends[0]), float(ends[1])
    return Interval(measure(truth, probabilities), low, high,
                    metrics.chance(truth) if chance is None else chance)


def permutation_p(told: Sequence[Told], measure: Measure = balanced_accuracy, *, draws: int = DRAWS,
                  seed: int = 0) -> float:
    """Return how often labels turned round in time give as good a figure, (1 + hits) / (1 + draws).

    Every person's labels are turned by a distance of their own, over all of the person's sessions laid end to end, at
    least a tenth of them away from where they were; sessions of one label each thus change label, too.
    """
    by_person = [joined([part for part in told if part.person == name])
                 for name in sorted({part.person for part in told if len(part.truth)})]
    probabilities = np.concatenate([part[1] for part in by_person])
    real = measure(np.concatenate([part[0] for part in by_person]), probabilities)
    draw = np.random.default_rng(seed)
    hits = 0
    for _ in range(draws):
        turned = []
        for truth, _ in by_person:
            least = max(1, len(truth) // 10)
            turned.append(np.roll(truth, int(draw.integers(least, max(least + 1, len(truth) - least + 1)))))
        hits += measure(np.concatenate(turned), probabilities) >= real
    return (1 + hits) / (1 + draws)
