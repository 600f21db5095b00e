"""Which columns of a stream are drawn together, and in which unit a person reads them."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fusion.report_charts import Axis, Line, plot
from fusion.report_gather import StreamFound

DRAWN = 6
"""Lines in one plot at most."""
CHANNELS = 16
"""EEG channels drawn at most."""


class Panel(NamedTuple):
    """One plot of a kind of stream."""

    kind: str
    title: str
    columns: str
    """Regular expression that the whole column name matches."""
    low: float | None = None
    high: float | None = None


PANELS = (
    Panel("camera", "Gaze", r"gaze_(yaw|pitch)"),
    Panel("camera", "Head", r"head_(yaw|pitch|roll)"),
    Panel("camera", "Eye aspect ratio", r"(ear|openness)(_(left|right))?"),
    Panel("camera", "Blink score", r"blink(_(left|right))?", 0, 1),
    Panel("camera", "Eyes in the head", r"eye_(yaw|pitch)"),
    Panel("camera", "Trust in the face", r"face(_confidence)?", 0, 1),
    Panel("camera", "Head position", r"head_[xyz]"),
    Panel("camera", "Jaw opening", r"jaw_open", 0, 1),
    Panel("camera", "Brightness", r"luma"),
    Panel("microphone", "Speech probability", r"speech", 0, 1),
    Panel("microphone", "Loudness", r"loudness(_momentary|_short)?", -70, 0),
    Panel("microphone", "Pitch", r"f0"),
    Panel("microphone", "Clipped samples", r"clip(ped|_share)?"),
    Panel("context", "Task demand", r"demand", 0, 1),
    Panel("context", "Speed", r"speed.*"),
    Panel("truth", "True indices", r"(attention|vigilance|load)", 0, 1),
)
"""What is drawn of each kind; other columns are named, not drawn. Kinds without a row here are drawn by unit."""

SHOWN_UNITS = {"rad": ("degrees", 180 / math.pi), "rad/s": ("degrees/s", 180 / math.pi), "1": ("no unit", 1.0)}
"""How a unit is shown, and the factor to it."""


def plots(stream: StreamFound, axis: Axis) -> tuple[list[str], list[str]]:
    """Return the plots of a stream, and the names of the columns that are not drawn."""
    if stream.columns is None or stream.info is None:
        return [], []
    columns = stream.info.columns
    if len(columns) != stream.columns.low.shape[1]:
        return [], [column.name for column in columns]
    if stream.topic == "eeg":
        return list(_channels(stream, axis)), [column.name for column in columns[CHANNELS:]]
    drawn: set[int] = set()
    made: list[str] = []
    for panel in _panels(stream):
        chosen = [number for number, column in enumerate(columns)
                  if number not in drawn and re.fullmatch(panel.columns, column.name)][:DRAWN]
        if not chosen:
            continue
        drawn.update(chosen)
        unit, scale = SHOWN_UNITS.get(columns[chosen[0]].unit, (columns[chosen[0]].unit, 1.0))
        if (panel.low, panel.high) == (0, 1):
            unit = "0..1"
        lines = [Line(columns[number].name, stream.columns, number, scale) for number in chosen]
        made.append(plot(panel.title, unit, lines, axis, low=panel.low, high=panel.high))
    return made, [column.name for number, column in enumerate(columns) if number not in drawn]


def _panels(stream: StreamFound) -> list[Panel]:
    known = [panel for panel in PANELS if panel.kind == stream.topic]
    if known or stream.info is None:
        return known
    units = dict.fromkeys(column.unit for column in stream.info.columns)
    return [Panel(stream.topic, f"Columns in {unit}",
                  "|".join(re.escape(column.name) for column in stream.info.columns if column.unit == unit))
            for unit in units]


def _channels(stream: StreamFound, axis: Axis) -> Iterator[str]:
    """Yield one low plot per electrode, scaled to its usual span: a single pop must not flatten an hour."""
    if stream.info is None or stream.columns is None:
        return
    source = stream.columns.settle()
    for number, column in enumerate(stream.info.columns[:CHANNELS]):
        extremes = np.concatenate((source.low[:, number], source.high[:, number]))
        extremes = extremes[np.isfinite(extremes)]
        low = high = None
        note = ""
        if len(extremes):
            first, last = (float(value) for value in np.percentile(extremes, (2, 98)))
            rim = max(1.0, 0.5 * (last - first))
            if extremes.min() < first - rim or extremes.max() > last + rim:
                low, high = first - rim, last + rim
                note = f"Cut to its usual span; it reached {extremes.min():.4g} to {extremes.max():.4g} {column.unit}."
        yield plot(column.name, column.unit, [Line(column.name, source, number)], axis, low=low, high=high, note=note)
