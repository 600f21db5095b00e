"""The ``[outputs.websocket]`` table: JSON frames for browsers, WebXR, Unity and game engines, and a page to look at.

This file knows no library; the server runs in a thread of its own in `fusion.outputs.websocket_server`.
"""

from collections import deque
from typing import TYPE_CHECKING

from fusion.outputs.gaze import Gaze
from sensors.errors import DeviceError
from sensors.loopback import is_loopback
from sensors.messages import AnyMessage
from sensors.rig_outputs import WebsocketOutput

if TYPE_CHECKING:
    from fusion.outputs.websocket_server import Serving

INBOX = 1024
"""What apps may have said and nobody fetched yet; more is refused with a sentence."""


class WebSocket:
    """Serves every client what the session says, and gathers what apps say."""

    def __init__(self, config: WebsocketOutput) -> None:
        self._config = config
        self._inbox: deque[AnyMessage] = deque()
        self._serving: Serving | None = None

    @property
    def address(self) -> str:
        """Where a browser finds the page, "http://127.0.0.1:8765/"; "" while closed."""
        return self._serving.address if self._serving else ""

    def open(self) -> None:
        """Bind and serve.

        Raises
        ------
        DeviceError
            If the library is missing, the host is reached by other machines without leave, or the port is taken.
        """
        host, port = self._config.host, self._config.port
        if self._serving is not None:
            return
        if not is_loopback(host) and not self._config.allow_network:
            raise DeviceError(f"[outputs.websocket] host is '{host}', which other machines reach; nothing is encrypted "
                              "there and anybody could watch the person's gaze.",
                              'Keep host = "127.0.0.1", or set allow_network = true in a network you trust.')
        try:
            from fusion.outputs.websocket_server import Serving
        except ImportError as error:
            raise DeviceError(f"[outputs.websocket] needs the library '{error.name}', which is not installed.",
                              "Run: pip install 'attnflow[websocket]'") from error
        serving = Serving(self._config, self._inbox, INBOX)
        try:
            serving.start()
        except (OSError, UnicodeError) as error:  # the latter for what can be no host's name
            why = getattr(error, "strerror", None) or error
            raise DeviceError(f"[outputs.websocket] cannot open {host}:{port}: {why}.",
                              "Another session may be running; stop it, or set another port: "
                              "--set outputs.websocket.port=8766") from error
        self._serving = serving

    def send(self, message: AnyMessage | Gaze) -> None:
        """Hand one thing to the server's thread; never waits."""
        if self._serving is not None:
            self._serving.say(message)

    def received(self) -> list[AnyMessage]:
        """Return the targets, answers and markers that apps told since the last call."""
        said: list[AnyMessage] = []
        while self._inbox:
            said.append(self._inbox.popleft())
        return said

    def trouble(self) -> str:
        """Return that the server stopped or that a client does not read, or ""."""
        return self._serving.trouble() if self._serving is not None else ""

    def close(self) -> None:
        """Say goodbye to the clients and free the port."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None
