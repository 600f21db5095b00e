"""From feature vectors to what the network is given: compressed, and beside it the person's own change.

How much blinks, lids, voices and rhythms differ between people is far more than a state moves them. What a person is
like in the first minute is taken off, which needs no labels and is the strongest cheap fit to a person.
"""

import numpy as np
from numpy.typing import NDArray

from kernels.layout import FEATURES, MODALITIES, SIZE
from models.windows import STEP_S

BASELINE_S = 60.0
"""Measured time of a feature, from the first on, whose mean is the person's own level; it is frozen then."""
BASELINE_STEPS = round(BASELINE_S / STEP_S)
TRUSTED = 0.3
"""Quality of a modality under which its features teach nothing about the person."""

LONG_TAILED = np.array([feature.low >= 0 and feature.high > 10 for feature in FEATURES])
"""Times, rates and counts, whose logarithm is taken: the step from 1 s to 2 s matters, that from 101 s to 102 s not."""

KINDS = (*MODALITIES, "fusion")
"""What a feature belongs to."""
KIND = np.array([KINDS.index(feature.modality) for feature in FEATURES])


def columns_of(kind: str) -> list[int]:
    """Return the positions of a kind's features in the vector."""
    return [position for position, feature in enumerate(FEATURES) if feature.modality == kind]


def compress(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features (..., SIZE) with the long-tailed ones as log(1 + x); NaN stays."""
    out = features.astype(np.float32, copy=True)
    return np.log1p(np.maximum(out, 0.0), out=out, where=LONG_TAILED)


class Preparation:
    """One person's running preparation: give it vector after vector.

    Its state is the person's baseline: `sums` and `counts` (SIZE,), of compressed features.
    """

    def __init__(self) -> None:
        self.sums = np.zeros(SIZE)
        self.counts = np.zeros(SIZE)

    def push(self, features: NDArray[np.float32], quality: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the inputs (2, SIZE) of the next step: the level, and the change against the person's own.

        Parameters
        ----------
        features : (SIZE,) float32
            NaN where not measured.
        quality : (modality,) float32
            Trust in each modality of `kernels.layout.MODALITIES`, 0..1.

        Notes
        -----
        A step counts into the baseline it is compared with, so the first change is 0.
        """
        levels = compress(features)
        known = (np.append(quality, 1.0) >= TRUSTED)[KIND] & np.isfinite(levels) & (self.counts < BASELINE_STEPS)
        self.counts += known
        np.add(self.sums, levels, out=self.sums, where=known)
        return _inputs(levels, self.sums, self.counts)


def prepare(features: NDArray[np.float32], quality: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inputs (n, 2, SIZE) of a whole session: the very bits of `Preparation.push` at each of its steps."""
    levels = compress(features)
    trusted = np.concatenate([quality >= TRUSTED, np.ones((len(quality), 1), bool)], axis=1)[:, KIND]
    known = trusted & np.isfinite(levels)
    counts = np.cumsum(known, axis=0)
    counted = known & (counts <= BASELINE_STEPS)
    # Summed one step after the other, as a session does.
    sums = np.cumsum(np.where(counted, levels, 0.0), axis=0, dtype=np.float64)
    return _inputs(levels, sums, np.minimum(counts, BASELINE_STEPS))


def _inputs(levels: NDArray[np.float32], sums: NDArray[np.float64], counts: NDArray[np.floating | np.integer],
            ) -> NDArray[np.float32]:
    """Return levels (..., SIZE) and their changes against the means so far, as (..., 2, SIZE)."""
    out = np.empty((*levels.shape[:-1], 2, SIZE), np.float32)
    out[..., 0, :] = levels
    with np.errstate(invalid="ignore", divide="ignore"):
        out[..., 1, :] = levels - sums / counts
    return out
