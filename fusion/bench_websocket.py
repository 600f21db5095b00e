"""Measures the WebSocket output on loopback: a client in a process of its own receives gaze and states."""

import json
import math
from collections.abc import Sequence
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from websockets.sync.client import connect

from fusion.outputs.gaze import Gaze
from fusion.outputs.output import Output
from fusion.outputs.websocket import WebSocket
from sensors.clock import SECOND, SystemClock, now_ns
from sensors.messages import InputAge, State
from sensors.rig_outputs import WebsocketOutput

QUIET_S = 2.0
"""A client that hears nothing for so long takes the feed for ended."""

Arrival = tuple[str, int, int, int]
"""Type, running number, t_ns and time of arrival [ns] of one frame."""


def measure(seconds: float, gaze_hz: float = 90.0, state_hz: float = 10.0) -> dict[str, Any]:
    """Return what one client received in `seconds`: sent, received, missing, reordered, and the latency in ms.

    Latency is from the call of `send` to the moment the client program has the frame, both on this machine's clock.
    """
    output = WebSocket(WebsocketOutput(port=0))
    with closing(output):
        output.open()
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        client = context.Process(target=_listen, args=(output.address.replace("http", "ws"), theirs), daemon=True)
        client.start()
        theirs.close()
        try:
            ours.recv()
            sent = feed(output, seconds, gaze_hz, state_hz)
            arrivals: list[Arrival] = ours.recv()
        finally:
            client.join(timeout=10)
            if client.is_alive():
                client.terminate()
    return figures(sent, arrivals)


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


def _listen(address: str, pipe: Connection) -> None:
    arrivals: list[Arrival] = []
    with connect(address, compression=None) as socket:
        socket.recv()  # hello
        pipe.send("ready")
        patience_s = 60.0
        while True:
            try:
                text = socket.recv(timeout=patience_s)
            except TimeoutError:
                break
            arrived = now_ns()
            frame = json.loads(text)
            arrivals.append((frame["type"], frame["seq"], frame["t_ns"], arrived))
            patience_s = QUIET_S
    pipe.send(arrivals)


def _gaze(t_ns: int, at_s: float) -> Gaze:
    return Gaze(t_ns, 0.3 * math.sin(at_s), 0.2 * math.sin(0.7 * at_s), 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 1.0, 1.0, "ok")


def _state(t_ns: int) -> State:
    return State(t_ns=t_ns, state="focused", probabilities={"focused": 0.9, "away": 0.1}, attention=0.9,
                 attention_sd=0.05, inputs={"camera": InputAge(60.0, 1.0, "ok")}, reason="Simulated for a measurement.")
