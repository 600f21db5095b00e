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
    Evidence("distracted_visual", "on_target_share_10s", 0.85, 0.60, 4.0),
    Evidence("distracted_visual", "gaze_dispersion_10s", 0.20, 0.40, 0.6),
    Evidence("distracted_cognitive", "speech_ratio_10s", 0.20, 0.45, 2.4),
    Evidence("distracted_cognitive", "alpha_db", 0.5, 2.0, 0.8),
    Evidence("drowsy", "perclos_60s", 0.08, 0.15, 3.0),
    Evidence("drowsy", "closure_s", 0.5, 1.5, 5.0),
    Evidence("drowsy", "long_closures_60s", 0.5, 2.5, 2.5),
    Evidence("drowsy", "blink_duration_60s", 0.16, 0.30, 1.0),
    Evidence("drowsy", "theta_db", 1.0, 3.0, 0.8),
    Evidence("overloaded", "demand", 0.6, 0.9, 2.0),
    Evidence("overloaded", "theta_db", 0.8, 2.0, 0.9),
    Evidence("overloaded", "alpha_db", -1.5, -3.0, 0.9),
    Evidence("overloaded", "blink_rate_60s", 10.0, 6.0, 0.5),
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

_ROWS = tuple((STATES.index(row.state), MODALITIES.index(FEATURES[INDEX[row.feature]].modality), INDEX[row.feature],
               row.none, 1.0 / (row.full - row.none), row.nats) for row in EVIDENCE)
_AWAY = STATES.index("away")
_PRIOR = tuple(PRIOR[state] for state in STATES)
_SENSING = tuple(MODALITIES.index(name) for name in SENSING)


class Rules:
    """The evidence table as an `Estimator`; the same for everybody."""

    name = "rules"

    def __init__(self, person: str = "") -> None:
        pass

    def estimate(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> Estimate:
        """Return the estimate for one tick; see `fusion.estimator.Estimator`."""
        features = vector.tolist()
        scores = list(_PRIOR)
        trusts = [quality.get(modality, 0.0) for modality in MODALITIES]
        moved = [0.25 * trust for trust in trusts]
        for state, modality, column, none, slope, nats in _ROWS:
            grown = (features[column] - none) * slope
            if not grown > 0.0:  # NaN included: what is not measured moves nothing
                continue
            # Absence of the face is seen, not guessed: its evidence is not scaled by how well a face is measured.
            trust = 1.0 if state == _AWAY else trusts[modality]
            added = min(grown, 1.0) * nats * trust
            scores[state] += added
            moved[modality] += added
        probabilities = _softmax(scores)
        focused, visual, cognitive, drowsy, overloaded, away = probabilities
        seen = sum([trusts[modality] for modality in _SENSING]) / len(_SENSING)
        sd = BASE_SD + (BLIND_SD - BASE_SD) * (1.0 - seen)
        lapse = 1.0 - (1.0 - drowsy) * (1.0 - visual) * (1.0 - away)
        total = sum(moved)
        return Estimate(
            probabilities=probabilities,
            attention=Scored(focused + 0.5 * overloaded + 0.4 * cognitive, sd),
            vigilance=Scored(1.0 - drowsy, sd),
            load=Scored(min(1.0, overloaded + 0.4 * cognitive + 0.3 * focused), sd),
            lapse_risk_3s=0.6 * lapse,
            lapse_risk_10s=0.8 * lapse,
            weights={name: part / total if total else 0.0 for name, part in zip(MODALITIES, moved, strict=True)},
            conformal=(),
        )


def _softmax(scores: list[float]) -> tuple[float, ...]:
    highest = max(scores)
    grown = [math.exp(score - highest) for score in scores]
    total = sum(grown)
    return tuple(part / total for part in grown)
