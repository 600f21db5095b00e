"""A few minutes of labels help a person who differs, on later time; what does not help is refused."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_person import labelled, person, small

from models.adapter import Adapter
from models.adapter_file import personal, save
from models.checkpoint import Trained
from models.coverage import followed
from models.errors import ModelError
from models.fitness import Score, compared, scored
from models.holdout import GUARD_S, cut
from models.network import Network
from models.personal import RefusedError, Report, personalise
from models.reservoir import SESSIONS_KEPT, remember, remembered, trimmed
from models.windows import Windows


def right(trained: Trained, windows: Windows, first: int) -> float:
    """Return the balanced accuracy from a step on."""
    told = Network(trained).predict(windows).probabilities.argmax(axis=1)[first:]
    truth = windows.state[first:]
    return float(np.mean([(told[truth == state] == state).mean() for state in np.unique(truth)]))


@cache
def learned() -> tuple[Adapter, Report]:
    """Return what two minutes of labels teach about a simulated person in whom two states show as each other."""
    return personalise(small(), [labelled(person(200, 3), 0, 240)], "p1")


def test_two_minutes_of_labels_help_on_later_time_that_was_not_labelled(tmp_path: Path) -> None:
    adapter, report = learned()
    later = person(200, 3)
    assert report.after.balanced_accuracy > report.before.balanced_accuracy + 0.2
    assert report.after.nll < report.before.nll
    assert right(personal(small(), adapter), later, 240) > right(small(), later, 240) + 0.2
    assert save(tmp_path / "a.safetensors", adapter) < 100_000
    assert adapter.history[0]["after"]["balanced_accuracy"] == report.after.balanced_accuracy


def test_the_shared_network_is_left_as_it_is() -> None:
    before = {name: value.clone() for name, value in small().net.state_dict().items()}
    personalise(small(), [labelled(person(201, 2), 0, 240)], "p1")
    assert all(bool((value == before[name]).all()) for name, value in small().net.state_dict().items())


@pytest.mark.parametrize("seed", [0, 1])
def test_labels_in_a_wrong_order_are_refused(seed: int) -> None:
    one = labelled(person(200, 2), 0, 240)
    stretches = one.state.reshape(-1, 30)[np.random.default_rng(seed).permutation(8)]
    with pytest.raises(RefusedError, match=r"Nothing was learned about 'p1': on 7. steps held out"):
        personalise(small(), [replace(one, state=stretches.ravel())], "p1")


def test_labels_without_any_order_are_refused() -> None:
    one = labelled(person(200, 2), 0, 240)
    with pytest.raises(RefusedError):
        personalise(small(), [replace(one, state=np.random.default_rng(1).permutation(one.state))], "p1")


def test_an_update_goes_on_from_the_last_and_forgets_nothing() -> None:
    adapter, _ = learned()
    first, second = trimmed(labelled(person(200, 3), 0, 240), small().net.preset), labelled(person(202, 2), 0, 240)
    updated, report = personalise(small(), [second], "p1", adapter, [first])
    assert report.earlier_before is not None
    assert report.earlier_after is not None
    assert report.earlier_after.balanced_accuracy >= report.earlier_before.balanced_accuracy
    assert report.earlier_after.nll <= report.earlier_before.nll
    assert len(updated.history) == 2


def test_what_would_make_earlier_sessions_worse_is_refused() -> None:
    adapter, _ = learned()
    first = trimmed(labelled(person(200, 3), 0, 240), small().net.preset)
    somebody_else = labelled(person(203, 2, swapped=False), 0, 240)
    with pytest.raises(RefusedError, match="earlier steps held out"):
        personalise(small(), [somebody_else], "p1", adapter, [first])


GOOD, BETTER = Score(0.7, 0.8, 1.4, 0.0, 90), Score(0.8, 0.6, 1.4, 0.0, 90)


@pytest.mark.parametrize(("before", "after", "chance", "earlier", "sentence"), [
    (BETTER, GOOD, 0.0, (None, None), "balanced accuracy would fall from 0.800 to 0.700"),
    (GOOD, replace(BETTER, nll=0.81), 0.0, (None, None), "surprise at the labels would rise"),
    (GOOD, replace(BETTER, strange=0.1), 0.0, (None, None), "10 % would look like nothing known"),
    (GOOD, GOOD, 0.0, (None, None), "nothing would be gained"),
    (replace(GOOD, nll=5.0), replace(BETTER, nll=1.5), 0.0, (None, None), "no better than by a guess"),
    (GOOD, BETTER, 0.2, (None, None), "20 % of the same labels shifted"),
    (GOOD, BETTER, 0.0, (BETTER, GOOD), "90 earlier steps held out, balanced accuracy would fall"),
    (GOOD, BETTER, 0.05, (GOOD, BETTER), "^$")])
def test_each_reason_to_refuse_has_its_sentence(before: Score, after: Score, chance: float,
                                                earlier: tuple[Score | None, Score | None], sentence: str) -> None:
    assert re.search(sentence, compared(before, after, chance, *earlier))


def test_too_little_and_one_sided_labels_are_told() -> None:
    with pytest.raises(ModelError, match=r"There are 50 s of labels, expected 60 s or more"):
        personalise(small(), [labelled(person(200, 2), 0, 100)], "p1")
    one = labelled(person(200, 2), 0, 240)
    with pytest.raises(ModelError, match="Only drowsy is labelled for 8 s or more, expected two states"):
        personalise(small(), [replace(one, state=np.full(240, 3, np.int8))], "p1")


def test_the_parts_are_blocks_of_time_apart_and_every_state_is_in_each() -> None:
    one = labelled(person(1, 3), 0, 360)
    parts = cut(one)
    assert not (parts.learn & parts.stop).any()
    held = one.times_s[parts.held]
    for mask in (parts.learn, parts.stop, parts.held):
        assert set(one.state[mask]) == {0, 1, 2, 3}
    for mask in (parts.learn, parts.stop):
        assert np.abs(one.times_s[mask][:, None] - held).min() >= GUARD_S
    small_part = trimmed(labelled(one, 300, 360), small().net.preset)
    assert_array_equal(small_part.times_s[cut(small_part).held], one.times_s[cut(labelled(one, 300, 360)).held])


def test_a_trimmed_session_is_read_as_the_whole_one_was() -> None:
    whole = labelled(person(5, 6), 600, 660)
    part = trimmed(whole, small().net.preset)
    assert len(part) < 400
    told = [Network(small()).predict(one).probabilities[one.state >= 0] for one in (whole, part)]
    assert_allclose(told[0], told[1], atol=1e-5)
    scores = [scored(small(), [one], [one.state >= 0]) for one in (whole, part)]
    assert scores[0].steps == scores[1].steps == 60


def test_the_store_keeps_the_newest_sessions_and_features_alone(tmp_path: Path) -> None:
    assert remembered(tmp_path) == []
    some = [replace(labelled(person(k, 1), 0, 60), session=f"s{k}") for k in range(5)]
    remember(tmp_path, some)
    remember(tmp_path, some)
    assert [one.session for one in remembered(tmp_path)] == ["s2", "s3", "s4", "s0", "s1", "s2", "s3", "s4"]
    assert len(list(tmp_path.iterdir())) == SESSIONS_KEPT


def test_sets_grow_for_a_person_whom_they_miss_and_shrink_for_one_they_hold() -> None:
    """By 0.02 (alpha - missed) an answer, from answers two seconds apart (Gibbs 2021)."""
    trained = small()
    one = labelled(person(200, 3), 0, 240)
    told = Network(trained).predict(one).probabilities
    held = np.arange(len(one.state)) % 40 < 20
    answers = np.flatnonzero(held & (one.state >= 0))[::4]
    for state, outside in ((told.argmin(axis=1), True), (told.argmax(axis=1), False)):
        windows = replace(one, state=np.where(one.state >= 0, state, -1).astype(np.int8))
        start = replace(trained, calibration=replace(trained.calibration, missed=0.6))
        expected = 0.6 + 0.02 * len(answers) * (0.9 if outside else -0.1)
        assert (told[answers].min(axis=1) < 0.4).all()
        if not outside:
            expected += 0.02 * float((told[answers].max(axis=1) < 0.4).sum())
        found = followed(start, [windows], [held])
        assert found.missed == pytest.approx(min(1.0, expected), abs=0.05)
        assert (found.missed > 0.6) is outside
        assert_array_equal(found.centres, trained.calibration.centres)
