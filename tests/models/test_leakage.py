"""The checks fail on traps, made ones and those in real recordings, and pass on clean splits."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_windows import cohort, session

from models import leakage, splits
from models.channel_health import contact_trouble
from models.errors import ModelError
from models.splits import Split, part

PEOPLE = [f"p{k:02d}" for k in range(10) for _ in range(8)]
LABEL = np.tile([0, 1], 40)
MUSE_LABELS = ("relaxed", "neutral", "concentrating")


def noise(seed: int, width: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(80, width))


def test_a_clean_split_passes_and_a_person_on_both_sides_fails() -> None:
    sessions = cohort(4)
    clean = splits.fixed(sessions, ["p03"])
    findings = [leakage.people_apart(clean), leakage.neighbours_apart(clean)]
    assert all(finding.passed for finding in findings)
    leakage.require(findings)
    found = leakage.people_apart(Split("mixed", sessions, [session("p02", name="other")]))
    assert not found.passed
    assert "p02 (1 of 1) are both trained and tested on" in found.sentence
    with pytest.raises(ModelError, match="both trained and tested on"):
        leakage.require([*findings, found])


def test_shuffled_and_overlapping_windows_fail_and_a_gap_passes() -> None:
    whole = session("p00")
    odd = np.random.default_rng(0).random(len(whole)) < 0.5
    shuffled = Split("shuffled", [part(whole, odd)], [part(whole, ~odd)])
    found = leakage.neighbours_apart(shuffled)
    assert not found.passed
    assert found.figure == 1.0
    middle = len(whole) // 2
    touching = Split("halves", [part(whole, np.arange(len(whole)) < middle)],
                     [part(whole, np.arange(len(whole)) >= middle)])
    assert leakage.neighbours_apart(touching).figure == pytest.approx(59 / (len(whole) - middle), abs=0.01)
    assert leakage.neighbours_apart(splits.within_person([whole]), splits.GUARD_S - 1e-6).passed
    assert leakage.neighbours_apart(Split("people", [session("p01")], [whole])).passed


def test_duration_position_and_quality_that_tell_the_label_fail() -> None:
    long = 10 + 5 * LABEL + noise(1)[:, 0]
    for check, trap in ((leakage.duration_tells_nothing, long), (leakage.position_tells_nothing, LABEL / 2),
                        (leakage.quality_tells_nothing, np.c_[noise(2), 0.3 * LABEL])):
        found = check(PEOPLE, LABEL, trap, draws=40)
        assert not found.passed, found
        assert found.figure > 0.9
        assert "alone tells" in found.sentence


def test_what_tells_nothing_passes() -> None:
    for seed in range(3):
        assert leakage.duration_tells_nothing(PEOPLE, LABEL, 10 + noise(seed)[:, 0], draws=40).passed
    # A twentieth fails by luck, as it may.
    assert sum(leakage.quality_tells_nothing(PEOPLE, LABEL, noise(seed, 3), draws=100).passed for seed in range(8)) >= 7
    with pytest.raises(ModelError, match="two labels and two people"):
        leakage.duration_tells_nothing(["a"] * 80, LABEL, noise(0)[:, 0])


def test_normalisation_fitted_on_test_people_fails() -> None:
    sessions = cohort(3)
    sessions[2] = replace(sessions[2], features=sessions[2].features + 5)
    train = sessions[:2]
    rows = np.concatenate([windows.features for windows in train]).astype(float)
    everything = np.concatenate([windows.features for windows in sessions]).astype(float)
    measured = np.isfinite(rows).any(axis=0)

    def fit(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centre, scale = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
        centre[measured], scale[measured] = np.nanmean(values[:, measured], 0), np.nanstd(values[:, measured], 0)
        return centre, scale

    assert leakage.normalised_on_train(*fit(rows), train).passed
    found = leakage.normalised_on_train(*fit(everything), train)
    assert not found.passed
    assert found.figure > 0.5


def test_real_round_durations_tell_success(shared_data: Path) -> None:
    table = np.load(shared_data / "eeg" / "muse_sequence_learning_24subj.npz")
    person, success = table["subject"].astype(str).tolist(), table["success"].astype(int)
    seconds = np.diff(table["offsets"]) / float(table["fs"])
    found = leakage.duration_tells_nothing(person, success, seconds, draws=40)
    assert not found.passed
    assert 0.75 < found.figure < 0.90  # measured: 0.81
    dealt = np.random.default_rng(0).permutation(success)
    assert leakage.duration_tells_nothing(person, dealt, seconds, draws=40).passed


@pytest.fixture(scope="module")
def muse(shared_data: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return person and label of each take, and the trouble of its channels (take, channel, measure)."""
    person, label, trouble = [], [], []
    for path in sorted((shared_data / "eeg" / "muse_mental_state").glob("*.csv.gz")):
        name, state, _ = path.name.split("-")
        with gzip.open(path, "rt") as lines:
            values = np.loadtxt(lines, delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
        person.append(name)
        label.append(MUSE_LABELS.index(state))
        trouble.append(contact_trouble(values, 256.0, 1000.0))
    return person, np.array(label), np.array(trouble)


@pytest.mark.parametrize("kept", [(0, 1, 2), (0, 2)])
def test_the_real_saturated_electrode_tells_concentration_and_the_others_do_not(
        muse: tuple[list[str], np.ndarray, np.ndarray], kept: tuple[int, ...]) -> None:
    here = np.isin(muse[1], kept)
    person, label, trouble = np.array(muse[0])[here].tolist(), muse[1][here], muse[2][here]
    found = leakage.channels_tell_nothing(person, label, trouble, ("TP9", "AF7", "AF8", "TP10"), labels=MUSE_LABELS)
    assert [finding.passed for finding in found] == [True, True, False, True], found
    assert found[2].figure == 1.0
    assert "AF8 alone tells concentrating from" in found[2].sentence
    assert not leakage.quality_tells_nothing(person, label, trouble.reshape(len(label), -1)).passed
    assert leakage.quality_tells_nothing(person, label, trouble[:, [0, 1, 3]].reshape(len(label), -1)).passed


def test_real_shuffled_windows_share_seconds_and_contiguous_blocks_do_not(shared_data: Path) -> None:
    """UCI eye state: 117 s of one person; Muse: windows of each take dealt out at random."""
    seconds = len((shared_data / "eeg" / "uci_eye_state.csv").read_text().splitlines()) / 128.0
    times = np.arange(0.5, seconds, 0.5)
    shuffled = np.random.default_rng(0).random(len(times)) < 0.3
    assert not leakage.rows_apart(["one"] * len(times), times, shuffled).passed
    kept = (times < 40) | (times >= 70)
    assert leakage.rows_apart(["one"] * int(kept.sum()), times[kept], times[kept] >= 70).passed
    muse = len(list((shared_data / "eeg" / "muse_mental_state").glob("*.csv.gz")))
    take, at_s = np.repeat(np.arange(muse), 110), np.tile(np.arange(110) * 0.5, muse)
    found = leakage.rows_apart(take.astype(str).tolist(), at_s, np.random.default_rng(1).random(len(take)) < 0.2)
    assert not found.passed
    assert found.figure == 1.0
    assert leakage.rows_apart(take.astype(str).tolist(), at_s, take < 6).passed
