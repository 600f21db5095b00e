"""The evaluation as one self-contained HTML page: no script of others, no file beside it, light and dark."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion import evaluation_charts as charts
from fusion.evaluation import Judged, told
from fusion.palette import label
from fusion.report_page import card, page, section, table
from models import metrics
from models.intervals import Interval, joined
from models.labels import HORIZONS_S, NOT_LABELLED, STATES


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure as text; a dash for one that does not exist."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def interval(value: Interval | None) -> str:
    """Return a figure with its interval and chance."""
    if value is None:
        return "–"
    return f"{number(value.value)} ({number(value.low)} to {number(value.high)}), chance {number(value.chance)}"


def of_states(judged: Judged) -> str:
    """Return the page of an evaluation on the six states."""
    f = judged.figures
    truth, chances = joined(told(judged.test, judged.said))
    people = "simulated people: nothing here says how well it works on real ones" if f["simulated"] else "real people"
    trained = (f"Estimator {f['estimator']} and the baselines were trained on {f['people']['train']} people, and "
               f"tested on {f['people']['test']} others, {people}. {f['windows']['labelled']} labelled steps. "
               "Intervals hold 95 % of 1000 draws of people.")
    body = [
        f"<h1>Evaluation: {label(f['estimator'])} on {f['data']}</h1>", f"<p class=lead>{trained}</p>",
        '<div class=cards>', card("Balanced accuracy", number(f["balanced_accuracy"]),
                                  f"ceiling {number(f['ceiling_balanced_accuracy'])}"),
        card("Calibration error", number(f["ece"]), "15 bins of equal mass", "good" if f["ece"] <= 0.05 else "warn"),
        card("Lapse within 3 s", number(f["lapse_auc"]["s3"]), "area under the ROC curve"),
        card("False alarms an hour", number(f["false_alarms_per_hour"], 1), f"in {f['hours']:.1f} h"),
        card("Detection delay", f"{number(f['detection_delay_s'], 1)} s", f"{f['never_found']:.0%} never found"),
        "</div>",
        section("People it does not know, and people it knows", "",
                table(("test", "balanced accuracy"), (
                    ("leave people out", interval(f["leave_one_subject_out"])),
                    (f"within person ({f['within_person_model']})", interval(f["within_person"])),
                    ("turned labels do as well with p", number(f["permutation_p"], 4))))),
        section("Confusion", "Each row is what was true; its cells share what was told.",
                charts.confusion(truth, chances.argmax(axis=1), STATES)),
        section("States", "", _states(f["per_state"])),
        section("Baselines", "All on the same test people.", _baselines(f)),
        section("Subsets of sensors", "The same estimator with the other sensors gone.", _subsets(f["subsets"])),
        section("Reliability", "On the diagonal a confidence is what it says.",
                charts.reliability(metrics.reliability(truth, chances))),
        section("ROC curves", "One state against the rest.", charts.roc(
            [(label(state), truth == place, chances[:, place]) for place, state in enumerate(STATES)])),
        section("Early warning", "A lapse within so many seconds.", charts.roc(_lapses(judged))),
        section("One session", "The test session with the most states.", _timeline(judged)),
        section("Checks against fooling oneself", "", _findings(f["leakage"]))]
    return page(f"Evaluation of {f['estimator']}", 0.0, "[]", body)


def of_people(figures: dict[str, Any]) -> str:
    """Return the page of an evaluation on one of the public EEG sets."""
    f = figures
    body = [f"<h1>Evaluation on {f['data']}</h1>",
            f"<p class=lead>{f['people']} real people, {f['takes']} takes, {f['windows']} windows of {f['window_s']:g} "
            f"s. Each person is tested by models of the others. "
            f"{('Left out: ' + ', '.join(f['excluded']) + '; ' + f['why_excluded'] + '.') if f['excluded'] else ''}"
            " Aligned means that a person's own mean, over all of the person's takes and without labels, was taken "
            "off. Nothing trained here is shipped.</p>",
            table(("figure", "value"), (
                ("balanced accuracy, chosen without the tested person", interval(f["leave_one_subject_out"])),
                ("per take", number(f["balanced_accuracy_per_take"])), ("area under the ROC curve", number(f["auc"])),
                ("turned labels do as well with p", number(f["permutation_p"], 4))))]
    if "peer" in f:
        body.append(section("Concentrating against relaxed", "Area under the ROC curve.", table(
            ("who", "area"), (("ours, leaving a person out", interval(f["peer"]["ours"])),
                              ("BrainFlow mindfulness, never fitted to this set",
                               number(f["peer"]["brainflow_mindfulness_auc"]))))))
    for key, title in (("table", "All candidates"), ("table_concentrating_relaxed", "Concentrating against relaxed")):
        if key in f:
            body.append(section(title, "Each leaving one person out; picking the best of them here would flatter.",
                                table(("candidate", "balanced accuracy", "per take", "AUC"),
                                      [(one.candidate, number(one.balanced_accuracy), number(one.per_take),
                                        number(one.auc)) for one in f[key]], (1, 2, 3))))
    body.append(section("Checks against fooling oneself", "", _findings(f["leakage"])))
    return page(f"Evaluation on {f['data']}", 0.0, "[]", body)


def _states(figures: dict[str, dict[str, Any]]) -> str:
    return table(("state", "recall", "precision", "F1", "AUC", "delay s", "never found", "steps"),
                 [(label(state), number(one["recall"]), number(one["precision"]), number(one["f1"]),
                   number(one["auc"]), number(one.get("delay_s"), 1), number(one.get("never_found"), 2),
                   str(one["windows"])) for state, one in figures.items()], range(1, 8))


def _baselines(f: dict[str, Any]) -> str:
    base = f["baselines"]
    return table(("what", "balanced accuracy"), (
        (f["estimator"], number(f["balanced_accuracy"])),
        ("ceiling: also sees what generated the windows", number(f["ceiling_balanced_accuracy"])),
        ("gradient boosting, one step", number(base["gradient_boosting"])),
        ("gradient boosting with 1, 3 and 10 s before", number(base["gradient_boosting_lagged"])),
        (f"best single modality ({base['best_single_modality']})", number(base["best_single"])),
        ("rules", number(base["rules"]))), (1,))


def _subsets(figures: dict[str, dict[str, float]]) -> str:
    return table(("sensors", "balanced accuracy", "best model of one of them", "mean doubt of attention"),
                 [(name, number(one["balanced_accuracy"]), number(one["best_unimodal"]), number(one["attention_sd"]))
                  for name, one in figures.items()], (1, 2, 3))


def _findings(findings: Sequence[Any]) -> str:
    return table(("check", "", "what was found"), [(one.check, "passed" if one.passed else "FAILED", one.sentence)
                                                   for one in findings])


def _lapses(judged: Judged) -> list[tuple[str, Any, Any]]:
    ahead = np.concatenate([windows.lapse_in_s for windows in judged.test])
    chance = np.concatenate([one.lapse for one in judged.said])
    known = ~np.isnan(ahead)
    return [(f"within {horizon:g} s", ahead[known] <= horizon, chance[known, place])
            for place, horizon in enumerate(HORIZONS_S)]


def _timeline(judged: Judged) -> str:
    richest = max(range(len(judged.test)), key=lambda place: len(np.unique(
        judged.test[place].state[judged.test[place].state != NOT_LABELLED])))
    windows, said = judged.test[richest], judged.said[richest]
    return charts.timeline(windows.times_s, (("truth", windows.state),
                                             ("told", said.probabilities.argmax(axis=1))), STATES)
