"""Errors as a person lives them: how often the alarm is false, and how long a state lasts before it is told.

A step is told as the state with the highest probability. An alarming state is one that a person would be warned of.

- A false alarm is the moment at which one alarming state has been told without a break for `ALARM_S`, if it was the
  truth in none of the last `MEMORY_S` seconds. Each run of telling counts once. Steps without a known truth neither
  excuse nor count: a run with one in its last `MEMORY_S` seconds is left out, and so is its time.
- The detection delay is the time from the true onset of a stretch of `LASTS_S` or longer until it is first told within
  it. A stretch that runs when the windows begin has no known onset and is left out.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.labels import NOT_LABELLED, STATES

ALARMING = tuple(STATES.index(state) for state in ("distracted_visual", "distracted_cognitive", "drowsy", "overloaded"))
ALARM_S = 1.0
MEMORY_S = 5.0
LASTS_S = 5.0

Labels = NDArray[np.integer]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Alarms:
    """False alarms and the time over which they were counted."""

    false: int
    hours: float

    def __add__(self, other: "Alarms") -> "Alarms":
        return Alarms(self.false + other.false, self.hours + other.hours)

    @property
    def per_hour(self) -> float:
        """Return the rate; NaN without any time."""
        return self.false / self.hours if self.hours else float("nan")


def runs(labels: Labels) -> list[tuple[int, int]]:
    """Return where equal labels begin and end, [begin, end)."""
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    return list(pairwise(edges)) if len(labels) else []


def false_alarms(times_s: Doubles, truth: Labels, told: Labels) -> Alarms:
    """Return the false alarms of one session, (n,) each."""
    known = truth != NOT_LABELLED
    count = 0
    for begin, end in runs(told):
        if told[begin] not in ALARMING:
            continue
        due = begin + int(np.searchsorted(times_s[begin:end], times_s[begin] + ALARM_S - 1e-9))
        if due >= end:
            continue  # not told for long enough to be announced
        looked = slice(int(np.searchsorted(times_s, times_s[due] - MEMORY_S)), due + 1)
        if known[looked].all() and not (truth[looked] == told[begin]).any():
            count += 1
    steps = np.diff(times_s, append=times_s[-1:] + np.median(np.diff(times_s)) if len(times_s) > 1 else times_s[-1:])
    return Alarms(count, float(steps[known].sum()) / 3600.0)


def delays(times_s: Doubles, truth: Labels, told: Labels) -> dict[int, list[float]]:
    """Return for each alarming state the delays in s at which its stretches were told; inf for one never found."""
    found: dict[int, list[float]] = {label: [] for label in ALARMING}
    for begin, end in runs(truth):
        label = int(truth[begin])
        if label not in found or begin == 0 or truth[begin - 1] == NOT_LABELLED \
                or times_s[end - 1] - times_s[begin] < LASTS_S:
            continue
        right = np.flatnonzero(told[begin:end] == label)
        found[label].append(float(times_s[begin + right[0]] - times_s[begin]) if len(right) else float("inf"))
    return found


def median_delay(told: list[float]) -> tuple[float, float]:
    """Return the median delay in s of the stretches that were found, and the share that never was; NaN without any."""
    if not told:
        return float("nan"), float("nan")
    found = [delay for delay in told if np.isfinite(delay)]
    return float(np.median(found)) if found else float("nan"), 1.0 - len(found) / len(told)
