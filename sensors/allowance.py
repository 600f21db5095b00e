"""How much one sender may say: so many a second, and a burst after a pause."""

from sensors.clock import SECOND


class Allowance:
    """A bucket that fills with time and is emptied by what is said.

    Parameters
    ----------
    rate_hz, burst
        What it fills by a second, and what it holds; it begins full.
    now_ns
        The session clock.
    """

    def __init__(self, rate_hz: float, burst: float, now_ns: int) -> None:
        self._rate_hz, self._burst = rate_hz, burst
        self._room, self._since_ns = burst, now_ns

    def take(self, now_ns: int) -> bool:
        """Return whether one more may be said, and if so count it."""
        self._room = min(self._burst, self._room + self._rate_hz * (now_ns - self._since_ns) / SECOND)
        self._since_ns = now_ns
        if self._room < 1:
            return False
        self._room -= 1
        return True
