"""The transparent estimator: a table of evidence, summed per state and squashed.

Every row names a feature, the band over which its evidence grows from none to full, and how many nats it adds to one
state's score. Nothing is learned and nothing is calibrated: the probabilities order the states and say how contested
they are, and the conformal set stays empty. Bands follow the literature where it has any: PERCLOS 0.08-0.15 (Wierwille
1994), closures from 0.5 s, glances from 2 s (100-Car odds ratios), theta and alpha changes of 1-2.5 dB.
"""

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


class Rules:
    """The evidence table as an `Estimator`."""

    name = "rules"

    def __init__(self) -> None:
        self._columns = np.array([INDEX[row.feature] for row in EVIDENCE])
        self._none = np.array([row.none for row in EVIDENCE])
        self._span = np.array([row.full - row.none for row in EVIDENCE])
        self._nats = np.array([row.nats for row in EVIDENCE])
        self._target = np.array([STATES.index(row.state) for row in EVIDENCE])
        self._modality = np.array([MODALITIES.index(FEATURES[INDEX[row.feature]].modality) for row in EVIDENCE])
        self._prior = np.array([PRIOR[state] for state in STATES])

    def estimate(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> Estimate:
        """Return the estimate for one tick; see `fusion.estimator.Estimator`."""
        trust = np.array([quality.get(modality, 0.0) for modality in MODALITIES])
        grown = np.clip((vector[self._columns].astype(np.float64) - self._none) / self._span, 0.0, 1.0)
        # Absence of the face is seen, not guessed: its evidence is not scaled by how well the face is measured.
        scale = np.where(self._target == STATES.index("away"), 1.0, trust[self._modality])
        nats = np.where(np.isnan(grown), 0.0, grown * self._nats * scale)
        scores = self._prior + np.bincount(self._target, nats, minlength=len(STATES))
        shifted = np.exp(scores - scores.max())
        probabilities = shifted / shifted.sum()
        focused, visual, cognitive, drowsy, overloaded, away = (float(p) for p in probabilities)
        blindness = 1.0 - float(trust[:3].mean())
        sd = BASE_SD + (BLIND_SD - BASE_SD) * blindness
        vigilance = 1.0 - drowsy
        lapse = 1.0 - (1.0 - drowsy) * (1.0 - visual) * (1.0 - away)
        return Estimate(
            probabilities=probabilities,
            attention=Scored(focused + 0.5 * overloaded + 0.4 * cognitive, sd),
            vigilance=Scored(vigilance, sd),
            load=Scored(min(1.0, overloaded + 0.4 * cognitive + 0.3 * focused), sd),
            lapse_risk_3s=0.6 * lapse,
            lapse_risk_10s=0.8 * lapse,
            weights=self._weights(nats, trust),
            conformal=(),
        )

    def _weights(self, nats: NDArray[np.float64], trust: NDArray[np.float64]) -> dict[str, float]:
        """Return each modality's share of the evidence; of the trust, where there is no evidence at all."""
        moved = np.bincount(self._modality, np.abs(nats), minlength=len(MODALITIES)) + 0.25 * trust
        total = moved.sum()
        return {modality: float(part / total) if total else 0.0
                for modality, part in zip(MODALITIES, moved, strict=True)}
