"""`attnflow bench outputs`: what real clients receive of a live load, through the real bus and the real process.

Sender, hub, the process of the outputs and every client are processes of their own on one machine, so all stamps are
of one monotonic clock. A latency runs from just before a message is put on the bus to its reception by the client's
own code, after the client's library has read it. Bare datagrams sent beside the camera's rows say what the machine
itself takes between two processes.
"""

import socket
import subprocess
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fusion.bench_outputs_client import STAMP, Row
from fusion.bench_outputs_load import load, publish
from fusion.bench_reaction import rule_reaction_ms
from fusion.outputs.process import beside
from sensors import rig as rigs
from sensors.bus import Hub, Publisher, Subscriber, private_endpoints
from sensors.clock import MILLISECOND, SystemClock, now_ns
from sensors.errors import BusError
from sensors.messages import AnyMessage, Chunk, Health, StreamInfo
from sensors.process import Go
from sensors.rig import Rig
from sensors.supervisor import Child, module_command

HOST = "127.0.0.1"
SETTLE_S = 1.0
"""From the last message to the end of reading."""
SAME_NS = 100_000
"""LSL's stamps are seconds in float64; this near, a stamp is the one of ours that was sent."""
MESSAGES = 400
"""Health messages to read before an output that does not get ready is given up."""
LIBRARIES = {"osc": ("pythonosc", "fusion.outputs.osc"), "lsl": ("pylsl", "fusion.outputs.lsl"),
             "websocket": ("websockets", "fusion.outputs.websocket")}


