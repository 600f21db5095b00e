"""Euclidean alignment: what one person's data look like is moved onto what everybody's look like, without labels.

Each person's mean covariance is whitened away, so that differences of heads, electrodes and amplifiers go and those of
states stay (He & Wu 2020). For raw trials this is channels x channels; for features it runs along with the session.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MODALITIES
from models.errors import ModelError
from models.inputs import LONG_TAILED, TRUSTED, columns_of, compress
from models.windows import STEP_S, Windows

Doubles = NDArray[np.float64]
TAU_S = 90.0
"""Time constant of a person's running mean and covariance."""
TRUST_S = 30.0
"""Everybody's covariance counts like so much measured time of the person: at the start nothing is moved."""
FLOOR = 1e-3
"""Smallest eigenvalue over the mean one; under it there is no signal to scale up."""


def recentred(trials: Doubles) -> Doubles:
    """Return one person's raw trials (trial, channel, sample) as R^-1/2 X, with R the mean of X X^T / samples.

    Raises
    ------
    ModelError
        If there is no trial, or values are missing.
    """
    if trials.ndim != 3 or not trials.size or not np.isfinite(trials).all():
        raise ModelError(f"Trials have the shape {trials.shape}, expected (trial, channel, sample) without a hole.")
    mean = np.einsum("nct,ndt->cd", trials, trials) / (len(trials) * trials.shape[2])
    out: Doubles = _power(mean, -0.5) @ trials
    return out


@dataclass(frozen=True, eq=False)
class Population:
    """What everybody's features of one kind look like."""

    columns: NDArray[np.intp]
    """Positions in the feature vector."""
    mean: Doubles
    """(column,) of compressed features; so is the covariance (column, column), within people."""
    covariance: Doubles


def population(sessions: Sequence[Windows], kind: str = "eeg") -> Population:
    """Return the mean, and the mean of the people's own covariances, of a kind's features over training people.

    Raises
    ------
    ModelError
        If nothing of this kind was measured.
    """
    columns = np.array(columns_of(kind))
    means, covariances = [], []
    for one in sessions:
        values = compress(one.features)[:, columns].astype(np.float64)
        known = np.isfinite(values)
        if known.sum() < 2 * len(columns):
            continue
        mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        off = np.where(known, values - mean, 0.0)
        means.append(mean)
        covariances.append(off.T @ off / np.maximum(known.T.astype(float) @ known, 1))
    if not means:
        raise ModelError(f"No session holds features of the kind '{kind}', so there is nothing to align to.")
    return Population(columns, np.mean(means, axis=0), np.mean(covariances, axis=0))


