"""The bus: one hub, any number of publishers and subscribers. The only file that imports zmq.

Publishers connect to the hub's XSUB side, subscribers to its XPUB side; `zmq.proxy` moves frames in C without the
interpreter's lock. Everything binds to ipc or loopback unless a folder of CURVE keys is given.
"""

import errno
import logging
import shutil
import socket as unix
import struct
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from sensors.clock import now_ns
from sensors.errors import BusError, WireError
from sensors.gaps import GapCounter
from sensors.messages import AnyMessage, encode_as
from sensors.topics import HEADS, REFUSALS, ROUTES, TOPICS, Keep, read, split

log = logging.getLogger(__name__)

QUEUE_MESSAGES = 20_000
"""High-water mark of each queue: about three minutes of a three-sensor session; what overflows is counted as a gap."""

PRIVATE = "attnflow-bus-"
"""First part of the name of a private endpoint's folder, which its hub removes."""

LOCAL = ("ipc://", "tcp://127.", "tcp://localhost:", "tcp://[::1]:")


class Endpoints(msgspec.Struct, frozen=True):
    """Where the hub is found."""

    publish: str
    """Publishers connect here."""
    subscribe: str
    """Subscribers connect here."""
    echo: str
    """The hub's clock answers here."""
    keys: str = ""
    """Folder of CURVE keys, or "" for none."""


def private_endpoints() -> Endpoints:
    """Return fresh ipc endpoints in a folder that only this user can read."""
    folder = tempfile.mkdtemp(prefix=PRIVATE)
    return Endpoints(f"ipc://{folder}/publish", f"ipc://{folder}/subscribe", f"ipc://{folder}/echo")


def remove_private(endpoints: Endpoints) -> None:
    """Remove the folder of private endpoints whose hub is closed; other endpoints are left alone."""
    folder = Path(endpoints.publish.removeprefix("ipc://")).parent
    if folder.name.startswith(PRIVATE):
        shutil.rmtree(folder, ignore_errors=True)


def configured_endpoints(publish: str, subscribe: str, keys: str = "") -> Endpoints:
    """Return the endpoints of a rig's ``[bus]`` table; two empty texts mean `private_endpoints`.

    Raises
    ------
    BusError
        If only one is given, or one leaves this machine and no keys are given.
    """
    if not publish and not subscribe:
        return private_endpoints()
    if not publish or not subscribe:
        raise BusError("The rig's [bus] table names only one of publish and subscribe.", "Give both or neither.")
    for endpoint in (publish, subscribe):
        if not endpoint.startswith(LOCAL) and not keys:
            raise BusError(f"The bus will not open {endpoint} beyond this machine without keys.",
                           "Make keys with sensors.bus.create_keys(folder) and set bus.keys to that folder.")
    if publish.startswith("ipc://"):
        echo = f"{publish}-echo"
    else:
        host, _, port = publish.rpartition(":")
        if not port.isdecimal() or not 0 < int(port) < 64_536:
            raise BusError(f"bus.publish is {publish}, expected a port from 1 to 64535 at its end.",
                           "Example: --set bus.publish=tcp://127.0.0.1:5561 --set bus.subscribe=tcp://127.0.0.1:5562")
        echo = f"{host}:{int(port) + 1000}"
    if len({publish, subscribe, echo}) < 3:
        raise BusError(f"The bus needs three endpoints, got {publish}, {subscribe} and {echo} for its clock.",
                       "Give bus.publish and bus.subscribe neighbouring ports, such as 5561 and 5562.")
    return Endpoints(publish, subscribe, echo, keys)


