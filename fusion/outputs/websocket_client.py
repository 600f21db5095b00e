"""One client: what waits for it, how far it is behind, and when it is given up."""

import asyncio
from collections import deque
from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection

from fusion.outputs.wire import TYPES, AnyFrame, encode
from sensors.clock import MILLISECOND, SECOND, now_ns

ROOM = {"hello": 4, "error": 16, "state": 32, "alert": 64, "hint": 64, "event": 256, "stream": 64, "target": 256,
        "gaze": 256}
"""Frames of a type that may wait for a client; the oldest make room, and are counted."""

NEWEST_ONLY = ("state", "gaze")
FRESH_NS = 200 * MILLISECOND
"""Of these types, what has waited longer is left out once there is something newer: a burst is no slow client."""

PING_NS = 100 * MILLISECOND
"""Time between two pings while frames flow; their answers say how far the client has read."""

AHEAD_NS = SECOND // 2
"""A client gets nothing more while an older ping is unanswered, so that no stale frames pile up in sockets between."""

UNREAD_S = 10.0
"""A client that takes in nothing for so long is cut off."""


class Client:
    """A connection with its waiting frames; lives in the server's loop."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.types: tuple[str, ...] = TYPES
        self._own = {"hello": 0, "error": 0}
        self._waiting: dict[str, deque[tuple[int, AnyFrame]]] = {kind: deque() for kind in ROOM}
        self._dropped = dict.fromkeys(ROOM, 0)
        self._wake = asyncio.Event()
        self._pong: asyncio.Future[float] | None = None
        self._pinged_ns = 0
        self._busy_ns = 0

    @property
    def name(self) -> str:
        """Where it is, "127.0.0.1:40312"."""
        return ":".join(str(part) for part in (self.connection.remote_address or ("?",))[:2])

    @property
    def behind(self) -> bool:
        """Whether a frame is waiting for it to read the ones before; any thread may ask."""
        since = self._busy_ns
        return since > 0 and now_ns() - since > AHEAD_NS

    def count(self, kind: str) -> int:
        """Return the next number of a type that only this client is told: hello or error."""
        self._own[kind] += 1
        return self._own[kind]

    def subscribe(self, types: Iterable[str]) -> None:
        """Take these types from now on; what still waits is forgotten, and the counts begin anew."""
        wanted = set(types)
        self.types = tuple(kind for kind in TYPES if kind in wanted)
        for kind in TYPES:
            self._waiting[kind].clear()
            self._dropped[kind] = 0

    def offer(self, kind: str, frame: AnyFrame) -> None:
        """Let a frame wait for its turn; of a type that was not asked for, do nothing."""
        if kind in TYPES and kind not in self.types:
            return
        waiting = self._waiting[kind]
        if len(waiting) >= ROOM[kind]:
            waiting.popleft()
            self._dropped[kind] += 1
        waiting.append((now_ns(), frame))
        self._wake.set()

    async def write(self) -> None:
        """Send what waits, for ever.

        Raises
        ------
        TimeoutError
            If the client has taken in nothing for `UNREAD_S`.
        ConnectionClosed
            When it has gone.
        """
        while True:
            while not any(self._waiting.values()):
                self._wake.clear()
                await self._wake.wait()
            self._busy_ns = now_ns()
            async with asyncio.timeout(UNREAD_S):
                await self._keep_pace()
                # Only now: whatever came while the client was slow is taken into account.
                text = self._next()
                if text is not None:
                    await self.connection.send(text)
            self._busy_ns = 0

    async def _keep_pace(self) -> None:
        if self._pong is not None and (self._pong.done() or now_ns() - self._pinged_ns >= AHEAD_NS):
            await self._pong
            self._pong = None
        if self._pong is None and now_ns() - self._pinged_ns >= PING_NS:
            self._pong = asyncio.ensure_future(await self.connection.ping())
            self._pinged_ns = now_ns()

    def _next(self) -> str | None:
        now = now_ns()
        for kind in NEWEST_ONLY:
            waiting = self._waiting[kind]
            while len(waiting) > 1 and now - waiting[0][0] > FRESH_NS:
                waiting.popleft()
                self._dropped[kind] += 1
        since = {waiting[0][0]: kind for kind, waiting in self._waiting.items() if waiting}
        if not since:
            return None
        oldest = min(since)
        # In the order of the bus, but whoever was behind needs to know first how things stand now.
        kind = "state" if now - oldest > FRESH_NS and self._waiting["state"] else since[oldest]
        _, frame = self._waiting[kind].popleft()
        dropped, self._dropped[kind] = self._dropped[kind], 0
        return encode(frame, now, dropped)
