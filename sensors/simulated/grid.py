"""An exact grid of session time that a source without a device is paced by."""

import numpy as np

from sensors.clock import SECOND, Clock
from sensors.messages import TimeArray

MOST_S = 2.0
"""Most time that is made at once, so that catching up after a pause does not starve the heartbeat."""


class Grid:
    """Points at ``start_ns + round(n * 1e9 / rate_hz)`` that become due as session time reaches them.

    Parameters
    ----------
    clock
        The session clock.
    start_ns
        Time of point 0.
    rate_hz
        Points a second.
    """

    def __init__(self, clock: Clock, start_ns: int, rate_hz: float) -> None:
        self._clock, self._start_ns, self._rate_hz = clock, start_ns, rate_hz
        self._next = 0

    def begin(self) -> None:
        """Make the first point that is not past the next one; a driver started anew goes on at the present."""
        past_ns = self._clock.now_ns() - self._start_ns
        self._next = max(0, int(np.ceil(past_ns * self._rate_hz / SECOND)))
        while self._next and self._time_ns(self._next - 1) >= self._clock.now_ns():
            self._next -= 1

    def due(self, timeout_s: float) -> TimeArray:
        """Return the times of the points that are due, waiting at most `timeout_s` if none is."""
        wait_s = (self._time_ns(self._next) - self._clock.now_ns()) / SECOND
        if wait_s > 0:
            self._clock.sleep(min(wait_s, timeout_s))
        now_ns = self._clock.now_ns()
        times: list[int] = []
        while self._time_ns(self._next) <= now_ns and len(times) < MOST_S * self._rate_hz:
            times.append(self._time_ns(self._next))
            self._next += 1
        return np.array(times, np.int64)

    def seconds(self, times_ns: TimeArray) -> list[float]:
        """Return session times as seconds into the session."""
        return [int(t_ns - self._start_ns) / SECOND for t_ns in times_ns]

    def _time_ns(self, number: int) -> int:
        return self._start_ns + round(number * SECOND / self._rate_hz)
