"""`attnflow evaluate`: the keys that programs read, a page that stands alone, and one sentence for what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Call

from fusion import evaluation, evaluation_page
from fusion.evaluate_predictors import make
from fusion.evaluate_rivals import rivals
from fusion.evaluate_rules import RulesPredictor
from models import baselines, ceiling
from models.errors import ModelError
from models.labels import SENSING, STATES
from models.windows import Windows, save
from tests.models.synthetic_windows import cohort, session

KEYS = {"balanced_accuracy", "ceiling_balanced_accuracy", "ece", "per_state", "subsets", "baselines", "lapse_auc",
        "false_alarms_per_hour", "detection_delay_s", "within_person", "leave_one_subject_out"}


def write(folder: Path, sessions: list[Windows]) -> Path:
    folder.mkdir(parents=True)
    for windows in sessions:
        save(folder / f"{windows.session}.windows", windows)
    return folder


@pytest.fixture(scope="module")
def judged() -> evaluation.Judged:
    train = cohort(3, seconds=150.0)
    return evaluation.judge(make("gradient_boosting", train), train, cohort(2, first=50, seconds=150.0), rounds=3,
                            data="made", draws=20)


def test_the_figures_that_a_program_reads(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "train", cohort(3, seconds=150.0))
    write(tmp_path / "heldout", cohort(2, first=50, seconds=150.0))
    done = call("evaluate", "--data", str(tmp_path), "--estimator", "rules", "--rounds", "2", "--html", "page.html",
                "--json")
    assert done.code == 0, done.err
    figures = json.loads(done.out)
    assert set(figures) >= KEYS
    assert set(figures["per_state"]) == set(STATES)
    assert len(figures["subsets"]) == 7
    assert set(figures["baselines"]) >= {"rules", "gradient_boosting", "best_single"}
    assert set(figures["lapse_auc"]) == {"s3", "s10"}
    for which in ("within_person", "leave_one_subject_out"):
        assert set(figures[which]) == {"value", "low", "high", "chance"}
    assert figures["simulated"] is True
    assert figures["balanced_accuracy"] == figures["baselines"]["rules"]
    page = Path("page.html").read_text()
    assert "simulated people" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 3
    for heading in ("Confusion", "Reliability", "ROC curves", "One session", "Subsets of sensors"):
        assert f"<h2>{heading}</h2>" in page
    assert "Trees learned from 900 steps." in page


def test_judging_finds_what_is_there(judged: evaluation.Judged) -> None:
    figures = judged.figures
    assert figures["balanced_accuracy"] > 0.6
    assert figures["ceiling_balanced_accuracy"] > figures["baselines"]["best_single"]
    assert figures["leave_one_subject_out"].value == figures["balanced_accuracy"]
    whole = figures["subsets"]["camera+microphone+eeg"]
    assert whole["balanced_accuracy"] == figures["balanced_accuracy"]
    assert figures["subsets"]["microphone"]["best_unimodal"] == figures["singles"]["microphone"]
    assert figures["subsets"]["microphone+eeg"]["best_unimodal"] == max(figures["singles"][one]
                                                                        for one in ("microphone", "eeg"))
    behind = [one["best_unimodal"] - one["balanced_accuracy"] for one in figures["subsets"].values()]
    assert figures["worst_subset"]["behind_unimodal"] == max(behind)
    assert figures["worst_subset"]["passed"] == (max(behind) <= 0.02)
    assert figures["share_of_ceiling"] == figures["balanced_accuracy"] / figures["ceiling_balanced_accuracy"]
    gain = figures["gains"]["best_single"]
    assert gain.value == pytest.approx(figures["balanced_accuracy"] - figures["baselines"]["best_single"])
    assert figures["permutation_p"] < 0.1
    assert "timeline" not in evaluation_page.of_states(judged)


def test_rivals_learn_from_training_people_alone_and_are_tested_on_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = cohort(3, seconds=150.0), cohort(2, first=50, seconds=150.0)
    seen: list[str] = []
    real = baselines.thinned

    def watched(sessions: list[Windows], most_rows: int) -> tuple[int, list[Any]]:
        seen.extend(windows.person for windows in sessions)
        return real(sessions, 200)

    for module in (baselines, ceiling):
        monkeypatch.setattr(module, "thinned", watched)
    told: list[str] = []
    found = rivals(train, test, 2, 0, lambda what, share: told.append(what))
    assert set(seen) == {windows.person for windows in train}
    assert (found.every, found.rows) == (5, 180)
    assert set(found.said) == {"rules", "gradient_boosting", "gradient_boosting_lagged", "ceiling", *SENSING}
    assert all([len(one) for one in said] == [len(windows) for windows in test] for said in found.said.values())
    assert told[-1] == "ceiling"


def test_somebody_on_both_sides_is_refused() -> None:
    train = cohort(2, seconds=150.0)
    with pytest.raises(ModelError, match=r"p01 .* both trained and tested on"):
        evaluation.judge(RulesPredictor(), train, [session("p01", name="later")], rounds=2)


def test_what_cannot_be_evaluated_is_one_sentence(call: Call, tmp_path: Path) -> None:
    for arguments, sentence in (
            (("--data", "nowhere"), "no data set and no folder 'nowhere'"),
            (("--data", str(write(tmp_path / "one", cohort(1, seconds=90.0)))), "of 1 person; 2 folds needs at least"),
            (("--data", "muse-mental-state", "--root", str(tmp_path / "one")), "no files of the set muse-mental-state"),
            (("--data", "innopolis-eyes", "--estimator", "rules"), "has labels of its own")):
        done = call("evaluate", *arguments)
        assert done.code == 1
        assert sentence in " ".join(done.err.split()), done.err
    few = write(tmp_path / "few", cohort(2, seconds=90.0))
    done = call("evaluate", "--data", str(few), "--estimator", "magic")
    assert "There is no estimator 'magic'" in done.err
