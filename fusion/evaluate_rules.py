"""The rule estimator as a predictor of windows: its raw probabilities at every step, without the session's hysteresis.

Live, `fusion.states` holds a state until another leads clearly; what is measured here is the estimator alone, as for
every other predictor.
"""

import numpy as np

from fusion.rules import Rules
from kernels.layout import MODALITIES
from models.labels import HORIZONS_S, STATES
from models.predictions import Predictions
from models.windows import Windows
from sensors.clock import SECOND


class RulesPredictor:
    """`fusion.rules.Rules` on windows."""

    name = "rules"

    def __init__(self) -> None:
        self._rules = Rules()

    def predict(self, windows: Windows) -> Predictions:
        """Return one prediction for each step; see `models.predictions.Predictor`."""
        told = [self._rules.estimate(round(at_s * SECOND), vector, dict(zip(MODALITIES, quality, strict=True)))
                for at_s, vector, quality in zip(windows.times_s.tolist(), windows.features, windows.quality.tolist(),
                                                 strict=True)]
        scores = np.array([[score for scored in (one.attention, one.vigilance, one.load) for score in scored]
                           for one in told], np.float32).reshape(-1, 6).T
        warned = np.array([[one.lapse_risk_3s, one.lapse_risk_10s] for one in told], np.float32)
        return Predictions(
            np.array([one.probabilities for one in told], np.float32).reshape(-1, len(STATES)),
            warned.reshape(-1, len(HORIZONS_S)),
            attention=scores[0], vigilance=scores[2], load=scores[4],
            attention_sd=scores[1], vigilance_sd=scores[3], load_sd=scores[5])
