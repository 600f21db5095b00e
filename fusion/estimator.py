"""The seam between features and states: what an estimator must offer, and the ones there are."""

import importlib
import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.labels import STATES
from sensors.errors import RigError

__all__ = ["BLIND", "ESTIMATORS", "STATES", "Estimate", "Estimator", "Scored", "make"]


class Scored(NamedTuple):
    """A score with its standard deviation."""

    value: float
    sd: float


class Estimate(NamedTuple):
    """What an estimator says at one tick."""

    probabilities: tuple[float, ...]
    """One for each of `STATES`, in their order, summing to 1."""
    attention: Scored
    vigilance: Scored
    load: Scored
    lapse_risk_3s: float
    lapse_risk_10s: float
    weights: dict[str, float]
    """Share of each modality in this answer; they sum to 1."""
    conformal: tuple[str, ...]
    """States that cannot be ruled out; empty where the estimator has no calibrated set."""


_NOTHING = Scored(math.nan, math.nan)

BLIND = Estimate((1 / len(STATES),) * len(STATES), _NOTHING, _NOTHING, _NOTHING, math.nan, math.nan, {}, ())
"""What is said when no sensor can tell: every state as likely as the others, and no score at all."""


class Estimator(Protocol):
    """Turns one feature vector into an estimate; deterministic, and free of clocks and sockets."""

    name: str

    def estimate(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> Estimate:
        """Return the estimate for one tick.

        Parameters
        ----------
        tick_ns
            Event time of the tick.
        vector
            (feature,) float32 in the order of `kernels.layout`; NaN where not measured.
        quality
            Trust in each modality, 0..1; 0 for one that is absent or stale.
        """
        ...


ESTIMATORS: dict[str, str] = {"network": "fusion.network:Network", "rules": "fusion.rules:Rules"}
"""Every estimator by name: where its class is, imported when it is asked for."""


def make(name: str, person: str = "") -> Estimator:
    """Return a fresh estimator.

    Parameters
    ----------
    name
    person
        The pseudonym of a person that it may know; one that does not learn about people takes no notice.

    Raises
    ------
    RigError
        If there is none of that name.
    """
    if name not in ESTIMATORS:
        raise RigError(f"There is no estimator '{name}'.", f"Known estimators: {', '.join(sorted(ESTIMATORS))}.")
    module, _, kind = ESTIMATORS[name].partition(":")
    made: Estimator = getattr(importlib.import_module(module), kind)(person=person)
    return made
