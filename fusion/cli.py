"""The one command: attnflow. The only file that prints; commands are thin and import what they need when they run."""

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion import (
    commands_dataset,
    commands_driving,
    commands_evaluate,
    commands_explain,
    commands_import,
    commands_model,
    commands_outputs,
    commands_personal,
    commands_xr,
)
from fusion.console import Lines, busy, complain, console, progress, write_json
from models.errors import ModelError
from sensors.errors import AttnflowError, RecordingError

if TYPE_CHECKING:
    from fusion.summary import Summary
    from fusion.terminal import Screen
    from sensors.recording import Recording

app = typer.Typer(name="attnflow", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="Camera, microphone and EEG, fused live into one attention state with a stated confidence.",
                  epilog="Any command takes --debug, which shows the traceback of an error.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure this machine.")
app.add_typer(bench_app, name="bench")
for commands in (commands_dataset, commands_evaluate, commands_explain, commands_import, commands_personal,
                 commands_xr):
    commands.register(app)
commands_model.register(app, bench_app)
commands_outputs.register(bench_app)
commands_driving.register(app, bench_app)

OURS = ("sensors", "kernels", "models", "fusion")
"""The packages that are never an optional library."""
RigName = Annotated[str, typer.Option("--rig", "-r", help="A rig of hw-configs/, or the path of a .toml file.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]
File = Annotated[Path, typer.Argument(help="A recording (.mcap).", exists=True, dir_okay=False, readable=True)]


def main() -> None:
    """Run the command line; errors become one sentence with the next step, unless ``--debug`` is given."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(args=arguments, prog_name="attnflow")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain again when it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, AttnflowError | ModelError):
            complain(error.message, error.next_step)
        elif isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(OURS):
            complain(f"The library '{error.name}' is not installed.", "Run: pip install 'attnflow[all]'")
        else:
            complain(f"attnflow itself broke: {type(error).__name__}: {error}.",
                      "" if debug else "Run it again with --debug and report what it shows.")
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"attnflow {version('attnflow')}")
        raise typer.Exit


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                               help="Show the version and exit.")] = False) -> None:
    """Camera, microphone and EEG, fused live into one attention state with a stated confidence."""


@app.command()
def devices(as_json: Json = False) -> None:
    """List cameras, microphones, EEG boards and rigs."""
    from fusion import devices as found

    with busy("Looking at this machine's devices", quiet=as_json):
        sections = found.sections()
    if as_json:
        write_json(found.as_json(sections))
    else:
        console().print(found.table(sections))


@app.command()
def doctor(rig: Annotated[str, typer.Option("--rig", "-r", help="Also check what this rig needs.")] = "",
           settings: Annotated[list[str] | None, typer.Option("--set", help="Override a value of the rig.")] = None,
           warm: Annotated[bool, typer.Option(help="Compile the kernels now, so that the first session starts at once."
                                              )] = False,
           deep: Annotated[bool, typer.Option(help="Really import the heavy libraries.")] = False,
           as_json: Json = False) -> None:
    """Say what works on this machine, what does not, and what to do next; exit 1 if something needed does not."""
    from fusion import doctor as clinic

    chosen = settings or []
    if warm:
        with progress("Compiling the kernels", quiet=as_json) as advance:
            clinic.warm(advance)
    with busy("Checking", quiet=as_json):
        checks = clinic.examine(rig, chosen, deep=deep)
    if as_json:
        write_json({"checks": checks, "ok": clinic.healthy(checks)})
    else:
        console().print(clinic.table(checks, rig))
    if not clinic.healthy(checks):
        raise typer.Exit(1)


@app.command()
def features(markdown: Annotated[bool, typer.Option("--markdown", help="As the document docs/features.md.")] = False,
             as_json: Json = False) -> None:
    """List the feature vector: every name, unit, range, window and definition."""
    from dataclasses import asdict

    from kernels import layout

    if as_json:
        write_json([asdict(feature) for feature in layout.FEATURES])
    elif markdown:
        print(layout.markdown(), end="")
    else:
        from fusion.closing import features_table

        console().print(features_table())


@app.command()
def live(rig: RigName = "bench",
         settings: Annotated[list[str] | None, typer.Option("--set", help="Override a value of the rig, "
                                                            "e.g. camera.source=clip.mp4; repeat for more.")] = None,
         record: Annotated[Path | None, typer.Option(help="Record the session to this .mcap file.")] = None,
         seconds: Annotated[float | None, typer.Option(min=0.1, help="End after this long; otherwise Ctrl-C ends it."
                                                       )] = None,
         estimator: Annotated[str, typer.Option(help="What turns features into states, instead of the rig's.")] = "",
         as_json: Json = False) -> None:
    """Run a session: sensors in, attention states out. Ctrl-C ends it cleanly, a second one at once."""
    from fusion.live import run
    from sensors.rig import load

    chosen = load(rig, [*(settings or []), *([f'session.estimator="{estimator}"'] if estimator else [])])
    _ready(quiet=as_json)
    if as_json:
        lines = Lines()
        summary = run(chosen, seconds=seconds, record=record, on_output=lines.add)
        lines.end(summary)
    else:
        with _screen() as screen:
            summary = run(chosen, seconds=seconds, record=record, on_output=screen.output, on_view=screen.show)
        _tell(summary)
    silent = all(stream.messages == 0 for stream in summary.streams.values())
    if silent or summary.record_error or summary.record_dropped:
        raise typer.Exit(1)  # nothing was sensed, or what was asked to be kept is not whole


@app.command()
def replay(file: File,
           speed: Annotated[str, typer.Option(help="1 as it was, 4 four times as fast, max as fast as it can.")] = "1",
           verify: Annotated[bool, typer.Option("--verify", help="Recompute every state and compare hashes; "
                                                "exit 1 if they differ.")] = False,
           as_json: Json = False) -> None:
    """Run a recording through the same pipeline; with --verify, prove that it gives the same states."""
    from fusion import replaying

    if verify:
        if speed not in ("1", "max"):
            raise typer.BadParameter("--verify always goes as fast as it can.", param_hint="--speed")
        with busy(f"Recomputing {file.name}", quiet=as_json):
            proof = replaying.verify(file)
        if as_json:
            write_json(proof)
        else:
            from fusion.closing import verification

            console().print(verification(proof))
        if not proof.verified:
            raise typer.Exit(1)
        return
    pace = _speed(speed)
    _ready(quiet=as_json)
    if as_json:
        lines = Lines()
        lines.end(replaying.replay(file, speed=pace, on_output=lines.add))
        return
    if pace is None:
        with busy(f"Replaying {file.name}"):
            summary = replaying.replay(file, speed=None)
    else:
        with _screen() as screen:
            summary = replaying.replay(file, speed=pace, on_output=screen.output, on_view=screen.show)
    _tell(summary)


@app.command()
def export(file: File,
           to: Annotated[str, typer.Option(help="parquet or mne-fif.")] = "parquet",
           out: Annotated[Path | None, typer.Option(help="Folder to write to; beside the recording otherwise.")] = None,
           as_json: Json = False) -> None:
    """Write a recording in a form that other tools read."""
    from fusion.export import export as write

    recording = _open(file)
    with busy(f"Exporting {file.name} to {to}", quiet=as_json):
        written = write(recording, to, out)
    if as_json:
        write_json({"files": [str(path) for path in written]})
    else:
        for path in written:
            print(path)


@app.command()
def report(file: File,
           out: Annotated[Path | None, typer.Option(help="The HTML file; beside the recording otherwise.")] = None,
           as_json: Json = False) -> None:
    """Write one self-contained HTML file about a recording."""
    path = _report(file, out, quiet=as_json)
    if as_json:
        write_json({"files": [str(path)]})
    else:
        print(path)


@bench_app.command("live")
def bench_live(seconds: Annotated[float, typer.Option(min=1.0, help="How long the measured session runs.")] = 20.0,
               as_json: Json = False) -> None:
    """Measure latency, bus hop (beside raw ZeroMQ and LSL), processor use and replay speed, in one run."""
    from fusion.bench import bench_live as measure

    with busy("Measuring; this takes about a minute longer than the session", quiet=as_json):
        figures = measure(seconds)
    if as_json:
        write_json(figures)
    else:
        from fusion.closing import figures_table

        console().print(figures_table(figures))


@bench_app.command("kernels")
def bench_kernels(peers: Annotated[bool, typer.Option("--peers", help="Time other libraries, too.")] = False,
                  as_json: Json = False) -> None:
    """Time the kernels on a simulated minute: one tick, groups of features, thousands of sessions at once."""
    from fusion.bench_kernels import bench_kernels as measure
    from fusion.bench_ours import Fused

    _ready(quiet=as_json)
    with busy("Measuring; this takes a minute or two", quiet=as_json):
        figures = measure(Fused, peers=peers)
    if as_json:
        write_json(figures.as_json())
    else:
        from fusion.bench_table import kernels_table

        console().print(kernels_table(figures))


@app.command()
def demo(seconds: Annotated[float, typer.Option(min=5.0, help="How long the session runs.")] = 30.0,
         out: Annotated[Path, typer.Option(help="Folder for the recording and its report.")] = Path("out")) -> None:
    """Run a simulated session live, replay it, prove that the states are equal, and write its report."""
    from fusion.closing import demonstration
    from fusion.live import run
    from fusion.replaying import verify
    from sensors.clock import utc_now
    from sensors.rig import load

    _ready(quiet=False)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"The folder {out} cannot be made: {error.strerror}.",
                             "Choose another with --out.") from None
    record = out / f"demo-{utc_now()[:19].replace(':', '').replace('-', '')}.mcap"
    with _screen() as screen:
        summary = run(load("bench"), seconds=seconds, record=record, on_output=screen.output, on_view=screen.show)
    _tell(summary)
    with busy("Replaying the recording and comparing every state"):
        proof = verify(record)
    page = _report(record, None, quiet=False)
    console().print(demonstration(summary, proof, record, page))
    if not proof.verified:
        raise typer.Exit(1)


def _ready(*, quiet: bool) -> None:
    """Compile the kernels before a session; from the second time on they come from a cache and this takes no time."""
    from fusion.doctor import warm

    what = "Preparing the kernels (a minute the first time)"
    if not quiet and not console(error=True).is_terminal:
        console(error=True).print(f"{what} ...")
    with progress(what, quiet=quiet) as advance:
        warm(advance)


def _report(file: Path, out: Path | None, *, quiet: bool) -> Path:
    from fusion.report import write

    target = out or file.with_suffix(".html")
    recording = _open(file)
    with progress(f"Reading {file.name}", quiet=quiet) as advance:
        return write(recording, target, on_progress=advance)


def _open(file: Path) -> "Recording":
    from sensors.recording import Recording

    return Recording(file)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"'{text}' is not a speed; expected a positive number such as 4, or max.",
                                 param_hint="--speed")
    return speed


def _screen() -> "Screen":
    from fusion.terminal import Screen

    return Screen(console())


def _tell(summary: "Summary") -> None:
    from fusion.closing import session_summary

    console().print(session_summary(summary))


if __name__ == "__main__":
    main()
