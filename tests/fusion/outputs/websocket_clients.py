"""What the WebSocket tests share: a server on a free port, clients, and messages to send."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from fusion.outputs.gaze import Gaze
from fusion.outputs.websocket import WebSocket
from sensors.clock import SystemClock, now_ns
from sensors.messages import Alert, GazeEvent, Hint, InputAge, State
from sensors.rig_outputs import WebsocketOutput

NAN = float("nan")


@contextmanager
def serving(**config: Any) -> Iterator[WebSocket]:
    output = WebSocket(WebsocketOutput(**{"port": 0} | config))
    output.open()
    try:
        yield output
    finally:
        output.close()


@contextmanager
def client(output: WebSocket, **options: Any) -> Iterator[ClientConnection]:
    with connect(output.address.replace("http", "ws"), compression=None, **options) as socket:
        yield socket


def read(socket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return frame


def tell(socket: ClientConnection, **frame: Any) -> None:
    socket.send(json.dumps({"v": 1} | frame))


def until(condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """Wait for something that another thread or a socket brings about."""
    deadline = now_ns() + round(timeout_s * 1e9)
    while not condition():
        assert now_ns() < deadline, f"not in time: {what}"
        SystemClock().sleep(0.002)


def state(name: str = "focused", **fields: Any) -> State:
    told: dict[str, Any] = {"t_ns": now_ns(), "state": name, "probabilities": {name: 0.9},
                            "inputs": {"camera": InputAge(62.0, 0.94, "ok")}, "reason": "Eyes on the target."}
    return State(**told | fields)


def gaze(yaw: float = 0.1, pitch: float = 0.05, status: str = "ok") -> Gaze:
    return Gaze(now_ns(), yaw, pitch, 0.0, 0.0, NAN, 0.01, -0.02, 0.6, 0.97, 0.95, status)


def alert(number: int = 1, *, active: bool = True, reason: str = "Gaze on the lap for 3.0 s.",
          rule: str = "long_distraction") -> Alert:
    return Alert(t_ns=now_ns(), rule=rule, level="warning", reason=reason, onset_ns=now_ns(),
                 number=number, active=active, profile="euro-ncap-2026", clause="long distraction")


def hint(number: int = 1, *, active: bool = True) -> Hint:
    return Hint(t_ns=now_ns(), hint="simplify", active=active, reason="Load is high.", number=number,
                onset_ns=now_ns(), confidence=0.8)


def event() -> GazeEvent:
    return GazeEvent(t_ns=now_ns(), kind="dwell", onset_ns=now_ns() - 10**9, end_ns=now_ns(), target="mirror")
