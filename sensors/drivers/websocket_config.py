"""Settings of the WebSocket driver; importing this imports no WebSocket library."""

from urllib.parse import urlsplit

from sensors.drivers.headset_config import HeadsetConfig


class WebsocketConfig(HeadsetConfig, frozen=True, kw_only=True):
    """The table of a headset's gaze by WebSocket."""

    driver: str = "websocket"
    port: int = 8766
    """TCP. Not the 8765 of our own WebSocket output."""
    origins: tuple[str, ...] = ()
    """Web pages of other sites that may send, such as "https://example.org"; this machine's own and apps always may."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for origin in self.origins:
            parts = urlsplit(origin)
            if not (parts.scheme and parts.netloc) or parts.path or parts.query:
                raise ValueError(f"origins holds '{origin}', expected such as https://example.org, without a path")
