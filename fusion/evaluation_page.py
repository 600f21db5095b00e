"""The evaluation as one self-contained HTML page: no script of others, no file beside it, light and dark."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion import evaluation_charts as charts
from fusion.evaluate_figures import told
from fusion.evaluate_rivals import CEILING, LAGGED, PLAIN, RULES
from fusion.evaluation import Judged
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
    lead = (f"{f['people']['test']} {people}. None of them was trained on; baselines and ceiling were trained on "
            f"{f['people']['train']} others. {f['windows']['labelled']} labelled steps in {f['hours']:.1f} h. "
            "Intervals hold 95 % of 1000 draws of people. "
            "Balanced accuracy is the mean over the states of the share of a state's steps that were told as it.")
    body = [
        f"<h1>Evaluation: {label(f['estimator'])} on {f['data']}</h1>", f"<p class=lead>{lead}</p>",
        "<div class=cards>", *_cards(f), "</div>",
        section("Against others", "All on the same test people, each figure with its interval; the last column is how "
                "far the judged estimator is above, on the same draws of people. " + _trees(f["trees"]), _against(f)),
        section("People it does not know, and people it knows", "",
                table(("test", "balanced accuracy"), (
                    ("people never trained on", interval(f["leave_one_subject_out"])),
                    (f"{label(f['within_person_model'])}, trained on each person's first half, tested on the second",
                     interval(f["within_person"])),
                    ("share of 1000 turns of the labels in time that do as well (p)", number(f["permutation_p"], 4))))),
        section("Confusion", "Each row is what was true; its cells share what was told. The diagonal is right.",
                charts.confusion(truth, chances.argmax(axis=1), STATES)),
        section("States", "Delay is the median time from the true onset until the state is told. The last two columns "
                "are the rules.", _states(f["per_state"], f["baselines"]["rules_per_state"])),
        section("Subsets of sensors", "The same estimator with the other sensors gone, beside the best model that was "
                "trained on one of its sensors alone. Doubt is the standard deviation that it gives its attention "
                "score: it should grow as sensors go.", _subsets(f["subsets"], f["worst_subset"])),
        '<div class=two>',
        section("Reliability", "How often it is right, where it is so sure. On the diagonal a confidence is what it "
                "says; below it, it is too sure.", charts.reliability(metrics.reliability(truth, chances))),
        section("ROC curves", "Each state against the rest, with the area under its curve.", charts.roc(
            [(label(state), truth == place, chances[:, place]) for place, state in enumerate(STATES)], STATES)),
        "</div>",
        section("Early warning", "A lapse (eyes closed 1 s, a glance away of 2 s, or leaving) within so many seconds.",
                charts.roc(_lapses(judged))),
        section("One session", f"{judged.test[_richest(judged)].person}, the session with the most states.",
                _timeline(judged)),
        section("Checks against fooling oneself", "", _findings(f["leakage"]))]
    return page(f"Evaluation of {f['estimator']}", 0.0, "[]", body)


def _cards(f: dict[str, Any]) -> list[str]:
    share = f["share_of_ceiling"]
    return [card("Balanced accuracy", number(f["balanced_accuracy"]),
                 f"chance {number(f['leave_one_subject_out'].chance)}"),
            card("Of the ceiling", "–" if share is None else f"{share:.0%}",
                 f"ceiling {number(f['ceiling_balanced_accuracy'])}"),
            card("Calibration error", number(f["ece"]), "mean gap of confidence and accuracy",
                 "good" if f["ece"] <= 0.05 else "warn"),
            card("Lapse within 3 s", number(f["lapse_auc"]["s3"]), "area under the ROC curve, chance 0.5"),
            card("False alarms an hour", number(f["false_alarms_per_hour"], 1), f"in {f['hours']:.1f} h"),
            card("Detection delay", f"{number(f['detection_delay_s'], 1)} s",
                 f"median; {f['never_found']:.0%} never found")]


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
                (f"balanced accuracy, the mean of {len(f['committee'])} classifiers, none of them chosen",
                 interval(f["leave_one_subject_out"])),
                ("one of them, chosen without the tested person", interval(f["nested_choice"]["balanced_accuracy"])),
                ("forest on band powers", number(f["baselines"]["band_power_forest"].balanced_accuracy)),
                ("per take", number(f["balanced_accuracy_per_take"])), ("area under the ROC curve", number(f["auc"])),
                ("turned labels do as well with p", number(f["permutation_p"], 4))))]
    if "network" in f:
        body.append(section("The network, leaving a person out", f["network_note"], table(
            ("before the labels", "balanced accuracy", "per take", "AUC"),
            [(name.replace("_", " and "), f"{number(one['value'])} ({number(one['low'])} to {number(one['high'])}), "
              f"chance {number(one['chance'])}", number(one["per_take"]), number(one["auc"]))
             for name, one in f["network"].items()], (2, 3))))
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
    if f["leakage_of_excluded"]:
        body.append(section("Why channels are left out", "", _findings(f["leakage_of_excluded"])))
    body.append(section("Checks against fooling oneself", "", _findings(f["leakage"])))
    return page(f"Evaluation on {f['data']}", 0.0, "[]", body)


def _states(figures: dict[str, dict[str, Any]], rules: dict[str, dict[str, Any]]) -> str:
    return table(("state", "recall", "precision", "F1", "AUC", "delay s", "never found", "steps", "rules' F1",
                  "rules' AUC"),
                 [(label(state), number(one["recall"]), number(one["precision"]), number(one["f1"]),
                   number(one["auc"]), number(one.get("delay_s"), 1),
                   f"{one['never_found']:.0%}" if "never_found" in one else "–", str(one["windows"]),
                   number(rules[state]["f1"]), number(rules[state]["auc"]))
                  for state, one in figures.items()], range(1, 10))


def _against(f: dict[str, Any]) -> str:
    named = ((CEILING, "ceiling: sees what generated the person"), (f["estimator"], "judged here"),
             (LAGGED, "gradient boosting that also sees 1, 3 and 10 s before"),
             (PLAIN, "gradient boosting on the same windows"),
             *((modality, f"gradient boosting on {modality} alone") for modality in f["singles"]), (RULES, "rules"))
    shown = []
    for name, what in named:
        own = name == f["estimator"] and what == "judged here"
        value = f["intervals"]["balanced_accuracy" if own else name] if own or name in f["intervals"] else None
        if value is not None:
            above = None if own else f["gains"][name]
            shown.append((f"{label(name)}, judged here" if own else what, number(value.value),
                          f"{number(value.low)} to {number(value.high)}",
                          "" if above is None else f"{100 * above.value:+.1f} points "
                          f"({100 * above.low:+.1f} to {100 * above.high:+.1f})"))
    return table(("what", "balanced accuracy", "95 % interval", "judged estimator above it by"), shown, (1, 2, 3))


def _trees(trees: dict[str, int]) -> str:
    if trees["every"] == 1:
        return f"Trees learned from {trees['rows']} steps."
    return (f"Trees learned from every {_ordinal(trees['every'])} step of the training people, {trees['rows']} in all, "
            "and are tested on every step.")


def _ordinal(count: int) -> str:
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10 if count % 100 not in (11, 12, 13) else 0, 'th')}"


def _subsets(figures: dict[str, dict[str, float]], worst: dict[str, Any]) -> str:
    verdict = (f"No subset is more than {100 * worst['tolerated']:.0f} points behind the best model of one of its "
               "sensors." if worst["passed"] else
               f"{worst['subset']} is {100 * worst['behind_unimodal']:.1f} points behind the best model of one of its "
               f"sensors, more than the {100 * worst['tolerated']:.0f} that are tolerated.")
    return f"<p>{verdict}</p>" + table(
        ("sensors", "balanced accuracy", "best model of one of them", "above it by", "doubt of attention"),
        [(name, number(one["balanced_accuracy"]), number(one["best_unimodal"]),
          f"{-100 * one['behind_unimodal']:+.1f} points", number(one["attention_sd"]))
         for name, one in figures.items()], (1, 2, 3, 4))


def _findings(findings: Sequence[Any]) -> str:
    return table(("check", "", "what was found"), [(one.check, "passed" if one.passed else "FAILED", one.sentence)
                                                   for one in findings])


def _lapses(judged: Judged) -> list[tuple[str, Any, Any]]:
    ahead = np.concatenate([windows.lapse_in_s for windows in judged.test])
    chance = np.concatenate([one.lapse for one in judged.said])
    known = ~np.isnan(ahead)
    return [(f"within {horizon:g} s", ahead[known] <= horizon, chance[known, place])
            for place, horizon in enumerate(HORIZONS_S)]


def _richest(judged: Judged) -> int:
    return max(range(len(judged.test)), key=lambda place: len(np.unique(
        judged.test[place].state[judged.test[place].state != NOT_LABELLED])))


def _timeline(judged: Judged) -> str:
    windows, said = judged.test[_richest(judged)], judged.said[_richest(judged)]
    return charts.timeline(windows.times_s, (("truth", windows.state),
                                             ("told", said.probabilities.argmax(axis=1))), STATES)
