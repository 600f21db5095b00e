"""One DBC signal as one number of ours: its unit, its sign, its named values, and the range it must lie in."""

import math
import re
from dataclasses import dataclass

from cantools.database import Database
from cantools.database.can import Message, Signal
from cantools.database.namedsignalvalue import NamedSignalValue

from sensors.drivers import can_dbc
from sensors.drivers.can_config import LIMITS, UNITS, CanConfig
from sensors.errors import DeviceError

ABSENT = re.compile(r"(^|_)(sna|n_?a|inval\w*|error|err|fault\w*|unknown|undefined|reserved|not_?avail\w*|not_?valid|"
                    r"unavail\w*)(_|$)")
"""Names of values that mean "no value", once their letters are small and their other signs are underscores."""

WORDS: dict[str, dict[str, float]] = {
    "indicator": {"off": 0, "none": 0, "idle": 0, "inactive": 0, "neutral": 0, "left": -1, "right": 1, "hazard": 0,
                  "both": 0, "left_on": -1, "right_on": 1},
    "gear": {"p": 0, "park": 0, "parking": 0, "n": 0, "neutral": 0, "r": -1, "rev": -1, "reverse": -1, "d": 1,
             "drive": 1, "s": 1, "sport": 1, "m": 1, "manual": 1, "l": 1, "low": 1, "b": 1, "brake": 1},
}
"""What names of values usually mean; the rig's `values` go before them."""

NUMBERED = re.compile(r"(?:forward|gear|d|m|s)?_?(\d{1,2})")
"""Names of gears that end in their number."""

SLACK = 1e-6
"""How far rounding may carry a value over the edge of its range."""


@dataclass(frozen=True)
class Feed:
    """One signal that a column is made of."""

    column: str
    place: int
    """0 for the column's first signal, 1 for its second ..."""
    message: Message
    signal: Signal
    factor: float
    values: dict[str, float]
    """What names or numbers of values mean, for an indicator or a gear."""

    @property
    def name(self) -> str:
        """``Message.Signal``."""
        return f"{self.message.name}.{self.signal.name}"

    def convert(self, told: float | int | str | NamedSignalValue) -> tuple[float, str]:
        """Return the value in our unit and "", or NaN and why it cannot be true; NaN and "" is plainly no value."""
        if isinstance(told, NamedSignalValue):
            if ABSENT.search(_plain(str(told.name))):
                return math.nan, ""
            if self.column in WORDS:
                return self._named(str(told.name), float(told.value))
            told = self.signal.conversion.raw_to_scaled(told.value, decode_choices=False)
        if isinstance(told, str | NamedSignalValue):
            return math.nan, f"{self.name} says '{told}', which is no number."
        number = float(told)
        low, high = self.signal.minimum, self.signal.maximum
        slack = SLACK + abs(float(self.signal.scale)) * 1e-3
        if (low is not None and number < low - slack) or (high is not None and number > high + slack):
            return math.nan, (f"{self.name} says {number:g} {self.signal.unit or ''}".rstrip()
                              + f", outside {_bound(low)} to {_bound(high)} of its DBC.")
        if self.column in WORDS and f"{number:g}" in self.values:
            return self._ours(self.values[f"{number:g}"], f"{number:g}")
        # Signals of speed with a sign are negative in reverse; the gear tells the direction, speed is how fast.
        value = abs(number * self.factor) if self.column == "speed_kmh" else number * self.factor
        return self._ours(value, f"{number:g}")

    def _named(self, name: str, number: float) -> tuple[float, str]:
        plain = _plain(name)
        for key, value in (*self.values.items(), *WORDS[self.column].items()):
            if _plain(key) == plain or key == f"{number:g}":
                return self._ours(value, name)
        numbered = NUMBERED.fullmatch(plain)
        if self.column == "gear" and numbered:
            return self._ours(float(numbered[1]), name)
        return math.nan, (f"{self.name} says '{name}', which is not known; add it to values.{self.column}.")

    def _ours(self, value: float, told: str) -> tuple[float, str]:
        low, high = LIMITS[self.column]
        if not low - SLACK <= value <= high + SLACK:
            return math.nan, (f"{self.name} says {told}, which makes {self.column} {value:g}, outside {low:g} to "
                              f"{high:g}.")
        return min(high, max(low, value)), ""


def feeds(config: CanConfig, database: Database) -> list[Feed]:
    """Return the signals that the rig's table maps to columns.

    Raises
    ------
    DeviceError
        If a signal is not in the DBC, or its unit is not known.
    """
    made = []
    for column, names in config.mapped.items():
        for place, name in enumerate(names):
            message, signal = can_dbc.find(database, name, f"signals.{column}")
            factor = _factor(config, column, signal) * (-1.0 if column in config.flip else 1.0)
            made.append(Feed(column, place, message, signal, factor, config.values.get(column, {})))
    return made


def _factor(config: CanConfig, column: str, signal: Signal) -> float:
    unit = config.units.get(column, signal.unit or "")
    if not isinstance(unit, str):
        return unit
    factors = UNITS[column]
    if column in WORDS:
        return 1.0
    if unit.strip().lower() not in factors:
        raise DeviceError(f"signals.{column}: the DBC gives {signal.name} in '{unit}', expected "
                          f"{', '.join(filter(None, factors))}.",
                          f"Say its unit, or a factor to ours: units = {{ {column} = \"{next(iter(factors))}\" }}.")
    return factors[unit.strip().lower()]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _bound(limit: float | None) -> str:
    return "any" if limit is None else f"{float(limit):g}"
