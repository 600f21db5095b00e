"""Settings of the EEG driver; importing this imports no board library."""

from sensors.driver import Config


class EegConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[eeg]`` table."""

    driver: str = "eeg"
    board: str = "SYNTHETIC_BOARD"
    """A BrainFlow board by name (`attnflow devices` lists them), or "SIMULATED" for the seeded participant."""
    serial_port: str = ""
    mac_address: str = ""
    ip_address: str = ""
    ip_port: int = 0
    ip_protocol: str = "none"
    serial_number: str = ""
    timeout_s: int = 15
    file: str = ""
    """Recording for PLAYBACK_FILE_BOARD."""
    master_board: str = ""
    """The board that made the file or sends the stream, for PLAYBACK_FILE_BOARD and STREAMING_BOARD."""
    other_info: str = ""
    channels: tuple[str, ...] = ()
    """Electrode names in channel order; empty takes BrainFlow's own names, or ch1, ch2, ..."""
    rate_hz: float = 250.0
    """Only for board SIMULATED; a real board has its own."""
    loop: bool = False
    """Start a playback file again when it ends."""
    poll_ms: float = 40.0
    """How often samples are fetched."""
    montage: str = "10-20"

    def __post_init__(self) -> None:
        if self.ip_protocol not in ("none", "udp", "tcp"):
            raise ValueError(f"ip_protocol is '{self.ip_protocol}', expected none, udp or tcp")
        if not 5 <= self.poll_ms <= 500:
            raise ValueError(f"poll_ms is {self.poll_ms}, expected 5..500")
