"""The figures of `attnflow bench kernels` for a person: rows of groups, columns of libraries."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fusion.bench_kernels import Figures, Row
from fusion.bench_race import Times


def kernels_table(figures: Figures) -> RenderableType:
    """Return the figures as tables; times are in microseconds, a library's with its multiple of ours."""
    present = [library for library in figures.libraries if library not in figures.missing]
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("one tick, us")
    for name in ("p50", "p99", *present):
        table.add_column(name, justify="right")
    table.add_row("whole fused tick", _us(figures.fused.p50), _us(figures.fused.p99), *("" for _ in present))
    table.add_row("bare loop beside it", _us(figures.bare.p50), _us(figures.bare.p99), *("" for _ in present))
    for row in figures.rows:
        table.add_row(row.name, _us(row.ours.p50), _us(row.ours.p99), *(_beside(row, library) for library in present))
    lines: list[RenderableType] = [table]
    for library, ratio in figures.ratios().items():
        if ratio is not None:
            lines.append(Text(f"  {library}: {ratio:.1f} times as long for the groups that it has"))
    lines += [Text(f"  {library} is not installed; run: pip install 'attnflow[peers]'", style="dim")
              for library in figures.missing]
    for name, value in (figures.batch | dict(figures.errors)).items():
        lines.append(Text(f"  {name.replace('_', ' ')}: {'not measured here' if value is None else f'{value:.4g}'}"))
    lines.append(Text("  The session that was timed is simulated.", style="dim"))
    return Group(*lines)


def _beside(row: Row, library: str) -> str:
    times: Times | None = row.peers.get(library)
    return "" if times is None else f"{_us(times.p50)} ({times.p50 / row.ours_us:.0f} x)"


def _us(value: float) -> str:
    return f"{value:.1f}"
