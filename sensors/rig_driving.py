"""The rig's ``[driving]`` table: which warning ladders run, and what the cabin looks like from the driver's eyes."""

from typing import Literal

import msgspec


class CabinConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[driving.cabin]`` table."""

    drive: Literal["left", "right"] = "left"
    """Side of the steering wheel; "right" mirrors the zones."""
    zones: str = "car"
    """A cabin that ships with the product, or the path of a TOML file of the same form."""
    ahead_yaw_deg: float = 0.0
    """Where straight ahead lies in the camera's own angles, + to the person's right, for a camera mounted aside."""
    ahead_pitch_deg: float = 0.0
    """The same, + up."""
    changes: dict[str, dict[str, list[float]]] = msgspec.field(default_factory=dict)
    """Zones that are placed otherwise here: name = {yaw_deg = [left, right], pitch_deg = [low, high]}."""

    def __post_init__(self) -> None:
        for name in ("ahead_yaw_deg", "ahead_pitch_deg"):
            if not -90 <= getattr(self, name) <= 90:
                raise ValueError(f"{name} is {getattr(self, name)}, expected -90 to 90")


class DrivingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rig's ``[driving]`` table; a rig without it runs no ladder."""

    profiles: tuple[str, ...] = ("eu-addw", "eu-ddaw", "euro-ncap-2026")
    """Ladders by name, or paths of TOML files of the same form."""
    cabin: CabinConfig = CabinConfig()
    gaze_error_deg: float = 5.0
    """Standard deviation of a gaze direction; about 5 for a webcam, 1 for a headset or a calibrated tracker."""
    head_error_deg: float = 10.0
    """Standard deviation of where the eyes look when only the head is seen."""
    offset_s: float = 60.0
    """Driving time above 13 m/s after which the driver's natural straight ahead is believed; 0 learns none."""
    speed_kmh: float = -1.0
    """Speed assumed where no context tells one; below 0: unknown, and rules take their strictest limit."""

    def __post_init__(self) -> None:
        if not self.profiles:
            raise ValueError("profiles is empty, expected at least one ladder, such as \"eu-addw\"")
        for name in ("gaze_error_deg", "head_error_deg"):
            if not 0.1 <= getattr(self, name) <= 45:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0.1 to 45")
        if not 0 <= self.offset_s <= 3600:
            raise ValueError(f"offset_s is {self.offset_s}, expected 0 to 3600")
        if not self.speed_kmh <= 400:
            raise ValueError(f"speed_kmh is {self.speed_kmh}, expected up to 400, or below 0 where it is unknown")
