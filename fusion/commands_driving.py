"""The command that measures the driving ladders: bench driving."""

from typing import Annotated, Any

import typer

from fusion.console import console, progress, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]


def register(app: typer.Typer, bench_app: typer.Typer) -> None:
    """Add the command."""
    bench_app.command("driving")(bench_driving)


def bench_driving(hours: Annotated[float, typer.Option(min=0.01, help="Simulated hours of attentive driving.")] = 10.0,
                  seed: Annotated[int, typer.Option(help="The first simulated driver.")] = 1,
                  as_json: Json = False) -> None:
    """Drive simulated hours past every ladder, and play the named stories: false alerts, sensitivity, moments."""
    from fusion.bench_driving import bench_driving as measure

    with progress("Driving simulated hours", quiet=as_json) as advance:
        figures = measure(hours, seed, advance)
    if as_json:
        write_json(figures)
        return
    from rich.table import Table

    table = Table(box=None, show_header=False)
    for name, value in _lines(figures):
        table.add_row(name.replace("_", " "), value)
    console().print(table)


def _lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    out = []
    for name, value in figures.items():
        if isinstance(value, dict):
            out += [(name if k == 0 else "", f"{key}: {part}") for k, (key, part) in enumerate(value.items())]
        else:
            out.append((name, ", ".join(value) if isinstance(value, list) else str(value)))
    return out
