"""The rig's ``[outputs.*]`` tables: who is told what the session says, and where."""

from typing import Literal

import msgspec


class OutputConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every output's table."""


class OscOutput(OutputConfig, frozen=True, kw_only=True):
    """The ``[outputs.osc]`` table."""

    host: str = "127.0.0.1"
    port: int = 9000
    """VRChat listens on 9000."""
    vrchat: Literal["CenterPitchYaw", "CenterPitchYawDist", "LeftRightPitchYaw", "off"] = "CenterPitchYaw"
    """Which of VRChat's eye-look addresses is sent, beside the lids; "off" sends neither."""
    distance_m: float = 1.0
    """How far away the person is taken to look, for the two addresses that need a distance."""
    ipd_mm: float = 63.0
    """Distance of the person's pupils, for LeftRightPitchYaw."""

    def __post_init__(self) -> None:
        if not 0.1 <= self.distance_m <= 1000:
            raise ValueError(f"distance_m is {self.distance_m}, expected 0.1 to 1000")
        if not 40 <= self.ipd_mm <= 80:
            raise ValueError(f"ipd_mm is {self.ipd_mm}, expected 40 to 80")
        if not 0 < self.port < 65_536:
            raise ValueError(f"port is {self.port}, expected 1 to 65535")


LSL_SOURCE = "attnflow:"
"""How the source_id of our outlets begins. The lsl driver takes none of them unless it is asked for by name or source:
a session would otherwise wait for its own gaze."""


class LslOutput(OutputConfig, frozen=True, kw_only=True):
    """The ``[outputs.lsl]`` table."""

    name: str = "attnflow"
    """How the outlets' names begin."""
    allow_network: bool = False
    """True announces the outlets to other machines as well: nothing is encrypted, and nobody is asked for a name.

    A file of one's own in the environment variable LSLAPICFG has the last word.
    """

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise ValueError(f"name is {self.name!r}, expected a word such as attnflow")


class WebsocketOutput(OutputConfig, frozen=True, kw_only=True):
    """The ``[outputs.websocket]`` table."""

    host: str = "127.0.0.1"
    """Only this machine reaches 127.0.0.1; another address also needs `allow_network`."""
    port: int = 8765
    """0 takes a free one."""
    allow_network: bool = False
    """True lets other machines connect: nothing is encrypted, and nobody is asked for a name."""
    origins: tuple[str, ...] = ()
    """Web pages that may connect besides those of this machine, as browsers name them: "https://example.org"."""
    file_pages: bool = False
    """Whether pages opened from a file may connect. Some browsers call a file's page "null", as they do a sandboxed
    frame of any web page, which could then read along; the page that this output serves itself needs no leave."""
    max_clients: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"port is {self.port}, expected 0 to 65535")
        if not 1 <= self.max_clients <= 1000:
            raise ValueError(f"max_clients is {self.max_clients}, expected 1 to 1000")


class CanOutput(OutputConfig, frozen=True, kw_only=True):
    """The ``[outputs.can]`` table."""

    interface: str = "virtual"
    """As python-can names it: virtual, udp_multicast, socketcan, pcan ..."""
    channel: str | int = "attnflow"
    bitrate: int = 0
    """bit/s, for interfaces that set it themselves; 0 leaves it alone (socketcan: ``ip link set`` did it)."""
    options: dict[str, bool | int | float | str] = msgspec.field(default_factory=dict)
    """Anything else that python-can's interface takes: { port = 43114 } ..."""

    def __post_init__(self) -> None:
        if not self.interface:
            raise ValueError("interface is empty, expected one of python-can's, such as socketcan")
        if self.bitrate < 0:
            raise ValueError(f"bitrate is {self.bitrate}, expected bit/s such as 500000, or 0 to leave it alone")


OUTPUTS: dict[str, type[OutputConfig]] = {
    "osc": OscOutput, "lsl": LslOutput, "websocket": WebsocketOutput, "can": CanOutput}
"""The tables there are."""
