"""Alignment takes away what a person's head and electrodes add, without labels, step by step as at once."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_person import person

from models.alignment import Alignment, aligned, population, recentred
from models.errors import ModelError
from models.inputs import LONG_TAILED, columns_of
from models.windows import Windows

EEG = np.array(columns_of("eeg"))
PLAIN = EEG[~LONG_TAILED[EEG]]


def mixed(windows: Windows, seed: int) -> Windows:
    """Return the session of somebody whose EEG features are scaled, mixed and moved."""
    draw = np.random.default_rng(seed)
    features = windows.features.copy()
    turn = np.eye(len(PLAIN)) + 0.2 * draw.normal(size=(len(PLAIN), len(PLAIN)))
    features[:, PLAIN] = (features[:, PLAIN] @ (2.5 * turn) + 4.0 * draw.normal(size=len(PLAIN))).astype(np.float32)
    return replace(windows, features=features)


def test_raw_trials_have_the_unit_matrix_as_mean_covariance_whoever_they_are_of() -> None:
    draw = np.random.default_rng(0)
    sources = draw.normal(size=(20, 4, 256))
    heads = [draw.normal(size=(4, 4)) + 2 * np.eye(4) for _ in range(2)]
    for head in heads:
        out = recentred(head @ sources)
        assert_allclose(np.einsum("nct,ndt->cd", out, out) / (20 * 256), np.eye(4), atol=1e-9)
    with pytest.raises(ModelError, match="without a hole"):
        recentred(np.full((2, 3, 10), np.nan))


def test_step_by_step_is_the_same_bits_as_at_once_with_holes() -> None:
    towards = population([person(k, 1, swapped=False) for k in range(3)])
    features = mixed(person(5, 1), 1).features[:60].copy()
    features[10:14, EEG] = np.nan
    features[:, EEG[3]] = np.nan
    trust = np.where(np.arange(60) % 9 == 4, 0.1, 1.0).astype(np.float32)
    whole = Alignment(towards).push(features, trust)
    running = Alignment(towards)
    pieces = [running.push(features[a:b], trust[a:b]) for a, b in ((0, 1), (1, 17), (17, 60))]
    assert_array_equal(whole, np.concatenate(pieces))
    assert_array_equal(np.isnan(whole), np.isnan(features))
    others = np.setdiff1d(np.arange(features.shape[1]), EEG)
    assert_array_equal(whole[:, others], features[:, others])


def test_the_future_changes_nothing_and_the_start_is_left_where_it_is() -> None:
    towards = population([person(k, 1, swapped=False) for k in range(3)])
    one = mixed(person(6, 1), 2)
    later = one.features.copy()
    later[40:] += 3.0
    assert_array_equal(aligned(one, towards).features[:40],
                       aligned(replace(one, features=later), towards).features[:40])
    familiar = person(0, 1, swapped=False)
    moved = np.abs(aligned(familiar, towards).features[:3, PLAIN] - familiar.features[:3, PLAIN])
    assert moved.mean() < 0.3 * familiar.features[:, PLAIN].std()


def test_a_person_with_other_electrodes_comes_to_look_like_everybody() -> None:
    towards = population([person(k, 2, swapped=False) for k in range(4)])
    plain = np.flatnonzero(~LONG_TAILED[towards.columns])
    target = towards.covariance[np.ix_(plain, plain)]

    def off(windows: Windows) -> tuple[float, float]:
        late = windows.features[-160:, PLAIN].astype(float)
        return (float(np.abs(late.mean(axis=0) - towards.mean[plain]).mean()),
                float(np.linalg.norm(np.cov(late.T) - target) / np.linalg.norm(target)))

    strange = mixed(person(9, 3, swapped=False), 3)
    before, after = off(strange), off(aligned(strange, towards))
    assert after[0] < 0.05 * before[0]
    assert after[1] < 0.2 * before[1]


def test_nothing_to_align_to_is_told() -> None:
    one = person(1, 1)
    with pytest.raises(ModelError, match="No session holds features of the kind 'eeg'"):
        population([replace(one, features=np.full_like(one.features, np.nan))])
