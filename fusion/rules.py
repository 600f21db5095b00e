"""The transparent estimator: a table of evidence, summed per state and squashed.

Every row names a feature, the band over which its evidence grows from none to full, and how many nats it adds to one
state's score. Nothing is learned and nothing is calibrated: the probabilities order the states and say how contested
they are, and the conformal set stays empty. Bands follow the literature where it has any: PERCLOS 0.08-0.15 (Wierwille
1994), closures from 0.5 s, glances from 2 s (100-Car odds ratios), theta and alpha changes of 1-2.5 dB.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.estimator import STATES, Estimate, Scored
from kernels.layout import FEATURES, INDEX, MODALITIES


class Evidence(NamedTuple):
    """One row: `feature` between `none` and `full` adds 0 to `nats` to `state`."""

    state: str
    feature: str
    none: float
    full: float
    nats: float


EVIDENCE = (
    Evidence("away", "face_absent_s", 0.15, 0.30, 9.0),
    Evidence("distracted_visual", "off_target_s", 0.8, 2.0, 4.0),
    Evidence("distracted_visual", "on_target_share_10s", 0.75, 0.45, 2.0),
    Evidence("distracted_visual", "gaze_dispersion_10s", 0.20, 0.40, 0.6),
    Evidence("distracted_cognitive", "speech_ratio_10s", 0.25, 0.60, 1.6),
    Evidence("distracted_cognitive", "alpha_db", 0.5, 2.0, 0.8),
    Evidence("distracted_cognitive", "off_target_s", 1.0, 0.5, 0.3),
    Evidence("drowsy", "perclos_60s", 0.08, 0.15, 3.0),
    Evidence("drowsy", "closure_s", 0.5, 1.5, 5.0),
    Evidence("drowsy", "long_closures_60s", 0.5, 2.0, 2.0),
    Evidence("drowsy", "blink_duration_60s", 0.16, 0.30, 1.0),
    Evidence("drowsy", "theta_db", 1.0, 3.0, 0.8),
    Evidence("overloaded", "theta_db", 0.8, 2.0, 0.9),
    Evidence("overloaded", "alpha_db", -1.5, -3.0, 0.9),
    Evidence("overloaded", "demand", 0.6, 0.9, 1.2),
)
"""The whole knowledge of this estimator."""

PRIOR = {"focused": 2.0, "distracted_visual": 0.0, "distracted_cognitive": 0.0, "drowsy": 0.0, "overloaded": 0.0,
         "away": 0.0}
"""Scores in nats before any evidence: without reason to think otherwise, a person at the task attends to it."""

BASE_SD = 0.10
BLIND_SD = 0.35
"""Standard deviation of the scores with every modality at full trust, and with none."""


SENSING = ("camera", "microphone", "eeg")
"""Modalities that sense the person; their mean trust sets how wide the doubt is."""

_TABLE = tuple((row, INDEX[row.feature], FEATURES[INDEX[row.feature]].modality) for row in EVIDENCE)


class Rules:
    """The evidence table as an `Estimator`."""

    name = "rules"

    def estimate(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> Estimate:
        """Return the estimate for one tick; see `fusion.estimator.Estimator`."""
        features = vector.tolist()
        scores = dict(PRIOR)
        moved = {modality: 0.25 * quality.get(modality, 0.0) for modality in MODALITIES}
        for row, column, modality in _TABLE:
            value = features[column]
            if math.isnan(value):
                continue
            grown = min(1.0, max(0.0, (value - row.none) / (row.full - row.none)))
            # Absence of the face is seen, not guessed: its evidence is not scaled by how well a face is measured.
            nats = grown * row.nats * (1.0 if row.state == "away" else quality.get(modality, 0.0))
            scores[row.state] += nats
            moved[modality] += nats
        probabilities = _softmax([scores[state] for state in STATES])
        focused, visual, cognitive, drowsy, overloaded, away = probabilities
        trust = sum(quality.get(modality, 0.0) for modality in SENSING) / len(SENSING)
        sd = BASE_SD + (BLIND_SD - BASE_SD) * (1.0 - trust)
        lapse = 1.0 - (1.0 - drowsy) * (1.0 - visual) * (1.0 - away)
        total = sum(moved.values())
        return Estimate(
            probabilities=np.array(probabilities),
            attention=Scored(focused + 0.5 * overloaded + 0.4 * cognitive, sd),
            vigilance=Scored(1.0 - drowsy, sd),
            load=Scored(min(1.0, overloaded + 0.4 * cognitive + 0.3 * focused), sd),
            lapse_risk_3s=0.6 * lapse,
            lapse_risk_10s=0.8 * lapse,
            weights={modality: part / total if total else 0.0 for modality, part in moved.items()},
            conformal=(),
        )


def _softmax(scores: list[float]) -> list[float]:
    highest = max(scores)
    grown = [math.exp(score - highest) for score in scores]
    total = sum(grown)
    return [part / total for part in grown]
