"""One process a driver, watched: started together, restarted when one dies, killed when one hangs."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import msgspec

from sensors.bus import Endpoints, Publisher, Received, Subscriber
from sensors.clock import SECOND, now_ns
from sensors.messages import Health
from sensors.process import BACKOFF_S, LOADED, Go, Order
from sensors.rig import Rig

log = logging.getLogger(__name__)

SILENT_S = 10.0
"""A process without a heartbeat for this long hangs in its hardware library, and is killed and started anew."""
LOAD_S = 60.0
"""How long a driver may take to load its libraries or to open its device; the session starts without slow ones."""
PATH = os.pathsep.join(part for part in sys.path if part)
"""The child imports from where this process does, and from nowhere else."""
LEAD_S = 0.5
"""From "all loaded" to the session's first moment: time to open devices."""


def module_command(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours; -P keeps the current folder off its import path."""
    return sys.executable, "-P", "-m", module


class Ordered(Protocol):
    """What a process is told on its first line, as JSON."""

    @property
    def stream(self) -> str:
        """The stream under which it tells its health."""
        ...


class Beside(NamedTuple):
    """A process that is watched beside the drivers: the one that runs the outputs."""

    command: Sequence[str]
    order: Ordered


class Child:
    """One process: a driver's, or one beside them."""

    def __init__(self, order: Ordered, folder: Path, command: Sequence[str]) -> None:
        self.order, self._command = order, command
        self.log_path = folder / f"{order.stream}.log"
        self.loaded = False
        self.opening = True
        self.starts = 0
        self.retry_ns = 0
        self.heard_ns = now_ns()
        self.process: subprocess.Popen[str] | None = None

    def start(self, go: Go | None) -> None:
        """Start the process; with `go` it opens its device as soon as it is loaded."""
        self.stop()  # of a dead predecessor only the pipe is left to close
        self.starts += 1
        self.loaded, self.opening = False, True
        self.retry_ns = 0
        self.heard_ns = now_ns()
        with self.log_path.open("a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                            stderr=errors, text=True, env=os.environ | {"PYTHONPATH": PATH})
        self._tell(msgspec.json.encode(self.order).decode())
        if go is not None:
            self.go(go)

    def go(self, go: Go) -> None:
        """Tell the process to open its device."""
        self._tell(msgspec.json.encode(go).decode())

    def _tell(self, line: str) -> None:
        pipe = self._pipe()
        try:
            pipe.write(line + "\n")
            pipe.flush()
        except BrokenPipeError:
            log.warning("process of '%s' ended before it was told its work", self.order.stream)

    def _pipe(self) -> IO[str]:
        if self.process is None or self.process.stdin is None:
            raise RuntimeError(f"the process of '{self.order.stream}' was not started")
        return self.process.stdin

    def last_words(self) -> str:
        """Return the last line the process wrote about its death."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Close the lifeline: the driver flushes, releases its device and ends."""
        if self.process is not None and self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                log.debug("process of '%s' had ended already", self.order.stream)

    def join(self, timeout_s: float) -> None:
        """Wait for the end, then kill."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("process of '%s' did not stop in %s s and is killed", self.order.stream, timeout_s)
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Starts every driver of a rig, each in a process of its own, and keeps them alive.

    Parameters
    ----------
    rig
        The checked rig.
    endpoints
        Where the hub is.
    beside
        Other processes to keep alive.
    """

    def __init__(self, rig: Rig, endpoints: Endpoints, beside: Sequence[Beside] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="attnflow-logs-")
        self._endpoints = endpoints
        self._stopping = threading.Event()
        self._go: Go | None = None
        drivers = [Beside(module_command("sensors.process"),
                          Order(stream=stream, driver=config.driver, config=json.loads(msgspec.json.encode(config)),
                                participant=rig.participant, endpoints=endpoints))
                   for stream, config in rig.sensors.items()]
        self._children = {order.stream: Child(order, Path(self._folder.name), command)
                          for command, order in (*drivers, *beside)}
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start all processes and the watch over them; returns at once."""
        for child in self._children.values():
            child.start(None)
        self._thread.start()

    def _watch(self) -> None:
        heartbeat = Subscriber(self._endpoints, ["health"])
        publisher = Publisher(self._endpoints)
        started_ns = turn_ns = now_ns()
        while not self._stopping.is_set():
            got = heartbeat.receive(timeout_ms=100)
            if now_ns() - turn_ns > SECOND:  # we slept (Ctrl-Z, a paused machine), so nobody can be blamed for silence
                for child in self._children.values():
                    child.heard_ns = now_ns()
            turn_ns = now_ns()
            while got is not None:
                self._listen(got)
                got = heartbeat.receive(timeout_ms=0)
            if self._go is None:
                self._start_together(started_ns)
            for child in self._children.values():
                self._keep_alive(child, publisher)
        heartbeat.close()
        publisher.close()

    def _listen(self, got: Received) -> None:
        health = got.message
        if isinstance(health, Health) and health.stream in self._children:
            child = self._children[health.stream]
            child.heard_ns = got.received_ns
            child.loaded = child.loaded or health.detail == LOADED
            child.opening = health.status == "starting"

    def _start_together(self, started_ns: int) -> None:
        waited_s = (now_ns() - started_ns) / SECOND
        if waited_s < LOAD_S and not all(child.loaded for child in self._children.values() if child.retry_ns == 0):
            return
        self._go = Go(start_ns=now_ns() + round(LEAD_S * SECOND))
        for child in self._children.values():
            child.heard_ns = now_ns()
            child.go(self._go)

    def _keep_alive(self, child: Child, publisher: Publisher) -> None:
        now = now_ns()
        process = child.process
        if child.retry_ns:
            if now >= child.retry_ns:
                child.start(self._go)
            return
        if process is None:
            return
        if process.poll() is None:
            limit_s = SILENT_S if child.loaded and not child.opening else LOAD_S
            if self._go is None or now - child.heard_ns < limit_s * SECOND:
                return
            cause = f"gave no heartbeat for {limit_s:.0f} s and was killed"
            process.kill()
            process.wait()
        else:
            cause = f"died with exit code {process.returncode} ({child.last_words()})"
        pause = BACKOFF_S[min(child.starts - 1, len(BACKOFF_S) - 1)]
        child.retry_ns = now + round(pause * SECOND)
        publisher.send("health", Health(
            t_ns=now, stream=child.order.stream, status="failed", restarts=child.starts,
            detail=f"The process of '{child.order.stream}' {cause}; it starts again in {pause:g} s."))

    @property
    def start_ns(self) -> int | None:
        """The session's first moment, once every driver has loaded; None before."""
        return self._go.start_ns if self._go else None

    def stop(self) -> None:
        """Stop every driver, wait until its device is released, and end the watch."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        for child in self._children.values():
            child.stop()
        for child in self._children.values():
            child.join(timeout_s=5.0)
        self._folder.cleanup()
