"""How wide the sets of states must be for one person: the level follows the answers that person gave."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.calibration import AdaptiveConformal, Calibration
from models.checkpoint import Trained
from models.holdout import Mask
from models.labels import NOT_LABELLED
from models.network import Network
from models.windows import STEP_S, Windows

ANSWER_STEPS = round(2.0 / STEP_S)
"""One answer every two seconds: the steps between say almost the same."""


def followed(trained: Trained, sessions: Sequence[Windows], held: Sequence[Mask]) -> Calibration:
    """Return the calibration with the conformal level that a person's answers lead to.

    Parameters
    ----------
    trained
        The network as it is for this person.
    sessions
        Labelled sessions, in the order in which they were.
    held
        The steps of each that nothing was learned from; the level is moved by these alone.
    """
    level = AdaptiveConformal(trained.calibration)
    for one, mask in zip(sessions, held, strict=True):
        probabilities = Network(trained).predict(one).probabilities
        for step in np.flatnonzero(mask & (one.state != NOT_LABELLED))[::ANSWER_STEPS]:
            level.answer(float(probabilities[step, one.state[step]]))
    return replace(trained.calibration, missed=level.missed)
