"""Samples lost on the way, counted from the package numbers that a board writes beside them."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.messages import TimeArray

LEARN = 16
"""Steps of an unknown board's package number that are watched before losses are counted."""


class Cycle(NamedTuple):
    """How a board numbers its packages; None means it is learned from the stream."""

    low: int | None = None
    """Smallest number, the one after a wrap."""
    high: int | None = None
    """Largest number, the one before a wrap."""
    step: int | None = None
    """Distance of neighbouring numbers."""
    samples: int | None = None
    """Samples that share one number."""
    fold: int = 0
    """Numbers above this have it taken off."""


CYCLES = {
    "SYNTHETIC_BOARD": Cycle(0, 255, 1, 1),
    "CYTON_BOARD": Cycle(0, 255, 1, 1),
    # The Daisy sends every other package; BrainFlow keeps the first number of each pair.
    "CYTON_DAISY_BOARD": Cycle(0, 255, 2, 1),
    # Two samples a package. Firmware 2 numbers 0..100 or 0 and 101..200, firmware 3 0..99 or 100..199.
    "GANGLION_BOARD": Cycle(None, None, 1, 2, fold=100),
    "GANGLION_NATIVE_BOARD": Cycle(None, None, 1, 2, fold=100),
    # Twelve samples a Bluetooth packet, 16-bit number.
    **dict.fromkeys(("MUSE_2_BOARD", "MUSE_S_BOARD", "MUSE_2016_BOARD", "MUSE_2_BLED_BOARD", "MUSE_S_BLED_BOARD",
                     "MUSE_2016_BLED_BOARD"), Cycle(0, 65535, 1, 12)),
}
"""Boards whose numbering is known from BrainFlow's and OpenBCI's sources; every other one is learned."""


class PackageCounter:
    """Counts missing samples of one stream.

    The numbers of a board run up in equal steps and start again. For a board in `CYCLES` all of that is known; for any
    other, step and samples per number are the commonest of the first `LEARN` steps (nothing is counted before), and
    the range is the smallest and largest number met, widened to a full power of two when it nearly is one. A loss of
    whole cycles does not show in the numbers; `sensors.timing.SampleClock` notices it and counts a jump.

    Parameters
    ----------
    board
        BrainFlow's name of the board.

    Attributes
    ----------
    lost : int
        Missing samples so far.
    resets : int
        Backward steps that no loss can explain: the board began counting anew, a file looped, packets changed places.
    """

    def __init__(self, board: str) -> None:
        self.lost = 0
        self.resets = 0
        cycle = CYCLES.get(board, Cycle())
        self._low, self._high, self._fold = cycle.low, cycle.high, cycle.fold
        self._step, self._samples = cycle.step, cycle.samples
        self._range_known = cycle.high is not None
        self._last: int | None = None
        self._run = 0
        self._steps: Counter[int] = Counter()
        self._runs: Counter[int] = Counter()

    def skipped(self, numbers: NDArray[np.float64], room: int) -> TimeArray:
        """Return how many samples are missing just before each of the new ones.

        Parameters
        ----------
        numbers
            (time,) package numbers as BrainFlow gives them.
        room
            Most samples that can be missing here, from the time that has passed; a larger loss is read as a reset.

        Returns
        -------
        TimeArray
            (time,) int64.
        """
        gaps = np.zeros(numbers.size, np.int64)
        for index, raw in enumerate(numbers.tolist()):
            if raw != raw:  # NaN: this sample says nothing about its place
                continue
            number = int(raw)
            if self._fold and number > self._fold:
                number -= self._fold
            gaps[index] = self._before(number, room)
        return gaps

    def restart(self) -> None:
        """Forget the last number: what comes next does not follow what came before."""
        self._last, self._run = None, 0

    def _before(self, number: int, room: int) -> int:
        last, self._last = self._last, number
        if last is None or number == last:
            self._run += 1
            self._widen(number)
            return 0
        missing = self._missing(last, number)
        self._widen(number)
        self._learn(last, number)
        if missing == 0:
            return 0
        if missing > room:
            self.resets += 1
            return 0
        self.lost += missing
        return missing

    def _missing(self, last: int, number: int) -> int:
        if self._step is None or self._samples is None or self._low is None or self._high is None:
            return 0
        if number > last:
            steps = (number - last) // self._step - 1
        else:
            steps = (number - min(number, self._low) + max(last, self._high) - last) // self._step
        return max(0, steps) * self._samples

    def _widen(self, number: int) -> None:
        if self._range_known:
            return
        self._low = number if self._low is None else min(self._low, number)
        self._high = number if self._high is None else max(self._high, number)
        full = 1 << self._high.bit_length()
        if self._high >= 127 and full - self._high <= 4 and self._low <= 4:
            self._low, self._high = 0, full - 1

    def _learn(self, last: int, number: int) -> None:
        if number > last:
            self._steps[number - last] += 1
        self._runs[self._run] += 1
        self._run = 1
        if self._step is None and self._steps.total() >= LEARN:
            self._step = self._steps.most_common(1)[0][0]
            self._samples = self._runs.most_common(1)[0][0]
