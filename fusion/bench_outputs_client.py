"""The apps of `attnflow bench outputs`: each a process that reads one output the way an app does, and keeps stamps.

A process is told on the command line what to read and where. It says one line when it is ready, and when its standard
input closes it writes all it got as JSON: rows of (kind, number, t_ns, received_ns) on the session clock.
"""

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from sensors.clock import SECOND, now_ns

Row = tuple[str, int, int, int]
"""Kind of message, its running number, when it was true, when it was received; both ns of the session clock."""
OSC_KINDS = ("gaze", "state", "alert", "hint", "event")
"""The addresses of which there is one for each message on the bus."""
STAMP = struct.Struct("<qq")
"""What the bare datagrams hold: number and time of sending."""
LSL_NUMBER = {"state": 4, "gaze": 5}
"""Channel of the running number."""


def main() -> None:
    """Read ``KIND TARGET`` of the command line until standard input closes."""
    rows: list[Row] = []
    READERS[sys.argv[1]](sys.argv[2], rows)
    sys.stdin.read()
    sys.stdout.write(json.dumps(rows))
    sys.stdout.flush()


def _ready(what: object = "") -> None:
    sys.stdout.write(f"ready {what}\n")
    sys.stdout.flush()


def _background(work: Callable[..., Any], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def read_osc(target: str, rows: list[Row]) -> None:
    """Serve OSC with python-osc's own server at a free port, which is told."""
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import BlockingOSCUDPServer

    def take(address: str, *values: Any) -> None:
        rows.append((address.rpartition("/")[2], values[-2], values[-1], now_ns()))

    dispatcher = Dispatcher()
    for kind in OSC_KINDS:
        dispatcher.map(f"/attnflow/{kind}", take)
    server = BlockingOSCUDPServer((target, 0), dispatcher)
    _background(server.serve_forever)
    _ready(server.server_address[1])


def read_udp(target: str, rows: list[Row]) -> None:
    """Receive bare datagrams at a free port: the floor that no output over UDP can beat."""
    bare = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bare.bind((target, 0))

    def take() -> None:
        while True:
            data = bare.recv(64)
            received_ns = now_ns()
            number, sent_ns = STAMP.unpack(data)
            rows.append(("datagram", number, sent_ns, received_ns))

    _background(take)
    _ready(bare.getsockname()[1])


def read_lsl(target: str, rows: list[Row]) -> None:
    """Open an inlet to each of the outlets whose names begin with `target`."""
    import pylsl

    from fusion.outputs.lsl import LslClock

    clock = LslClock(pylsl.local_clock)
    clock.measure()

    def take(kind: str, inlet: Any) -> None:
        while True:
            sample, stamp = inlet.pull_sample(timeout=1.0)
            received_ns = now_ns()
            if sample is None:
                continue
            if kind == "markers":
                told = json.loads(sample[0])
                rows.append((kind, told["number"], told["t_ns"], received_ns))
            else:
                rows.append((kind, round(sample[LSL_NUMBER[kind]]), round(stamp * SECOND) - clock.offset_ns,
                             received_ns))

    for kind in ("state", "gaze", "markers"):
        found = pylsl.resolve_byprop("name", f"{target}-{kind}", timeout=10.0)
        inlet = pylsl.StreamInlet(found[0], max_chunklen=1)
        inlet.open_stream(timeout=10.0)
        _background(take, kind, inlet)
    _ready()


def read_websocket(target: str, rows: list[Row]) -> None:
    """Connect to a WebSocket and read its frames."""
    from websockets.sync.client import connect

    connection = connect(target)

    def take() -> None:
        for text in connection:
            received_ns = now_ns()
            frame = json.loads(text)
            if frame.get("type") in OSC_KINDS:
                rows.append((frame["type"], int(frame["seq"]), int(frame["t_ns"]), received_ns))

    _background(take)
    _ready()


READERS: dict[str, Callable[[str, list[Row]], None]] = {
    "osc": read_osc, "udp": read_udp, "lsl": read_lsl, "websocket": read_websocket}

if __name__ == "__main__":
    main()
