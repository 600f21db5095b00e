"""What one person is like: the levels that make features comparable between people and days."""

from kernels.ocular import new_lids
from sensors.clock import SECOND

FEWEST = 8
"""Values without which a level is not believed, however long it took."""


class Level:
    """The mean of a feature over the calibration time, then frozen.

    Only trusted values are given to it. When the calibration time is over before `FEWEST` of them came, it goes on
    learning until they have.

    Parameters
    ----------
    calibration_s
        How long to learn, from the first value on, in seconds.
    """

    def __init__(self, calibration_s: float) -> None:
        self._calibration_ns = round(calibration_s * SECOND)
        self._first_ns = -1
        self._total = 0.0
        self._count = 0
        self.value = float("nan")
        """The level; NaN until it is learnt."""

    def learn(self, t_ns: int, value: float) -> None:
        """Take in a trusted value at `t_ns`; values after the calibration change nothing."""
        if self.value == self.value or value != value:
            return
        if self._first_ns < 0:
            self._first_ns = t_ns
        self._total += value
        self._count += 1
        if t_ns - self._first_ns >= self._calibration_ns and self._count >= FEWEST:
            self.value = self._total / self._count


class Person:
    """The personal baselines of one session.

    Each baseline counts its own calibration time from its own first sample, so none depends on which sensor started
    first.

    Parameters
    ----------
    calibration_s
        Time until the baselines are trusted, in seconds.
    """

    def __init__(self, calibration_s: float) -> None:
        self.calibration_s = calibration_s
        self.lids, self.lid_histogram = new_lids()
        self.alpha = Level(calibration_s)
        """Posterior alpha, log10 uV2."""
        self.theta = Level(calibration_s)
        """Frontal theta, log10 uV2."""
        self.beta = Level(calibration_s)
        """Beta, log10 uV2."""
        self._first_ns = -1

    @property
    def open_eye(self) -> float:
        """Lid opening of the open eye, in the units of the aspect ratio."""
        return float(self.lids[0]["open"])

    def meet(self, t_ns: int) -> None:
        """Note that a sensor spoke at `t_ns`; the earliest sample of all begins the calibration."""
        if self._first_ns < 0 or t_ns < self._first_ns:
            self._first_ns = t_ns

    def progress(self, tick_ns: int) -> float:
        """Return how much of the calibration time has passed since the first sample, 0..1."""
        if self._first_ns < 0:
            return 0.0
        if self.calibration_s <= 0:
            return 1.0
        return min(1.0, max(0.0, (tick_ns - self._first_ns) / (self.calibration_s * SECOND)))
