"""The WebSocket driver: a headset's gaze as JSON, from a web page or an app that connects to this machine.

A row is stamped when its text arrives; the sender's ``t_ms`` travels beside as ``device_ns``. The texts are in
`websocket_schema`.
"""

from sensors.clock import Clock
from sensors.driver import Setting
from sensors.drivers.headset_columns import Arrived
from sensors.drivers.headset_driver import Headset, exposed
from sensors.drivers.headset_notice import Notice
from sensors.drivers.websocket_config import WebsocketConfig
from sensors.drivers.websocket_server import GazeServer
from sensors.errors import DeviceError


class WebSocketReceiver:
    """The server as a receiver of `headset_driver.Headset`.

    Parameters
    ----------
    config
        Where to listen.
    stream
        The table's name, for the sentences.
    clock
        The session clock.
    """

    def __init__(self, config: WebsocketConfig, stream: str, clock: Clock) -> None:
        self._config, self._stream, self._clock = config, stream, clock
        self._notice = Notice(clock)
        self._server: GazeServer | None = None

    def open(self) -> tuple[str, dict[str, str]]:
        """Listen.

        Raises
        ------
        DeviceError
            If the port is taken, or the address is not this machine's.
        """
        host, port = self._config.host, self._config.port
        server = GazeServer(self._config, self._clock, self._notice)
        try:
            port = server.start()
        except (OSError, UnicodeError) as error:
            server.stop()
            why = getattr(error, "strerror", None) or error
            raise DeviceError(f"'{self._stream}' cannot listen on ws://{host}:{port} ({why}).",
                              f"Choose one that is free: --set {self._stream}.port=8767") from None
        self._server = server
        return f"WebSocket on ws://{host}:{port}", {"port": str(port)}

    def receive(self, timeout_s: float) -> list[Arrived]:
        """Return the rows that came, waiting at most `timeout_s` for the first.

        Raises
        ------
        DeviceError
            If the port was not opened.
        """
        if self._server is None:
            raise DeviceError(f"'{self._stream}' was not opened.", "Call open() first.")
        return self._server.take(timeout_s)

    def trouble(self) -> str:
        """Return what is wrong with what clients send, that there is none, or that the port is open to others."""
        alone = self._server is not None and not self._server.clients
        return " ".join(filter(None, (self._notice.text(), "No page or app is connected." if alone else "",
                                      exposed(self._config))))

    def lost(self) -> int:
        """Return how many texts and rows could not be used."""
        return self._server.lost if self._server is not None else 0

    def close(self) -> None:
        """Stop the server; safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()


class WebSocket(Headset):
    """Gaze by WebSocket.

    Parameters
    ----------
    config
        The driver's table.
    setting
        Stream name and session clock.
    """

    def __init__(self, config: WebsocketConfig, setting: Setting) -> None:
        super().__init__(config, setting, WebSocketReceiver(config, setting.stream, setting.clock))