def create_keys(folder: str | Path) -> Path:
    """Write CURVE key pairs for one hub and its clients into `folder`, readable by this user alone."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    (path / "clients").mkdir(exist_ok=True)
    for name in ("hub", "client"):
        _, secret = zmq.auth.create_certificates(path, name)
        Path(secret).chmod(0o600)
    (path / "clients" / "client.key").write_bytes((path / "client.key").read_bytes())
    return path


def _secure(socket: "zmq.Socket[bytes]", keys: str, *, server: bool) -> None:
    if not keys:
        return
    try:
        public, secret = zmq.auth.load_certificate(Path(keys) / ("hub.key_secret" if server else "client.key_secret"))
        hub_public, _ = zmq.auth.load_certificate(Path(keys) / "hub.key")
    except OSError as error:
        raise BusError(f"The bus keys in {keys} cannot be read: {error}.",
                       "Make them with sensors.bus.create_keys(folder).") from None
    socket.curve_publickey, socket.curve_secretkey = public, secret or b""
    if server:
        socket.curve_server = True
    else:
        socket.curve_serverkey = hub_public


def _bind(socket: "zmq.Socket[bytes]", endpoint: str) -> None:
    try:
        # libzmq takes over a live ipc path without a word, so ask first whether anybody answers there.
        if endpoint.startswith("ipc://"):
            with unix.socket(unix.AF_UNIX) as probe:
                if probe.connect_ex(endpoint.removeprefix("ipc://")) == 0:
                    raise zmq.ZMQError(errno.EADDRINUSE)
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise BusError(f"The bus cannot open {endpoint}: {error}.",
                       "Another session may be running; stop it or set other endpoints: --set bus.publish=... "
                       "--set bus.subscribe=...") from None


class Hub:
    """Moves every frame from publishers to subscribers, and answers with its clock.

    Raises
    ------
    BusError
        If an endpoint is in use or not allowed.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._context = zmq.Context(1)
        self._guard: ThreadAuthenticator | None = None
        if endpoints.keys:
            self._guard = ThreadAuthenticator(self._context)
            self._guard.start()
            self._guard.configure_curve(domain="*", location=str(Path(endpoints.keys) / "clients"))
        self._sockets = [self._context.socket(kind) for kind in (zmq.XSUB, zmq.XPUB, zmq.ROUTER)]
        try:
            for socket, endpoint in zip(self._sockets, (endpoints.publish, endpoints.subscribe, endpoints.echo),
                                        strict=True):
                socket.set_hwm(QUEUE_MESSAGES)
                socket.linger = 0
                _secure(socket, endpoints.keys, server=True)
                _bind(socket, endpoint)
        except BaseException:
            if self._guard is not None:
                self._guard.stop()
            self._context.destroy(linger=0)
            raise
        inner, outer, echo = self._sockets
        self._threads = [threading.Thread(target=self._serve, args=(work, sockets), name=name, daemon=True)
                         for name, work, sockets in (("hub", _forward, (inner, outer)), ("hub-echo", _echo, (echo,)))]
        for thread in self._threads:
            thread.start()

    def _serve(self, work: Callable[..., None], sockets: tuple["zmq.Socket[bytes]", ...]) -> None:
        try:
            work(*sockets)
        except zmq.ContextTerminated:
            pass  # close() ends the thread this way; there is no other way to stop zmq.proxy
        finally:
            for socket in sockets:
                socket.close(linger=0)

    def close(self) -> None:
        """Stop forwarding and free the endpoints."""
        if self._guard is not None:
            self._guard.stop()
        self._context.term()
        for thread in self._threads:
            thread.join(timeout=2)
        remove_private(self.endpoints)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
                 ) -> None:
        self.close()


def _forward(inner: "zmq.Socket[bytes]", outer: "zmq.Socket[bytes]") -> None:
    zmq.proxy(inner, outer)


_STAMPS = struct.Struct("<qq")


def _echo(socket: "zmq.Socket[bytes]") -> None:
    while True:
        who, *_ask = socket.recv_multipart()
        received = now_ns()
        socket.send_multipart([who, _STAMPS.pack(received, now_ns())])