class Alignment:
    """One person's running alignment; give it step after step. However the steps are cut, the bits are the same.

    Parameters
    ----------
    towards
        Everybody's.
    tau_s
        60 to 120 s are sensible.
    """

    def __init__(self, towards: Population, tau_s: float = TAU_S) -> None:
        self._towards, self._gain = towards, STEP_S / tau_s
        self._spread = np.sqrt(np.maximum(np.diag(towards.covariance), 1e-12))
        # All in units of everybody's spread: eigenvalues of features of very different units would mean nothing.
        self._target = _power(self._scaled(towards.covariance), 0.5)
        self._mean = np.zeros(len(towards.columns))
        self._covariance = self._scaled(towards.covariance)
        self._seen = np.full(len(towards.columns), TRUST_S / STEP_S)

    def push(self, features: NDArray[np.float32], trust: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features (n, SIZE) with the aligned columns replaced, in their own units.

        Parameters
        ----------
        features : (n, SIZE) float32
            As in `models.windows`; NaN stays NaN.
        trust : (n,)
            Quality of the modality; where it is under `models.inputs.TRUSTED` nothing is learned.
        """
        out = features.copy()
        levels = compress(features)[:, self._towards.columns].astype(np.float64)
        for row, level in enumerate(levels):
            known = np.isfinite(level)
            off = np.where(known, (level - self._towards.mean) / self._spread, self._mean)
            if trust[row] >= TRUSTED:
                self._learn(off, known)
            moved = self._target @ _power(self._covariance, -0.5) @ (off - self._mean)
            aligned = np.where(known, moved * self._spread + self._towards.mean, np.nan)
            out[row, self._towards.columns] = _expanded(aligned, self._towards.columns)
        return out

    def _learn(self, off: Doubles, known: NDArray[np.bool_]) -> None:
        """Move mean and covariance; early steps count more, as in a plain average, until `tau_s` limits memory."""
        self._seen[known] += 1
        gain = np.where(known, np.maximum(self._gain, 1 / self._seen), 0.0)
        before = off - self._mean
        self._mean = self._mean + gain * before
        after = off - self._mean
        share = np.minimum.outer(gain, gain)
        self._covariance = self._covariance + share * (np.outer(before, after) - self._covariance)
        self._covariance = (self._covariance + self._covariance.T) / 2

    def _scaled(self, covariance: Doubles) -> Doubles:
        out: Doubles = covariance / np.outer(self._spread, self._spread)
        return out


def aligned(windows: Windows, towards: Population, tau_s: float = TAU_S, kind: str = "eeg") -> Windows:
    """Return a session with one kind's features aligned, causally; the same as `Alignment` step by step."""
    trust = windows.quality[:, MODALITIES.index(kind)]
    return replace(windows, features=Alignment(towards, tau_s).push(windows.features, trust))


def aligned_together(sessions: Sequence[Windows], towards: Population, kind: str = "eeg") -> list[Windows]:
    """Return one person's sessions with one kind's features aligned by all of them at once, without labels.

    For takes of one label each: an alignment that runs along with a take would take the label away with the person.
    It is not causal: every step is moved by what the person's other takes look like, the later ones, too. As in
    `Alignment`, everybody's mean and covariance count like `TRUST_S` of the person's own.
    """
    place = MODALITIES.index(kind)
    spread = np.sqrt(np.maximum(np.diag(towards.covariance), 1e-12))
    levels = [compress(one.features)[:, towards.columns].astype(np.float64) for one in sessions]
    off = (np.concatenate(levels) - towards.mean) / spread
    known = np.isfinite(off) & np.concatenate([one.quality[:, place] >= TRUSTED for one in sessions])[:, None]
    trust = TRUST_S / STEP_S
    mean = np.where(known, off, 0.0).sum(axis=0) / (trust + known.sum(axis=0))
    around = np.where(known, off - mean, 0.0)
    everybodys = towards.covariance / np.outer(spread, spread)
    together = known.T.astype(float) @ known
    covariance = (trust * everybodys + around.T @ around) / (trust + together)
    turn = _power(everybodys, 0.5) @ _power(covariance, -0.5)
    moved = []
    for one, level in zip(sessions, levels, strict=True):
        own = np.where(np.isfinite(level), (level - towards.mean) / spread - mean, 0.0)
        there = np.where(np.isfinite(level), own @ turn.T * spread + towards.mean, np.nan)
        features = one.features.copy()
        features[:, towards.columns] = _expanded(there, towards.columns)
        moved.append(replace(one, features=features))
    return moved


def _expanded(levels: Doubles, columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """Undo `models.inputs.compress` in these columns."""
    out: NDArray[np.float32] = np.where(LONG_TAILED[columns], np.expm1(np.clip(levels, 0.0, 15.0)), levels).astype(
        np.float32)
    return out


def _power(symmetric: Doubles, exponent: float) -> Doubles:
    """Return a power of a symmetric matrix; directions without signal are held at `FLOOR`."""
    values, vectors = np.linalg.eigh(symmetric)
    held = np.maximum(values, FLOOR * max(float(values.mean()), 1e-12))
    out: Doubles = (vectors * held**exponent) @ vectors.T
    return out
