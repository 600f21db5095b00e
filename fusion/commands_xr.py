"""The command `attnflow hints`: which hints a session gave, and what people did about them."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.console import console, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("hints")(hints)


def hints(file: Annotated[Path, typer.Argument(help="A recording (.mcap).", exists=True, dir_okay=False,
                                               readable=True)],
          as_json: Json = False) -> None:
    """List the adaptation hints of a recording with their answers, and how often each was accepted or dismissed."""
    from fusion.xr.answers import told
    from sensors.recording import Recording

    found = told(Recording(file))
    if as_json:
        write_json(found)
        return
    screen = console()
    if not found["hints"]:
        screen.print("No hint was given in this recording.", markup=False)
        return
    for one in found["hints"]:
        end = "still on" if math.isnan(one["end_s"]) else f"to {one['end_s']:.1f} s"
        answer = f"; {one['answer']} by {one['source'] or 'an app'}" if one["answer"] else ""
        screen.print(f"{one['number']} {one['hint']}: {one['begin_s']:.1f} s {end}{answer}. {one['because']}",
                     soft_wrap=True, markup=False)
    for hint, rate in found["rates"].items():
        screen.print(_sentence(hint, rate), soft_wrap=True, markup=False)
    if found["refused"]:
        screen.print(f"{found['refused']} answers belong to no hint, or to one that was answered before.")


def _sentence(hint: str, rate: dict[str, Any]) -> str:
    share = "" if math.isnan(rate["accepted_share"]) else f" ({rate['accepted_share']:.0%} of the answers accept)"
    times = "time" if rate["given"] == 1 else "times"
    return (f"{hint}: given {rate['given']} {times} for {rate['seconds']:.1f} s, {rate['accepted']} accepted, "
            f"{rate['dismissed']} dismissed, {rate['unanswered']} unanswered{share}.")
