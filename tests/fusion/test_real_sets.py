"""The public EEG sets as they lie, and the classifiers that are judged on them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion import real_checks, real_evaluation, real_network, real_sets
from fusion.real_windows import as_windows
from kernels.layout import INDEX
from models import fold_network
from models.errors import ModelError
from models.riemann import centred, euclidean_alignment, tangent
from models.small_classifiers import Candidate, leave_one_out, nested
from models.spectra import band_powers, derivations, usable
from models.windows import Windows
from sensors.errors import RecordingError


@pytest.fixture(scope="module")
def eyes(shared_data: Path) -> tuple[list[real_sets.Take], real_evaluation.Moments]:
    takes = real_sets.takes(real_sets.INNOPOLIS, shared_data)
    return takes, real_evaluation.moments(real_sets.INNOPOLIS, takes)


def test_muse_takes_come_without_the_broken_electrode_and_with_their_hole(shared_data: Path) -> None:
    takes = {take.name: take for take in real_sets.takes(real_sets.MUSE, shared_data)}
    assert len(takes) == 24
    assert {take.channels for take in takes.values()} == {("TP9", "AF7", "TP10")}
    holed = takes["subjectb-relaxed-2"]
    assert np.diff(holed.times_s).max() > 600
    assert holed.seconds < 60


def test_opened_and_closed_eyes_are_told_on_people_not_trained_on(
        eyes: tuple[list[real_sets.Take], real_evaluation.Moments]) -> None:
    takes, found = eyes
    assert len({take.person for take in takes}) == 12
    kept = np.ones(len(found.label), bool)
    pair = [Candidate("bands", "logistic", True), Candidate("bands", "logistic", False)]
    told = real_evaluation.told_by(found, found.label, kept, pair)
    on, off = (real_evaluation.area(found.label, told[one]) for one in pair)
    assert on >= 0.80  # measured: 0.87, aligned by person without labels
    assert off < on


def test_a_take_gives_the_features_of_the_session() -> None:
    draw = np.random.default_rng(0)
    times = np.arange(10 * 256) / 256.0
    values = 10 * draw.normal(size=(len(times), 2)) + 20 * np.sin(2 * np.pi * 10 * times)[:, None]
    windows = as_windows(real_sets.Take("p", "p-1", "x", ("TP9", "TP10"), 256.0, times, values), "made")
    assert len(windows) == 19
    assert windows.features[-1, INDEX["alpha"]] > windows.features[-1, INDEX["theta"]] + 1
    assert np.isnan(windows.features[0, INDEX["alpha"]])
    assert (windows.quality[:, [0, 1, 3]] == 0).all()
    assert windows.quality[-1, 2] > 0.5


def test_windows_never_reach_over_a_hole() -> None:
    times = np.concatenate((np.arange(2560) / 256.0, 30 + np.arange(2560) / 256.0))
    at_s = np.arange(0.5, 40, 0.5)
    fit = at_s[usable(times, 256.0, at_s)]
    assert fit.min() == 4.5
    assert not ((fit > 10.0) & (fit < 34.5)).any()
    assert ((fit >= 34.5) & (fit < 40)).sum() == 11


def test_band_powers_of_a_known_sine() -> None:
    times = np.arange(2560) / 256.0
    values = np.stack((20 * np.sin(2 * np.pi * 10 * times), 20 * np.sin(2 * np.pi * 10 * times)), axis=1)
    powers = band_powers(values, times, 256.0, np.array([9.0])).reshape(5, 4)
    assert powers[:, 0].argmax() == 2  # the band of 8 to 13 Hz
    assert powers[2, 3] < powers[2, 0] - 3  # the difference of two equal channels is nothing
    assert derivations(values).shape[1] == 4
    assert derivations(values[:, :1]).shape[1] == 1


def test_alignment_makes_everybody_alike() -> None:
    draw = np.random.default_rng(0)
    root = draw.normal(size=(40, 1, 3, 8))
    matrices = root @ np.swapaxes(root, -1, -2)
    person = ["a"] * 20 + ["b"] * 20
    matrices[20:] *= 100.0
    aligned = euclidean_alignment(matrices, person)
    for here in (slice(0, 20), slice(20, 40)):
        np.testing.assert_allclose(aligned[here].mean(axis=0)[0], np.eye(3), atol=1e-9)
    assert tangent(aligned).shape == (40, 6)
    np.testing.assert_allclose(tangent(np.eye(3)[None, None] * np.e)[0], [1, 0, 0, 1, 0, 1], atol=1e-12)
    rows = centred(np.array([[1.0], [3.0], [np.nan], [7.0]]), ["a", "a", "a", "b"])
    np.testing.assert_array_equal(rows[:, 0], [-1, 1, np.nan, 0])


def test_the_choice_never_sees_the_tested_person() -> None:
    """One view tells the label of three people and lies about the fourth: it is chosen, and pays for it."""
    draw = np.random.default_rng(0)
    person, label = np.repeat(["a", "b", "c", "d"], 40), np.tile([0, 1], 80)
    sign = np.where(person == "d", -1, 1)
    good, bad = Candidate("good", "logistic", False), Candidate("bad", "logistic", False)
    views = {good: (sign * (2 * label - 1) + 0.1 * draw.normal(size=160))[:, None], bad: draw.normal(size=(160, 1))}
    told, chosen = nested(views, label, person.tolist())
    assert chosen["d"] == good
    assert (told.argmax(axis=1) == label)[person == "d"].mean() < 0.1


def test_the_committee_is_the_plain_mean_and_chooses_nobody() -> None:
    first, second = Candidate("bands", "logistic", False), Candidate("bands", "logistic", True)
    told = {first: np.array([[1.0, 0.0], [0.2, 0.8]]), second: np.array([[0.0, 1.0], [0.4, 0.6]]),
            real_evaluation.FOREST: np.ones((2, 2))}
    np.testing.assert_allclose(real_evaluation.committee(told, (first, second)), [[0.5, 0.5], [0.3, 0.7]])


def made_take(person: str, label: str, lost_uv: float, number: int = 1) -> real_sets.Take:
    draw = np.random.default_rng([number, *map(ord, person + label)])
    times = np.arange(8 * 128) / 128.0
    values = draw.normal(0, 10, (len(times), 2))
    values[:300, 1] += lost_uv
    return real_sets.Take(person, f"{person}-{label}-{number}", label, ("good", "bad"), 128.0, times, values)


SMALL = replace(real_sets.MUSE, name="small", labels=("rest", "work"), excluded=("bad",))


def test_the_excluded_channel_is_shown_to_tell_the_label_and_the_others_pass() -> None:
    takes = [made_take(person, label, 800.0 * (label == "work"), number)
             for person in "abcde" for label in SMALL.labels for number in (1, 2)]
    (why,) = real_checks.why_excluded(takes, SMALL)
    assert not why.passed
    assert "The health of bad alone tells work from rest" in why.sentence
    checks = real_checks.leaks(takes, SMALL)
    assert [finding.check for finding in checks] == ["duration", "quality", "channel health"]
    assert all(finding.passed for finding in checks)
    kept = replace(SMALL, excluded=())
    assert [finding.passed for finding in real_checks.leaks(takes, kept)] == [True, False, True, False]
    assert real_checks.why_excluded(takes, kept) == []


def test_the_networks_answers_come_back_to_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that knows the truth of every labelled step, and time, is told right in every row and variant."""
    takes = [made_take(person, label, 0.0) for person in "ab" for label in SMALL.labels]
    found = real_evaluation.moments(SMALL, takes)
    given: list[fold_network.Variant] = []

    def knowing(sessions: Sequence[Windows], label: Sequence[fold_network.Labels],
                variant: fold_network.Variant) -> list[np.ndarray]:
        given.append(variant)
        return [np.stack((of == 0, of == 1), axis=1).astype(float) for of in label]

    monkeypatch.setattr(fold_network, "leave_one_out", knowing)
    figures = real_network.variants(found, 2, draws=10)
    assert list(figures) == ["plain", "aligned", "pretrained", "aligned_pretrained"]
    assert {(one.aligned, one.pretrained) for one in given} == {(a, p) for a in (False, True) for p in (False, True)}
    for one in figures.values():
        assert (one["value"], one["low"], one["high"], one["chance"], one["auc"]) == (1.0, 1.0, 1.0, 0.5, 1.0)
        assert one["people"] == {"a": 1.0, "b": 1.0}
    labelled = sum(int((found.take == one.session).sum()) for one in found.windows)
    assert labelled == len(found.label) < sum(len(one) for one in found.windows)


def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no files of the set innopolis-eyes"):
        real_sets.takes(real_sets.INNOPOLIS, tmp_path)
    (tmp_path / "subject01_open.txt").write_text("%comment\n0, 1.0, x, 3\n")
    with pytest.raises(RecordingError, match="is no row of numbers"):
        real_sets.takes(real_sets.INNOPOLIS, tmp_path)
    (tmp_path / "subject01_open.txt").write_text("%comment\n")
    with pytest.raises(RecordingError, match="there is no row of numbers in it"):
        real_sets.takes(real_sets.INNOPOLIS, tmp_path)
    with pytest.raises(ModelError, match="leave-one-person-out needs at least two"):
        leave_one_out(np.zeros((4, 1)), np.array([0, 1, 0, 1]), ["a"] * 4, "logistic")
    with pytest.raises(ModelError, match="Without b there is no example of class 1"):
        leave_one_out(np.zeros((4, 1)), np.array([0, 0, 0, 1]), ["a", "a", "b", "b"], "logistic")
