"""Recordings and a table of labels as windows: every message through the very session that live data goes through."""

import csv
import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.labels import NOT_LABELLED, STATES
from models.windows import SUFFIX, Windows, save
from sensors.messages import FloatArray

COLUMNS = ("start_s", "end_s", "state")
OPTIONAL = ("attention", "vigilance", "load")
NAME = re.compile(r"[A-Za-z0-9_-]+")
SLACK_S = 1.0
"""A label may reach so far over the recording's end: tables are often kept in whole seconds."""


class Label(NamedTuple):
    """One line of the table."""

    start_s: float
    end_s: float
    state: int
    attention: float
    vigilance: float
    load: float
    line: int


def read_labels(path: Path) -> list[Label]:
    """Read a table of labels, in order of time.

    Raises
    ------
    ModelError
        If it is empty, lacks a column, has a value that cannot be, or labels that overlap.
    """
    example = f"It needs the header {','.join(COLUMNS)}[,{','.join(OPTIONAL)}] and a line a label."
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ModelError(f"{path}: the column {missing[0]} is missing.", example)
            found = [_label(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{path}: it cannot be read as a table ({error}).", example) from None
    if not found:
        raise ModelError(f"{path}: there is no label in it.", example)
    found.sort()
    for before, after in itertools.pairwise(found):
        if after.start_s < before.end_s:
            raise ModelError(f"{path}: the labels of line {before.line} ({before.start_s:g} to {before.end_s:g} s) and "
                             f"line {after.line} (from {after.start_s:g} s) overlap.", "Give each moment one label.")
    return found


def build(recordings: Sequence[Path], labels: Path, person: str, folder: Path,
          advanced: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Write one windows file for each recording; nothing is written unless all can be made.

    Parameters
    ----------
    recordings
        Of one person; the table is about each of them, so give several only if they share it.
    labels
        CSV with start_s, end_s, state and, if known, attention, vigilance and load (0..1); seconds since the
        recording's first tick.
    person
        A pseudonym of letters, digits, - and _.
    folder
        Where to.
    advanced
        Is told the share done.

    Raises
    ------
    ModelError
        If the table cannot be used, or a label lies outside a recording.
    sensors.errors.RecordingError
        If a recording cannot be used.
    """
    if not NAME.fullmatch(person):
        raise ModelError(f"person is '{person}', expected a pseudonym of letters, digits, - and _.")
    table = read_labels(labels)
    targets = [folder / f"{person}-{path.stem}{SUFFIX}" for path in recordings]
    taken = next((target for number, target in enumerate(targets) if target in targets[:number]), None)
    if taken is not None:
        raise ModelError(f"Two recordings would both become {taken.name}.", "Build them into two folders.")
    made = []
    for number, path in enumerate(recordings):
        made.append(windows_of(path, table, labels, person))
        advanced((number + 1) / len(recordings))
    folder.mkdir(parents=True, exist_ok=True)
    for target, windows in zip(targets, made, strict=True):
        save(target, windows)
    return targets


def windows_of(path: Path, table: Sequence[Label], labels: Path, person: str) -> Windows:
    """Return the windows of one recording, labelled; steps that no label covers are not labelled."""
    from fusion.recorded_windows import steps_of
    from kernels.warm import warm

    warm()
    windows, _ = steps_of(path, person)
    _check_inside(table, labels, path, float(windows.times_s[-1]))
    state, shares = _columns(table, windows.times_s)
    return replace(windows, state=state, attention=shares["attention"], vigilance=shares["vigilance"],
                   load=shares["load"])


def _label(path: Path, line: int, row: dict[str, str]) -> Label:
    where = f"{path}, line {line}"
    start, end = _number(where, "start_s", row["start_s"]), _number(where, "end_s", row["end_s"])
    if not 0 <= start < end < math.inf:
        raise ModelError(f"{where}: start_s is {start:g} and end_s {end:g}, expected 0 <= start_s < end_s.")
    state = (row["state"] or "").strip()
    if state not in STATES:
        raise ModelError(f"{where}: state is '{state}', expected one of {', '.join(STATES)}.")
    shares = []
    for name in OPTIONAL:
        text = (row.get(name) or "").strip()
        shares.append(_number(where, name, text) if text else math.nan)
        if not (math.isnan(shares[-1]) or 0 <= shares[-1] <= 1):
            raise ModelError(f"{where}: {name} is {shares[-1]:g}, expected 0 to 1, or nothing.")
    return Label(start, end, STATES.index(state), shares[0], shares[1], shares[2], line)


def _number(where: str, name: str, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ModelError(f"{where}: {name} is '{text or ''}', expected a number.") from None


def _check_inside(table: Sequence[Label], labels: Path, path: Path, end_s: float) -> None:
    for label in table:
        if label.end_s > end_s + SLACK_S:
            raise ModelError(f"{labels}, line {label.line}: the label ends at {label.end_s:g} s, but {path} ends at "
                             f"{end_s:.1f} s.", "Times are seconds since the recording began.")


def _columns(table: Sequence[Label], times_s: "np.ndarray[tuple[int], np.dtype[np.float64]]",
             ) -> tuple[NDArray[np.int8], dict[str, FloatArray]]:
    state = np.full(len(times_s), NOT_LABELLED, np.int8)
    shares = {name: np.full(len(times_s), np.nan, np.float32) for name in OPTIONAL}
    for label in table:
        inside = (times_s >= label.start_s) & (times_s < label.end_s)
        state[inside] = label.state
        for name in OPTIONAL:
            shares[name][inside] = getattr(label, name)
    return state, shares
