"""Settings of the LSL driver; importing this imports no LSL library."""

from typing import Literal

import msgspec

from sensors.driver import Config
from sensors.drivers.headset_geometry import Frame

ANGLES = ("gaze_yaw", "gaze_pitch", "eye_yaw", "eye_pitch", "head_yaw", "head_pitch", "head_roll")
PLACES = ("head_x", "head_y", "head_z")
SHARES = ("ear_left", "ear_right", "blink_left", "blink_right", "jaw_open", "face", "luma")
OPENNESS = ("openness_left", "openness_right")
"""Not columns: how far a headset says its wearer's eyes are open, 0..1, which fills ``ear_*`` and ``blink_*``."""
SURE = "gaze_confidence"
"""Not a column either: 0..1, under 0.5 a row has no gaze. Some trackers then send the screen's corner."""
MAPPED = (*ANGLES, *PLACES, *SHARES, *OPENNESS, SURE)
"""What the channels of a gaze stream can be: the camera's columns, openness, and how sure the gaze is."""


class ScreenConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``screen`` of a gaze table: what turns a point on it into a direction."""

    width_m: float
    height_m: float
    distance_m: float
    """From the eyes to the screen."""
    width_px: float = 0.0
    height_px: float = 0.0
    """For points in pixels."""
    left_px: float = 0.0
    top_px: float = 0.0
    """Where the screen begins, where several share one plane."""
    up_m: float = 0.0
    """How far the screen's middle is above the eyes."""
    y_down: bool = True
    """Whether the tracker counts downwards from the top, as pictures do."""

    def __post_init__(self) -> None:
        for name in ("width_m", "height_m", "distance_m"):
            if not 0.01 <= getattr(self, name) <= 100:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0.01 to 100")
        if self.width_px < 0 or self.height_px < 0:
            raise ValueError(f"width_px x height_px is {self.width_px:g} x {self.height_px:g}, expected both positive")


class LslConfig(Config, frozen=True, kw_only=True):
    """The table of one LSL stream."""

    driver: str = "lsl"
    source: Literal["network", "simulated"] = "network"
    """"simulated" looks for no stream: the seeded participant wears a headset."""
    name: str = ""
    type: str = ""
    """The stream's type as its sender says it: EEG, Gaze, Markers ..."""
    source_id: str = ""
    predicate: str = ""
    """An XPath test of the stream's description for what the three cannot say, as LSL's resolver takes it."""
    kind: Literal["", "eeg", "gaze", "markers"] = ""
    """What it is to us; "" follows its type."""
    resolve_s: float = 2.0
    """How long is waited for streams to answer."""
    stamps: Literal["lsl", "arrival"] = "lsl"
    """"arrival" does not believe the sender's stamps."""
    channels: tuple[str, ...] = ()
    """EEG: the labels to keep; empty keeps all that are EEG by their type and name."""
    unit: str = ""
    """EEG: V, mV, uV or nV, where the stream names none or a wrong one."""
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    """Gaze: our column to the stream's label; a label with our name needs none."""
    units: dict[str, str] = msgspec.field(default_factory=dict)
    """Gaze: unit by column, where the stream names none or a wrong one: rad, deg, px, share, m, cm, mm."""
    scales: dict[str, float] = msgspec.field(default_factory=dict)
    """Gaze: by column, what a value is multiplied with: -1 for a pitch that is + down."""
    direction: tuple[str, ...] = ()
    """Gaze: the labels of a direction's x, y, z in `frame`, instead of two angles."""
    head_rotation: tuple[str, ...] = ()
    """Gaze: the labels of the head's rotation matrix in `frame`, row by row."""
    head_position: tuple[str, ...] = ()
    """Gaze: the labels of the head's x, y, z in `frame`, in m."""
    frame: Frame = "openxr"
    screen: ScreenConfig | None = None
    """Gaze: the screen, where the tracker tells points on one."""

    def __post_init__(self) -> None:
        if self.source == "network" and not (self.name or self.type or self.source_id or self.predicate):
            raise ValueError("no stream is named, expected name, type, source_id or predicate")
        if not 0.1 <= self.resolve_s <= 60:
            raise ValueError(f"resolve_s is {self.resolve_s}, expected 0.1 to 60")
        for table in ("columns", "units", "scales"):
            strange = [name for name in getattr(self, table) if name not in MAPPED]
            if strange:
                raise ValueError(f"{table} names '{strange[0]}', expected of: {', '.join(MAPPED)}")
        for name, count in (("direction", 3), ("head_rotation", 9), ("head_position", 3)):
            labels = getattr(self, name)
            if labels and len(labels) != count:
                raise ValueError(f"{name} has {len(labels)} labels, expected {count}")
