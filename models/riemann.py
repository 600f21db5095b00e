"""Covariances as vectors: the tangent space of Barachant (2012), aligned by person without labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def _of_values(matrices: Doubles, kind: str) -> Doubles:
    """Apply a function to the eigenvalues of symmetric positive matrices (..., k, k)."""
    values, vectors = np.linalg.eigh(matrices)
    values = np.maximum(values, 1e-12)
    changed = np.log(values) if kind == "log" else 1.0 / np.sqrt(values)
    result: Doubles = (vectors * changed[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return result


def tangent(covariances: Doubles) -> Doubles:
    """Return the matrix logarithms' upper triangles, off-diagonals times sqrt 2, (n, band * k (k + 1) / 2)."""
    logs = _of_values(covariances, "log")
    row, column = np.triu_indices(logs.shape[-1])
    vectors = logs[..., row, column] * np.where(row == column, 1.0, np.sqrt(2.0))
    return vectors.reshape(len(vectors), -1)


def euclidean_alignment(covariances: Doubles, person: Sequence[str]) -> Doubles:
    """Return covariances (n, band, k, k) whitened by each person's own mean (He and Wu 2020); no label is used."""
    named = np.asarray(person)
    aligned = covariances.copy()
    for name in np.unique(named):
        here = named == name
        whitening = _of_values(covariances[here].mean(axis=0), "whiten")
        aligned[here] = whitening @ covariances[here] @ whitening
    return aligned


def centred(rows: Doubles, person: Sequence[str]) -> Doubles:
    """Return rows (n, k) less each person's own mean; no label is used, NaN stays NaN."""
    named = np.asarray(person)
    result = rows.copy()
    for name in np.unique(named):
        here = named == name
        known = np.isfinite(rows[here])
        total = np.where(known, rows[here], 0.0).sum(axis=0)
        result[here] = rows[here] - total / np.maximum(known.sum(axis=0), 1)
    return result
