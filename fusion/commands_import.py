"""`attnflow import`: foreign files into a recording of ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from fusion.console import busy, console, write_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sensors.importers import Source, Summary
    from sensors.importers.writing import Fold
    from sensors.messages import Marker
    from sensors.rig import Rig

AUTO = "auto"
T = TypeVar("T")
Files = Annotated[list[Path], typer.Argument(help="One file, or several of one session. Packed with gzip is fine.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_files)


def import_files(
        files: Files,
        form: Annotated[list[str] | None, typer.Option("--format", help="openbci, muse, brainflow, xdf, edf, fif, "
                                                       "video or audio; otherwise told by the file's first bytes. "
                                                       "Once, or once a file.")] = None,
        out: Annotated[Path | None, typer.Option(help="The recording to write; beside the first file otherwise."
                                                 )] = None,
        person: Annotated[str, typer.Option(help="A pseudonym of whose data it is, for data sets.")] = "",
        labels: Annotated[Path | None, typer.Option(help="A CSV table start_s,end_s,state: becomes markers.")] = None,
        columns: Annotated[str, typer.Option(help="Names of all EEG channels in the file's order, e.g. Fp1,Fp2,-,-; "
                                             "- leaves one out.")] = "",
        unit: Annotated[str, typer.Option(help="Unit of the EEG where the file names none: V, mV, uV or nV.")] = "",
        rate: Annotated[float, typer.Option(min=0.0, help="Sampling rate in Hz where the file names none.")] = 0.0,
        board: Annotated[str, typer.Option(help="The board that made a BrainFlow file, e.g. CYTON_BOARD.")] = "",
        offset: Annotated[list[float] | None, typer.Option(help="With several files: when each begins, in seconds from "
                                                           "the session's start; once a file.")] = None,
        calibration: Annotated[float, typer.Option(min=0.0, max=3600.0, help="Seconds until the person's baseline "
                                                   "counts.")] = 20.0,
        states: Annotated[bool, typer.Option("--states/--no-states", help="Record the states that a live session would "
                                             "have given.")] = True,
        force: Annotated[bool, typer.Option("--force", help="Replace a recording that is there.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there."
                                              )] = False,
) -> None:
    """Turn another program's file into a recording that replay, report, export and data sets take."""
    import msgspec

    from sensors import importers
    from sensors.importers.writing import name_apart

    target = out or _beside(files[0])
    _check_target(target, force)
    forms = _each(form, len(files), AUTO, "--format")
    offsets = _each(offset, len(files), 0.0, "--offset")
    try:
        options = importers.Options(columns=tuple(name.strip() for name in columns.split(",")) if columns else (),
                                    unit=unit, rate_hz=rate, board=board)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--rate") from None
    sources = []
    for file, name, seconds in zip(files, forms, offsets, strict=True):
        with busy(f"Reading {file.name}", quiet=as_json):
            known = importers.sniff(file) if name == AUTO else name
            sources.append(importers.Source(file, known, importers.read(file, known, options), seconds))
    name_apart(sources)
    marks, table = _labels(labels, importers.summarise(sources).seconds)
    summary = importers.summarise(sources, len(marks))
    rig = _rig(sources, target, calibration)
    with busy(f"Writing {target.name}", quiet=as_json):
        count = _write(sources, target, summary, rig, marks, table, person, states=states, force=force)
    if as_json:
        write_json({"file": str(target), "messages": count, "person": person} | msgspec.to_builtins(summary))
    else:
        console().print(told(summary, target))


