"""How good probabilities are: per class, over all, and how far they can be believed.

Steps without a known truth are left out by the caller. Definitions: science of classification as in scikit-learn;
expected calibration error with bins of equal mass (Nixon 2019); Brier score of all classes (Brier 1950), 0 to 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

Labels = NDArray[np.integer]
Chances = NDArray[np.floating]

BINS = 15
"""Bins of the calibration error, of equal mass."""
LEAST = 1e-12
"""A probability counts as at least this much in the log loss, so that one mistake stays a number."""


@dataclass(frozen=True)
class Class:
    """How one class was found."""

    recall: float
    """Share of its steps that were told as it; NaN without any."""
    precision: float
    """Share of the steps told as it that were it; NaN if it was never told."""
    f1: float
    """Their harmonic mean; 0 if it was never told rightly."""
    auc: float
    """Area under the ROC curve against all other classes; NaN if there is nothing to tell apart."""
    steps: int


def confusion(truth: Labels, told: Labels, classes: int) -> NDArray[np.int64]:
    """Return how many steps of each true class (row) were told as each class (column)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, told), 1)
    return table


def balanced_accuracy(truth: Labels, told: Labels) -> float:
    """Return the mean recall over the classes that occur, NaN without any step."""
    return float(np.mean([(told[truth == label] == label).mean() for label in np.unique(truth)])) if len(truth) \
        else float("nan")


def auc(truth: NDArray[np.bool_], score: Chances) -> float:
    """Return the area under the ROC curve; NaN unless both kinds occur and every score is a number."""
    from sklearn.metrics import roc_auc_score

    if not len(truth) or truth.all() or not truth.any() or not np.isfinite(score).all():
        return float("nan")
    return float(roc_auc_score(truth, score))


def roc(truth: NDArray[np.bool_], score: Chances) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ROC curve: the share of false alarms and the share found, at falling thresholds."""
    from sklearn.metrics import roc_curve

    false, found, _ = roc_curve(truth, score)
    return false, found


def per_class(truth: Labels, probabilities: Chances) -> list[Class]:
    """Return how each class was found, in the order of the columns."""
    told = probabilities.argmax(axis=1)
    found = []
    for label in range(probabilities.shape[1]):
        right = int(((truth == label) & (told == label)).sum())
        steps, said = int((truth == label).sum()), int((told == label).sum())
        found.append(Class(right / steps if steps else float("nan"), right / said if said else float("nan"),
                           2 * right / (steps + said) if steps + said else float("nan"),
                           auc(truth == label, probabilities[:, label]), steps))
    return found


def macro_auc(truth: Labels, probabilities: Chances) -> float:
    """Return the mean area under the ROC curve of one class against the rest, over the classes that occur."""
    areas = [auc(truth == label, probabilities[:, label]) for label in range(probabilities.shape[1])]
    told = [area for area in areas if np.isfinite(area)]
    return float(np.mean(told)) if told else float("nan")


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability diagram."""

    confidence: float
    accuracy: float
    steps: int


def reliability(truth: Labels, probabilities: Chances, bins: int = BINS) -> list[Bin]:
    """Return steps in order of confidence, cut into bins of equal mass."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    order = np.argsort(confidence, kind="stable")
    return [Bin(float(confidence[part].mean()), float(right[part].mean()), len(part))
            for part in np.array_split(order, bins) if len(part)]


def ece(truth: Labels, probabilities: Chances, bins: int = BINS) -> float:
    """Return the expected calibration error, sum over bins of share * |accuracy - confidence|; NaN without steps."""
    if not len(truth):
        return float("nan")
    return sum(part.steps * abs(part.accuracy - part.confidence)
               for part in reliability(truth, probabilities, bins)) / len(truth)


def nll(truth: Labels, probabilities: Chances) -> float:
    """Return the mean negative log likelihood of the truth, in nats."""
    taken = probabilities[np.arange(len(truth)), truth].astype(float)
    return float(-np.log(np.maximum(taken, LEAST)).mean()) if len(truth) else float("nan")


def brier(truth: Labels, probabilities: Chances) -> float:
    """Return the mean squared distance of the probabilities from the truth, summed over classes."""
    sure = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - sure) ** 2).sum(axis=1).mean()) if len(truth) else float("nan")


def chance(truth: Labels) -> float:
    """Return the balanced accuracy of telling the most frequent class always, 1 / classes that occur."""
    return 1.0 / max(1, len(np.unique(truth)))


def require_classes(truth: Labels, names: Sequence[str], where: str) -> None:
    """Refuse a set in which a class has no example.

    Raises
    ------
    ModelError
        With the classes that are missing.
    """
    missing = [name for label, name in enumerate(names) if not (truth == label).any()]
    if missing:
        raise ModelError(f"{where}: there is no example of {', '.join(missing)}.",
                         "Record or simulate some, or leave the class out.")
