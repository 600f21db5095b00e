"""A sentence about what went wrong, kept for as long as it is news."""

from sensors.clock import SECOND, Clock

TOLD_S = 5.0
"""How long a sentence stands in the driver's health after the last time it was true."""


class Notice:
    """The newest trouble of a driver that goes on in spite of it.

    Parameters
    ----------
    clock
        The session clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: tuple[str, int] = ("", 0)  # replaced whole: another thread may read

    def tell(self, sentence: str) -> None:
        """Let `sentence` be what is wrong."""
        self._told = sentence, self._clock.now_ns() + round(TOLD_S * SECOND)

    def text(self) -> str:
        """Return the sentence, or "" when it is old."""
        sentence, until_ns = self._told
        return sentence if self._clock.now_ns() < until_ns else ""
