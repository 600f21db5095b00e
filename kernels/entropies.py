"""Two entropies of EEG: how evenly its spectrum is spread, and how much a Gaussian signal of its size could tell."""

import math

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel


@kernel
def spectral_entropy(density: NDArray[np.float64], first: int, end: int) -> float:
    """Return -sum p ln p / ln K over K bins, p being each bin's share: 1 for white noise, 0 for one bin alone.

    Inouye 1991. With S the sum of all P it is (ln S - sum P ln P / S) / ln K, which needs no second pass.

    Parameters
    ----------
    density : (bin,) float64
        NaN or zeros where not measured, which give NaN.
    first, end : int
        Bins first <= k < end.
    """
    total = 0.0
    weighted = 0.0
    for k in range(first, end):
        power = density[k]
        if power > 0.0:
            weighted += power * math.log(power)
        total += power
    if not total > 0.0 or end - first < 2:
        return math.nan
    return min(1.0, max(0.0, (math.log(total) - weighted / total) / math.log(end - first)))


@kernel
def differential_entropy(variance: float) -> float:
    """Return 0.5 ln(2 pi e variance) in nat: the entropy of a Gaussian signal in uV (Duan 2013); NaN for a flat one."""
    return 0.5 * math.log(2.0 * math.pi * math.e * variance) if variance > 0.0 else math.nan
