"""The server's thread: an asyncio loop that numbers what is said, hands it to every client, and hears what apps say."""

import asyncio
import logging
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from fusion.outputs.gaze import Gaze
from fusion.outputs.websocket_client import UNREAD_S, Client
from fusion.outputs.websocket_guard import origin_allowed
from fusion.outputs.websocket_present import KINDS, Present
from fusion.outputs.wire import Failure, Hello
from fusion.outputs.wire_said import LONGEST_FRAME, Subscribe, read
from fusion.outputs.wire_schema import schema_text
from sensors.allowance import Allowance
from sensors.clock import now_ns
from sensors.errors import WireError
from sensors.messages import AnyMessage, Target
from sensors.rig_outputs import WebsocketOutput

log = logging.getLogger(__name__)

GOODBYE_S = 1.0
"""How long closing waits for clients to say goodbye before it hangs up."""

MOST_HZ, BURST = 500.0, 2000.0
"""Frames a second that are taken from one client, and how many may come at once after a pause."""
REST_S = 0.01
"""How long a client that says more is left unread each time."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                               "img-src data:; connect-src ws: wss:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
"""The page is one file and may load nothing."""


class Serving:
    """A server that runs from `start` to `stop`."""

    def __init__(self, config: WebsocketOutput, inbox: deque[AnyMessage], room: int) -> None:
        self._config = config
        self._inbox = inbox
        self._room = room
        self._present = Present()
        self._clients: tuple[Client, ...] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)
        self._bound: Future[int] = Future()
        self._connections: WeakSet[ServerConnection] = WeakSet()
        self._blamed: set[str] = set()
        self._broken = ""
        self.address = ""

    def start(self) -> None:
        """Bind and return; raise OSError if that cannot be."""
        self._thread.start()
        port = self._bound.result()
        host = self._config.host
        self.address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    def say(self, message: AnyMessage | Gaze) -> None:
        """Hand a message to the loop; any thread may."""
        if self._loop is not None and type(message) in KINDS:
            with suppress(RuntimeError):  # the loop has ended; `trouble` says so
                self._loop.call_soon_threadsafe(self._tell, message)

    def trouble(self) -> str:
        """Return what is wrong; any thread may ask."""
        slow = [client.name for client in self._clients if client.behind]
        if self._broken or not slow:
            return self._broken
        return f"The WebSocket client at {slow[0]} does not read; it is cut off after {UNREAD_S:.0f} s."

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=4 * GOODBYE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:
            if not self._bound.done():
                self._bound.set_exception(error)
                return
            self._broken = f"The WebSocket server stopped: {error}."
            log.exception("the WebSocket server stopped")

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        quiet = log.getChild("library")
        quiet.setLevel(logging.ERROR)
        # Its own pings would only find the dead; the clients' pings also find those that are behind.
        server = await serve(self._serve, self._config.host, self._config.port, process_request=self._answer,
                             compression=None, max_size=LONGEST_FRAME, ping_interval=None, open_timeout=5,
                             close_timeout=GOODBYE_S / 2, write_limit=0, server_header="attnflow", logger=quiet,
                             create_connection=self._connection)  # type: ignore[arg-type]  # a wrapper will do
        self._bound.set_result(next(iter(server.sockets)).getsockname()[1])
        await self._stopping.wait()
        await self._close(server)

    def _connection(self, *given: Any, **options: Any) -> ServerConnection:
        connection = ServerConnection(*given, **options)
        self._connections.add(connection)
        return connection

    async def _close(self, server: Server) -> None:
        server.close()
        # Browsers open connections ahead of any need; nobody waits for what they might ask.
        for connection in list(self._connections):
            if connection.protocol.state is State.CONNECTING:
                connection.transport.abort()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await server.wait_closed()
        except TimeoutError:
            for connection in list(self._connections):
                connection.transport.abort()
            await server.wait_closed()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if "Upgrade" not in request.headers:
            if path == "/":
                page = resources.files("fusion.outputs").joinpath("page.html").read_bytes()
                return _response(200, "OK", "text/html", page)
            if path == "/schema.json":
                return _response(200, "OK", "application/schema+json", schema_text().encode())
            return _response(404, "Not Found", "text/plain", b"There is / (a page) and /schema.json here.\n")
        origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
        origin = origins[0] if origins else None
        if len(origins) > 1 or not origin_allowed(origin, hosts[0] if hosts else "", self._config):
            self._blame(f"Refused a web page of {origin}; if it may watch, add it to origins in [outputs.websocket].")
            return _response(403, "Forbidden", "text/plain",
                             f"Pages of {origin} may not connect; [outputs.websocket] origins lists those that may.\n"
                             .encode())
        if len(self._clients) >= self._config.max_clients:
            self._blame(f"Refused a client: {len(self._clients)} are connected, as many as max_clients allows.")
            return _response(503, "Service Unavailable", "text/plain",
                             f"There are {len(self._clients)} clients, as many as max_clients allows.\n".encode())
        return None

    def _blame(self, sentence: str) -> None:
        if sentence not in self._blamed and len(self._blamed) < 100:
            self._blamed.add(sentence)
            log.warning("%s", sentence)

    async def _serve(self, connection: ServerConnection) -> None:
        client = Client(connection)
        self._clients += (client,)
        self._greet(client)
        tasks = {asyncio.create_task(client.write()), asyncio.create_task(self._hear(client))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except TimeoutError:
            log.warning("The WebSocket client at %s has read nothing for %.0f s and was cut off.", client.name,
                        UNREAD_S)
            connection.transport.abort()
        except ConnectionClosed:
            pass
        finally:
            self._clients = tuple(other for other in self._clients if other is not client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _greet(self, client: Client) -> None:
        client.offer("hello", Hello(
            seq=client.count("hello"), t_ns=now_ns(), confidence=None, status=self._present.status, server=_server(),
            schema=f"{self.address}schema.json", simulated=self._present.simulated, types=list(client.types),
            seqs=dict(self._present.seqs)))
        for kind, frame in self._present.frames():
            client.offer(kind, frame)

    async def _hear(self, client: Client) -> None:
        allowance = Allowance(MOST_HZ, BURST, now_ns())
        async for text in client.connection:
            try:
                if not allowance.take(now_ns()):
                    await asyncio.sleep(REST_S)
                    raise WireError(f"The frame was not taken: more than {MOST_HZ:g} came a second.", "Say less.")
                self._take(client, text)
            except WireError as error:
                client.offer("error", Failure(seq=client.count("error"), t_ns=now_ns(), confidence=None,
                                              status=self._present.status, reason=str(error)))
            # Whoever floods us has to share the loop with the others, frame by frame.
            await asyncio.sleep(0)

    def _take(self, client: Client, text: str | bytes) -> None:
        said = read(text, now_ns())
        if isinstance(said, Subscribe):
            client.subscribe(said.types)
            self._greet(client)
            return
        if len(self._inbox) >= self._room:
            raise WireError("The frame was not taken: the session has not kept up with what was said.", "Say less.")
        if isinstance(said, Target):
            if self._present.crowded(said):
                raise WireError("The frame was not taken: there are too many targets.",
                                "Take some away, by a width of 0.")
            self._tell(said)
        self._inbox.append(said)

    def _tell(self, message: AnyMessage | Gaze) -> None:
        frame = self._present.take(message)
        kind = KINDS[type(message)]
        if frame is not None:
            for client in self._clients:
                client.offer(kind, frame)


def _response(status: int, phrase: str, kind: str, body: bytes) -> Response:
    return Response(status, phrase, Headers(**HEADERS | {"Content-Type": f"{kind}; charset=utf-8",
                                                         "Content-Length": str(len(body))}), body)


def _server() -> str:
    try:
        return f"attnflow {version('attnflow')}"
    except PackageNotFoundError:
        return "attnflow"
