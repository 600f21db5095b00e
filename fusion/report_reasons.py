"""The part of the report that says why: what each modality and group of features added to the states that were told."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from fusion.palette import COLOURS, label
from fusion.report_charts import HEIGHT, WIDTH
from fusion.report_page import section
from sensors.clock import SECOND
from sensors.simulated.story import STATES

if TYPE_CHECKING:
    from fusion.report_gather import Found
    from models.checkpoint import Trained
    from models.explain import Reasons
    from models.windows import Windows

ENTRIES = 2
"""Entries into a state that are explained, spread over the recording; their mean is shown."""
SETTLED_NS = SECOND
"""How long after the entry: what the network saw has then arrived in what was told."""
POINTS = 24
"""See `models.explain.reasons`; enough for a bar."""
SHOWN = 6
"""Groups shown, of those that moved the state most."""


def reasons(found: "Found", weights: str = "default") -> str:
    """Return the section of a recording whose estimator was the network; "" of any other."""
    if found.steps is None:
        return ""
    title = "Why"
    try:
        from models.checkpoint import load
        from models.shipped import path_of

        trained = load(path_of(weights))
        explained = explain(found, trained)
    except ImportError as error:
        return section(title, "", f"<p class=note>Not explained: the library '{escape(str(error.name))}' is not "
                       "installed.</p>")
    except Exception as error:
        from models.errors import ModelError

        if not isinstance(error, ModelError):
            raise
        return section(title, "", f"<p class=note>Not explained. {escape(str(error))}</p>")
    shown = [_state(state, entries) for state, entries in explained.items()]
    return section(title, "What the network took for and against each state shortly after it was entered, against the "
                   "person's own ordinary level (integrated gradients; the bars add up to the change of the state's "
                   "logit). To the right speaks for the state, to the left against it.",
                   *(shown or ["<p>No state was entered.</p>"]))


def explain(found: "Found", trained: "Trained") -> dict[str, list["Reasons"]]:
    """Return the reasons of a few entries into each state that was told, by state.

    Raises
    ------
    ModelError
        If the steps cannot be explained.
    """
    from models.explain import reasons as why

    assert found.steps is not None
    windows: Windows = found.steps.windows("recorded", "report", "recording", found.start_ns)
    # A state that was soon left is explained halfway through it.
    entered = {state: [(min(band.begin_ns + SETTLED_NS, (band.begin_ns + band.end_ns) // 2) - found.start_ns) / SECOND
                       for band in found.state.bands if band.label == state] for state in STATES}
    out = {}
    for state, at in entered.items():
        chosen = [at[k] for k in sorted({round(k) for k in np.linspace(0, len(at) - 1, min(ENTRIES, len(at)))})]
        steps = [int(np.searchsorted(windows.times_s, moment)) for moment in chosen]
        told = [why(trained, windows, min(step, len(windows) - 1), state, POINTS) for step in steps]
        if told:
            out[state] = told
    return out


def _state(state: str, told: Sequence["Reasons"]) -> str:
    groups = _mean([one.groups for one in told])
    most = sorted(groups, key=lambda name: -abs(groups[name]))[:SHOWN]
    modalities = _mean([one.modalities for one in told])
    sure = float(np.mean([one.probability for one in told]))
    note = (f"{len(told)} {'entry' if len(told) == 1 else 'entries'} explained; probability there {sure:.2f}, logit "
            f"moved by {float(np.mean([one.total for one in told])):+.2f}.")
    return (f"<h3>{escape(label(state))}</h3><p class=note>{escape(note)}</p><div class=two>"
            f"<div>{bars(modalities, COLOURS[state])}</div>"
            f"<div>{bars({name: groups[name] for name in most}, COLOURS[state])}</div></div>")


def bars(values: Mapping[str, float], colour: str) -> str:
    """Return one bar for each value, from a line in the middle to the right, or to the left where it is negative."""
    largest = max((abs(value) for value in values.values()), default=0.0) or 1.0
    middle = WIDTH // 2
    rows = []
    for name, value in values.items():
        end = round(middle + 0.96 * middle * value / largest)
        shape = (f'<polygon points="{middle},150 {end},150 {end},850 {middle},850" fill="{colour}"/>'
                 f'<path class=g d="M{middle} 0V{HEIGHT}"/>')
        rows.append(f'<div class=row><b>{escape(name)}</b><div class=bar title="{value:+.3f}">'
                    f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img">{shape}</svg>'
                    "</div></div>")
    return "".join(rows)


def _mean(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([table[name] for table in tables])) for name in tables[0]}
