"""The figures of predictions of the six states on test sessions, over all their labelled steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models import counts, events, metrics
from models.intervals import Interval, Told, area_over_people, tables
from models.labels import HORIZONS_S, STATES
from models.predictions import Predictions
from models.windows import Windows


def told(test: Sequence[Windows], said: Sequence[Predictions]) -> list[Told]:
    """Return truth and probabilities of each session's labelled steps."""
    return [Told.of(windows.person, windows.state, one.probabilities)
            for windows, one in zip(test, said, strict=True)]


def accuracy_of(test: Sequence[Windows], said: Sequence[Predictions]) -> float:
    """Return the balanced accuracy of predictions."""
    return float(counts.balanced(tables(told(test, said)).sum(axis=0)))


def lapse_auc(test: Sequence[Windows], said: Sequence[Predictions], draws: int, seed: int) -> dict[str, Interval]:
    """Return the area under the ROC curve of each early warning; steps in a lapse carry no label."""
    known = [~np.isnan(windows.lapse_in_s) for windows in test]
    return {f"s{horizon:g}": area_over_people(
        [windows.person for windows in test],
        [windows.lapse_in_s[kept] <= horizon for windows, kept in zip(test, known, strict=True)],
        [one.lapse[kept, number] for one, kept in zip(said, known, strict=True)], draws=draws, seed=seed)
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
