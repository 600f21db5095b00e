"""Settings of the CAN driver; importing this imports no CAN library."""

import math
import re
from pathlib import Path
from typing import Literal

import msgspec

from sensors.driver import Config

COLUMNS: dict[str, str] = {"speed_kmh": "km/h", "steering": "rad", "indicator": "1", "gear": "1", "brake": "1",
                           "demand": "1"}
"""What a vehicle can tell us, with our units: steering is the wheel's angle, + to the right; indicator -1 left, 0 off,
1 right; gear -1 reverse, 0 neutral or park, 1 and up forward; brake and demand 0..1."""

LIMITS: dict[str, tuple[float, float]] = {"speed_kmh": (0.0, 500.0), "steering": (-30.0, 30.0),
                                          "indicator": (-1.0, 1.0), "gear": (-1.0, 20.0), "brake": (0.0, 1.0),
                                          "demand": (0.0, 1.0)}
"""A value outside cannot be true, whatever the DBC allows."""

UNITS: dict[str, dict[str, float]] = {
    "speed_kmh": {"km/h": 1.0, "kmh": 1.0, "kph": 1.0, "km/hr": 1.0, "m/s": 3.6, "mph": 1.609344, "mi/h": 1.609344,
                  "kn": 1.852, "kt": 1.852},
    "steering": {"deg": math.pi / 180, "°": math.pi / 180, "degree": math.pi / 180, "degrees": math.pi / 180,
                 "rad": 1.0},
    "brake": {"%": 0.01, "1": 1.0, "": 1.0},
    "demand": {"%": 0.01, "1": 1.0, "": 1.0},
    "indicator": {"1": 1.0},
    "gear": {"1": 1.0},
}
"""Units by column, with the factor to ours; an indicator's or a gear's number is taken as it is, whatever its unit."""

LOG_SUFFIXES = (".log", ".asc", ".blf")
"""candump, Vector ASC and Vector BLF."""

SHIPPED_SIGNALS = {"speed_kmh": "VehicleSpeed.Speed", "steering": "VehicleSteering.SteeringAngle",
                   "indicator": "VehicleLamps.Indicator", "gear": "VehicleGear.Gear", "brake": "VehiclePedals.Brake",
                   "demand": "VehicleRoad.Demand"}
"""The columns in the DBC that ships, "vehicle"."""

MOST_SIGNALS = {"speed_kmh": 3, "indicator": 2}
"""How many signals a column may be made of; others take one."""

NAME = re.compile(r"[A-Za-z0-9_-]+")


