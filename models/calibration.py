"""What makes the network's numbers mean what they say: temperature, sets that hold the truth, and strangeness."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.labels import STATES

COVERAGE = 0.9
"""Share of the steps whose true state is to lie in the set."""
FAMILIAR_SHARE = 0.995
"""Share of ordinary steps of people unknown to the training that must count as familiar."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Fitted on people that were neither trained on nor stopped on."""

    temperature: float = 1.0
    """Logits are divided by it (Guo 2017)."""
    missed: float = 1.0
    """The conformal quantile q of 1 - p(truth): the set is every state with p >= 1 - q (Vovk 2005; Sadinle 2019)."""
    centres: NDArray[np.float32] = field(default_factory=lambda: np.zeros((len(STATES), 0), np.float32))
    """(state, width) mean of what the heads read in each state."""
    precision: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(width, width) inverse of the spread around these, shared by the states (Lee 2018)."""
    strange: float = math.inf
    """Distance from which a step is like nothing known."""

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated probabilities (..., state)."""
        scaled = logits / self.temperature
        grown = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
        out: NDArray[np.float32] = (grown / grown.sum(axis=-1, keepdims=True)).astype(np.float32)
        return out

    def members(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which states (..., state) cannot be ruled out; the likeliest never is."""
        out: NDArray[np.bool_] = probabilities >= 1.0 - self.missed
        out |= probabilities == probabilities.max(axis=-1, keepdims=True)
        return out

    def strangeness(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far (...,) what the heads read (..., width) lies from all that is known; 1 is the limit."""
        if not self.precision.size:
            return np.zeros(pooled.shape[:-1], np.float32)
        off = pooled[..., None, :] - self.centres
        squared = ((off @ self.precision) * off).sum(axis=-1)
        out: NDArray[np.float32] = (np.sqrt(np.maximum(squared, 0.0)).min(axis=-1) / self.strange).astype(np.float32)
        return out


class AdaptiveConformal:
    """A running conformal level that learns from answers: alpha moves by gamma (alpha - missed) (Gibbs 2021).

    Parameters
    ----------
    calibration
    gamma
        How fast; 0.005 to 0.05.
    """

    def __init__(self, calibration: Calibration, gamma: float = 0.02) -> None:
        self.missed = calibration.missed
        self._gamma = gamma

    def answer(self, probability_of_truth: float) -> None:
        """Take in what the probability of the true state had been, where a user told it."""
        outside = probability_of_truth < 1.0 - self.missed
        self.missed = min(1.0, max(0.0, self.missed + self._gamma * (outside - (1.0 - COVERAGE))))


def fit(logits: NDArray[np.float32], state: NDArray[np.int64], weights: NDArray[np.float64],
        pooled: NDArray[np.float32], known: tuple[NDArray[np.float32], NDArray[np.int64]]) -> Calibration:
    """Return the calibration.

    Parameters
    ----------
    logits : (n, state)
        On the calibration people.
    state : (n,)
        The truth.
    weights : (n,)
        Of each step; equal sums per person make each person count alike, as steps of one person are much alike.
    pooled : (n, width)
        What the heads read there.
    known
        What they read (m, width) on the training people, and the states (m,) there.
    """
    from scipy.optimize import minimize_scalar

    share = weights / weights.sum()

    def surprise(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        top = scaled.max(axis=1)
        told = scaled[np.arange(len(state)), state] - top - np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float(-(told * share).sum())

    temperature = math.exp(minimize_scalar(surprise, bounds=(-3.0, 3.0), method="bounded").x)
    plain = Calibration(temperature)
    missed = 1.0 - plain.probabilities(logits)[np.arange(len(state)), state]
    centres, precision = _known(*known)
    scale = Calibration(temperature, 1.0, centres, precision, 1.0)
    level = min(1.0, (len(state) + 1) * COVERAGE / len(state))
    return Calibration(temperature, _quantile(missed, share, level), centres, precision,
                       _quantile(scale.strangeness(pooled), share, FAMILIAR_SHARE))


def _quantile(values: NDArray[np.float32], share: NDArray[np.float64], level: float) -> float:
    order = np.argsort(values)
    reached = int(np.searchsorted(np.cumsum(share[order]), level - 1e-12))
    return float(values[order[min(reached, len(order) - 1)]])


def _known(pooled: NDArray[np.float32], state: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the centre of each state, and the inverse of the spread around them."""
    wide = pooled.astype(np.float64)
    middle = wide.mean(axis=0)
    centres = np.stack([wide[state == k].mean(axis=0) if (state == k).any() else middle for k in range(len(STATES))])
    off = wide - centres[state]
    spread = off.T @ off / max(1, len(off))
    # Directions that hardly vary are held up, or rounding there would look strange.
    spread += (1e-3 * np.trace(spread) / len(spread) + 1e-9) * np.eye(len(spread))
    return centres.astype(np.float32), np.linalg.inv(spread).astype(np.float32)