class Client:
    """One reading process; see `fusion.bench_outputs_client`."""

    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self._process = subprocess.Popen([*module_command("fusion.bench_outputs_client"), kind, target], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ready(self) -> str:
        """Wait until it reads, and return what it says about where."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith("ready"):
            raise BusError(f"The {self.kind} client of the bench ended before it read anything.",
                           "Check the machine with: attnflow doctor")
        return line.removeprefix("ready").strip()

    def rows(self) -> list[Row]:
        """End the reading and return what came."""
        text, _ = self._process.communicate()
        return msgspec.json.decode(text, type=list[Row])

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def bench_outputs(seconds: float = 60.0, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Send a live load to real clients and return what they received, how late and in which order.

    Returns
    -------
    dict
        `osc`, `lsl`, `websocket` (null where not installed): `sent`, `received`, `reordered`, `latency_ms` {p50, p99,
        max}; `browser` the same of the page in a browser, straight from the output; `bare_udp` the same of bare
        datagrams; `p99_over_bare_udp` for each; `rule_reaction_ms` {p50, p99}; `seconds`.
    """
    say(f"sending {seconds:g} s of a live load to an OSC server, LSL inlets and a WebSocket client")
    rows, sent, datagrams = _exchange(seconds, [name for name, needs in LIBRARIES.items() if all(map(_have, needs))])
    bare = figures(rows.pop("udp"), datagrams)
    told: dict[str, Any] = dict.fromkeys(LIBRARIES)
    told |= {name: figures(received, sent) for name, received in rows.items()}
    told["bare_udp"] = bare
    told["p99_over_bare_udp"] = {name: round(told[name]["latency_ms"]["p99"] / bare["latency_ms"]["p99"], 2)
                                 for name in rows}
    say("showing the page to a browser")
    told["browser"] = _browser(seconds)
    say("crossing a rule's limit live")
    told |= {"rule_reaction_ms": rule_reaction_ms(), "seconds": seconds}
    return told


def _browser(seconds: float) -> dict[str, Any] | None:
    """Return what the page received; None without a browser or the library."""
    from fusion.bench_browser_driver import find_browser

    if not find_browser() or not _have("websockets"):
        return None
    from fusion.bench_browser import measure

    return measure(seconds)


def _have(module: str) -> bool:
    return find_spec(module) is not None


def figures(rows: Sequence[Row], sent: Mapping[int, int]) -> dict[str, Any]:
    """Return how much came, in which order and how late.

    Parameters
    ----------
    rows
        What a client received, in its order.
    sent
        When each message was put on the bus, by its `t_ns`; both ns.

    Returns
    -------
    dict
        `reordered` counts arrivals with a running number below one of their kind that came before. Rows that belong to
        none of the messages are not counted: an output may tell a newcomer what holds.
    """
    known = sorted(sent)
    first: dict[int, float] = {}
    highest: dict[str, int] = {}
    reordered = 0
    for kind, number, t_ns, received_ns in rows:
        place = bisect_left(known, t_ns)
        near = min(known[max(0, place - 1):place + 1], key=lambda other: abs(other - t_ns), default=None)
        if near is None or abs(near - t_ns) > SAME_NS:
            continue
        reordered += number < highest.get(kind, number)
        highest[kind] = max(number, highest.get(kind, number))
        first.setdefault(near, (received_ns - sent[near]) / MILLISECOND)
    late = np.array(list(first.values()) or [np.nan])
    p50, p99 = np.percentile(late, (50, 99))
    return {"sent": len(sent), "received": len(first), "reordered": int(reordered),
            "latency_ms": {"p50": round(float(p50), 3), "p99": round(float(p99), 3),
                           "max": round(float(late.max()), 3)}}


def _exchange(seconds: float, names: Sequence[str]) -> tuple[dict[str, list[Row]], dict[int, int], dict[int, int]]:
    """Return what each client received, when each message was sent by its `t_ns`, and the same of the datagrams."""
    with ExitStack() as stack:
        def start(kind: str, target: str) -> Client:
            client = Client(kind, target)
            stack.callback(client.kill)
            return client

        clients = {kind: start(kind, HOST) for kind in ("udp", *(("osc",) if "osc" in names else ()))}
        ports = {kind: int(client.ready()) for kind, client in clients.items()}
        tables: dict[str, dict[str, Any]] = {
            "osc": {"host": HOST, "port": ports.get("osc", 9000)}, "lsl": {"name": f"attnflow-bench-{now_ns()}"},
            "websocket": {"host": HOST, "port": free_port()}}
        rig = rigs.parse({"truth": {}, "outputs": {name: tables[name] for name in names}}, "bench-outputs")
        endpoints = private_endpoints()
        stack.enter_context(Hub(endpoints))
        publisher, health = Publisher(endpoints), Subscriber(endpoints, ["health"])
        stack.callback(publisher.close)
        stack.callback(health.close)
        run_outputs(rig, endpoints, stack)
        wait_for(health, {f"output-{name}" for name in names})
        targets = {"lsl": tables["lsl"]["name"], "websocket": f"ws://{HOST}:{tables['websocket']['port']}"}
        later = {kind: start(kind, targets[kind]) for kind in targets if kind in names}
        for client in later.values():
            client.ready()
        publisher.wait_for_hub(["camera", "state", "alert", "event", "hint"])
        sent, datagrams = _send(seconds, publisher, ports["udp"])
        SystemClock().sleep(SETTLE_S)
        return {kind: client.rows() for kind, client in (clients | later).items()}, sent, datagrams


def _send(seconds: float, publisher: Publisher, port: int) -> tuple[dict[int, int], dict[int, int]]:
    sent: dict[int, int] = {}
    datagrams: dict[int, int] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bare:
        for message in load(seconds):
            if not isinstance(message, StreamInfo):
                sent[message.t_ns] = now_ns()
            publish(publisher, message)
            if isinstance(message, Chunk):
                stamp = now_ns()
                datagrams[stamp] = stamp
                bare.sendto(STAMP.pack(len(datagrams), stamp), (HOST, port))
    return sent, datagrams


def run_outputs(rig: Rig, endpoints: Any, stack: ExitStack) -> None:
    """Start the process of a rig's outputs, and stop it when `stack` ends."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="attnflow-bench-"))
    for command, order in beside(rig, endpoints):
        child = Child(order, Path(folder), command)
        stack.callback(child.join, timeout_s=5.0)
        stack.callback(child.stop)
        child.start(Go(start_ns=now_ns()))


def wait_for(health: Subscriber, streams: set[str]) -> None:
    """Wait until every one of these streams has said that it works.

    Raises
    ------
    BusError
        If one does not; with its own words.
    """
    waiting, words = set(streams), ""
    for _ in range(MESSAGES):
        if not waiting:
            return
        got = health.receive(1_000)
        message: AnyMessage | None = got.message if got else None
        if isinstance(message, Health) and message.stream in waiting:
            words = message.detail or words
            waiting -= {message.stream} if message.status == "ok" else set()
    raise BusError(f"{', '.join(sorted(waiting))} did not get ready. {words}".strip(),
                   "Check the machine with: attnflow doctor")


def free_port() -> int:
    """Return a port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
