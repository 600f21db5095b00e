"""The rig's ``[xr]`` table: gaze events and adaptation hints for apps."""

import msgspec


class XrConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[xr]`` table; a rig without it tells no gaze events and no hints."""

    dwell_ms: float = 800.0
    """Gaze on a target for this long selects it; 300 to 600 for experts, 800 to 1000 for novices."""
    hint_dwell_s: float = 2.0
    """A hint's condition must have held, or been over, for this long before it is told; 2 s or more."""
    hints: bool = True

    def __post_init__(self) -> None:
        if not 100 <= self.dwell_ms <= 10_000:
            raise ValueError(f"dwell_ms is {self.dwell_ms}, expected 100 to 10000")
        if not 2 <= self.hint_dwell_s <= 60:
            raise ValueError(f"hint_dwell_s is {self.hint_dwell_s}, expected 2 to 60")
