"""What each person adds to a figure, so that drawing people again, or turning their labels, only adds up counts.

Balanced accuracy follows from a table of how often each class was told as each, and tables of people add. The area
under the ROC curve follows from how often a score of one person's positive steps beats one of another's negative steps
(Mann and Whitney 1947), for each pair of people. Both give the very figures that all steps drawn again would give.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]


def balanced(tables: NDArray[np.number]) -> Doubles:
    """Return the balanced accuracy (...,) of tables (..., true class, told class), over the classes that occur."""
    steps = tables.sum(axis=-1).astype(float)
    right = np.diagonal(tables, axis1=-2, axis2=-1)
    recall = np.where(steps > 0, right / np.maximum(steps, 1.0), 0.0)
    occurring = (steps > 0).sum(axis=-1)
    accuracy: Doubles = np.where(occurring > 0, recall.sum(axis=-1) / np.maximum(occurring, 1), np.nan)
    return accuracy


def draws_of(people: int, draws: int, seed: int) -> Counts:
    """Return how often each of so many people is drawn, (draw, people); each draw holds as many as there are."""
    drawn = np.random.default_rng(seed).integers(people, size=(draws, people))
    return np.stack([np.bincount(row, minlength=people) for row in drawn]) if draws else np.zeros((0, people), np.int64)


def turned(truth: Labels, told: Labels, classes: int) -> Counts:
    """Return the table of each turn of the labels, (n, true class, told class) for labels (n,).

    Row k is the table of `numpy.roll(truth, k)` against `told`; all turns at once are circular correlations.
    """
    n = len(truth)
    seen, said = (np.fft.rfft(np.eye(classes)[labels], axis=0) for labels in (truth, told))
    tables = np.fft.irfft(seen.conj()[:, :, None] * said[:, None, :], n=n, axis=0)
    return np.rint(tables).astype(np.int64)


class Areas:
    """The area under the ROC curve over people drawn again.

    Parameters
    ----------
    truth : list of (n,) bool
        Of each person.
    score : list of (n,)
    """

    def __init__(self, truth: Sequence[NDArray[np.bool_]], score: Sequence[NDArray[np.floating]]) -> None:
        self._pairs = [np.array([part.sum() for part in side], float) for side in (truth, [~part for part in truth])]
        negative = [np.sort(values[~part]) for part, values in zip(truth, score, strict=True)]
        self._wins = np.zeros((len(truth), len(truth)))
        for row, (part, values) in enumerate(zip(truth, score, strict=True)):
            positive = np.sort(values[part])
            for column, below in enumerate(negative):
                beaten = np.searchsorted(below, positive) + np.searchsorted(below, positive, side="right")
                self._wins[row, column] = 0.5 * beaten.sum()  # a tie counts half

    def of(self, drawn: NDArray[np.integer]) -> Doubles:
        """Return the area for how often each person is drawn, (..., people); NaN where one kind is missing."""
        often = drawn.astype(float)
        wins = np.einsum("...i,ij,...j->...", often, self._wins, often)
        pairs = (often @ self._pairs[0]) * (often @ self._pairs[1])
        area: Doubles = np.where(pairs > 0, wins / np.maximum(pairs, 1.0), np.nan)
        return area
