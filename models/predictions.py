"""What a predictor says about windows, in one form, so that network, rules and baselines are measured alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.labels import HORIZONS_S, STATES
from models.windows import Windows

SCORES = ("attention", "vigilance", "load", "attention_sd", "vigilance_sd", "load_sd")


@dataclass(frozen=True, eq=False)
class Predictions:
    """One for each of n steps; NaN where the predictor does not tell."""

    probabilities: NDArray[np.float32]
    """(n, state) in the order of `models.labels.STATES`, each row summing to 1."""
    lapse: NDArray[np.float32]
    """(n, horizon) chance of a lapse within `models.labels.HORIZONS_S`."""
    attention: NDArray[np.float32]
    """(n,) 0..1; so are the next two, and then their standard deviations."""
    vigilance: NDArray[np.float32]
    load: NDArray[np.float32]
    attention_sd: NDArray[np.float32]
    vigilance_sd: NDArray[np.float32]
    load_sd: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.probabilities)
        shapes = {"probabilities": (n, len(STATES)), "lapse": (n, len(HORIZONS_S))} | dict.fromkeys(SCORES, (n,))
        for name, expected in shapes.items():
            got = getattr(self, name).shape
            if got != expected:
                raise ModelError(f"Predictions: {name} has the shape {got}, expected {expected}.")
        if n and not np.allclose(self.probabilities.sum(axis=1), 1.0, atol=1e-3):
            raise ModelError("Predictions: the probabilities of a step do not sum to 1, or are not numbers.")

    def __len__(self) -> int:
        return len(self.probabilities)


class Predictor(Protocol):
    """Turns one session's windows into predictions, causally: row i follows from rows up to i alone."""

    name: str

    def predict(self, windows: Windows) -> Predictions:
        """Return one prediction for each step."""
        ...


def of_states(probabilities: NDArray[np.floating], lapse: NDArray[np.floating] | None = None) -> Predictions:
    """Return the predictions of a model of states alone; scores, and lapses if none are given, are NaN."""
    n = len(probabilities)
    unknown = np.full(n, np.nan, np.float32)
    warned = np.full((n, len(HORIZONS_S)), np.nan) if lapse is None else lapse
    return Predictions(probabilities.astype(np.float32), warned.astype(np.float32),
                       **dict.fromkeys(SCORES, unknown))


def predict_all(predictor: Predictor, sessions: Sequence[Windows]) -> list[Predictions]:
    """Return the predictions of several sessions.

    Raises
    ------
    ModelError
        If a prediction has another number of steps than its windows.
    """
    told = [predictor.predict(windows) for windows in sessions]
    for windows, said in zip(sessions, told, strict=True):
        if len(windows) != len(said):
            raise ModelError(f"{windows.where}: the predictor '{predictor.name}' told {len(said)} steps, "
                             f"expected {len(windows)}.")
    return told
