"""An explanation adds up, names what was really there, and what it names matters."""

from dataclasses import replace

import numpy as np
import pytest
from nets import trained
from numpy.testing import assert_allclose
from small_person import person, small
from synthetic_sessions import TELLING

from kernels.layout import FEATURES, INDEX
from models import deletion as deletions
from models.deletion import deletion
from models.errors import ModelError
from models.explain import Reasons, flow, reasons, sight
from models.explain_groups import COLUMNS, GROUPS, MODALITY_OF
from models.inputs import KINDS
from models.labels import STATES
from models.network import Network


def test_every_feature_is_in_exactly_one_group_of_one_modality() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(feature.name for feature in FEATURES)
    for name, columns in COLUMNS.items():
        assert {FEATURES[column].modality for column in columns} == {MODALITY_OF[name]}
    assert set(MODALITY_OF.values()) == set(KINDS)


@pytest.mark.parametrize("holes", [False, True])
def test_the_parts_add_up_to_the_difference_of_the_logits(holes: bool) -> None:
    one = person(300, 1, swapped=False)
    if holes:
        features = one.features.copy()
        features[np.random.default_rng(0).random(features.shape) < 0.3] = np.nan
        features[90:, [FEATURES.index(f) for f in FEATURES if f.modality == "microphone"]] = np.nan
        one = replace(one, features=features)
    for net in (small(), trained()):
        why = reasons(net, one, 100)
        assert abs(why.missed) < 0.02 * max(1.0, abs(why.total))
        assert_allclose(sum(why.groups.values()), sum(why.modalities.values()), atol=1e-6)
        assert_allclose(why.total, sum(why.groups.values()) + why.missed, atol=1e-5)
        if holes:
            assert why.modalities["microphone"] != 0.0, "it was there some steps ago"


def test_what_was_not_measured_contributes_nothing_and_the_probability_is_the_session_s() -> None:
    one = person(300, 1, swapped=False)
    features = one.features.copy()
    features[:, COLUMNS["lids"]] = np.nan
    one = replace(one, features=features)
    why = reasons(small(), one, 110)
    assert why.groups["lids"] == 0.0
    for net in (small(), trained()):
        told = Network(net).predict(one).probabilities
        assert_allclose([reasons(net, one, step, points=4).probability for step in (50, 80, 110)],
                        told[[50, 80, 110]].max(axis=1), atol=1e-5)
    assert sight(small()) == 23


def test_the_group_that_tells_the_state_is_named_first() -> None:
    one = person(301, 2, swapped=False)
    probabilities = Network(small()).predict(one).probabilities
    first = []
    for k, name in enumerate(TELLING[:4]):
        step = next(s for s in range(145, 240) if one.state[s] == k and probabilities[s].argmax() == k)
        why = reasons(small(), one, step)
        assert why.state == STATES[k]
        first.append(INDEX[name] in COLUMNS[max(why.groups, key=lambda group: why.groups[group])])
    assert sum(first) >= 3


def test_a_step_or_state_that_is_not_there_is_told() -> None:
    one = person(300, 1)
    with pytest.raises(ModelError, match="there is no step 120, expected 0 to 119"):
        reasons(small(), one, 120)
    with pytest.raises(ModelError, match="There is no state 'asleep'"):
        reasons(small(), one, 3, "asleep")


def test_attention_flow_is_told_for_every_step() -> None:
    one = person(300, 1)
    told = flow(small(), one)
    assert told.weights.shape == (len(one), 4)
    assert_allclose(told.weights.sum(axis=1), 1.0, atol=1e-5)
    assert ((told.beta > 0) & (told.beta < 1)).all()


def test_without_the_named_groups_the_state_becomes_less_likely_than_without_others(
        monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = [person(seed, 2, swapped=False) for seed in range(310, 313)]
    found = deletion(small(), unseen, taken=2, steps=4)
    assert found.steps == 12
    assert found.named > found.random + 0.15
    assert found.last < found.random
    assert found.low > 0.05

    def lying(*given: object, **more: object) -> Reasons:
        why = reasons(*given, **more)  # type: ignore[arg-type]  # handed on
        return why._replace(groups={name: -value for name, value in why.groups.items()})

    monkeypatch.setattr(deletions, "reasons", lying)
    assert deletion(small(), unseen, taken=2, steps=4).margin < 0.0
