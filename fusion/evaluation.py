"""The evaluation on windows of the six states: one predictor on people it has not seen, beside all it must beat.

Figures are over all labelled steps of the test people; every interval draws people again (see `models.intervals`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.evaluate_rules import RulesPredictor
from models import events, leakage, metrics, splits, subsets
from models.baselines import LAGS_S, GradientBoosting, single
from models.ceiling import Ceiling
from models.intervals import DRAWS, Told, over_people, permutation_p
from models.labels import HORIZONS_S, SENSING, STATES
from models.predictions import Predictions, Predictor, predict_all
from models.windows import Windows, people

Fit = Callable[[Sequence[Windows]], Predictor]


@dataclass(frozen=True, eq=False)
class Judged:
    """A predictor's predictions of the test sessions, and the figures made of them."""

    predictor: str
    test: list[Windows]
    said: list[Predictions]
    figures: dict[str, Any]


def told(test: Sequence[Windows], said: Sequence[Predictions]) -> list[Told]:
    """Return truth and probabilities of each session's labelled steps."""
    return [Told.of(windows.person, windows.state, one.probabilities)
            for windows, one in zip(test, said, strict=True)]


def accuracy(predictor: Predictor, test: Sequence[Windows]) -> float:
    """Return the balanced accuracy of a predictor."""
    return accuracy_of(test, predict_all(predictor, test))


def lapse_auc(test: Sequence[Windows], said: Sequence[Predictions]) -> dict[str, float]:
    """Return the area under the ROC curve of each early warning; steps in a lapse carry no label."""
    ahead = np.concatenate([windows.lapse_in_s for windows in test])
    known = ~np.isnan(ahead)
    chance = np.concatenate([one.lapse for one in said])[known]
    return {f"s{horizon:g}": metrics.auc(ahead[known] <= horizon, chance[:, number])
            for number, horizon in enumerate(HORIZONS_S)}


def per_state(test: Sequence[Windows], said: Sequence[Predictions]) -> dict[str, dict[str, Any]]:
    """Return recall, precision, F1, area under the ROC curve and detection delay of each state."""
    parts = told(test, said)
    found = metrics.per_class(np.concatenate([part.truth for part in parts]),
                              np.concatenate([part.probabilities for part in parts]))
    late = delays(test, said)
    figures = {}
    for label, (state, one) in enumerate(zip(STATES, found, strict=True)):
        figures[state] = {"recall": one.recall, "precision": one.precision, "f1": one.f1, "auc": one.auc,
                          "windows": one.steps}
        if label in late:
            median, missed = events.median_delay(late[label])
            figures[state] |= {"delay_s": median, "never_found": missed, "onsets": len(late[label])}
    return figures


def delays(test: Sequence[Windows], said: Sequence[Predictions]) -> dict[int, list[float]]:
    """Return the detection delays of all sessions, by alarming state."""
    found: dict[int, list[float]] = {label: [] for label in events.ALARMING}
    for windows, one in zip(test, said, strict=True):
        for label, late in events.delays(windows.times_s, windows.state, one.probabilities.argmax(axis=1)).items():
            found[label] += late
    return found


def false_alarms(test: Sequence[Windows], said: Sequence[Predictions]) -> events.Alarms:
    """Return the false alarms of all sessions."""
    total = events.Alarms(0, 0.0)
    for windows, one in zip(test, said, strict=True):
        total = total + events.false_alarms(windows.times_s, windows.state, one.probabilities.argmax(axis=1))
    return total


