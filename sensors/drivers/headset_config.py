"""What the drivers that listen for a headset have in common in their tables."""

from typing import Literal

from sensors.driver import Config
from sensors.loopback import is_loopback


class HeadsetConfig(Config, frozen=True, kw_only=True):
    """Base of the tables of drivers that wait for gaze on a port."""

    source: Literal["network", "simulated"] = "network"
    """"simulated" listens to nobody: the seeded participant wears a headset."""
    host: str = "127.0.0.1"
    """Address to listen on. Another than loopback lets every machine of that network send and read gaze, which travels
    neither encrypted nor signed."""
    port: int = 0
    """0 takes any free one."""
    rate_hz: float = 0.0
    """What the sender promises, which decides how events of the eyes are found: over 90 by velocity. 0 is not known."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}, expected 0 to 65535")
        if not 0 <= self.rate_hz <= 400:
            raise ValueError(f"rate_hz is {self.rate_hz}, expected 0 to 400")
        if not self.host:
            raise ValueError("host is empty, expected an address such as 127.0.0.1")

    @property
    def private(self) -> bool:
        """Whether only this machine can reach the port."""
        return is_loopback(self.host)
