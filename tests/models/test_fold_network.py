"""The network of one left-out person: nothing of that person reaches its training, labels last of all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from kernels.layout import MODALITIES, SIZE
from models import fold_network
from models.errors import ModelError
from models.fold_network import VARIANTS, FoldRecipe, Variant, aligned_by, leave_one_out, trained
from models.inputs import columns_of
from models.labels import NOT_LABELLED
from models.windows import Windows

EEG = columns_of("eeg")
QUICK = FoldRecipe(updates=16, filling_updates=4, batch=6, sequence_steps=16, learning_rate=1e-2)
PLAIN, ALIGNED, PRETRAINED, BOTH = VARIANTS


def take(person: str, label: int, apart: float = 3.0) -> Windows:
    """Return a take of 30 steps with EEG features alone, which tell the label."""
    draw = np.random.default_rng([label, *map(ord, person)])
    features = np.full((30, SIZE), np.nan, np.float32)
    features[:, EEG] = draw.normal(0, 0.5, (30, len(EEG)))
    features[:, EEG] += apart * (label - 0.5) * np.where(np.arange(len(EEG)) % 2, 1, -1)
    quality = np.zeros((30, len(MODALITIES)), np.float32)
    quality[:, MODALITIES.index("eeg")] = 1.0
    nan = np.full(30, np.nan, np.float32)
    return Windows(person, f"{person}-{label}", "made", np.arange(30) * 0.5, features, quality,
                   np.full(30, NOT_LABELLED, np.int8), nan, nan, nan, nan)


SESSIONS = [take(person, label) for person in "abc" for label in (0, 1)]
LABEL = [np.full(30, k % 2, np.int64) for k in range(6)]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_each_variant_tells_what_can_be_told(variant: Variant) -> None:
    told = leave_one_out(SESSIONS, LABEL, variant, QUICK)
    assert [one.shape for one in told] == [(30, 2)] * 6
    assert_allclose(np.concatenate(told).sum(axis=1), 1.0, rtol=1e-5)
    right = np.concatenate([one.argmax(axis=1) == of for one, of in zip(told, LABEL, strict=True)])
    assert right.mean() > 0.9


def test_the_tested_person_is_not_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The windows of filling in are those of the labels: the tested person's are in neither."""
    seen: list[tuple[set[str], int]] = []

    def watched(sessions: Sequence[Windows], label: Any, classes: int, recipe: FoldRecipe) -> fold_network.Classifier:
        seen.append(({one.person for one in sessions}, recipe.filling_updates))
        return trained(sessions, label, classes, replace(recipe, updates=1))

    monkeypatch.setattr(fold_network, "trained", watched)
    leave_one_out(SESSIONS, LABEL, BOTH, QUICK)
    leave_one_out(SESSIONS, LABEL, PLAIN, QUICK)
    others = [{"b", "c"}, {"a", "c"}, {"a", "b"}]
    assert seen == [*((who, 4) for who in others), *((who, 0) for who in others)]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_tested_persons_labels_change_nothing(variant: Variant) -> None:
    quick = replace(QUICK, updates=2, filling_updates=1)
    turned = [1 - of if one.person == "a" else of for one, of in zip(SESSIONS, LABEL, strict=True)]
    first, second = leave_one_out(SESSIONS, LABEL, variant, quick), leave_one_out(SESSIONS, turned, variant, quick)
    assert_array_equal(first[0], second[0])
    assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[2], second[2])  # of b, who is told by what was learned of a


def test_the_tested_persons_features_move_nobody_else() -> None:
    moved = [replace(one, features=one.features * 5 + 1) if one.person == "a" else one for one in SESSIONS]
    for before, after in zip(aligned_by(SESSIONS, "a")[2:], aligned_by(moved, "a")[2:], strict=True):
        assert_array_equal(before.features, after.features)
    assert [(one.person, one.session) for one in aligned_by(SESSIONS, "b")] == [(one.person, one.session)
                                                                             for one in SESSIONS]


def test_the_weights_are_the_same_each_time_and_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    one, other = (trained(SESSIONS, LABEL, 2, QUICK).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    leave_one_out(SESSIONS, LABEL, PLAIN, replace(QUICK, updates=1))
    assert torch.get_num_threads() == before


def test_filling_in_learns_without_labels_and_is_where_the_labels_begin() -> None:
    begun = trained(SESSIONS, LABEL, 2, replace(QUICK, updates=1, filling_updates=0, learning_rate=1e-9))
    filled = trained(SESSIONS, LABEL, 2, replace(QUICK, updates=1, filling_updates=3))
    turned = trained(SESSIONS, [1 - of for of in LABEL], 2, replace(QUICK, updates=1, filling_updates=3))
    weight = begun.net.embed["eeg"].weight
    assert not torch.allclose(weight, filled.net.embed["eeg"].weight, atol=1e-3)
    assert torch.allclose(turned.net.embed["eeg"].weight, filled.net.embed["eeg"].weight, atol=2e-3)


def test_steps_without_a_label_are_not_learned_from() -> None:
    """Half of each take carries the other label's features, and no label."""
    sessions, label = [], []
    for one, of, other in zip(SESSIONS, LABEL, [SESSIONS[k ^ 1] for k in range(6)], strict=True):
        features = one.features.copy()
        features[15:] = other.features[15:]
        sessions.append(replace(one, features=features))
        label.append(np.where(np.arange(30) < 15, of, NOT_LABELLED))
    told = leave_one_out(sessions, label, PLAIN, QUICK)
    assert np.mean([one[4:15].argmax(axis=1) == of[4:15] for one, of in zip(told, label, strict=True)]) > 0.8


def test_what_cannot_be_left_out_is_told() -> None:
    with pytest.raises(ModelError, match="of 1 person; leave-one-person-out needs at least two"):
        leave_one_out(SESSIONS[:2], LABEL[:2], PLAIN, QUICK)
    with pytest.raises(ModelError, match="Without a there is no example of class 0"):
        leave_one_out([SESSIONS[0], SESSIONS[3]], [LABEL[0], LABEL[1]], PLAIN, QUICK)
