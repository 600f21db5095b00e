"""Whether an update is worth keeping: scores on time held out, and the sentence that refuses it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.checkpoint import Trained
from models.holdout import Mask
from models.network import Network
from models.windows import Windows

LARGEST_CHANCE = 0.05
"""Share of shifted labels that may fit as well as the given ones."""
STRANGER = 0.02
"""Share of steps by which what the heads read may become like nothing known; the session is blind there."""


@dataclass(frozen=True)
class Score:
    """How well a network fits a person on some of the labelled time."""

    balanced_accuracy: float
    """Mean over the states that are there, of the share of their steps that is told right."""
    nll: float
    """Mean over the states of the mean -log p(truth), in nat."""
    constant_nll: float
    """The same for saying each state that is there with the same chance: what knowing nothing costs."""
    strange: float
    """Share of the steps that are like nothing known."""
    steps: int


def scored(trained: Trained, sessions: Sequence[Windows], masks: Sequence[Mask]) -> Score:
    """Return the score on the steps of these masks."""
    truth, probabilities, strange = _told(trained, sessions, masks)
    there = np.unique(truth)
    surprise = -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-7))
    return Score(_balanced(truth, probabilities.argmax(axis=1)),
                 float(np.mean([surprise[truth == state].mean() for state in there])), float(np.log(len(there))),
                 float((strange >= 1.0).mean()), len(truth))


def chance_of(trained: Trained, sessions: Sequence[Windows], masks: Sequence[Mask]) -> float:
    """Return the share of circular shifts of the labels that fit at least as well as the labels themselves.

    Shifting keeps how long states last, so neighbouring steps that are almost the same do not count as evidence twice.
    """
    truth, probabilities, _ = _told(trained, sessions, masks)
    told = probabilities.argmax(axis=1)
    found = _balanced(truth, told)
    return float(np.mean([_balanced(np.roll(truth, shift), told) >= found - 1e-12 for shift in range(len(truth))]))


def compared(before: Score, after: Score, chance: float, earlier_before: Score | None = None,
             earlier_after: Score | None = None) -> str:
    """Return why an update must not be kept, as a sentence; "" if it may."""
    pairs = [("", before, after)]
    if earlier_before is not None and earlier_after is not None:
        pairs.append(("earlier ", earlier_before, earlier_after))
    for when, one, other in pairs:
        where = f"on {other.steps} {when}steps held out"
        if other.balanced_accuracy < one.balanced_accuracy:
            return (f"{where}, balanced accuracy would fall from {one.balanced_accuracy:.3f} to "
                    f"{other.balanced_accuracy:.3f}.")
        if other.nll > one.nll:
            return f"{where}, surprise at the labels would rise from {one.nll:.3f} to {other.nll:.3f} nat."
        if other.strange > one.strange + STRANGER:
            return (f"{where}, {100 * other.strange:.0f} % would look like nothing known, against "
                    f"{100 * one.strange:.0f} % before.")
    if after.nll >= before.nll and after.balanced_accuracy <= before.balanced_accuracy:
        return f"on {after.steps} steps held out, nothing would be gained."
    if after.nll >= after.constant_nll:
        return (f"on {after.steps} steps held out, the labels are told no better than by a guess "
                f"({after.nll:.3f} against {after.constant_nll:.3f} nat).")
    if chance > LARGEST_CHANCE:
        return (f"on {after.steps} steps held out, {100 * chance:.0f} % of the same labels shifted in time fit as "
                f"well, expected {100 * LARGEST_CHANCE:.0f} % at most.")
    return ""


def _told(trained: Trained, sessions: Sequence[Windows], masks: Sequence[Mask],
          ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return truth, calibrated probabilities and strangeness of the steps of these masks."""
    truth, probabilities, strange = [], [], []
    for one, mask in zip(sessions, masks, strict=True):
        out = Network(trained).outputs(one)
        truth.append(one.state[mask].astype(np.int64))
        probabilities.append(trained.calibration.probabilities(out.readout.state[0].numpy()[mask]))
        strange.append(trained.calibration.strangeness(out.pooled[0].numpy()[mask]))
    return np.concatenate(truth), np.concatenate(probabilities), np.concatenate(strange)


def _balanced(truth: NDArray[np.int64], told: NDArray[np.int64]) -> float:
    return float(np.mean([(told[truth == state] == state).mean() for state in np.unique(truth)]))
