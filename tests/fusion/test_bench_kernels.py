"""The frame of `attnflow bench kernels`: what is divided by what, what stands in its JSON, and what a roof is."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from fusion import bench_kernels, bench_peers, bench_race, bench_roofline
from fusion.bench_example import Example
from fusion.bench_groups import Call
from fusion.bench_kernels import Figures, Row
from fusion.bench_race import Times, race
from fusion.bench_roofline import Roof, Work, fraction, traffic
from fusion.bench_table import kernels_table
from sensors.clock import FakeClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that only work moves on."""
    fake = FakeClock(start_ns=1)
    for module in (bench_race, bench_kernels, bench_roofline):
        monkeypatch.setattr(module, "now_ns", fake.now_ns)
    monkeypatch.setattr(bench_kernels, "available_cores", lambda: 2)
    monkeypatch.setattr(bench_kernels, "cpu_roof", lambda: Roof(bytes_per_s=4e10, operations_per_s=1e11))
    monkeypatch.setattr(bench_kernels, "spin", lambda cores: taking(fake, 900.0 if cores == 1 else 500.0))
    monkeypatch.setattr(bench_kernels, "bare_loop", lambda steps: fake.advance(45e-6))
    return fake


def taking(clock: FakeClock, *us: float) -> Callable[[], None]:
    """Return a call that takes these times in turn."""
    turn = iter(range(10**9))
    return lambda: clock.advance(us[next(turn) % len(us)] * 1e-6)


class StandIn:
    """Ours, with times that are told."""

    def __init__(self, clock: FakeClock, groups: Mapping[str, tuple[float, ...]], gpu: bool = False) -> None:
        self._clock, self._groups, self._gpu = clock, groups, gpu

    def calls(self) -> Mapping[str, Call]:
        return {name: taking(self._clock, *us) for name, us in self._groups.items()}

    def tick(self) -> object:
        return self._clock.advance(50e-6)

    def batch(self, sessions: int, place: bench_kernels.Place) -> Call | None:
        us = {"one core": 50.0, "all cores": 25.0, "cuda": 0.5 if self._gpu else None}[place]
        return None if us is None else taking(self._clock, us * sessions)

    def work(self) -> Work:
        return Work(bytes=1e5, operations=1e4)

    def crossover(self) -> int | None:
        return 64 if self._gpu else None

    def errors(self) -> Mapping[str, float | None]:
        return {"cpu_vs_naive": 2.5e-6, "cuda_vs_cpu": 1e-7 if self._gpu else None}


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    groups: dict[str, Mapping[str, Call] | None] = {
        "fast": {"lids": taking(clock, 40.0), "gaze_spread": taking(clock, 60.0), "eeg_bands": taking(clock, 500.0)},
        "small": {"lids": taking(clock, 30.0)}, "absent": None}
    monkeypatch.setattr(bench_peers, "load", lambda example: groups)


def run(ours: StandIn, **options: Any) -> Figures:
    return bench_kernels.bench_kernels(lambda example: ours, **options)


@pytest.mark.usefixtures("peers")
def test_the_json_is_exactly_what_was_agreed(clock: FakeClock) -> None:
    figures = run(StandIn(clock, {"lids": (2.0,), "gaze_spread": (4.0,), "eeg_bands": (20.0,)}), peers=True)
    assert json.loads(json.dumps(figures.as_json())) == {
        "fused_tick_us": {"p50": 50.0, "p99": 50.0},
        "bare_loop_us": {"p50": 45.0, "p99": 45.0},
        "groups": [{"name": "lids", "ours_us": 2.0, "peers": {"fast": 40.0, "small": 30.0}},
                   {"name": "gaze_spread", "ours_us": 4.0, "peers": {"fast": 60.0}},
                   {"name": "eeg_bands", "ours_us": 20.0, "peers": {"fast": 500.0}}],
        "whole_vector_peer_ratio": {"fast": 23.08, "small": 15.0, "absent": None},  # 600 / 26; 30 / 2
        "batch": {"cpu_one_core_sessions_per_s": 20_000.0, "cpu_all_cores_sessions_per_s": 40_000.0,
                  "cpu_parallel_efficiency": 1.0, "bare_loop_parallel_efficiency": 0.9, "cpu_roofline_fraction": 0.1,
                  "cuda_sessions_per_s": None, "cuda_roofline_fraction": None},
        "max_relative_error": {"cpu_vs_naive": 2.5e-6, "cuda_vs_cpu": None}}
    assert figures.missing == ["absent"]


@pytest.mark.usefixtures("peers")
def test_where_ours_is_one_piece_a_library_is_told_by_its_part(clock: FakeClock) -> None:
    figures = run(StandIn(clock, {"camera": (10.0,)}), peers=True).as_json()
    assert figures["groups"] == [{"name": "camera", "ours_us": 10.0, "peers": {"fast": 100.0, "small": 30.0}}]
    assert figures["whole_vector_peer_ratio"] == {"fast": 10.0, "small": 3.0, "absent": None}


