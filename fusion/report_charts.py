"""Charts as text: inline SVG that stretches to its frame, with labels in HTML so that they stay readable on a phone."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from fusion.palette import COLOURS, LEVEL_COLOURS, STATUS_COLOURS, label
from fusion.report_lines import Bands, Doubles, Envelope
from sensors.clock import SECOND

WIDTH, HEIGHT = 2000, 1000
"""Drawing units of every plot; integers in this grid are fine enough and short to write."""
SERIES = ("#2b8cc4", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#8a6fd1")
"""Line colours, after Okabe and Ito (2008)."""
LABELLED = 0.07
"""Share of the width from which a band carries its name."""


class Line(NamedTuple):
    """One line of a plot."""

    name: str
    source: Envelope
    column: int
    scale: float = 1.0
    """Factor from the column's unit to the shown one."""
    averaged: bool = False
    """Draw the mean of each slice instead of its lowest and highest value."""
    spread: int = -1
    """Column whose mean is drawn as a ribbon around the line; -1 for none."""


class Axis(NamedTuple):
    """The time axis that all plots of a report share."""

    start_ns: int
    seconds: float

    def share(self, t_ns: int) -> float:
        """Return where `t_ns` lies, 0..1."""
        return min(1.0, max(0.0, (t_ns - self.start_ns) / SECOND / self.seconds)) if self.seconds else 0.0


def plot(title: str, unit: str, lines: Sequence[Line], axis: Axis, *, low: float | None = None,
         high: float | None = None, note: str = "", tall: bool = False) -> str:
    """Return a plot of lines over time; limits left out are taken from the data."""
    lines = [line for line in lines if len(line.source.settle().filled())]
    values = [value for line in lines for value in _extremes(line)]
    if not values:
        return _figure(title, unit, "<p class=none>not measured</p>", note=note)
    floor, ceiling = round_limits(min(values) if low is None else low, max(values) if high is None else high)
    floor, ceiling = floor if low is None else low, ceiling if high is None else high
    body = []
    for number, line in enumerate(lines):
        body.append(_line(line, SERIES[number % len(SERIES)], axis, floor, ceiling))
    legend = _legend([(line.name, SERIES[number % len(SERIES)]) for number, line in enumerate(lines)]) \
        if len(lines) > 1 or lines[0].name != title else ""
    return _figure(title, unit, frame("".join(body), floor, ceiling, tall=tall) + times(axis), legend, note)


def round_limits(low: float, high: float) -> tuple[float, float]:
    """Return limits around `low` and `high` whose ends and middle are numbers a person would choose."""
    if low == high == 0:
        return 0.0, 1.0
    span = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-6)
    power = 10.0 ** math.floor(math.log10(span / 2))
    for step in (power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0)):
        floor = math.floor(low / step + 1e-9) * step
        if floor + 2 * step >= high:
            return floor, floor + 2 * step
    return low, high


def _extremes(line: Line) -> list[float]:
    if line.averaged:
        values = line.source.mean[:, line.column] * line.scale
        if line.spread >= 0:
            spread = np.nan_to_num(line.source.mean[:, line.spread]) * line.scale
            values = np.concatenate((values - spread, values + spread))
    else:
        values = np.concatenate((line.source.low[:, line.column], line.source.high[:, line.column])) * line.scale
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if len(values) else []


def _line(line: Line, colour: str, axis: Axis, floor: float, ceiling: float) -> str:
    source = line.source
    across = source.times_s() + (source.origin_ns - axis.start_ns) / SECOND
    x = np.clip(across / (axis.seconds or 1.0), 0, 1) * WIDTH
    mean = source.mean
    parts = []
    for run in source.runs(line.column):
        if line.averaged:
            middle = mean[run, line.column] * line.scale
            if line.spread >= 0:
                spread = np.nan_to_num(mean[run, line.spread]) * line.scale
                ring = _points(np.concatenate((x[run], x[run][::-1])),
                               np.concatenate((middle - spread, (middle + spread)[::-1])), floor, ceiling)
                parts.append(f'<polygon points="{ring}" fill="{colour}" opacity=".25"/>')
            points = _points(x[run], middle, floor, ceiling)
        else:
            pairs = np.stack((source.low[run, line.column], source.high[run, line.column]), axis=1) * line.scale
            points = _points(np.repeat(x[run], 2), pairs.reshape(-1), floor, ceiling)
        if " " not in points:  # one lonely point: a short stroke, or nothing would be seen
            points = f"{points} {int(points.partition(',')[0]) + 3},{points.partition(',')[2]}"
        parts.append(f'<polyline points="{points}" stroke="{colour}"/>')
    return "".join(parts)


def _points(x: Doubles, y: Doubles, floor: float, ceiling: float) -> str:
    """Return the points as text, each only once in a row."""
    down = np.clip((ceiling - y) / (ceiling - floor), 0, 1) * HEIGHT
    shown: list[str] = []
    for across, height in zip(np.round(x).astype(int).tolist(), np.round(down).astype(int).tolist(), strict=True):
        point = f"{across},{height}"
        if not shown or shown[-1] != point:
            shown.append(point)
    return " ".join(shown)