class CanConfig(Config, frozen=True, kw_only=True):
    """A rig table with ``driver = "can"``, usually ``[context]``."""

    driver: str = "can"
    source: str = "bus"
    """"bus", "simulated", or the path of a log: candump (.log), Vector ASC (.asc) or BLF (.blf)."""
    interface: str = "socketcan"
    """As python-can names it: socketcan, pcan, kvaser, vector, slcan, udp_multicast, virtual ..."""
    channel: str | int = "can0"
    bitrate: int = 0
    """bit/s, for interfaces that set it themselves; 0 leaves it alone (socketcan: ``ip link set`` did it)."""
    options: dict[str, bool | int | float | str] = msgspec.field(default_factory=dict)
    """Anything else that python-can's interface takes: { fd = true }, { port = 43114 } ..."""
    dbc: str = "vehicle"
    """Path of a DBC, or the name of one that ships."""
    signals: dict[str, str | tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Column to DBC signal, "Message.Signal" or "Signal". Speed may name up to three sources: the first is used, the
    others are held against it. An indicator may name two lamps, left and right. "" takes a column of the shipped DBC
    out."""
    units: dict[str, str | float] = msgspec.field(default_factory=dict)
    """Column to unit, where the DBC has none or a wrong one; a number is the factor to our unit."""
    values: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    """For indicator and gear: what the DBC's names or numbers mean in ours, { gear = { reverse = -1, "7" = -1 } }."""
    flip: tuple[str, ...] = ()
    """Columns whose sign is turned, such as a steering angle that is + to the left (ISO 8855)."""
    timeout_s: float = 1.0
    """Age at which a value is no longer true."""
    disagree_kmh: float = 10.0
    """Difference between two sources of speed ..."""
    disagree_s: float = 2.0
    """... and how long it may last before no speed is believed."""
    loop: bool = False
    """Start a log again when it ends."""
    rate_hz: float = 10.0
    """How often the simulated vehicle sends each of its frames."""
    drive: Literal["participant", "tour"] = "participant"
    """The simulated vehicle goes as fast as the rig's participant does, or on a tour of its own."""

    def __post_init__(self) -> None:
        if not self.is_log and self.source not in ("bus", "simulated"):
            raise ValueError(f"source is '{self.source}', expected bus, simulated, or a log that ends in "
                             f"{', '.join(LOG_SUFFIXES)}")
        if not self.interface:
            raise ValueError("interface is empty, expected one of python-can's, such as socketcan")
        if self.bitrate < 0:
            raise ValueError(f"bitrate is {self.bitrate}, expected bit/s such as 500000, or 0 to leave it alone")
        for key, low, high in (("timeout_s", 0.05, 3600.0), ("disagree_kmh", 0.1, 500.0), ("disagree_s", 0.0, 3600.0),
                               ("rate_hz", 1.0, 100.0)):
            if not low <= getattr(self, key) <= high:
                raise ValueError(f"{key} is {getattr(self, key)}, expected {low:g} to {high:g}")
        for key in ("signals", "units", "values", "flip"):
            unknown = sorted(set(getattr(self, key)) - set(COLUMNS))
            if unknown:
                raise ValueError(f"{key} names '{unknown[0]}', expected columns: {', '.join(COLUMNS)}")
        if self.source == "simulated" and self.dbc != "vehicle":
            raise ValueError(f"dbc is '{self.dbc}', but the simulated vehicle speaks only the one that ships: vehicle")
        if self.dbc != "vehicle" and not any(self.signals.values()):
            raise ValueError(f"signals is empty, and which signals of '{self.dbc}' are meant cannot be guessed; "
                             "expected such as signals = { speed_kmh = \"Message.Signal\" }")
        self._check_columns()

    def _check_columns(self) -> None:
        if not self.mapped:
            raise ValueError("signals takes every column out, expected at least one to stay")
        for column, names in self.mapped.items():
            if len(names) > MOST_SIGNALS.get(column, 1) or not all(names):
                raise ValueError(f"signals.{column} is {list(names)}, expected {MOST_SIGNALS.get(column, 1)} at most, "
                                 "none of them empty")
        for column, unit in self.units.items():
            if isinstance(unit, str) and unit.lower() not in UNITS[column]:
                raise ValueError(f"units.{column} is '{unit}', expected {', '.join(filter(None, UNITS[column]))} "
                                 "or a factor")
            if not isinstance(unit, str) and not (math.isfinite(unit) and unit):
                raise ValueError(f"units.{column} is {unit}, expected a factor other than 0")
        for column, table in self.values.items():
            if column not in ("indicator", "gear"):
                raise ValueError(f"values.{column}: only indicator and gear have values with names")
            for name, value in table.items():
                low, high = LIMITS[column]
                if not NAME.fullmatch(name):
                    raise ValueError(f"values.{column} names '{name}', expected letters, digits, - and _; give the "
                                     "value's number instead")
                if not low <= value <= high:
                    raise ValueError(f"values.{column}.{name} is {value:g}, expected {low:g} to {high:g}")

    @property
    def is_log(self) -> bool:
        """Whether `source` is a file."""
        return Path(self.source).suffix.lower() in LOG_SUFFIXES

    @property
    def mapped(self) -> dict[str, tuple[str, ...]]:
        """The signals that each column is made of, in the order of `COLUMNS`; columns without any are left out."""
        named = (SHIPPED_SIGNALS if self.dbc == "vehicle" else {}) | self.signals
        listed = {column: (names,) if isinstance(names, str) else names for column, names in named.items() if names}
        return {column: listed[column] for column in COLUMNS if column in listed}
