"""The rig's ``[xr]`` table: gaze events and adaptation hints for apps."""

from typing import Literal

import msgspec


class XrConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[xr]`` table; a rig without it tells no gaze events and no hints."""

    dwell_ms: float = 800.0
    """Gaze on a target for this long selects it; 300 to 600 for experts, 800 to 1000 for novices."""
    gaze_error_deg: float = 0.0
    """Standard deviation of a gaze direction, by which gaze must be beyond a target's outline to leave it; 0: 1 degree
    for a headset, 4 for a webcam."""
    intents: Literal["both", "long", "double", "off"] = "both"
    """Which blinks count as input: a long one, a double one."""
    hint_dwell_s: float = 2.0
    """A hint's condition must have held, or been over, for this long before it is told; 2 s or more."""
    hint_on_s: float = 5.0
    """A hint lasts at least this long."""
    hint_pause_s: float = 10.0
    """The same hint does not come again sooner than this."""
    break_after_min: float = 45.0
    """Time at the task after which falling vigilance suggests a break."""
    hints: bool = True

    def __post_init__(self) -> None:
        for name, low, high in (("dwell_ms", 100, 10_000), ("gaze_error_deg", 0, 30), ("hint_dwell_s", 2, 60),
                                ("hint_on_s", self.hint_dwell_s, 600), ("hint_pause_s", self.hint_dwell_s, 3600),
                                ("break_after_min", 1, 600)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}, expected {low:g} to {high}")
