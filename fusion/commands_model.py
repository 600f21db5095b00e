"""Commands that make and measure networks: train, bench model."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fusion.console import console, progress, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]
HELD_OUT_PEOPLE = 4
"""Simulated people on whom the smaller variants are compared."""


def register(app: typer.Typer, bench_app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    bench_app.command("model")(bench_model)


def train(config: Annotated[str, typer.Option(help="A recipe: a shipped one's name, or a .toml file.")] = "default",
          out: Annotated[Path, typer.Option(help="Folder for progress and weights.")] = Path("out/train"),
          resume: Annotated[bool, typer.Option(help="Go on with a training that was interrupted.")] = False,
          device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu", as_json: Json = False) -> None:
    """Train a network: simulate or read windows, learn, calibrate on people held out, export."""
    from rich.text import Text

    from fusion import training
    from models import recipe
    from models.parallel import Group
    from models.train import Told

    chosen = recipe.read(config)
    if chosen.processes > 1 and training.alone():
        raise typer.Exit(training.together(chosen.processes, sys.argv[1:]))
    screen = console(error=True)

    def say(told: Told) -> None:
        if not as_json:
            checked = "" if told.validation != told.validation else f", {told.validation:.4f} on people held out"
            screen.print(Text(f"{told.stage}: epoch {told.epoch} of {told.epochs}, loss {told.training:.4f}{checked}"))

    with progress("Preparing windows", quiet=as_json) as advance:
        sessions = training.windows_of(chosen, advance)
    trained, error = training.train(chosen, sessions, out, say, device, resume=resume)
    if not Group().first:
        return
    told = {"weights": str(out / f"{chosen.name}.safetensors"), "onnx": str(out / f"{chosen.name}.onnx"),
            "onnx_max_error": error, "card": trained.card}
    if as_json:
        write_json(told)
    else:
        console().print(Text(f"Weights: {told['weights']}\nFor sessions: {told['onnx']} (off by {error:.1e} at most)"))


def bench_model(weights: Annotated[str, typer.Option(help="Shipped weights, or a .safetensors file.")] = "default",
                as_json: Json = False) -> None:
    """Measure the network: time and memory of a step, the export's error, what int8 and pruning cost."""
    from fusion import bench_model as bench
    from fusion.simulated_sets import HELD_OUT, simulated

    with progress("Simulating people to test on", quiet=as_json) as advance:
        sessions = simulated(HELD_OUT, advance)[:HELD_OUT_PEOPLE]
    figures = bench.bench_model(weights, sessions).as_json()
    if as_json:
        write_json(figures)
        return
    from rich.table import Table

    table = Table(box=None, show_header=False)
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    console().print(table)
