"""Measures the WebSocket output in a real browser: the page that it serves receives gaze and states."""

import math
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from fusion.bench_browser_driver import Browser
from fusion.outputs.gaze import Gaze
from fusion.outputs.output import Output
from fusion.outputs.websocket import WebSocket
from sensors.clock import SECOND, SystemClock, now_ns
from sensors.messages import InputAge, State
from sensors.rig_outputs import WebsocketOutput

LISTEN = """
window.arrivals = [];
document.addEventListener("attnflow", event => {
  const frame = event.detail;
  if (frame.type !== "hello") arrivals.push([frame.type, frame.seq, frame.t_ns, performance.now()]);
});
"""
"""Notes each frame when the page has taken it in."""

ASKS = 50

Arrival = tuple[str, int, int, int]
"""Type, running number, t_ns and time of arrival [ns] of one frame."""


def measure(seconds: float, gaze_hz: float = 60.0, state_hz: float = 10.0) -> dict[str, Any]:
    """Return what the page received in `seconds`: sent, received, missing, reordered, and the latency in ms.

    Latency is from the call of `send` to the moment the page has taken the frame in; `clock_doubt_ms` is how far off
    the browser's clock may have been read.

    Raises
    ------
    DeviceError
        If no browser is installed or it does not start.
    """
    output = WebSocket(WebsocketOutput(port=0))
    with closing(output), Browser() as browser:
        output.open()
        browser.visit(output.address)
        browser.wait_for("window.attnflow.connected && window.attnflow.types.hello === 1")
        browser.evaluate(LISTEN)
        offset_ns, doubt_ns = _clock_offset(browser)
        sent = feed(output, seconds, gaze_hz, state_hz)
        SystemClock().sleep(1.0)
        arrivals: list[Arrival] = [(kind, seq, t_ns, round(at_ms * 1e6) + offset_ns)
                                   for kind, seq, t_ns, at_ms in browser.evaluate("window.arrivals")]
        page = browser.evaluate("window.attnflow")
    return figures(sent, arrivals) | {"page": {key: page[key] for key in ("gaps", "reordered", "dropped")},
                                      "clock_doubt_ms": round(doubt_ns / 1e6, 3)}


def feed(output: Output, seconds: float, gaze_hz: float, state_hz: float) -> int:
    """Send simulated gaze and states at their rates, each stamped as it is sent; return how many were sent."""
    clock, began = SystemClock(), now_ns()
    due = sorted([(k / gaze_hz, False) for k in range(round(seconds * gaze_hz))]
                 + [(k / state_hz, True) for k in range(round(seconds * state_hz))])
    for at, is_state in due:
        clock.sleep(at - (now_ns() - began) / SECOND)
        output.send(_state(now_ns()) if is_state else _gaze(now_ns(), at))
    return len(due)


def figures(sent: int, arrivals: Sequence[Arrival]) -> dict[str, Any]:
    """Return the figures of what arrived."""
    newest: dict[str, int] = {}
    missing = reordered = 0
    for kind, seq, _, _ in arrivals:
        if kind in newest and seq <= newest[kind]:
            reordered += 1
            continue
        missing += seq - newest.get(kind, 0) - 1
        newest[kind] = seq
    late = np.array([arrived - told for _, _, told, arrived in arrivals], np.float64) / 1e6
    p50, p99, worst = np.percentile(late, [50, 99, 100]).round(3).tolist() if len(late) else [math.nan] * 3
    return {"sent": sent, "received": len(arrivals), "missing": missing, "reordered": reordered,
            "latency_ms": {"p50": p50, "p99": p99, "max": worst}}


def _clock_offset(browser: Browser) -> tuple[int, int]:
    """Return our clock less the page's, and half the time of the quickest question and answer, in ns."""
    best: tuple[int, int] | None = None
    for _ in range(ASKS):
        asked = now_ns()
        theirs = round(browser.evaluate("performance.now()") * 1e6)
        answered = now_ns()
        half = (answered - asked) // 2
        if best is None or half < best[1]:
            best = (asked + half - theirs, half)
    assert best is not None
    return best


def _gaze(t_ns: int, at_s: float) -> Gaze:
    return Gaze(t_ns, 0.3 * math.sin(at_s), 0.2 * math.sin(0.7 * at_s), 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 1.0, 1.0, "ok")


def _state(t_ns: int) -> State:
    return State(t_ns=t_ns, state="focused", probabilities={"focused": 0.9, "away": 0.1}, attention=0.9,
                 attention_sd=0.05, inputs={"camera": InputAge(60.0, 1.0, "ok")}, reason="Simulated for a measurement.")
