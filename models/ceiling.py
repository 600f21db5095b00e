"""How good any model could be here: one that also sees what generated the simulation, and filters over time.

Gradient boosting over features and the truth columns of the present step and of the lags, then a forward filter of a
hidden Markov model (Rabiner 1989, eq. 19-20, in the form with posteriors over priors) whose transitions are counted on
the training people. It is a ceiling in the sense of a very well informed model, not a proof that none is better.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.baselines import LAGS_S, boosted, lagged, spread
from models.errors import ModelError
from models.labels import NOT_LABELLED, STATES
from models.predictions import Predictions, of_states
from models.windows import Windows

_K = len(STATES)


def transitions(train: Sequence[Windows], seen: float = 1.0) -> NDArray[np.float64]:
    """Return how often each state (row) is followed by each other (column) a step later; rows sum to 1.

    `seen` is added to each count, so that nothing is impossible.
    """
    counts = np.full((_K, _K), seen)
    for windows in train:
        before, after = windows.state[:-1], windows.state[1:]
        known = (before != NOT_LABELLED) & (after != NOT_LABELLED)
        np.add.at(counts, (before[known], after[known]), 1)
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares


def forward(posterior: NDArray[np.floating], prior: NDArray[np.floating], change: NDArray[np.floating],
            ) -> NDArray[np.float64]:
    """Return the filtered chances (n, state): row i follows from rows up to i.

    Parameters
    ----------
    posterior
        (n, state) what a classifier says of each step alone.
    prior
        (state,) the shares of states that the classifier was trained on.
    change
        (state, state) from `transitions`.
    """
    likely = np.maximum(posterior, 1e-6) / np.maximum(prior, 1e-6)
    told = np.zeros(posterior.shape)
    now = np.maximum(prior, 1e-6)
    for row in range(len(posterior)):
        now = (now @ change if row else now) * likely[row]
        now = now / now.sum()
        told[row] = now
    return told


class Ceiling:
    """The well-informed model; it needs simulated windows with truth columns.

    Parameters
    ----------
    train
        Simulated sessions with `truth`.
    rounds
        Trees of each class.
    """

    name = "ceiling"

    def __init__(self, train: Sequence[Windows], *, rounds: int = 150, most_rows: int = 60_000, seed: int = 0) -> None:
        if not train or not all(windows.truth_names for windows in train):
            raise ModelError("The ceiling needs windows with the columns that generated them.",
                             "Make some with: attnflow dataset simulate")
        self._truth_names = train[0].truth_names
        rows = np.concatenate([self._table(windows) for windows in train])
        state = np.concatenate([windows.state for windows in train])
        trees = boosted(rows, state, np.flatnonzero(state != NOT_LABELLED), rounds, most_rows, seed, balanced=True)
        if trees is None:
            raise ModelError("The ceiling needs two labelled states or more.")
        self._trees = trees
        trained = np.isin(np.arange(_K), trees.classes)
        self._prior = trained / trained.sum()  # balanced training: every state that occurs has an equal share
        self._change = transitions(train)

    def predict(self, windows: Windows) -> Predictions:
        """Return filtered states; see `models.predictions.Predictor`."""
        return of_states(forward(spread(self._trees, self._table(windows)), self._prior, self._change))

    def _table(self, windows: Windows) -> NDArray[np.float32]:
        if windows.truth_names != self._truth_names:
            raise ModelError(f"{windows.where}: the truth columns are {', '.join(windows.truth_names) or 'none'}, "
                             f"expected {', '.join(self._truth_names)}.")
        return lagged(windows, np.concatenate((windows.features, windows.quality, windows.truth), axis=1), LAGS_S)