@pytest.mark.usefixtures("peers")
def test_without_peers_none_is_loaded(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_peers, "load", lambda example: pytest.fail("loaded"))
    figures = run(StandIn(clock, {"lids": (2.0,)})).as_json()
    assert figures["groups"] == [{"name": "lids", "ours_us": 2.0, "peers": {}}]
    assert figures["whole_vector_peer_ratio"] == {}


def test_work_put_off_to_every_tenth_tick_counts(clock: FakeClock) -> None:
    ours = StandIn(clock, {"lids": (1.0,) * 9 + (101.0,)})
    row = run(ours).rows[0]
    assert row.ours.p50 == pytest.approx(1.0)
    assert row.ours_us == pytest.approx(11.0, rel=0.2)


def test_the_gpu_is_told_beside_its_roof(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_kernels, "cuda_roof", lambda: Roof(bytes_per_s=4e11, operations_per_s=1e13))
    batch = run(StandIn(clock, {"lids": (2.0,)}, gpu=True)).as_json()["batch"]
    # 1e5 bytes at 4e11 a second are 0.25 us a session, half of what it takes; 1e4 operations are 1 ns.
    assert batch["cuda_sessions_per_s"] == 2e6
    assert batch["cuda_roofline_fraction"] == 0.5


def test_calls_take_turns_and_change_places() -> None:
    order: list[str] = []
    race({name: lambda name=name: order.append(name) for name in "abc"}, budget_s=0.0)
    rounds = ["".join(order[k:k + 3]) for k in range(9, len(order), 3)]  # after the warm-up
    assert len(rounds) == bench_race.LEAST_ROUNDS
    assert set(rounds) == {"abc", "bca", "cab"}


def test_medians_and_tails(clock: FakeClock) -> None:
    times = race({"x": taking(clock, *range(1, 101))}, budget_s=0.0, most=10**9)["x"]
    assert (times.p50, times.p99) == pytest.approx((11.0, 17.86))  # 4..18: the first three are warm-up
    assert race({}) == {}


def test_a_roof_is_the_longer_of_moving_and_computing() -> None:
    roof = Roof(bytes_per_s=100.0, operations_per_s=1000.0)
    assert Work(200.0, 500.0).shortest_s(roof, 3) == 6.0
    assert Work(20.0, 500.0).shortest_s(roof, 3) == 1.5
    assert fraction(Work(200.0, 500.0), roof, 0.25) == 0.5


RECORD = np.dtype([("t", np.int64), ("ring", np.float32, (100,)),
                   ("deep", np.dtype([("a", np.float64), ("table", np.float64, (50,))]), (2,))])


def test_traffic_is_counted_from_the_layout() -> None:
    assert traffic(RECORD, {}) == 2 * (8 + 400 + 2 * 408)
    assert traffic(RECORD, {"ring": 0.1, "deep.table": 0.5}) == 2 * (8 + 40 + 2 * (8 + 200))
    assert traffic(RECORD, {"deep": 0.0}) == 2 * 408
    with pytest.raises(KeyError, match=r"no field deep\.tabel, rings"):
        traffic(RECORD, {"rings": 0.1, "deep.tabel": 1.0})


def test_the_roof_of_this_machine_is_believable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_roofline, "COPIED_BYTES", 8 << 20)
    monkeypatch.setattr(bench_roofline, "SIDE", 256)
    roof = bench_roofline.cpu_roof()
    assert 1e8 < roof.bytes_per_s < 1e13
    assert 1e8 < roof.operations_per_s < 1e14


def test_the_table_names_what_is_missing_and_that_it_is_simulated() -> None:
    figures = Figures(Times(50.0, 80.0, 52.0), Times(45.0, 50.0, 45.1),
                      [Row("lids", Times(2.0, 3.0, 2.1), {"fast": Times(42.0, 50.0, 43.0)})],
                      ["absent"], {"cuda_sessions_per_s": None}, {"cpu_vs_naive": 1e-6}, ["fast", "absent"])
    console = Console(file=io.StringIO(), width=140)
    console.print(kernels_table(figures))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("42.0 (20 x)", "fast: 20.0 times as long", "cuda sessions per s: not measured here", "simulated",
                 "absent is not installed; run: pip install 'attnflow[peers]'"):
        assert part in text


def test_the_example_reaches_ours(clock: FakeClock) -> None:
    seen: list[Example] = []

    def make(given: Example) -> StandIn:
        seen.append(given)
        return StandIn(clock, {"lids": (1.0,)})

    said: list[str] = []
    bench_kernels.bench_kernels(make, say=said.append)
    assert seen[0].eeg.shape == (16, 15_000)
    assert len(said) == 4
