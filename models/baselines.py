"""What the network must beat: gradient boosting on the same windows, and on one modality's columns alone.

Trees take NaN as it is, so nothing is filled in and nothing is normalised: there is nothing to fit on the wrong people.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.labels import HORIZONS_S, NOT_LABELLED, SENSING, STATES
from models.predictions import Predictions, of_states
from models.subsets import columns, name
from models.windows import Windows

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

LAGS_S = (1.0, 3.0, 10.0)
"""How far back the lagged variant also looks."""
SMALL = 20_000

Floats = NDArray[np.float32]


def lagged(windows: Windows, values: Floats, lags_s: Sequence[float]) -> Floats:
    """Return the rows (n, k) beside those of each lag before, (n, k * (1 + lags)); NaN before the session began."""
    parts = [values]
    for lag in lags_s:
        back = np.searchsorted(windows.times_s, windows.times_s - lag + 1e-9, side="right") - 1
        parts.append(np.where((back >= 0)[:, None], values[np.maximum(back, 0)], np.float32(np.nan)))
    return np.concatenate(parts, axis=1)


class GradientBoosting:
    """Histogram gradient boosting of trees (Ke 2017, as in scikit-learn), states balanced to equal shares.

    Parameters
    ----------
    train
        Sessions to learn from.
    modalities
        Columns of which modalities it sees; context is always among them.
    lags_s
        Earlier steps that it sees, too; none makes it a model of the present step.
    lapses
        Whether to learn the two early warnings as well.
    rounds
        Trees of each class.
    most_rows
        Steps to learn from at most, taken evenly from all; keeps the time bounded on large sets.
    """

    def __init__(self, train: Sequence[Windows], *, modalities: Sequence[str] = SENSING,
                 lags_s: Sequence[float] = (), lapses: bool = True, rounds: int = 150, most_rows: int = 60_000,
                 seed: int = 0, what: str = "") -> None:
        self.name = what or ("gradient_boosting_lagged" if lags_s else "gradient_boosting")
        self._columns = columns((*modalities, "context"))
        self._lags = tuple(lags_s)
        rows = np.concatenate([self._table(windows) for windows in train]) if train else np.zeros((0, 0), np.float32)
        state = np.concatenate([windows.state for windows in train]) if train else np.zeros(0, np.int8)
        ahead = np.concatenate([windows.lapse_in_s for windows in train]) if train else np.zeros(0, np.float32)
        known = np.flatnonzero(state != NOT_LABELLED)
        states = boosted(rows, state, known, rounds, most_rows, seed, balanced=True) if len(known) else None
        if states is None:
            raise ModelError(f"{self.name}: the training windows hold {len(np.unique(state[known]))} labelled state, "
                             "expected two or more.", "Add windows of other states.")
        self._states = states
        # Not balanced: a chance of a lapse must be one.
        self._warnings = [boosted(rows, ahead <= horizon, np.flatnonzero(~np.isnan(ahead)), rounds, most_rows, seed,
                                  balanced=False) if lapses else None for horizon in HORIZONS_S]

    def predict(self, windows: Windows) -> Predictions:
        """Return states and warnings; see `models.predictions.Predictor`."""
        rows = self._table(windows)
        lapse = np.stack([np.full(len(rows), np.nan) if model is None else model.predict_proba(rows)[:, -1]
                          for model in self._warnings], axis=1)
        return of_states(spread(self._states, rows), lapse)

    def _table(self, windows: Windows) -> Floats:
        """Return what the trees see, (n, k)."""
        values = np.concatenate((windows.features[:, self._columns], windows.quality), axis=1)
        return lagged(windows, values, self._lags)


class Boosted:
    """Trees, and the columns that were measured at all where they were fitted: they cannot be cut at others."""

    def __init__(self, trees: "HistGradientBoostingClassifier", rows: Floats, label: NDArray[np.generic], *,
                 balanced: bool) -> None:
        self._measured = np.flatnonzero(np.isfinite(rows).any(axis=0))
        with _threads(len(rows)):
            self._trees = trees.fit(rows[:, self._measured], label)
        self.classes: NDArray[np.generic] = self._trees.classes_
        # Dividing by the shares of the classes (Saerens 2002) balances as weights would; weighted binning of the trees
        # takes a hundred times as long.
        shares = np.array([(label == each).mean() for each in self.classes])
        self._weights = 1.0 / shares if balanced else np.ones(len(shares))

    def predict_proba(self, rows: Floats) -> NDArray[np.float64]:
        """Return the chance of each of `classes`, (n, class)."""
        with _threads(len(rows)):
            told = self._trees.predict_proba(rows[:, self._measured]) * self._weights
        chances: NDArray[np.float64] = told / told.sum(axis=1, keepdims=True)
        return chances


def _threads(rows: int) -> AbstractContextManager[object]:
    """Return a context of one thread for small tables: waiting for a second one on a busy machine takes far longer."""
    from threadpoolctl import threadpool_limits

    return nullcontext() if rows > SMALL else threadpool_limits(1)


def boosted(rows: Floats, label: NDArray[np.generic], known: NDArray[np.intp], rounds: int, most_rows: int,
            seed: int, *, balanced: bool) -> "Boosted | None":
    """Return trees fitted on the known rows, or None where they are all of one kind."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if len(known) > most_rows:
        known = known[np.linspace(0, len(known) - 1, most_rows).round().astype(np.intp)]
    if len(np.unique(label[known])) < 2:
        return None
    trees = HistGradientBoostingClassifier(max_iter=rounds, learning_rate=0.1, max_leaf_nodes=31, l2_regularization=1.0,
                                           early_stopping=False, random_state=seed)
    return Boosted(trees, rows[known], label[known], balanced=balanced)


def spread(trees: "Boosted", rows: Floats) -> NDArray[np.float64]:
    """Return probabilities of all states, 0 for one that was never trained on."""
    told = np.zeros((len(rows), len(STATES)))
    told[:, trees.classes.astype(int)] = trees.predict_proba(rows)
    return told


def single(train: Sequence[Windows], modality: str, *, lags_s: Sequence[float] = (), rounds: int = 150,
           seed: int = 0) -> GradientBoosting:
    """Return gradient boosting on one modality's columns, and the context."""
    return GradientBoosting(train, modalities=(modality,), lags_s=lags_s, lapses=False, rounds=rounds, seed=seed,
                            what=f"gradient_boosting {name((modality,))}")
