"""The process that runs all outputs of a rig, so that no app and no network library can hold up the session.

It is told its work on standard input and ends when that pipe closes, as a driver's process does (`sensors.process`),
and the same supervisor starts it, watches its heartbeat on stream "output-process" and starts it again.
"""

import json
import logging
import signal
import sys
import threading
from functools import partial
from typing import Any

import msgspec

from sensors.bus import Endpoints
from sensors.clock import SECOND, cpu_seconds, now_ns
from sensors.messages import Health
from sensors.process import HEARTBEAT_S, LOADED, stop_with_pipe
from sensors.rig import Rig
from sensors.rig_outputs import OUTPUTS
from sensors.supervisor import Beside, module_command
from sensors.topics import OUTPUT

STREAM = f"{OUTPUT}process"
SETTLE_NS = 3 * SECOND
"""An output that takes longer to open, such as a host that cannot be looked up, does not hold up the session."""
SWITCH_S = 0.0005
"""Longest turn of a thread while another waits: the outputs' own threads are many and short."""


class OutputsOrder(msgspec.Struct, frozen=True):
    """What the process is told on its first line of standard input."""

    stream: str
    outputs: dict[str, dict[str, Any]]
    """By name, the rig's tables."""
    endpoints: Endpoints


def beside(rig: Rig, endpoints: Endpoints) -> list[Beside]:
    """Return the process that runs a rig's outputs, for its supervisor; none if the rig has no output."""
    if not rig.outputs:
        return []
    tables = {name: json.loads(msgspec.json.encode(config)) for name, config in rig.outputs.items()}
    return [Beside(module_command("fusion.outputs.process"), OutputsOrder(STREAM, tables, endpoints))]


def main() -> None:
    """Run the outputs that standard input orders, until it closes."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session decides when it stops, by closing the pipe
    order = msgspec.json.decode(sys.stdin.readline(), type=OutputsOrder)
    stopped = threading.Event()
    threading.Thread(target=stop_with_pipe, args=(stopped,), name="lifeline", daemon=True).start()
    sys.setswitchinterval(SWITCH_S)
    run(order, stopped)


def run(order: OutputsOrder, stopped: threading.Event) -> None:
    """Run the outputs of an order until `stopped`; this imports what they need."""
    from fusion.outputs.gaze import warm
    from fusion.outputs.keeper import Keeper
    from fusion.outputs.output import build
    from fusion.outputs.runner import Runner
    from sensors.bus import Publisher

    publisher = Publisher(order.endpoints)
    publisher.wait_for_hub(["health"])
    warm()
    runner = Runner([Keeper(name, partial(build, name, msgspec.convert(table, OUTPUTS[name])))
                     for name, table in order.outputs.items()], order.endpoints)
    began_ns = beat_ns = now_ns()
    used, loaded = cpu_seconds(), False
    while not stopped.is_set():
        runner.step()
        now = now_ns()
        ready = runner.settled or now - began_ns > SETTLE_NS
        if (ready and not loaded) or now - beat_ns > HEARTBEAT_S * SECOND:
            spent = cpu_seconds()
            percent = 100 * (spent - used) * SECOND / (now - beat_ns)
            status, detail = ("ok", "") if loaded else ("starting", LOADED if ready else "")
            publisher.send("health", Health(t_ns=now, stream=STREAM, status=status, detail=detail,
                                            cpu_percent=percent if loaded else 0.0))
            beat_ns, used, loaded = now, spent, ready
    runner.close()
    publisher.close()


if __name__ == "__main__":
    main()
