"""Time at the task, and how far vigilance has fallen in it; a minute away from it is a break and begins anew."""

import math

LEAST_AWAY_NS = 60_000_000_000
FIRST_NS = 300_000_000_000
"""The first minutes at the task, with which the newest are compared."""
NEWEST_S = 60.0
"""Time constant of the newest mean."""


class Vigil:
    """Takes the states that are known."""

    def __init__(self) -> None:
        self._began_ns = -1
        self._before_ns = -1
        self._away_ns = -1
        self._sum, self._count = 0.0, 0
        self._newest = math.nan

    def update(self, now_ns: int, *, away: bool, vigilance: float) -> None:
        """Take in one moment whose state is known."""
        if away:
            self._away_ns = now_ns if self._away_ns < 0 else self._away_ns
            if now_ns - self._away_ns >= LEAST_AWAY_NS:
                self._began_ns = -1
            return
        self._away_ns = -1
        if self._began_ns < 0:
            self._began_ns, self._sum, self._count, self._newest = now_ns, 0.0, 0, math.nan
        if math.isnan(vigilance):
            return
        if now_ns - self._began_ns < FIRST_NS:
            self._sum += vigilance
            self._count += 1
        step_s = (now_ns - self._before_ns) * 1e-9
        share = 1.0 if math.isnan(self._newest) else 1.0 - math.exp(-step_s / NEWEST_S)
        self._newest = vigilance if share == 1.0 else self._newest + share * (vigilance - self._newest)
        self._before_ns = now_ns

    def minutes(self, now_ns: int) -> float:
        """Return the time at the task."""
        return (now_ns - self._began_ns) / 60e9 if self._began_ns >= 0 else 0.0

    def fall(self, now_ns: int) -> float:
        """Return how far vigilance is under that of the first five minutes; NaN until they are over."""
        if not self._count or self._began_ns < 0 or now_ns - self._began_ns < FIRST_NS:
            return math.nan
        return self._sum / self._count - self._newest