def of_subsets(predictor: Predictor, test: Sequence[Windows], whole: Sequence[Predictions],
               alone: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return the same predictor's balanced accuracy with each subset of sensors, and how wide its doubt is.

    `whole` is what it said with all of them. `alone` holds the accuracy of models of one modality each; a subset stands
    beside the best of its own.
    """
    figures = {}
    for kept in subsets.SUBSETS:
        blinded = [subsets.only(windows, kept) for windows in test]
        said = whole if kept == SENSING else predict_all(predictor, blinded)
        doubt = np.concatenate([one.attention_sd for one in said])
        doubt = doubt[np.isfinite(doubt)]
        figures[subsets.name(kept)] = {
            "balanced_accuracy": accuracy_of(blinded, said),
            "best_unimodal": max((alone[modality] for modality in kept if modality in alone), default=float("nan")),
            "attention_sd": float(doubt.mean()) if len(doubt) else float("nan")}
    return figures


def judge(predictor: Predictor, train: Sequence[Windows], test: Sequence[Windows], *, fit: Fit | None = None,
          data: str = "", rounds: int = 150, draws: int = DRAWS, seed: int = 0,
          on_step: Callable[[float], None] = lambda share: None) -> Judged:
    """Return all figures of a predictor on the test people.

    Parameters
    ----------
    predictor
        What is judged; it must not have seen the test people.
    train
        What the baselines and the ceiling are trained on.
    test
        Other people; a person on both sides, or a state without an example, is refused.
    fit
        Trains the like of `predictor` for the within-person figure; gradient boosting where it is left out.
    data
        Name of the data set, for the reader.
    rounds
        Trees of each class in the baselines.
    draws
        Draws of people, and of turned labels.
    on_step
        Told the share done, 0..1.

    Raises
    ------
    ModelError
        If a check of leakage fails, or there is nothing to measure.
    """
    split = splits.Split(data or "evaluation", list(train), list(test))
    found = [leakage.people_apart(split), leakage.neighbours_apart(split)]
    leakage.require(found)
    metrics.require_classes(np.concatenate([windows.state for windows in test]), STATES, "The test windows")
    said = predict_all(predictor, test)
    parts = told(test, said)
    truth = np.concatenate([part.truth for part in parts])
    chances = np.concatenate([part.probabilities for part in parts])
    on_step(0.1)
    alone = {modality: accuracy(single(train, modality, rounds=rounds, seed=seed), test) for modality in SENSING}
    on_step(0.4)
    plain = accuracy(GradientBoosting(train, lapses=False, rounds=rounds, seed=seed), test)
    lagged = accuracy(GradientBoosting(train, lags_s=LAGS_S, lapses=False, rounds=rounds, seed=seed), test)
    on_step(0.6)
    simulated = all(windows.source == "simulated" for windows in test)
    informed = all(windows.truth_names for windows in (*train, *test))
    ceiling = accuracy(Ceiling(train, rounds=rounds, seed=seed), test) if informed else None
    on_step(0.75)
    best = max(alone, key=alone.__getitem__)
    rules_said = predict_all(RulesPredictor(), test)
    alarms = false_alarms(test, said)
    median, missed = events.median_delay([late for lates in delays(test, said).values() for late in lates])
    figures: dict[str, Any] = {
        "data": data, "simulated": simulated, "estimator": predictor.name,
        "people": {"train": len(people(train)), "test": len(people(test))},
        "windows": {"train": int(sum(map(len, train))), "test": int(sum(map(len, test))), "labelled": len(truth)},
        "balanced_accuracy": metrics.balanced_accuracy(truth, chances.argmax(axis=1)),
        "ceiling_balanced_accuracy": ceiling, "auc": metrics.macro_auc(truth, chances),
        "ece": metrics.ece(truth, chances), "nll": metrics.nll(truth, chances), "brier": metrics.brier(truth, chances),
        "per_state": per_state(test, said), "subsets": of_subsets(predictor, test, said, alone),
        "baselines": {"rules": accuracy_of(test, rules_said), "gradient_boosting": plain,
                      "gradient_boosting_lagged": lagged, "best_single": alone[best], "best_single_modality": best,
                      "single": alone, "rules_per_state": {state: one["recall"] for state, one in
                                                           per_state(test, rules_said).items()}},
        "lapse_auc": lapse_auc(test, said), "false_alarms_per_hour": alarms.per_hour, "false_alarms": alarms.false,
        "hours": alarms.hours, "detection_delay_s": median, "never_found": missed,
        "leave_one_subject_out": over_people(parts, draws=draws, seed=seed),
        "permutation_p": permutation_p(parts, draws=draws, seed=seed)}
    figures["within_person"], model = _within(test, fit, rounds, draws, seed)
    figures |= {"within_person_model": model, "leakage": found}
    on_step(1.0)
    return Judged(predictor.name, list(test), said, figures)


def accuracy_of(test: Sequence[Windows], said: Sequence[Predictions]) -> float:
    """Return the balanced accuracy of predictions."""
    parts = told(test, said)
    return metrics.balanced_accuracy(np.concatenate([part.truth for part in parts]),
                                     np.concatenate([part.probabilities for part in parts]).argmax(axis=1))


def _within(test: Sequence[Windows], fit: Fit | None, rounds: int, draws: int, seed: int) -> tuple[Any, str]:
    """Return the figure for the test people's second halves, trained on their first, and what was trained."""
    split = splits.within_person(test)
    leakage.require([leakage.neighbours_apart(split, splits.GUARD_S - 1e-6)])
    trained: Predictor = fit(split.train) if fit is not None else GradientBoosting(
        split.train, lags_s=LAGS_S, lapses=False, rounds=rounds, seed=seed)
    parts = told(split.test, predict_all(trained, split.test))
    if not sum(len(part.truth) for part in parts):
        return None, trained.name
    return over_people(parts, draws=draws, seed=seed), trained.name


def sides(sessions: Sequence[Windows], seed: int = 0) -> tuple[list[Windows], list[Windows]]:
    """Return training and test people of a folder that does not say: about a fifth of the people are tested on."""
    everybody = people(sessions)
    split = splits.by_person(sessions, max(2, min(5, len(everybody))), seed)[0]
    return split.train, split.test
