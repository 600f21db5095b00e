"""What the network must beat: gradient boosting on the same windows, and on one modality's columns alone.

Trees take NaN as it is, so nothing is filled in and nothing is normalised: there is nothing to fit on the wrong people.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MODALITIES
from models.errors import ModelError
from models.labels import HORIZONS_S, NOT_LABELLED, SENSING, STATES
from models.predictions import Predictions, of_states
from models.subsets import columns, name
from models.windows import Windows

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

LAGS_S = (1.0, 3.0, 10.0)
"""How far back the lagged variant also looks."""
ROUNDS = 75
MOST_ROWS = 30_000
"""Steps that trees learn from. Neighbouring steps are almost the same step: twelve times as many, from the same people,
tell other people's states no better, and take ten times as long."""
LEAVES, RATE, BINS, SPLIT_SHARE = 15, 0.15, 63, 0.3
"""Leaves of a tree, share of it that counts, cuts of a column, and share of the columns that each split looks at."""

Floats = NDArray[np.float32]
Steps = NDArray[np.intp]


def lagged(windows: Windows, values: Floats, lags_s: Sequence[float], at: Steps | None = None) -> Floats:
    """Return the rows (n, k) beside those of each lag before, (n, k * (1 + lags)); NaN before the session began.

    `at` holds the steps to return, in any order; all of them if it is left out.
    """
    chosen = np.arange(len(windows)) if at is None else at
    parts = [values[chosen]]
    for lag in lags_s:
        back = np.searchsorted(windows.times_s, windows.times_s[chosen] - lag + 1e-9, side="right") - 1
        parts.append(np.where((back >= 0)[:, None], values[np.maximum(back, 0)], np.float32(np.nan)))
    return np.concatenate(parts, axis=1)


def thinned(train: Sequence[Windows], most_rows: int = MOST_ROWS) -> tuple[int, list[Steps]]:
    """Return n, and every n-th labelled step of each session, so that there are no more than `most_rows` or so."""
    labelled = [np.flatnonzero((windows.state != NOT_LABELLED) | ~np.isnan(windows.lapse_in_s)) for windows in train]
    every = max(1, -(-sum(map(len, labelled)) // most_rows))
    # Sessions begin alike; each starts at a step of its own.
    return every, [steps[number % every::every] for number, steps in enumerate(labelled)]


class GradientBoosting:
    """Histogram gradient boosting of trees (Ke 2017, as in scikit-learn), states balanced to equal shares.

    `every` tells that it learned from every n-th labelled step, and `rows` how many those were.

    Parameters
    ----------
    train
        Sessions to learn from.
    modalities
        Whose columns and quality it sees; context is always among them.
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
                 lags_s: Sequence[float] = (), lapses: bool = True, rounds: int = ROUNDS, most_rows: int = MOST_ROWS,
                 seed: int = 0, what: str = "") -> None:
        self.name = what or ("gradient_boosting_lagged" if lags_s else "gradient_boosting")
        there = (*modalities, "context")
        self._columns = columns(there)
        self._trusts = [number for number, modality in enumerate(MODALITIES) if modality in there]
        self._lags = tuple(lags_s)
        self.every, steps = thinned(train, most_rows)
        rows, state, ahead = np.zeros((0, 0), np.float32), np.zeros(0, np.int8), np.zeros(0, np.float32)
        if train:
            pairs = list(zip(train, steps, strict=True))
            rows = np.concatenate([self._table(windows, at) for windows, at in pairs])
            state = np.concatenate([windows.state[at] for windows, at in pairs])
            ahead = np.concatenate([windows.lapse_in_s[at] for windows, at in pairs])
        self.rows = len(rows)
        known = state != NOT_LABELLED
        states = boosted(rows[known], state[known], rounds, seed, balanced=True)
        if states is None:
            raise ModelError(f"{self.name}: the training windows hold {len(np.unique(state[known]))} labelled state, "
                             "expected two or more.", "Add windows of other states.")
        self._states = states
        # Not balanced: a chance of a lapse must be one.
        told = ~np.isnan(ahead)
        self._warnings = [boosted(rows[told], ahead[told] <= horizon, rounds, seed, balanced=False) if lapses else None
                          for horizon in HORIZONS_S]

    def predict(self, windows: Windows) -> Predictions:
        """Return states and warnings; see `models.predictions.Predictor`."""
        rows = self._table(windows)
        lapse = np.stack([np.full(len(rows), np.nan) if model is None else model.predict_proba(rows)[:, -1]
                          for model in self._warnings], axis=1)
        return of_states(spread(self._states, rows), lapse)

    def _table(self, windows: Windows, at: Steps | None = None) -> Floats:
        """Return what the trees see, (n, k)."""
        values = np.concatenate((windows.features[:, self._columns], windows.quality[:, self._trusts]), axis=1)
        return lagged(windows, values, self._lags, at)


class Boosted:
    """Trees, and the columns that were measured at all where they were fitted: they cannot be cut at others.

    They use one thread: waiting for a second one on a busy machine takes far longer than the trees.
    """

    def __init__(self, trees: "HistGradientBoostingClassifier", rows: Floats, label: NDArray[np.generic], *,
                 balanced: bool) -> None:
        from threadpoolctl import threadpool_limits

        self._measured = np.flatnonzero(np.isfinite(rows).any(axis=0))
        with threadpool_limits(1):
            self._trees = trees.fit(rows[:, self._measured], label)
        self.classes: NDArray[np.generic] = self._trees.classes_
        # Dividing by the shares of the classes (Saerens 2002) balances as weights would; weighted binning of the trees
        # takes a hundred times as long.
        shares = np.array([(label == each).mean() for each in self.classes])
        self._weights = 1.0 / shares if balanced else np.ones(len(shares))

    def predict_proba(self, rows: Floats) -> NDArray[np.float64]:
        """Return the chance of each of `classes`, (n, class)."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            told = self._trees.predict_proba(rows[:, self._measured]) * self._weights
        chances: NDArray[np.float64] = told / told.sum(axis=1, keepdims=True)
        return chances


def boosted(rows: Floats, label: NDArray[np.generic], rounds: int, seed: int, *, balanced: bool) -> "Boosted | None":
    """Return trees fitted on rows (n, k) with labels (n,), or None where they are all of one kind."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if len(np.unique(label)) < 2:
        return None
    trees = HistGradientBoostingClassifier(max_iter=rounds, learning_rate=RATE, max_leaf_nodes=LEAVES, max_bins=BINS,
                                           max_features=SPLIT_SHARE, l2_regularization=1.0, early_stopping=False,
                                           random_state=seed)
    return Boosted(trees, rows, label, balanced=balanced)


def spread(trees: "Boosted", rows: Floats) -> NDArray[np.float64]:
    """Return probabilities of all states, 0 for one that was never trained on."""
    told = np.zeros((len(rows), len(STATES)))
    told[:, trees.classes.astype(int)] = trees.predict_proba(rows)
    return told


def single(train: Sequence[Windows], modality: str, *, lags_s: Sequence[float] = (), rounds: int = ROUNDS,
           seed: int = 0) -> GradientBoosting:
    """Return gradient boosting on one modality's columns, and the context."""
    return GradientBoosting(train, modalities=(modality,), lags_s=lags_s, lapses=False, rounds=rounds, seed=seed,
                            what=f"gradient_boosting {name((modality,))}")
