"""Settings of the replay driver; importing this opens no recording."""

from sensors.driver import Config


class ReplayConfig(Config, frozen=True, kw_only=True):
    """A rig table whose sensor is one stream of a recording."""

    driver: str = "replay"
    file: str = ""
    """The recording, an .mcap file."""
    stream: str = ""
    """Which of its streams; empty takes the one that is named like this table."""
    speed: float = 1.0
    """2 plays twice as fast; 0 plays as fast as it is read."""
    seek_s: float = 0.0
    """Start so many seconds into the recording."""
    loop: bool = False
    """Start again when it ends."""

    def __post_init__(self) -> None:
        if not 0 <= self.speed <= 1000:
            raise ValueError(f"speed is {self.speed}, expected 0 (as fast as possible) to 1000")
        if self.seek_s < 0:
            raise ValueError(f"seek_s is {self.seek_s}, expected zero or more seconds")
