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
    out[..., LONG_TAILED] = np.log1p(np.maximum(out[..., LONG_TAILED], 0.0))
    return out


class Preparation:
    """One person's running preparation: give it vector after vector.

    Its state is the person's baseline: `sums` and `counts` (SIZE,), of compressed features.
    """

    def __init__(self) -> None:
        self.sums = np.zeros(SIZE)
        self.counts = np.zeros(SIZE)

    def push(self, features: NDArray[np.float32], quality: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the inputs (n, 2, SIZE) of n steps in order: the level, and the change against the person's own.

        Parameters
        ----------
        features : (n, SIZE) float32
            NaN where not measured.
        quality : (n, modality) float32
            Trust in each modality of `kernels.layout.MODALITIES`, 0..1.

        Notes
        -----
        A step counts into the baseline it is compared with, so the first change is 0. However the steps are cut, the
        sums are taken in the same order, and the inputs are the same bits.
        """
        levels = compress(features)
        trusted = np.concatenate([quality >= TRUSTED, np.ones((len(quality), 1), bool)], axis=1)[:, KIND]
        known = trusted & np.isfinite(levels)
        counts = np.cumsum(np.concatenate([self.counts[None], known]), axis=0)
        counted = known & (counts[1:] <= BASELINE_STEPS)
        sums = np.cumsum(np.concatenate([self.sums[None], np.where(counted, levels, 0.0)]), axis=0)
        counts = np.minimum(counts, BASELINE_STEPS)
        self.sums, self.counts = sums[-1], counts[-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.where(counts[1:] > 0, sums[1:] / counts[1:], np.nan)
        return np.stack([levels, (levels - own).astype(np.float32)], axis=1)


def prepare(features: NDArray[np.float32], quality: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inputs (n, 2, SIZE) of a whole session; see `Preparation.push`."""
    return Preparation().push(features, quality)
