"""How good any model could be here: one that sees what generated the simulation, without any sensor in between.

Gradient boosting over the truth columns: where eyes and head were, how the lids were, who spoke, how strong the rhythms
were, each now and over the last 2, 10 and 60 s, what the world asked, and what sets the person apart. It is a ceiling
in the sense of a very well informed model, not a proof that none is better. Neither the features beside the truth, nor
earlier steps, raise it; a filter of a hidden Markov model behind it takes more than a point off, because neighbouring
steps say the same thing twice.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.baselines import MOST_ROWS, ROUNDS, boosted, spread, thinned
from models.errors import ModelError
from models.labels import NOT_LABELLED
from models.predictions import Predictions, of_states
from models.windows import Windows


class Ceiling:
    """The well-informed model; it needs simulated windows with truth columns.

    Parameters
    ----------
    train
        Simulated sessions with `truth`, of other people than those it is tested on.
    rounds
        Trees of each class.
    most_rows
        Steps to learn from at most, taken evenly from all.
    """

    name = "ceiling"

    def __init__(self, train: Sequence[Windows], *, rounds: int = ROUNDS, most_rows: int = MOST_ROWS, seed: int = 0,
                 ) -> None:
        if not train or not all(windows.truth_names for windows in train):
            raise ModelError("The ceiling needs windows with the columns that generated them.",
                             "Make some with: attnflow dataset simulate")
        self._truth_names = train[0].truth_names
        pairs = list(zip(train, thinned(train, most_rows)[1], strict=True))
        rows = np.concatenate([self._table(windows)[at] for windows, at in pairs])
        state = np.concatenate([windows.state[at] for windows, at in pairs])
        known = state != NOT_LABELLED
        trees = boosted(rows[known], state[known], rounds, seed, balanced=True)
        if trees is None:
            raise ModelError("The ceiling needs two labelled states or more.")
        self._trees = trees

    def predict(self, windows: Windows) -> Predictions:
        """Return one prediction for each step; see `models.predictions.Predictor`."""
        return of_states(spread(self._trees, self._table(windows)))

    def _table(self, windows: Windows) -> NDArray[np.float32]:
        if windows.truth_names != self._truth_names:
            raise ModelError(f"{windows.where}: the truth columns are {', '.join(windows.truth_names) or 'none'}, "
                             f"expected {', '.join(self._truth_names)}.")
        return windows.truth
