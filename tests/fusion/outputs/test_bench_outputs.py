"""The measurement of the outputs: it counts what is lost or out of order, and reads real clients."""

import json
import math
from typing import Any

import pytest
from commands import Call

from fusion import bench_outputs as bench
from fusion import bench_reaction
from sensors.clock import MILLISECOND, SECOND


def sent(count: int) -> dict[int, int]:
    return {number * SECOND: number * SECOND + MILLISECOND for number in range(count)}


def test_what_came_is_counted_and_timed() -> None:
    rows = [("gaze", number, number * SECOND, number * SECOND + 3 * MILLISECOND) for number in range(10)]
    assert bench.figures(rows, sent(10)) == {"sent": 10, "received": 10, "reordered": 0,
                                             "latency_ms": {"p50": 2.0, "p99": 2.0, "max": 2.0}}


def test_loss_disorder_and_repetition_are_seen() -> None:
    rows = [("gaze", 0, 0, 0), ("gaze", 2, 2 * SECOND, 0), ("gaze", 1, SECOND, 0), ("gaze", 1, SECOND, 0),
            ("state", 0, 3 * SECOND, 0), ("alert", 9, 77 * SECOND, 0)]
    told = bench.figures(rows, sent(6))
    assert (told["sent"], told["received"], told["reordered"]) == (6, 4, 2)


def test_a_stamp_that_lost_its_last_digits_is_still_the_one_that_was_sent() -> None:
    rows = [("gaze", 0, bench.SAME_NS - 1, 0), ("gaze", 1, SECOND + bench.SAME_NS + 1, 0)]
    assert bench.figures(rows, sent(2))["received"] == 1


def test_nothing_received_is_no_latency() -> None:
    told = bench.figures([], sent(2))
    assert (told["received"], math.isnan(told["latency_ms"]["p99"])) == (0, True)


@pytest.mark.slow
def test_a_second_reaches_osc_and_lsl_without_loss_or_disorder() -> None:
    rows, messages, datagrams = bench._exchange(1.0, ["osc", "lsl"])
    assert len(messages) > 60
    for kind in ("osc", "lsl"):
        told = bench.figures(rows[kind], messages)
        assert (told["received"], told["reordered"]) == (len(messages), 0), kind
        assert told["latency_ms"]["p50"] > 0
    assert bench.figures(rows["udp"], datagrams)["received"] == len(datagrams)


@pytest.mark.slow
def test_a_rules_reaction_is_timed_from_the_row_that_crosses_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_reaction, "ROAD_S", 0.5)
    told = bench_reaction.rule_reaction_ms(rounds=1, lap_s=4.2)
    assert told["n"] >= 2  # long distraction at 3 s, visual distraction at 3.5 s
    assert 0 < told["p50"] < 2_000


def test_the_command_writes_the_promised_figures(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"sent": 3, "received": 3, "reordered": 0, "latency_ms": {"p50": 1.0, "p99": 2.0, "max": 2.0}}
    figures: dict[str, Any] = {"osc": one, "lsl": one, "websocket": None, "browser": None, "bare_udp": one,
                               "seconds": 7.0, "p99_over_bare_udp": {"osc": 1.0, "lsl": 1.0},
                               "rule_reaction_ms": {"p50": 2.0, "p99": 3.0, "max": 3.0, "n": 4}}
    asked = []

    def measure(seconds: float) -> dict[str, Any]:
        asked.append(seconds)
        return figures

    monkeypatch.setattr(bench, "bench_outputs", measure)
    told = call("bench", "outputs", "--seconds", "7", "--json")
    assert json.loads(told.out) == figures
    shown = call("bench", "outputs").out
    assert "not measured" in shown
    assert "p50 2.0 ms" in shown
    assert asked == [7.0, 60.0]
