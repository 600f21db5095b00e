"""What a display needs to draw a session at one moment; drawn by `fusion.terminal`, filled by `fusion.live`."""

import msgspec

from sensors.messages import Alert, State


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the stream table."""

    status: str = "starting"
    """Last `Health.status`, or "stale" when the session no longer leans on it."""
    detail: str = ""
    rate_hz: float = 0.0
    nominal_hz: float = 0.0
    """What the stream promised; 0 means irregular."""
    age_ms: float = -1.0
    """Age of its newest used sample at the last state; -1 when it never spoke."""
    gaps: int = 0
    """Messages missing on the bus, by `seq`."""
    lost: int = 0
    """Samples that the device itself lost."""
    restarts: int = 0
    quality: float = float("nan")
    """0..1, NaN while unknown."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one moment."""

    rig: str
    elapsed_s: float
    state: State | None = None
    """The newest state; None before the first."""
    alerts: tuple[Alert, ...] = ()
    """Recent alerts, oldest first; their times are on the session clock."""
    streams: dict[str, StreamView] = {}
    start_ns: int = 0
    """The session's first moment, from which alert times are told."""
    record: str = ""
    """Path of the recording, empty when nothing is recorded."""
    record_bytes: int = 0
    simulated: bool = False
    """Whether a simulated person is in front of the sensors."""
    said: str = ""
    """One sentence about the session itself, e.g. "stopping"."""
