"""What the command line says when something is over: a session, a verification, a bench, the demo."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fusion.palette import COLOURS, STATUS_COLOURS, label
from fusion.replaying import Verification
from fusion.summary import Spread, Summary
from kernels.layout import FEATURES
from sensors.topics import OUTPUT

GOOD, BAD = STATUS_COLOURS["ok"], STATUS_COLOURS["failed"]


def session_summary(summary: Summary) -> RenderableType:
    """Return a session's accounts as tables."""
    who = " of a simulated person" if summary.simulated else ""
    total = sum(summary.state_seconds.values())
    length = f"{total:.1f} s, replayed in {summary.seconds:.1f} s" if summary.replayed else f"{summary.seconds:.1f} s"
    parts: list[RenderableType] = [Text(f"\nSession '{summary.rig}'{who}: {length}, "
                                        f"{summary.states} states, {summary.alerts} alerts.", style="bold")]
    if total > 0:
        line = Text("  ")
        for name, seconds in sorted(summary.state_seconds.items(), key=lambda item: -item[1]):
            line.append("━━ ", style=COLOURS.get(name, ""))
            line.append(f"{label(name)} {seconds:.1f} s   ")
        parts.append(line)
    parts += [_stream_table(summary), *_outputs(summary), _cost(summary)]
    if summary.record:
        parts.append(Text(f"  {'replayed from' if summary.replayed else 'recorded to'} {summary.record}"))
    if summary.record_error:
        parts.append(Text(f"  {summary.record_error}", style=BAD))
    if summary.record_dropped:
        parts.append(Text(f"  {summary.record_dropped} messages were not recorded: the disk was too slow.", style=BAD))
    if summary.malformed:
        parts.append(Text(f"  {summary.malformed} malformed messages were dropped.", style=BAD))
    return Group(*parts)


def _stream_table(summary: Summary) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("stream", "status"):
        table.add_column(name, no_wrap=True)
    for name in ("msgs", "gaps", "lost", "restarts", "rate Hz", "age ms p50/99", "quality", "CPU %"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, stream in summary.streams.items():
        if name.startswith(OUTPUT):
            continue
        table.add_row(Text(name), Text(stream.status, STATUS_COLOURS.get(stream.status, "")), str(stream.messages),
                      str(stream.gaps), str(stream.lost), str(stream.restarts), f"{stream.rate_hz:.2f}",
                      f"{_figure(stream.age_ms.p50, 0)} / {_figure(stream.age_ms.p99, 0)}",
                      "-" if stream.quality is None else _figure(stream.quality, 2), f"{stream.cpu_percent:.1f}")
    return table


def _outputs(summary: Summary) -> list[Text]:
    """Return a line for each output; the process that runs them is told of only when it is in trouble."""
    lines = []
    for name, stream in summary.streams.items():
        if not name.startswith(OUTPUT) or (name == f"{OUTPUT}process" and stream.status == "ok"):
            continue
        line = Text(f"  {name.replace('-', ' ')}: ")
        line.append(stream.status, STATUS_COLOURS.get(stream.status, ""))
        line.append(f", {stream.rate_hz:.0f} messages a second. {stream.detail}".rstrip(". ") + ".")
        lines.append(line)
    return lines


def _cost(summary: Summary) -> Text:
    text = Text("  ")
    latencies = {"sample to state": summary.sample_to_state_ms, "frame to state": summary.frame_to_state_ms}
    for name, spread in latencies.items():
        if spread.n:
            text.append(f"{name} p50 {_figure(spread.p50, 2)} p99 {_figure(spread.p99, 2)} ms   ")
    text.append(f"session {summary.session_cpu_percent:.0f} % of one core, drivers "
                f"{summary.drivers_cpu_percent:.0f} %, {summary.rss_mb:.0f} MB\n  hash {summary.hash}", style="dim")
    return text


def verification(proof: Verification) -> RenderableType:
    """Return the result of `replaying.verify` in two or three lines."""
    if proof.verified:
        head = Text.assemble(("verified", f"bold {GOOD}"), f": {proof.states} states and {proof.alerts} alerts over "
                             f"{proof.seconds:.1f} s, recomputed bit for bit at {proof.x_realtime:.0f} x real time.")
    else:
        head = Text.assemble(("not verified", f"bold {BAD}"), f": {proof.first_difference}")
    lines: list[RenderableType] = [head, Text(f"  hash {proof.hash}", style="dim")]
    if not proof.verified and proof.recorded_hash != proof.hash:
        lines.append(Text(f"  recorded {proof.recorded_hash}", style="dim"))
    if proof.salvaged:
        lines.append(Text(f"  The file was cut; at most {proof.lost_seconds:.2f} s at its end are missing."))
    return Group(*lines)


def figures_table(figures: Mapping[str, Any]) -> Table:
    """Return the figures of a bench as a table."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("figure")
    for name in ("p50", "p99", "max", "n"):
        table.add_column(name, justify="right")
    for name, value in figures.items():
        if isinstance(value, Spread):
            value = {"p50": value.p50, "p99": value.p99, "max": value.max, "n": value.n}
        if isinstance(value, Mapping) and {"p50", "p99", "max", "n"} <= value.keys():
            table.add_row(name, *(_figure(float(value[key]), 3) for key in ("p50", "p99", "max")), str(value["n"]))
        else:
            table.add_row(name, Text(str(value)))
    return table


def demonstration(summary: Summary, proof: Verification, record: Path, page: Path) -> RenderableType:
    """Return what the demo has shown and proven."""
    seen = ", ".join(label(name) for name in summary.state_seconds) or "no state"
    fused = sum(stream.age_ms.n > 0 for stream in summary.streams.values())  # the truth is recorded, never read
    shown = Text.assemble(("\nShown   ", "bold"), f"{fused} streams fused into {summary.states} states live: {seen}.")
    proven = Text.assemble(("Proven  ", "bold"), "")
    if proof.verified:
        proven.append(f"the recording gives the same {proof.states} states and {proof.alerts} alerts bit for bit "
                      f"(SHA-256 {proof.hash[:16]}), at {proof.x_realtime:.0f} x real time.")
    else:
        proven.append(f"nothing, the replay differs: {proof.first_difference}", style=BAD)
    return Group(shown, proven, Text.assemble(("Saved   ", "bold"), f"{record}\n        {page}"),
                 Text.assemble(("Note    ", "bold"), "the person was simulated; these states say how the pipeline "
                               "works, not how well it reads people."),
                 Text.assemble(("Next    ", "bold"), "attnflow doctor --rig desk, then attnflow live --rig desk"))


def _figure(value: float, digits: int = 1) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def features_table() -> RenderableType:
    """Return the feature vector as a table, one section a modality."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("feature", "unit", "window", "what it is"):
        table.add_column(heading, no_wrap=heading != "what it is")
    modality = ""
    for feature in FEATURES:
        if feature.modality != modality:
            modality = feature.modality
            table.add_section()
            table.add_row(Text(modality, style="bold"))
        window = f"{feature.window_s:g} s" if feature.window_s else "now"
        table.add_row(feature.name, feature.unit, window, feature.definition)
    return table
