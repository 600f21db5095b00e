"""The server that headset apps and web pages connect to: one thread, one event loop, rows into a bounded queue."""

import asyncio
import contextlib
import logging
import re
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sensors.allowance import Allowance
from sensors.clock import SECOND, Clock
from sensors.drivers import websocket_schema as schema
from sensors.drivers.headset_columns import Arrived
from sensors.drivers.headset_notice import Notice
from sensors.drivers.websocket_config import WebsocketConfig

LARGEST = 4096
"""Bytes of a text; a row has about 200. A longer one ends the connection, as the protocol wants it (code 1009)."""
MOST_CLIENTS = 8
MOST_WAITING = 4096
"""Rows that may wait to be read; the oldest are dropped, and counted."""
MOST_HZ, BURST = 1000.0, 500.0
"""Rows a second that are taken from one client, and how many may come at once after a pause."""
REST_S = 0.01
"""How long a client that sends more is left unread each time."""
ANSWER_EVERY_S = 1.0
"""A client is told what is wrong with its rows at most this often."""
ANSWER_TIMEOUT_S = 1.0
HERE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Pages that this machine serves itself."""


class GazeServer:
    """Takes rows from the first client that sends gaze, until it leaves.

    Parameters
    ----------
    config
        Where to listen, and which pages may connect.
    clock
        The session clock, read in the loop's thread.
    notice
        Where trouble is told.
    """

    def __init__(self, config: WebsocketConfig, clock: Clock, notice: Notice) -> None:
        self._config, self._clock, self._notice = config, clock, notice
        self._rows: deque[Arrived] = deque()
        self._arrived = threading.Event()
        self._source: ServerConnection | None = None
        self._clients = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Texts that could not be used and rows that found no room."""

    def start(self) -> int:
        """Listen; return the port.

        Raises
        ------
        OSError, UnicodeError
            If it is taken, or the host can be none.
        """
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="websocket", daemon=True)
        self._thread.start()
        return ready.result()

    def stop(self) -> None:
        """Say goodbye to every client and end the thread; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
                self._loop.call_soon_threadsafe(self._over.set)
        thread.join(timeout=3.0)

    def take(self, timeout_s: float) -> list[Arrived]:
        """Return the rows that came, waiting at most `timeout_s` for the first."""
        if not self._rows:
            self._arrived.wait(timeout_s)
        self._arrived.clear()
        rows = []
        while self._rows:
            rows.append(self._rows.popleft())
        return rows

    async def _serve(self, ready: "Future[int]") -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        quiet = logging.getLogger("websockets.attnflow")
        quiet.setLevel(logging.CRITICAL + 1)  # a scan of the port would fill the log with refused handshakes
        try:
            async with serve(self._client, self._config.host, self._config.port, max_size=LARGEST, max_queue=16,
                             compression=None, process_request=self._admit, logger=quiet, close_timeout=1.0) as server:
                ready.set_result(int(next(iter(server.sockets)).getsockname()[1]))
                await self._over.wait()
        except Exception as error:  # whoever waits for the port has to hear it
            if ready.done():
                raise
            ready.set_exception(error)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse pages of other sites: a browser lets any page connect to this machine."""
        origins: Sequence[str] = request.headers.get_all("Origin")
        strange = [origin for origin in origins if not HERE.fullmatch(origin) and origin not in self._config.origins]
        if strange:
            self._notice.tell(f"A page of {strange[0]:.80} was refused; name it in `origins` to let it send.")
            return connection.respond(HTTPStatus.FORBIDDEN, f"{strange[0]:.80} is not one of the rig's origins.\n")
        if self._clients >= MOST_CLIENTS:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"There are {MOST_CLIENTS} clients already.\n")
        return None

    async def _client(self, connection: ServerConnection) -> None:
        self._clients += 1
        try:
            await connection.send(schema.say("hello"))
            await self._listen(connection)
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == 1009:
                self.lost += 1
                self._notice.tell(f"A client sent a text of over {LARGEST} bytes and was disconnected.")
        finally:
            self._clients -= 1
            if self._source is connection:
                self._source = None

    async def _listen(self, connection: ServerConnection) -> None:
        allowance, answered_ns = Allowance(MOST_HZ, BURST, self._clock.now_ns()), -SECOND
        async for text in connection:
            now_ns = self._clock.now_ns()
            if not allowance.take(now_ns):
                self._refuse(f"A client sends more than {MOST_HZ:g} rows a second; what is over is dropped.")
                await asyncio.sleep(REST_S)
                continue
            answer = self._take(connection, text, now_ns)
            if answer and now_ns - answered_ns >= ANSWER_EVERY_S * SECOND:
                answered_ns = now_ns
                # One that never reads what it is told may still send.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(connection.send(answer), ANSWER_TIMEOUT_S)

    def _take(self, connection: ServerConnection, text: str | bytes, now_ns: int) -> str:
        """Take in one text; return what its sender is told, "" for nothing."""
        try:
            if isinstance(text, bytes):
                raise ValueError("bytes came, expected text")
            row, device_ns = schema.read(text)
        except ValueError as error:
            self._refuse(f"A client's text is malformed: {error}.")
            return schema.say("error", message=f"Not used: {error}.")
        if self._source is None:
            self._source = connection
        if self._source is not connection:
            return schema.say("waiting", message="Another client is the source of gaze until it leaves.")
        while len(self._rows) >= MOST_WAITING:
            self._rows.popleft()
            self._refuse(f"Over {MOST_WAITING} rows waited to be read; the oldest were dropped.")
        self._rows.append(Arrived(row, now_ns, device_ns))
        self._arrived.set()
        return ""

    def _refuse(self, sentence: str) -> None:
        self.lost += 1
        self._notice.tell(f"{sentence} {self.lost} so far.")

    @property
    def clients(self) -> int:
        """How many are connected."""
        return self._clients