def stack(title: str, unit: str, source: Envelope, names: Sequence[str], axis: Axis, note: str = "") -> str:
    """Return shares of one as coloured areas on top of each other."""
    mean = source.settle().mean
    x = np.clip((source.times_s() + (source.origin_ns - axis.start_ns) / SECOND) / (axis.seconds or 1.0), 0, 1) * WIDTH
    parts = []
    for run in source.runs(0):
        shares = np.nan_to_num(mean[run])
        tops = np.cumsum(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9), axis=1)
        below = np.zeros(len(run))
        for number, name in enumerate(names):
            ring = _points(np.concatenate((x[run], x[run][::-1])), np.concatenate((below, tops[::-1, number])), 0, 1)
            parts.append(f'<polygon points="{ring}" fill="{COLOURS[name]}"/>')
            below = tops[:, number]
    legend = _legend([(label(name), COLOURS[name]) for name in names])
    return _figure(title, unit, frame("".join(parts), 0, 1, tall=True) + times(axis), legend, note)


def band(title: str, bands: Bands, axis: Axis, colours: dict[str, str], note: str = "") -> str:
    """Return bands over time as coloured stretches, named where there is room."""
    shown = []
    for stretch in bands.coarse(round(axis.seconds * SECOND / 1500)):
        left, right = axis.share(stretch.begin_ns), axis.share(stretch.end_ns)
        name = label(stretch.label) if right - left >= LABELLED else ""
        begin, end = ((ns - axis.start_ns) / SECOND for ns in (stretch.begin_ns, stretch.end_ns))
        hint = f"{begin:.1f}-{end:.1f} s: {label(stretch.label)}. {stretch.detail}"
        shown.append(f'<i style="left:{100 * left:.3f}%;width:{100 * max(right - left, 0.0008):.3f}%;'
                     f'background:{colours.get(stretch.label, "#8a8a8a")}" title="{escape(hint)}">{escape(name)}</i>')
    body = f'<div class="plot band">{"".join(shown)}</div>' if shown else "<p class=none>none in this recording</p>"
    return f'<div class=row><b>{escape(title)}</b><div>{body}{note}</div></div>'


def ticks(title: str, moments: Iterable[tuple[int, str, str]], axis: Axis) -> str:
    """Return moments (time, level, hint) as marks on a line."""
    shown = [f'<u style="left:{100 * axis.share(t_ns):.3f}%;background:{LEVEL_COLOURS.get(level, "#d55e00")}" '
             f'title="{escape(f"{(t_ns - axis.start_ns) / SECOND:.1f} s: {hint}")}"></u>'
             for t_ns, level, hint in moments]
    return f'<div class=row><b>{escape(title)}</b><div><div class="plot marks">{"".join(shown)}</div></div></div>'


def state_bands(title: str, bands: Bands, axis: Axis) -> str:
    """Return attention states as a band."""
    return band(title, bands, axis, COLOURS)


def status_bands(title: str, bands: Bands, axis: Axis) -> str:
    """Return statuses as a band."""
    return band(title, bands, axis, STATUS_COLOURS)


def times(axis: Axis) -> str:
    """Return the labels of the time axis."""
    step = next((step for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
                 if axis.seconds / step <= 6), 86400)
    # A label that would begin in the last twentieth would stick out of the page.
    marks = [f'<s style="left:{100 * number * step / axis.seconds:.2f}%">{_clock(number * step, axis.seconds)}</s>'
             for number in range(math.floor(0.95 * axis.seconds / step) + 1)] if axis.seconds else []
    return f'<div class=times>{"".join(marks)}</div>'


def _clock(seconds: float, whole: float) -> str:
    if whole < 120:
        return f"{seconds:g} s"
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if whole >= 3600 else f"{rest // 60}:{rest % 60:02d}"


def frame(body: str, floor: float, ceiling: float, *, tall: bool = False) -> str:
    """Return a plot's frame around lines drawn in its grid of `WIDTH` x `HEIGHT`."""
    grid = "".join(f'<path class=g d="M0 {height}H{WIDTH}"/>' for height in (0, HEIGHT // 2, HEIGHT))
    # As many decimals as it takes to tell the three labels apart.
    decimals = max(0, min(6, 1 - math.floor(math.log10((ceiling - floor) / 2))))
    labels = "".join(f"<span>{_trimmed(value, decimals)}</span>" for value in (ceiling, (floor + ceiling) / 2, floor))
    return (f'<div class="chart{" tall" if tall else ""}"><div class=y>{labels}</div><div class=plot>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img">{grid}{body}</svg></div></div>')


def _trimmed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _figure(title: str, unit: str, body: str, legend: str = "", note: str = "") -> str:
    shown = f" <small>{escape(unit)}</small>" if unit else ""
    remark = f"<p class=note>{escape(note)}</p>" if note else ""
    return f"<figure><figcaption><b>{escape(title)}</b>{shown}{legend}</figcaption>{body}{remark}</figure>"


def _legend(entries: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<span class=key><i style="background:{colour}"></i>{escape(name)}</span>'
                   for name, colour in entries)
