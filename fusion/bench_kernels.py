"""`attnflow bench kernels`: the fused tick, each group of features beside other libraries, and batches of sessions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from fusion import bench_peers
from fusion.bench_example import Example, example
from fusion.bench_groups import Call, members
from fusion.bench_race import Times, race
from fusion.bench_roofline import Work, cuda_roof, fraction
from sensors.clock import SECOND, now_ns

BATCH = 4_096
"""Sessions of the measured batch."""
TICKS = 20_000
"""Fused ticks of which the 99th percentile is taken."""
BATCH_S = 2.0
"""How long each kind of batch is timed."""
SEPARATOR = "\0"

Place = Literal["one core", "all cores", "cuda"]


class Ours(Protocol):
    """What is measured: the kernels, given the same simulated minute as their peers."""

    def calls(self) -> Mapping[str, Call]:
        """Return a call for each group, or for each modality, that does one tick's work on the next tick's samples."""
        ...

    def tick(self) -> object:
        """Run one whole tick of one session: all that came in since the last one, and the whole vector."""
        ...

    def batch(self, sessions: int, place: Place) -> Call | None:
        """Return a call that runs one tick of so many sessions there to its end; None where it is not possible."""
        ...

    def work(self) -> Work:
        """Return the bytes and operations of one tick of one session; see `fusion.bench_roofline.traffic`."""
        ...

    def crossover(self) -> int | None:
        """Measure from how many sessions CUDA is faster and keep it; None where it never is, or is not possible."""
        ...

    def errors(self) -> Mapping[str, float | None]:
        """Return the largest relative errors `cpu_vs_naive` and `cuda_vs_cpu`; None for one not measured here."""
        ...


@dataclass(frozen=True)
class Row:
    """One group, or one modality where ours cannot be taken apart."""

    name: str
    ours: Times
    peers: dict[str, Times]
    """The libraries that can do all or, for a modality, a part of it."""

    @property
    def ours_us(self) -> float:
        """Our time: the mean where it is over the median, as a tick that only adds up leaves work to a later one."""
        return max(self.ours.p50, self.ours.mean)


@dataclass(frozen=True)
class Figures:
    """What `attnflow bench kernels` measured."""

    fused: Times
    rows: list[Row]
    missing: list[str]
    """Libraries that are not installed."""
    batch: dict[str, float | None]
    errors: Mapping[str, float | None]
    libraries: list[str] = field(default_factory=list)
    """All libraries that were looked for."""

    def ratios(self) -> dict[str, float | None]:
        """Return library to its time over ours, over the rows that it can do; None if it is missing or does none."""
        return {library: _ratio(library, self.rows) for library in self.libraries}

    def as_json(self) -> dict[str, Any]:
        """Return the figures as the command's JSON."""
        return {
            "fused_tick_us": {"p50": _round(self.fused.p50), "p99": _round(self.fused.p99)},
            "groups": [{"name": row.name, "ours_us": _round(row.ours_us),
                        "peers": {library: _round(times.p50) for library, times in row.peers.items()}}
                       for row in self.rows],
            "whole_vector_peer_ratio": {library: _round(ratio) for library, ratio in self.ratios().items()},
            "batch": {name: _round(value) for name, value in self.batch.items()},
            "max_relative_error": {name: self.errors.get(name) for name in ("cpu_vs_naive", "cuda_vs_cpu")},
        }


def bench_kernels(ours: Callable[[Example], Ours], *, peers: bool = False,
                  say: Callable[[str], None] = lambda text: None) -> Figures:
    """Measure ours and, if asked, its peers, in turn in one run.

    Parameters
    ----------
    ours
        Makes ours from the simulated minute.
    peers
        Whether to load and time the other libraries.
    say
        Told what is being measured, for a person who waits.
    """
    given = example()
    made = ours(given)
    say("timing the fused tick")
    fused = race({"tick": made.tick}, budget_s=10.0, most=TICKS)["tick"]
    say("timing groups of features" + (" beside other libraries" if peers else ""))
    beside = bench_peers.load(given) if peers else {}
    rows = compare(made.calls(), beside)
    say(f"timing batches of {BATCH} sessions")
    batch = batches(made)
    made.crossover()
    say("comparing with the naive twins")
    return Figures(fused, rows, [library for library, groups in beside.items() if groups is None], batch,
                   made.errors(), list(beside))


def compare(ours: Mapping[str, Call], beside: Mapping[str, Mapping[str, Call] | None]) -> list[Row]:
    """Time ours and every library's groups in turn, and put them side by side.

    A row is what ours can time by itself: a group, or a modality. For a modality, ours does all its features and a
    library only those groups it has, so the comparison favours the library.
    """
    calls = {f"ours{SEPARATOR}{name}": call for name, call in ours.items()}
    wanted = {group for name in ours for group in members(name)}
    for library, groups in beside.items():
        calls |= {f"{library}{SEPARATOR}{name}": call for name, call in (groups or {}).items() if name in wanted}
    times = race(calls)
    rows = []
    for name in ours:
        peers = {}
        for library in beside:
            parts = [times[key] for group in members(name) if (key := f"{library}{SEPARATOR}{group}") in times]
            if parts:
                peers[library] = Times(*(sum(getattr(part, figure) for part in parts)
                                         for figure in ("p50", "p99", "mean")))
        rows.append(Row(name, times[f"ours{SEPARATOR}{name}"], peers))
    return rows


def batches(ours: Ours, sessions: int = BATCH) -> dict[str, float | None]:
    """Return how many sessions a second are ticked on one core, on all and on the GPU, and how near its roof that is.

    Each counted session is ticked once; to live at 10 Hz, a session must be counted ten times a second.
    """
    one, every, cuda = (_sessions_per_s(ours.batch(sessions, place), sessions)
                        for place in ("one core", "all cores", "cuda"))
    return {"cpu_one_core_sessions_per_s": one, "cpu_all_cores_sessions_per_s": every, "cuda_sessions_per_s": cuda,
            "cuda_roofline_fraction": None if cuda is None else fraction(ours.work(), cuda_roof(), cuda)}


def _sessions_per_s(call: Call | None, sessions: int) -> float | None:
    if call is None:
        return None
    call()
    count, began = 0, now_ns()
    while count == 0 or now_ns() - began < BATCH_S * SECOND:
        call()
        count += 1
    return count * sessions * SECOND / (now_ns() - began)


def _ratio(library: str, rows: list[Row]) -> float | None:
    both = [(row.peers[library].p50, row.ours_us) for row in rows if library in row.peers]
    ours = sum(us for _, us in both)
    return sum(us for us, _ in both) / ours if ours > 0 else None


def _round(value: float | None) -> float | None:
    """Round to four figures: more would be noise."""
    return None if value is None else float(f"{value:.4g}")
