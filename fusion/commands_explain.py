"""The command `attnflow explain`: why a driving alert fired, down to the frames."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion.console import console, progress, write_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fusion.driving.explain import Explanation

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("explain")(explain)


def explain(file: Annotated[Path, typer.Argument(help="A recording (.mcap).", metavar="FILE")],
            alert: Annotated[int, typer.Option(help="Number of the alert; without it, all are listed.", min=0)] = 0,
            profile: Annotated[list[str] | None, typer.Option(help="Ask this ladder instead of those that ran; repeat "
                                                              "for more.")] = None,
            as_json: Json = False) -> None:
    """Say why a driving alert fired: its rule and clause, every step of its timers, and the frames that decided."""
    from fusion.driving.explain import told
    from sensors.errors import RecordingError
    from sensors.recording import Recording

    recording = Recording(file)
    with progress(f"Reading {file.name}", quiet=as_json) as advance:
        found = told(recording, profile or (), advance)
    chosen = [one for one in found if not alert or one.alert.number == alert]
    if alert and not chosen:
        raise RecordingError(f"{file} has no alert {alert}: its ladders told {len(found)}.", f"attnflow explain {file}")
    if as_json:
        write_json(chosen)
    elif alert:
        console().print(whole(chosen[0]))
    else:
        console().print(listed(found, " ".join([str(file), *(f"--profile {name}" for name in profile or ())])))


def listed(found: "list[Explanation]", asked: str) -> "RenderableType":
    """Return all alerts, one a line; `asked` is the file, and the ladders where they were chosen."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not found:
        return Text("No driving alert was told.")
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("", "at s", "until s"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("level", "profile", "rule", "reason"):
        table.add_column(name)
    for one in found:
        said = one.alert
        table.add_row(str(said.number), f"{one.at_s:.2f}", "-" if math.isnan(one.ends_s) else f"{one.ends_s:.2f}",
                      said.level, said.profile, said.rule, Text(said.reason))
    return Group(table, Text(f"Why one of them fired: attnflow explain {asked} --alert {found[0].alert.number}", "dim"))


def whole(one: "Explanation") -> "RenderableType":
    """Return everything about one alert."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    said = one.alert
    head = Text(f"Alert {said.number}: {said.reason}\n", style="bold")
    head.append(f"{said.level}, at {one.at_s:.3f} s", style="")
    head.append(" until the end" if math.isnan(one.ends_s) else f" until {one.ends_s:.3f} s", style="")
    head.append("" if one.recorded else "; not in the recording, this ladder was asked afterwards", style="yellow")
    head.append(f"\nrule      {said.profile} / {said.rule}: {one.title}"
                f"\nclause    {said.clause} (known: {one.sure})"
                f"\ninspired  {one.inspired_by}; complies with nothing\n", style="")
    steps = Table(title="What the rule did", title_justify="left", box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("at s", "value", "limit"):
        steps.add_column(name, justify="right", no_wrap=True)
    for name in ("", "step", "because"):
        steps.add_column(name)
    for step in one.steps:
        at_s = one.at_s + (step.t_ns - said.t_ns) / 1e9
        steps.add_row(f"{at_s:.3f}", f"{step.value:.3f}", "-" if math.isnan(step.limit) else f"{step.limit:.3f}",
                      step.unit if step.unit != "1" else "", step.step, Text(step.because))
    frames = Table(title="Frames it rests on (changes, and some between)", title_justify="left", box=None,
                   padding=(0, 1, 0, 0), header_style="dim")
    for name in ("at s", "yaw", "pitch", "P", "openness", "km/h"):
        frames.add_column(name, justify="right", no_wrap=True)
    frames.add_column("zone")
    for row in one.frames:
        figures = (f"{row.at_s:.3f}", _figure(row.yaw_deg, ".1f"), _figure(row.pitch_deg, ".1f"),
                   _figure(row.probability, ".2f"), _figure(row.openness, ".2f"), _figure(row.kmh, ".0f"))
        frames.add_row(*figures, (row.zone or "unknown") + (" (head)" if row.by_head else ""))
    return Group(head, steps, Text(), frames)


def _figure(value: float, form: str) -> str:
    return "-" if math.isnan(value) else f"{value:{form}}"
