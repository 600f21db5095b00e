"""What the vehicle does, as facts over time: speeds reached, driving backwards, indicator, brake, steering."""

import math
from bisect import bisect_right
from collections import deque

import numpy as np
from numpy.typing import NDArray

from fusion.driving.facts import BRAKING, INDICATOR, REVERSE, SPEED, TURNING, Facts
from sensors.clock import SECOND

STALE_NS = 2 * SECOND
"""What the vehicle told longer ago is not known any more."""
FASTEST_KMH = 400.0
"""Speeds above, and below zero, are no speeds."""
PRESSED, TURNED = 0.1, math.radians(30.0)
"""Brake pedal and steering wheel angle from which a driver brakes and turns; openpilot eases from 30 degrees on."""
KEPT_NS = 10 * SECOND
COLUMNS = ("speed_kmh", "gear", "indicator", "brake", "steering")


class Vehicle:
    """The facts that a context stream tells.

    Parameters
    ----------
    facts
        Which bits there are.
    assumed_kmh
        Speed where none is told; below 0 none is assumed, and every speed counts as reached: the strictest limits.
    """

    def __init__(self, facts: Facts, assumed_kmh: float) -> None:
        self._speeds = facts.speeds
        self._assumed_kmh = assumed_kmh
        self._places: dict[str, int] = {}
        self._reached: dict[int, bool] = {}
        self._unknown = self._unknown_bits()
        self.bits = self._unknown
        """As far as `changes` has been asked."""
        self._heard_ns = -1
        self._ahead: deque[tuple[int, int]] = deque()
        self._times: list[int] = []
        self._kmh: list[float] = []

    def _unknown_bits(self) -> int:
        bits = SPEED if self._assumed_kmh >= 0 else 0
        for (kmh, _), bit in self._speeds.items():
            if self._assumed_kmh < 0 or self._assumed_kmh >= kmh:
                bits |= bit
        return bits

    def meet(self, names: tuple[str, ...]) -> None:
        """Learn where the columns stand; those that are missing are not known. Its clock may be another one."""
        self._times.clear()
        self._kmh.clear()
        self._places = {name: names.index(name) for name in COLUMNS if name in names}

    def take(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in samples (n, column) and their times (n,)."""
        for t_ns, row in zip(times_ns.tolist(), values.tolist(), strict=True):
            if self._heard_ns >= 0 and t_ns - self._heard_ns > STALE_NS:
                self._say(self._heard_ns + STALE_NS, self._unknown)
            told = {name: row[place] for name, place in self._places.items()}
            kmh = told.get("speed_kmh", math.nan)
            self._say(t_ns, self._speed_bits(kmh) | _other_bits(told))
            self._heard_ns = t_ns
            self._times.append(t_ns)
            self._kmh.append(kmh if 0 <= kmh <= FASTEST_KMH else math.nan)

    def _say(self, t_ns: int, bits: int) -> None:
        newest = self._ahead[-1][1] if self._ahead else self.bits
        if bits != newest:
            self._ahead.append((t_ns, bits))

    def _speed_bits(self, kmh: float) -> int:
        if not 0 <= kmh <= FASTEST_KMH:
            return self._unknown
        bits = SPEED
        for (limit, hysteresis), bit in self._speeds.items():
            before = self._reached.get(bit)
            edge = limit if before is None else limit - hysteresis if before else limit + hysteresis
            self._reached[bit] = kmh >= edge
            bits |= bit if kmh >= edge else 0
        return bits

    def changes(self, until_ns: int) -> list[tuple[int, int]]:
        """Return (time, bits) of every change up to `until_ns` that was not returned before, and forget old samples."""
        out = []
        while self._ahead and self._ahead[0][0] <= until_ns:
            out.append(self._ahead.popleft())
            self.bits = out[-1][1]
        stale_ns = self._heard_ns + STALE_NS
        if not self._ahead and self.bits != self._unknown and self._heard_ns >= 0 and stale_ns <= until_ns:
            self.bits = self._unknown
            out.append((stale_ns, self.bits))
        old = bisect_right(self._times, until_ns - KEPT_NS)
        if old > 1000:
            del self._times[:old], self._kmh[:old]
        return out

    def kmh(self, t_ns: int) -> float:
        """Return the speed told last before `t_ns`, or what is assumed; NaN where nobody knows."""
        place = bisect_right(self._times, t_ns) - 1
        told = self._kmh[place] if place >= 0 and t_ns - self._times[place] <= STALE_NS else math.nan
        return self._assumed_kmh if math.isnan(told) and self._assumed_kmh >= 0 else told


def _other_bits(told: dict[str, float]) -> int:
    bits = REVERSE if told.get("gear", 0.0) < 0 else 0
    bits |= INDICATOR if abs(told.get("indicator", 0.0)) >= 0.5 else 0
    bits |= BRAKING if told.get("brake", 0.0) >= PRESSED else 0
    return bits | (TURNING if abs(told.get("steering", 0.0)) >= TURNED else 0)
