"""What a ladder's rules can ask, as bits of one number: who owns which bit is settled when the profiles are loaded."""

from collections.abc import Iterable

from sensors.errors import RigError

GAZE, EYES, CLOSED, BLIND, POOR, SPEED, REVERSE, INDICATOR, BRAKING, TURNING = (1 << k for k in range(10))
"""Gaze known, eyes known, eyes closed, no eyes to be seen, conditions poor (dark, glare, or only the head to go by);
speed known, driving backwards, indicator on, brake pressed, steering wheel far from straight."""
INHIBITS = {"reverse": REVERSE, "indicator": INDICATOR, "braking": BRAKING, "turning": TURNING}
"""What a rule may be told to stay quiet in, by the name it has in a profile."""
FIRST_FREE, MOST = 10, 62
"""Bits that are not taken above, and those of a number that numpy can hold beside its sign."""


class Facts:
    """Hands out a bit for every area and every speed that a rule asks about; the same question gets the same bit."""

    def __init__(self) -> None:
        self.areas: dict[frozenset[str], int] = {}
        """Bit of each set of zones."""
        self.speeds: dict[tuple[float, float], int] = {}
        """Bit of each (speed, hysteresis) in km/h: set from speed + hysteresis up, unset under speed - hysteresis."""

    def area(self, zones: Iterable[str]) -> int:
        """Return the bit that says: gaze is in one of `zones`."""
        key = frozenset(zones)
        if key not in self.areas:
            self.areas[key] = self._free()
        return self.areas[key]

    def speed(self, kmh: float, hysteresis_kmh: float) -> int:
        """Return the bit that says: at least so fast."""
        key = kmh, hysteresis_kmh
        if key not in self.speeds:
            self.speeds[key] = self._free()
        return self.speeds[key]

    def _free(self) -> int:
        number = FIRST_FREE + len(self.areas) + len(self.speeds)
        if number >= MOST:
            raise RigError(f"The profiles ask about more than {MOST - FIRST_FREE} different areas and speeds.",
                           "Run fewer profiles at a time.")
        return 1 << number
