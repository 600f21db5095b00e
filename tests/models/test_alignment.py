"""Alignment takes away what a person's head and electrodes add, without labels, step by step as at once."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_person import person

from models.alignment import Alignment, aligned, aligned_together, population, recentred
from models.errors import ModelError
from models.inputs import LONG_TAILED, columns_of
from models.splits import part
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


def test_takes_of_one_label_each_keep_what_tells_them_apart() -> None:
    """Two takes of a person with other electrodes: together they are moved onto everybody, apart they stay."""
    towards = population([person(k, 2, swapped=False) for k in range(4)])
    whole = mixed(person(9, 3, swapped=False), 3)
    states = (0, 2)
    whole.features[whole.state == 2, PLAIN[0]] += 6.0 * whole.features[:, PLAIN[0]].std()
    takes = [replace(whole, features=whole.features.copy(), session=f"t{state}") for state in states]
    moved = aligned_together([part(one, whole.state == state) for one, state in zip(takes, states, strict=True)],
                             towards)
    both = np.concatenate([one.features for one in moved])[:, PLAIN].astype(float)
    plain = np.flatnonzero(~LONG_TAILED[towards.columns])
    before = np.abs(whole.features[:, PLAIN].mean(axis=0) - towards.mean[plain]).mean()
    assert np.abs(both.mean(axis=0) - towards.mean[plain]).mean() < 0.35 * before  # the rest is everybody's weight
    spread = np.sqrt(np.diag(towards.covariance))[plain]
    apart = np.abs(moved[0].features[:, PLAIN].mean(axis=0) - moved[1].features[:, PLAIN].mean(axis=0)) / spread
    assert apart.max() > 1.0
    alone = [aligned_together([part(one, whole.state == state)], towards)[0] for one, state in
             zip(takes, states, strict=True)]
    lost = np.abs(alone[0].features[:, PLAIN].mean(axis=0) - alone[1].features[:, PLAIN].mean(axis=0)) / spread
    assert lost.max() < 0.6 * apart.max()


def test_aligning_together_leaves_holes_and_other_kinds_as_they_are() -> None:
    towards = population([person(k, 1, swapped=False) for k in range(3)])
    one = mixed(person(6, 1), 2)
    holed = one.features.copy()
    holed[10:14, EEG] = np.nan
    holed[:, EEG[3]] = np.nan
    (moved,) = aligned_together([replace(one, features=holed)], towards)
    assert_array_equal(np.isnan(moved.features), np.isnan(holed))
    others = np.setdiff1d(np.arange(holed.shape[1]), EEG)
    assert_array_equal(moved.features[:, others], holed[:, others])
    nothing = replace(one, quality=np.zeros_like(one.quality))
    # Nothing trusted was seen of this person: everybody's mean stands, and nothing moves.
    assert_allclose(aligned_together([nothing], towards)[0].features[:, PLAIN], one.features[:, PLAIN], rtol=1e-3,
                    atol=1e-2)


def test_nothing_to_align_to_is_told() -> None:
    one = person(1, 1)
    with pytest.raises(ModelError, match="No session holds features of the kind 'eeg'"):
        population([replace(one, features=np.full_like(one.features, np.nan))])