class Publisher:
    """Sends messages; owned by one thread."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._context = zmq.Context(1)
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        self._socket.linger = 200
        _secure(self._socket, endpoints.keys, server=False)
        self._socket.connect(endpoints.publish)
        self._seq: dict[tuple[str, str], int] = {}
        self._asked: set[bytes] = set()

    def wait_for_hub(self, topics: Iterable[str], timeout_s: float = 2.0) -> bool:
        """Wait until somebody has asked for each of `topics`, so that no first message is lost; False if not in time.

        Requests reach the publisher one by one, so that the first of them says nothing of the others.
        """
        wanted = [HEADS[topic] for topic in topics]
        deadline_ns = now_ns() + round(timeout_s * 1e9)
        while not all(any(topic.startswith(prefix) for prefix in self._asked) for topic in wanted):
            if not self._socket.poll(max(0, (deadline_ns - now_ns()) // 1_000_000)):
                return False
            request = self._socket.recv()
            if request[:1] == b"\1":
                self._asked.add(request[1:])
            else:
                self._asked.discard(request[1:])
        return True

    def send(self, topic: str, message: AnyMessage) -> bytes:
        """Send a message, numbered and stamped, and return the payload as it went out."""
        source = (topic, getattr(message, "stream", ""))
        seq = self._seq.get(source, 0)
        payload = encode_as(message, seq, now_ns())
        self._socket.send(HEADS[topic] + payload)
        self._seq[source] = seq + 1
        return payload

    def close(self) -> None:
        """Send what is queued (at most 200 ms) and release the socket."""
        self._socket.close()
        self._context.term()


class Received(msgspec.Struct, frozen=True):
    """One message as it came off the bus."""

    topic: str
    message: AnyMessage
    payload: bytes
    received_ns: int


class Subscriber:
    """Receives messages of some topics; owned by one thread.

    Parameters
    ----------
    endpoints
        Where the hub is.
    topics
        Names from the topic table.
    keep_all
        True reads every message of every topic (the session, the recorder); False applies each topic's own policy,
        so that a slow display skips to the newest state.
    """

    def __init__(self, endpoints: Endpoints, topics: Iterable[str], *, keep_all: bool = True) -> None:
        self._context = zmq.Context(1)
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        self._socket.linger = 0
        _secure(self._socket, endpoints.keys, server=False)
        for topic in topics:
            self._socket.subscribe(HEADS[topic])
        self._socket.connect(endpoints.subscribe)
        self._keep_all = keep_all
        self._backlog: deque[Received] = deque()
        self._patience_ms = -1
        self._blamed: set[str] = set()
        self.gaps = GapCounter()
        self.malformed = 0
        self.skipped = 0

    def receive(self, timeout_ms: int) -> Received | None:
        """Return the next message, waiting at most `timeout_ms`; None if none came, or only a malformed one.

        A malformed frame is counted, logged once per topic, and dropped.
        """
        if self._backlog:
            return self._backlog.popleft()
        if timeout_ms != self._patience_ms:
            self._patience_ms = self._socket.rcvtimeo = timeout_ms
        try:
            wire = self._socket.recv()
        except zmq.Again:
            return None
        got = self._decode(wire)
        if self._keep_all:
            return got
        self._skim(got)
        return self._backlog.popleft() if self._backlog else None

    def _skim(self, got: Received | None) -> None:
        """Take in the whole queue, of "latest" topics only each stream's newest message."""
        newest: dict[tuple[str, str], Received] = {}
        while True:
            if got is not None and TOPICS[got.topic].keep is Keep.LATEST:
                source = (got.topic, getattr(got.message, "stream", ""))
                self.skipped += source in newest
                newest[source] = got
            elif got is not None:
                self._backlog.append(got)
            try:
                got = self._decode(self._socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                break
        self._backlog.extend(newest.values())

    def _decode(self, wire: bytes) -> Received | None:
        received_ns = now_ns()
        name, _, payload = wire.partition(b"\0")
        try:
            topic, decode = ROUTES[name]
            message = decode(payload)
        except REFUSALS:
            topic, payload = split(wire)
            try:
                message = read(topic, payload)
            except WireError as error:
                self._blame(topic, error)
                return None
        self.gaps.see((topic, getattr(message, "stream", "")), message.seq)
        return Received(topic, message, payload, received_ns)

    def _blame(self, topic: str, error: WireError) -> None:
        self.malformed += 1
        if topic not in self._blamed:
            self._blamed.add(topic)
            log.warning("dropped a malformed message on topic '%s': %s Later ones are only counted.", topic, error)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()
        self._context.term()


class Echo:
    """Asks the hub for its time, for `sensors.timing.ClockOffset`."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._context = zmq.Context(1)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        _secure(self._socket, endpoints.keys, server=False)
        self._socket.connect(endpoints.echo)

    def exchange(self, timeout_ms: int = 100) -> tuple[int, int, int, int] | None:
        """Return (asked, hub received, hub answered, answer received) in ns, the outer two on our clock; None if late.

        An answer that came too late for its own question is thrown away with the next call.
        """
        while self._socket.poll(0):
            self._socket.recv()
        asked = now_ns()
        self._socket.send(b"?")
        if not self._socket.poll(timeout_ms):
            return None
        answer = self._socket.recv()
        arrived = now_ns()
        received, answered = _STAMPS.unpack(answer)
        return asked, received, answered, arrived

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()
        self._context.term()