def told(summary: "Summary", target: Path) -> "RenderableType":
    """Return what an import did, for a person."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("stream", no_wrap=True)
    for name in ("columns", "rate Hz", "samples", "seconds", "lost", "holes", "in holes s", "irregular ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in summary.streams:
        table.add_row(one.name, str(len(one.columns)), f"{one.rate_hz:g}", str(one.samples),
                      f"{one.end_s - one.start_s:.2f}", str(one.lost), str(one.holes), f"{one.hole_s:.2f}",
                      f"{one.irregular_ms:.2f}")
    began = f", recorded {summary.began_utc.replace('T', ' ')}" if summary.began_utc else ""
    files = ", ".join(f"{name} ({form})" for name, form in zip(summary.sources, summary.formats, strict=True))
    marks = [Text(f"  {summary.markers} markers")] if summary.markers else []
    return Group(Text(f"{files}{began}", style="bold"), table, *marks,
                 *(Text(f"  Note: {text}") for text in summary.warnings),
                 *(Text(f"  Left out: {text}") for text in summary.left_out), Text(f"  written to {target}"))


def _beside(file: Path) -> Path:
    plain = file.with_suffix("") if file.suffix == ".gz" else file
    return plain.with_suffix(".mcap")


def _check_target(target: Path, force: bool) -> None:
    from sensors.errors import RecordingError

    if target.is_dir():
        raise RecordingError(f"{target} is a folder, expected the name of a file to write.",
                             "Give a file name that ends in .mcap.")
    if not target.parent.is_dir():
        raise RecordingError(f"The folder {target.parent} does not exist.", f"mkdir -p {target.parent}")
    if target.exists() and not force:
        raise RecordingError(f"{target} exists and is not overwritten.", "Choose another with --out, or give --force.")


def _each(given: list[T] | None, count: int, usual: T, option: str) -> list[T]:
    if not given:
        return [usual] * count
    if len(given) == 1 and option == "--format":
        return given * count
    if len(given) != count:
        raise typer.BadParameter(f"got {len(given)} for {count} files; give it once a file.", param_hint=option)
    return given


def _labels(path: Path | None, length_s: float) -> "tuple[list[Marker], dict[str, bytes]]":
    """Return the labels as markers, and the table itself for the recording."""
    if path is None:
        return [], {}
    from sensors.importers.labels import markers, read
    from sensors.importers.writing import START_NS

    return markers(read(path, length_s), START_NS), {"labels.csv": path.read_bytes()}


def _rig(sources: "list[Source]", target: Path, calibration_s: float) -> "Rig":
    """Return the rig of an imported session: its streams, replayed from the recording."""
    from sensors.rig import parse

    streams = {name: {"driver": "replay", "file": target.name} for source in sources for name, _ in source.named}
    said = ", ".join(source.path.name for source in sources)
    # A file of marks alone has no stream, and a rig needs one; it is asked for, and will not be found.
    return parse({"description": f"imported from {said}", "session": {"calibration_s": calibration_s},
                  **(streams or {"eeg": {"driver": "replay", "file": target.name}})}, "import")


def _write(sources: "list[Source]", target: Path, summary: "Summary", rig: "Rig", marks: "list[Marker]",
           table: dict[str, bytes], person: str, *, states: bool, force: bool) -> int:
    from fusion import provenance
    from sensors import importers

    who = {"person": person} if person else {}
    return importers.write(
        sources, target, summary, labels=marks, metadata=provenance.metadata(rig) | who,
        attachments=provenance.attachments(rig) | table, overwrite=force, tick_hz=rig.session.tick_hz,
        **({"fold": _session(rig)} if states else {}))


def _session(rig: "Rig") -> "Fold":
    """Return the session as a function from a message to its outputs, as `fusion.live` runs it."""
    from collections.abc import Sequence

    from fusion import assembly
    from kernels.warm import warm
    from sensors.messages import AnyMessage
    from sensors.topics import TOPIC_OF, TOPICS

    warm()
    session = assembly.session_of(rig)

    def fold(topic: str, message: AnyMessage) -> Sequence[tuple[str, AnyMessage]]:
        if not TOPICS[topic].session:
            return ()
        return [(TOPIC_OF[type(output)], output) for output in session.update(message)]

    return fold
