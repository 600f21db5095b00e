"""Charts of an evaluation as inline SVG and HTML: confusion, reliability, ROC curves, and truth beside prediction."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from fusion.palette import COLOURS, label
from fusion.report_charts import SERIES
from models import metrics
from models.events import runs
from models.labels import NOT_LABELLED

POINTS = 200
"""Points of a curve at most."""
MARK_S = 60.0
"""Distance of the marks under a timeline."""
_SIDE = 300


def confusion(truth: NDArray[np.integer], told: NDArray[np.integer], names: Sequence[str]) -> str:
    """Return the confusion matrix: each row's shares, darker for more, with counts on hover."""
    counts = metrics.confusion(truth, told, len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f"<th class=n>{escape(label(name))}</th>" for name in names)
    lines = []
    for row, name in enumerate(names):
        cells = "".join(f'<td class=n title="{counts[row, column]} steps" '
                        f'style="background:rgba(43,140,196,{0.75 * shares[row, column]:.2f})">'
                        f"{shares[row, column]:.0%}</td>" for column in range(len(names)))
        lines.append(f"<tr><th>{escape(label(name))}</th>{cells}<td class=n>{counts[row].sum()}</td></tr>")
    return (f'<div class=scroll><table><tr><th>truth \\ told</th>{head}<th class=n>steps</th></tr>'
            f'{"".join(lines)}</table></div>')


def reliability(bins: Sequence[metrics.Bin]) -> str:
    """Return the reliability diagram: accuracy over confidence in bins of equal mass, the diagonal for honesty."""
    line = [(part.confidence, part.accuracy) for part in bins]
    dots = "".join(f'<circle cx="{_x(x)}" cy="{_y(y)}" r="4" fill="{SERIES[0]}"><title>confidence {x:.2f}, accuracy '
                   f"{y:.2f}</title></circle>" for x, y in line)
    return _square([("accuracy", line)], SERIES[:1], "confidence", "accuracy", dots)


def roc(curves: Sequence[tuple[str, NDArray[np.bool_], NDArray[np.floating]]], states: Sequence[str] = ()) -> str:
    """Return ROC curves with their areas; one that has only one kind of truth is left out.

    Parameters
    ----------
    curves
        Name, truth (n,) and score (n,) of each.
    states
        The states whose colours the curves have, if they are about states.
    """
    lines, colours = [], []
    for place, (name, truth, score) in enumerate(curves):
        area = metrics.auc(truth, score)
        if not np.isfinite(area):
            continue
        false, right = metrics.roc(truth, score)
        some = np.unique(np.linspace(0, len(false) - 1, POINTS).round().astype(int))
        colours.append(COLOURS[states[place]] if states else SERIES[place % len(SERIES)])
        lines.append((f"{name} {area:.3f}", list(zip(false[some].tolist(), right[some].tolist(), strict=True))))
    if not lines:
        return "<p class=none>nothing to tell apart</p>"
    return _square(lines, colours, "share of the other steps told wrongly", "share found")


def timeline(times_s: NDArray[np.float64], bands: Sequence[tuple[str, NDArray[np.integer]]],
             names: Sequence[str]) -> str:
    """Return bands of states over one session, one row for the truth and one for what was told."""
    if len(times_s) < 2:
        return "<p class=none>no session</p>"
    begin, whole = float(times_s[0]), float(times_s[-1] - times_s[0])
    rows = []
    for title, states in bands:
        shown = []
        for first, stop in runs(states):
            if states[first] == NOT_LABELLED:
                continue
            name = names[int(states[first])]
            left = (float(times_s[first]) - begin) / whole
            right = (float(times_s[min(stop, len(times_s) - 1)]) - begin) / whole
            hint = f"{times_s[first]:.1f} s: {label(name)}"
            shown.append(f'<i style="left:{100 * left:.2f}%;width:{100 * max(right - left, 0.001):.2f}%;'
                         f'background:{COLOURS.get(name, "#8a8a8a")}" title="{escape(hint)}"></i>')
        rows.append(f'<div class=row><b>{escape(title)}</b><div class="plot band">{"".join(shown)}</div></div>')
    key = "".join(f'<span class=key><i style="background:{COLOURS.get(name, "#8a8a8a")}"></i>'
                  f"{escape(label(name))}</span>" for name in names)
    marks = "".join(f'<s style="left:{100 * at / whole:.2f}%">{at / MARK_S:.0f} min</s>'
                    for at in np.arange(0.0, whole, MARK_S))
    return f'{"".join(rows)}<div class=times>{marks}</div><p>{key}</p>'


def _x(share: float) -> int:
    return round(_SIDE * share)


def _y(share: float) -> int:
    return round(_SIDE * (1 - share))


def _square(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], colours: Sequence[str], across: str, up: str,
            more: str = "") -> str:
    """Return lines over the unit square with quarter marks, the diagonal, and a key where there are several."""
    drawn = "".join(f'<polyline points="{" ".join(f"{_x(x)},{_y(y)}" for x, y in points)}" stroke="{colour}"/>'
                    for (_, points), colour in zip(lines, colours, strict=True))
    marks = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid = "".join(f'<polyline class="g" points="{_x(mark)},0 {_x(mark)},{_SIDE}"/>'
                   f'<polyline class="g" points="0,{_y(mark)} {_SIDE},{_y(mark)}"/>'
                   f'<text x="{_x(mark)}" y="{_SIDE + 16}" text-anchor="middle">{mark:g}</text>'
                   f'<text x="-6" y="{_y(mark) + 4}" text-anchor="end">{mark:g}</text>' for mark in marks)
    key = "".join(f'<span class=key><i style="background:{colour}"></i>{escape(name)}</span>'
                  for (name, _), colour in zip(lines, colours, strict=True)) if len(lines) > 1 else ""
    return (f'<figure style="max-width:26rem"><svg viewBox="-52 -8 {_SIDE + 64} {_SIDE + 48}" style="height:auto" '
            f'font-size="12" fill="currentColor" role="img" aria-label="{escape(up)} over {escape(across)}">{grid}'
            f'<polyline points="0,{_SIDE} {_SIDE},0" stroke="currentColor" stroke-dasharray="4 4"/>{drawn}{more}'
            f'<text x="{_SIDE // 2}" y="{_SIDE + 34}" text-anchor="middle">{escape(across)}</text>'
            f'<text transform="translate(-38 {_SIDE // 2}) rotate(-90)" text-anchor="middle">{escape(up)}</text></svg>'
            f"<p>{key}</p></figure>")
