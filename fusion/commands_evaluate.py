"""The command `attnflow evaluate`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusion.console import busy, console, progress, stages, write_json
from models.errors import ModelError
from sensors.errors import RecordingError

if TYPE_CHECKING:
    from rich.table import Table

    from fusion.real_sets import RealSet
    from models.windows import Windows

SIMULATED = "sim-heldout"
SIDES = ("train", "heldout")
"""Folders of windows in a folder: people to train baselines on, and other people to test on."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(data: Annotated[str, typer.Option(help="sim-heldout, muse-mental-state, innopolis-eyes, or a folder of "
                                               "windows.")] = SIMULATED,
             root: Annotated[Path, typer.Option(help="Where the recordings of a real set are.")] = Path("data"),
             estimator: Annotated[str, typer.Option(help="What is judged; windows of the six states only.")] = "",
             html: Annotated[Path | None, typer.Option(help="Also write this HTML report.")] = None,
             rounds: Annotated[int, typer.Option(min=1, help="Trees of each class in the baselines.")] = 75,
             network: Annotated[bool, typer.Option(help="On a real set, also train the network for each person "
                                                   "(minutes).")] = True,
             as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there."
                                                   )] = False) -> None:
    """Measure on people that nothing was trained on: accuracy, calibration, alarms, subsets, baselines, peers."""
    from fusion.real_sets import REAL_SETS

    if data in REAL_SETS:
        if estimator:
            raise ModelError(f"The set {data} has labels of its own; the estimator '{estimator}' does not tell them.",
                             "Leave out --estimator.")
        figures, page = _of_people(REAL_SETS[data], root, html is not None, network, quiet=as_json)
    else:
        figures, page = _of_states(data, estimator, html is not None, rounds, quiet=as_json)
    if html is not None:
        try:
            html.write_text(page, encoding="utf-8")
        except OSError as error:
            raise RecordingError(f"{html}: the report cannot be written: {error.strerror}.",
                                 "Choose another file with --html.") from None
    if as_json:
        write_json(figures)
    else:
        console().print(_table(figures))


def _of_people(which: "RealSet", root: Path, wants_page: bool, network: bool, *,
               quiet: bool) -> tuple[dict[str, Any], str]:
    from fusion import evaluation_page
    from fusion.real_evaluation import evaluate as measure

    how_long = "ten minutes or more; --no-network is faster" if network else "a few minutes"
    with busy(f"Evaluating on {which.name}; this takes {how_long}", quiet=quiet):
        figures = measure(which, root, network=network)
    return figures, evaluation_page.of_people(figures) if wants_page else ""


def simulated_sides(on_progress: Callable[[float], None]) -> "tuple[list[Windows], list[Windows]]":
    """Return the people that the default weights were trained on, and the held-out people."""
    from fusion.simulated_sets import HELD_OUT, simulated
    from models.build import of
    from models.recipe import read
    from models.train import parts

    recipe = read("default")
    sessions = simulated(recipe.simulate, on_progress)
    return of(sessions, parts(recipe, sessions).training), simulated(HELD_OUT, on_progress)


def _of_states(data: str, estimator: str, wants_page: bool, rounds: int, *,
               quiet: bool) -> tuple[dict[str, Any], str]:
    from fusion import evaluate_predictors, evaluation, evaluation_page
    from models.windows import load_folder

    folder = Path(data)
    if data == SIMULATED:
        with progress("Simulating people to train baselines on, and others to test on", quiet=quiet) as advance:
            train, test = simulated_sides(advance)
    elif all((folder / side).is_dir() for side in SIDES):
        train, test = (load_folder(folder / side) for side in SIDES)
    elif folder.is_dir():
        train, test = evaluation.sides(load_folder(folder))
    else:
        raise ModelError(f"There is no data set and no folder '{data}'.",
                         f"Known sets: {SIMULATED}, muse-mental-state, innopolis-eyes.")
    predictor = evaluate_predictors.make(estimator or evaluate_predictors.DEFAULT, train)
    with stages() as say:
        judged = evaluation.judge(predictor, train, test, data=data, rounds=rounds, say=say)
    return judged.figures, evaluation_page.of_states(judged) if wants_page else ""


def _table(figures: dict[str, Any]) -> "Table":
    from rich.table import Table

    from fusion.evaluation_page import interval, number

    who = "simulated people" if figures["simulated"] else "real people"
    shown = Table("figure", "value", title=f"{figures['data']}: {who}, none of them trained on")
    shown.add_row("balanced accuracy", interval(figures["leave_one_subject_out"]))
    for name, key in (("area under the ROC curve", "auc"), ("calibration error", "ece"),
                      ("ceiling", "ceiling_balanced_accuracy"), ("false alarms an hour", "false_alarms_per_hour"),
                      ("detection delay, s", "detection_delay_s"), ("p against turned labels", "permutation_p")):
        if key in figures:
            shown.add_row(name, number(figures[key]))
    for name, value in figures["baselines"].items():
        if isinstance(value, float):
            shown.add_row(f"baseline {name}", number(value))
        elif hasattr(value, "balanced_accuracy"):
            shown.add_row(f"baseline {name}", number(value.balanced_accuracy))
    for name, one in figures.get("network", {}).items():
        shown.add_row(f"network, {name.replace('_', ' and ')}",
                      f"{number(one['value'])} ({number(one['low'])} to {number(one['high'])})")
    if "peer" in figures:
        shown.add_row("concentrating against relaxed, ours", interval(figures["peer"]["ours"]))
        shown.add_row("the same by BrainFlow's metric", number(figures["peer"]["brainflow_mindfulness_auc"]))
    for finding in figures.get("leakage_of_excluded", ()):
        shown.add_row("left out, because", finding.sentence)
    for finding in figures["leakage"]:
        shown.add_row(f"check: {finding.check}", ("passed. " if finding.passed else "FAILED. ") + finding.sentence)
    return shown
