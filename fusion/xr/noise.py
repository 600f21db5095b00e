"""How noisy a signal is, from its own last seconds, robustly: a few jumps change nothing."""

from collections import deque

MAD_TO_SD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
EVERY = 32
"""Values after which the noise is judged anew; counted in samples, so that how they were cut changes nothing."""


class Noise:
    """Median and spread of the newest values.

    Parameters
    ----------
    size
        How many values are looked at.
    """

    def __init__(self, size: int) -> None:
        self._values: deque[float] = deque(maxlen=size)
        self._count = 0
        self.median = float("nan")
        self.sd = float("nan")
        """1.4826 times the median absolute deviation from the median; NaN before a quarter of the values came."""

    def add(self, value: float) -> bool:
        """Take in one value; return whether the noise was judged anew."""
        self._values.append(value)
        self._count += 1
        size = self._values.maxlen or 1
        if self._count % EVERY or len(self._values) < size // 4:
            return False
        self.median = _middle(list(self._values))
        self.sd = MAD_TO_SD * _middle([abs(value - self.median) for value in self._values])
        return True


def _middle(values: list[float]) -> float:
    """Return the (upper) median."""
    values.sort()
    return values[len(values) // 2]
