"""Tables of labels: what somebody says a person's state was, from when to when; as marks, and back.

A table is CSV with a first line ``start_s,end_s,state``; seconds count from the first sample of the recording.
"""

import csv
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sensors.clock import SECOND
from sensors.errors import ForeignFileError
from sensors.importers.plain import lines, unpacked
from sensors.messages import Marker

SOURCE = "labels"
"""`Marker.source` of a label."""
FIELDS = ("start_s", "end_s", "state")
SLACK_S = 0.5
"""How far a label may reach past the last sample: people write whole seconds."""


class Label(NamedTuple):
    """One stretch."""

    start_s: float
    end_s: float
    state: str


def read(path: Path, length_s: float) -> list[Label]:
    """Return the labels of a table, in order of time.

    Parameters
    ----------
    path
        The CSV file.
    length_s
        How long the recording is.

    Raises
    ------
    ForeignFileError
        If a column is missing, a row is no stretch of time, lies outside the recording, or overlaps another.
    """
    with unpacked(path) as plain:
        table = csv.DictReader(lines(plain), skipinitialspace=True)
        missing = [name for name in FIELDS if name not in (table.fieldnames or ())]
        if missing:
            raise ForeignFileError(f"The labels {path.name} have no column {', '.join(missing)}.",
                                   f"Its first line must name {', '.join(FIELDS)}.")
        found = sorted(_label(row, at, path.name) for at, row in enumerate(table, 2))
    if not found:
        raise ForeignFileError(f"The labels {path.name} hold no row.", "Leave --labels out, or write some.")
    for label in found:
        if label.start_s < 0 or label.end_s > length_s + SLACK_S:
            raise ForeignFileError(f"The label '{label.state}' from {label.start_s:g} to {label.end_s:g} s in "
                                   f"{path.name} lies outside the recording, which is {length_s:.1f} s long.",
                                   "Seconds count from its first sample.")
    for label, after in pairwise(found):
        if after.start_s < label.end_s:
            raise ForeignFileError(f"In {path.name} the labels '{label.state}' (to {label.end_s:g} s) and "
                                   f"'{after.state}' (from {after.start_s:g} s) overlap.",
                                   "A person is in one state at a time.")
    return found


def markers(labels: Iterable[Label], start_ns: int) -> list[Marker]:
    """Return one marker a label, at its start; its value says how long it lasts."""
    return [Marker(t_ns=start_ns + round(label.start_s * SECOND), source=SOURCE, name=label.state,
                   value=f"{label.end_s - label.start_s:.9g} s") for label in labels]


def stretches(said: Iterable[Marker]) -> list[tuple[int, int, str]]:
    """Return (start_ns, end_ns, state) of the labels among a recording's markers."""
    found = []
    for marker in said:
        number, _, unit = marker.value.partition(" ")
        if marker.source == SOURCE and unit == "s":
            found.append((marker.t_ns, marker.t_ns + round(float(number) * SECOND), marker.name))
    return sorted(found)


def _label(row: "dict[str, str | None]", line: int, where: str) -> Label:
    try:
        start_s, end_s = float(row["start_s"] or ""), float(row["end_s"] or "")
    except ValueError:
        raise ForeignFileError(f"Line {line} of {where} has no two numbers of seconds.",
                               f"A line is {','.join(FIELDS)}, e.g. 10,25.5,focused") from None
    state = (row["state"] or "").strip()
    if not state or not start_s < end_s < float("inf"):
        raise ForeignFileError(f"Line {line} of {where} is no stretch with a state: from {start_s:g} to {end_s:g} s, "
                               f"state '{state}'.", "It must end after it begins.")
    return Label(start_s, end_s, state)
