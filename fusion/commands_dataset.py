"""The commands `attnflow dataset`: simulated people, recordings with labels, and what a folder of windows holds."""

from pathlib import Path
from typing import Annotated

import typer

from fusion.console import console, progress, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the windows files.", file_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group `dataset` to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Make and look at windows files, which models learn from.")
    group.command("simulate")(simulate)
    group.command("build")(build)
    group.command("show")(show)
    app.add_typer(group, name="dataset")


def simulate(out: Out, people: Annotated[int, typer.Option(help="How many people.")] = 240,
             minutes: Annotated[float, typer.Option(help="Length of each session.")] = 8.0,
             seed: Annotated[int, typer.Option(help="Which set of people.")] = 1,
             jobs: Annotated[int, typer.Option(help="Processes; the files are the same whatever it is.")] = 1,
             as_json: Json = False) -> None:
    """Make the windows of simulated people, with what disturbs real sensors."""
    from fusion import dataset

    with progress("Simulating people", quiet=as_json) as advance:
        dataset.simulate_people(people, minutes, seed, out, jobs, advance)
    show(out, as_json)


def build(recordings: Annotated[list[Path], typer.Argument(help="Recordings (.mcap) of one person.", exists=True,
                                                           dir_okay=False, metavar="RECORDING...")],
          out: Out, labels: Annotated[Path, typer.Option(help="CSV: start_s,end_s,state[,attention,vigilance,load]; "
                                                              "seconds since the recording began.")],
          person: Annotated[str, typer.Option(help="Who it is, as a pseudonym.")], as_json: Json = False) -> None:
    """Turn recordings and a table of labels into windows, through the very session that live data goes through."""
    from fusion import offline_recorded

    with progress("Building windows", quiet=as_json) as advance:
        made = offline_recorded.build(recordings, labels, person, out, advance)
    if as_json:
        write_json({"made": [str(path) for path in made]})
    else:
        console().print(f"Made {', '.join(str(path) for path in made)}.", soft_wrap=True)


def show(folder: Annotated[Path, typer.Argument(help="A folder of windows files.", exists=True, file_okay=False)],
         as_json: Json = False) -> None:
    """Say what a folder of windows holds: people, steps, states, and how much was measured."""
    from rich.table import Table

    from fusion import dataset

    found = dataset.describe(folder)
    if as_json:
        write_json(found)
        return
    table = Table(show_header=False, title=str(folder))
    for key, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {share:.1%}" for name, share in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        if key != "folder":
            table.add_row(key, "not known" if value is None else str(value))
    console().print(table)
