"""Sound that is no sound: what is not a finite, plausible number becomes silence, and is counted."""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import FloatArray

LARGEST = 16.0
"""Samples beyond this (24 dB over full scale) come from a broken converter, not from a room; they are limited."""


def mend(samples: NDArray[np.generic]) -> tuple[FloatArray, int]:
    """Return `samples` as float32 with full scale 1.0, and how many had to be replaced.

    Parameters
    ----------
    samples
        (n,) of any type: floats are kept, integers scaled by their type's range (unsigned ones around its middle),
        anything else is silence.

    Returns
    -------
    tuple
        (n,) float32, finite and within `LARGEST`; and the count of samples that were not finite, beyond `LARGEST`, or
        of no number type.
    """
    kind = samples.dtype.kind
    if kind == "f":
        good = np.abs(samples) <= LARGEST
        if good.all():
            return samples.astype(np.float32), 0
        finite = np.where(np.isfinite(samples), samples, 0)
        return np.clip(finite, -LARGEST, LARGEST).astype(np.float32), int(np.count_nonzero(~good))
    if kind in "iu":
        limits = np.iinfo(samples.dtype)  # type: ignore[type-var]  # the kind says that it is an integer type
        half = (float(limits.max) - float(limits.min) + 1) / 2
        middle = half if kind == "u" else 0.0
        return ((samples.astype(np.float64) - middle) / half).astype(np.float32), 0
    return np.zeros(samples.shape, np.float32), samples.size
