"""`attnflow bench kernels`: the fused tick, each group of features beside other libraries, and batches of sessions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, Protocol

from fusion import bench_peers
from fusion.bench_example import Example, example
from fusion.bench_groups import Call, members
from fusion.bench_race import Times, race
from fusion.bench_roofline import Work, bare_loop, cpu_roof, cuda_roof, fraction, spin
from fusion.machine import available_cores
from sensors.clock import SECOND, now_ns

BATCH = 4_096
"""Sessions of the measured batch."""
TICKS = 20_000
"""Fused ticks of which the 99th percentile is taken."""
BARE_STEPS = 25_000
ROUNDS, ROUND_S = 7, 0.5
"""Batches on one core, on all and a bare loop beside them are timed in turn, so many times for so long."""
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
    bare: Times
    """A bare loop of about a tick's length, timed in turn with the tick: its p99 is what the machine adds."""
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
            "bare_loop_us": {"p50": _round(self.bare.p50), "p99": _round(self.bare.p99)},
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
    alone = race({"tick": made.tick, "bare": lambda: bare_loop(BARE_STEPS)}, budget_s=20.0, most=TICKS)
    say("timing groups of features" + (" beside other libraries" if peers else ""))
    beside = bench_peers.load(given) if peers else {}
    rows = compare(made.calls(), beside)
    say(f"timing batches of {BATCH} sessions")
    batch = batches(made)
    made.crossover()
    say("comparing with the naive twins")
    missing = [library for library, groups in beside.items() if groups is None]
    return Figures(alone["tick"], alone["bare"], rows, missing, batch, made.errors(), list(beside))


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
    """Return how many sessions a second are ticked on one core, on all and on the GPU, and how near the roof that is.

    Each counted session is ticked once; to live at 10 Hz, a session must be counted ten times a second. Cores that
    share a machine are not always all there, so a bare loop that needs no memory is spread over them in the same
    rounds: what it gains is what can be gained.
    """
    places: tuple[Place, ...] = ("one core", "all cores", "cuda")
    calls: dict[str, Call] = {"bare one": spin(1), "bare all": spin(0)}
    calls |= {place: call for place in places if (call := ours.batch(sessions, place)) is not None}
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, found in rates.items():
            found.append(_calls_per_s(calls[name]))
    cores = available_cores()
    one, every, bare = (rates[name] for name in ("one core", "all cores", "bare one"))
    cuda = median(rates["cuda"]) * sessions if "cuda" in rates else None
    return {
        "cpu_one_core_sessions_per_s": median(one) * sessions,
        "cpu_all_cores_sessions_per_s": median(every) * sessions,
        "cpu_parallel_efficiency": median(a / b for a, b in zip(every, one, strict=True)) / cores,
        "bare_loop_parallel_efficiency": median(a / b for a, b in zip(rates["bare all"], bare, strict=True)) / cores,
        "cpu_roofline_fraction": fraction(ours.work(), cpu_roof(), median(every) * sessions),
        "cuda_sessions_per_s": cuda,
        "cuda_roofline_fraction": None if cuda is None else fraction(ours.work(), cuda_roof(), cuda)}


def _calls_per_s(call: Call) -> float:
    call()
    count, began = 0, now_ns()
    while count == 0 or now_ns() - began < ROUND_S * SECOND:
        call()
        count += 1
    return count * SECOND / (now_ns() - began)


def _ratio(library: str, rows: list[Row]) -> float | None:
    both = [(row.peers[library].p50, row.ours_us) for row in rows if library in row.peers]
    ours = sum(us for _, us in both)
    return sum(us for us, _ in both) / ours if ours > 0 else None


def _round(value: float | None) -> float | None:
    """Round to four figures: more would be noise."""
    return None if value is None else float(f"{value:.4g}")
