"""The command that measures the outputs: bench outputs."""

from typing import Annotated

import typer

from fusion.console import busy, console, write_json

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and nothing else there.")]


def register(bench_app: typer.Typer) -> None:
    """Add the command."""
    bench_app.command("outputs")(bench_outputs)


def bench_outputs(seconds: Annotated[float, typer.Option(min=1.0, help="How long the load is sent.")] = 60.0,
                  as_json: Json = False) -> None:
    """Send a live load to a real OSC server, LSL inlets, a WebSocket client and a browser: losses, order, latency."""
    from fusion.bench_outputs import bench_outputs as measure

    with busy("Measuring; this takes about a minute longer than the load, sent twice", quiet=as_json):
        figures = measure(seconds)
    if as_json:
        write_json(figures)
        return
    from rich.table import Table

    table = Table("output", "sent", "received", "reordered", "p50 ms", "p99 ms", "p99 over bare UDP", box=None)
    for name in ("osc", "lsl", "websocket", "browser", "bare_udp"):
        one = figures[name]
        if one is None:
            table.add_row(name, "not measured")
            continue
        late = one["latency_ms"]
        ratio = figures["p99_over_bare_udp"].get(name, "")
        table.add_row(name.replace("_", " "), *(str(one[key]) for key in ("sent", "received", "reordered")),
                      str(late["p50"]), str(late["p99"]), str(ratio))
    console().print(table)
    reaction = figures["rule_reaction_ms"]
    console().print(f"A driving rule reacts in p50 {reaction['p50']} ms, p99 {reaction['p99']} ms "
                    f"({reaction['n']} alerts of a scripted camera).")
