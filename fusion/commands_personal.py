"""The commands `attnflow personalise` and `attnflow person`: fit the network to one person, look at it, forget it."""

from pathlib import Path
from typing import Annotated

import typer

from fusion.console import console, progress, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]
Name = Annotated[str, typer.Argument(help="The pseudonym.", metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("personalise")(personalise)
    group = typer.Typer(no_args_is_help=True, help="What is known about people, under their pseudonyms.")
    group.command("list")(listed)
    group.command("show")(show)
    group.command("forget")(forget)
    app.add_typer(group, name="person")


def personalise(source: Annotated[Path, typer.Argument(help="A recording (.mcap), or a folder of windows files.",
                                                       exists=True, metavar="RECORDING|FOLDER")],
                person: Annotated[str, typer.Option(help="A pseudonym: a-z, 0-9 and dashes.")],
                labels: Annotated[Path | None, typer.Option(help="CSV: start_s,end_s,state, or start,end,state with "
                                                                 "times of day.", exists=True, dir_okay=False)] = None,
                feedback: Annotated[str, typer.Option(help='Sentences, such as "drowsy at 12:40; focused 12:50-12:52".'
                                                      )] = "",
                weights: Annotated[str, typer.Option(help="Shipped weights by name, or a .safetensors file."
                                                     )] = "default",
                as_json: Json = False) -> None:
    """Fit the network to one person from one to five minutes of labels; kept only if it is no worse for it."""
    from fusion.personal import learn

    with progress("Learning", quiet=as_json) as advance:
        told = learn(source, person, weights, labels, feedback, advance)
    if as_json:
        write_json(told)
        return
    before, after = told["before"], told["after"]
    console().print(
        f"Learned about '{person}' from {told['learned_s']:g} s. On {told['held_s']:g} s held out of the same labels, "
        f"balanced accuracy went from {before['balanced_accuracy']:.3f} to {after['balanced_accuracy']:.3f} and "
        f"surprise from {before['nll']:.3f} to {after['nll']:.3f} nat. Kept: {told['folder']}, "
        f"{told['adapter_bytes']} bytes of changes.", soft_wrap=True, markup=False)


def listed(as_json: Json = False) -> None:
    """List the pseudonyms of everybody there is something about."""
    from models.people import home, known

    names = known()
    if as_json:
        write_json({"people": names, "folder": str(home())})
    else:
        console().print("\n".join(names) or f"Nobody is known yet; {home()} is empty.", soft_wrap=True, markup=False)


def show(person: Name, as_json: Json = False) -> None:
    """Show what is stored about a person: files, updates and what each gained."""
    from fusion.personal import shown

    found = shown(person)
    if as_json:
        write_json(found)
        return
    lines = [f"{person}: {found['folder']}", *(f"  {name}: {size} bytes" for name, size in found["files"].items())]
    lines += [f"  update {k}: balanced accuracy {one['before']['balanced_accuracy']:.3f} to "
              f"{one['after']['balanced_accuracy']:.3f} on {one['held_s']:g} s held out"
              for k, one in enumerate(found["updates"], 1)]
    console().print("\n".join(lines), soft_wrap=True, markup=False)


def forget(person: Name, as_json: Json = False) -> None:
    """Remove everything that is stored about a person."""
    from models.people import folder_of
    from models.people import forget as remove

    removed = remove(person)
    if as_json:
        write_json({"person": person, "removed": [str(path) for path in removed]})
    else:
        console().print(f"Everything about '{person}' is removed: {len(removed)} files in {folder_of(person)}.",
                        soft_wrap=True, markup=False)
