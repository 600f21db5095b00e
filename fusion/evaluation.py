"""The evaluation on windows of the six states: one predictor on people it has not seen, beside all it must beat.

Figures are over all labelled steps of the test people; every interval draws people again (see `models.intervals`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.evaluate_figures import delays, false_alarms, lapse_auc, per_state, told
from fusion.evaluate_rivals import CEILING, LAGGED, PLAIN, RULES, Say, rivals
from fusion.evaluate_subsets import of_subsets, worst
from models import events, leakage, metrics, splits
from models.baselines import LAGS_S, ROUNDS, GradientBoosting
from models.intervals import DRAWS, gain, joined, over_people, permutation_p
from models.labels import NOT_LABELLED, SENSING, STATES
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


def judge(predictor: Predictor, train: Sequence[Windows], test: Sequence[Windows], *, fit: Fit | None = None,
          data: str = "", rounds: int = ROUNDS, draws: int = DRAWS, seed: int = 0,
          say: Say = lambda what, share: None) -> Judged:
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
    say
        Told what runs now, and the share done, 0..1.

    Raises
    ------
    ModelError
        If a check of leakage fails, or there is nothing to measure.
    """
    split = splits.Split(data or "evaluation", list(train), list(test))
    found = [leakage.people_apart(split), leakage.neighbours_apart(split)]
    leakage.require(found)
    metrics.require_classes(np.concatenate([windows.state for windows in test]), STATES, "The test windows")
    say(f"{predictor.name} on the test people", 0.0)
    said = predict_all(predictor, test)
    against = rivals(train, test, rounds, seed, lambda what, share: say(what, 0.1 + 0.45 * share))
    figures: dict[str, Any] = {
        "data": data, "simulated": all(windows.source == "simulated" for windows in test), "estimator": predictor.name,
        "people": {"train": len(people(train)), "test": len(people(test))},
        "windows": {"train": int(sum(map(len, train))), "test": int(sum(map(len, test))),
                    "labelled": sum(int((windows.state != NOT_LABELLED).sum()) for windows in test)},
        "trees": {"every": against.every, "rows": against.rows, "rounds": rounds}}
    figures |= _accuracy(test, said, against.said, draws, seed)
    say("alarms and warnings", 0.55)
    alarms = false_alarms(test, said)
    median, missed = events.median_delay([late for lates in delays(test, said).values() for late in lates])
    warned = lapse_auc(test, said, draws, seed)
    figures["intervals"] |= {f"lapse_auc_{horizon}": one for horizon, one in warned.items()}
    figures |= {"per_state": per_state(test, said),
                "lapse_auc": {horizon: one.value for horizon, one in warned.items()},
                "false_alarms_per_hour": alarms.per_hour, "false_alarms": alarms.false, "hours": alarms.hours,
                "detection_delay_s": median, "never_found": missed}
    figures["subsets"] = of_subsets(predictor, test, said, figures["singles"],
                                    lambda what, share: say(f"{predictor.name} with {what}", 0.57 + 0.33 * share))
    figures["worst_subset"] = worst(figures["subsets"])
    say("people it knows", 0.9)
    figures["within_person"], model = _within(test, fit, rounds, draws, seed)
    figures |= {"within_person_model": model, "leakage": found}
    say("done", 1.0)
    return Judged(predictor.name, list(test), said, figures)


def _accuracy(test: Sequence[Windows], said: Sequence[Predictions], rivals_said: dict[str, list[Predictions]],
              draws: int, seed: int) -> dict[str, Any]:
    """Return how often the predictor and its rivals are right, with intervals, and how far it is above each."""
    own = told(test, said)
    others = {name: told(test, one) for name, one in rivals_said.items()}
    right = {name: over_people(one, draws=draws, seed=seed) for name, one in others.items()}
    truth, chances = joined(own)
    ours = over_people(own, draws=draws, seed=seed)
    singles = {modality: right[modality].value for modality in SENSING}
    best = max(singles, key=singles.__getitem__)
    top = right[CEILING].value if CEILING in right else None
    gains = {name: gain(own, one, draws=draws, seed=seed) for name, one in others.items()}
    return {
        "balanced_accuracy": ours.value, "ceiling_balanced_accuracy": top,
        "share_of_ceiling": ours.value / top if top else None,
        "auc": metrics.macro_auc(truth, chances), "ece": metrics.ece(truth, chances),
        "nll": metrics.nll(truth, chances), "brier": metrics.brier(truth, chances),
        "baselines": {RULES: right[RULES].value, PLAIN: right[PLAIN].value, LAGGED: right[LAGGED].value,
                      "best_single": right[best].value, "best_single_modality": best,
                      "rules_per_state": per_state(test, rivals_said[RULES])},
        "singles": singles,
        "intervals": {"balanced_accuracy": ours} | right,
        "gains": gains | {"best_single": gains[best]},
        "leave_one_subject_out": ours, "permutation_p": permutation_p(own, draws=draws, seed=seed)}


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
