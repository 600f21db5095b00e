"""The hidden state over time: a script, or a seeded Markov chain."""

import bisect
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.randomness import generator
from sensors.simulated.story import STATES, ParticipantConfig

BEFORE_S = -1e6
"""Where the first segment begins: the state before the session is the state it starts with."""
FOREVER_S = 1e9

#                     to: focused visual cognitive drowsy overloaded away
TRANSITIONS = np.array([[0.00, 0.35, 0.20, 0.20, 0.15, 0.10],
                        [0.65, 0.00, 0.10, 0.05, 0.10, 0.10],
                        [0.60, 0.15, 0.00, 0.10, 0.10, 0.05],
                        [0.60, 0.10, 0.10, 0.00, 0.05, 0.15],
                        [0.55, 0.15, 0.15, 0.05, 0.00, 0.10],
                        [0.80, 0.10, 0.05, 0.05, 0.00, 0.00]])
"""Row: from, column: to, in the order of `STATES`; a design choice: most ways lead back to focused."""


class Segment(NamedTuple):
    """One stay in one state, from `start_s` up to but not including `end_s`."""

    number: int
    code: int
    start_s: float
    end_s: float


class Timeline:
    """The hidden state as a pure function of time.

    The Markov chain is drawn in order from its own generator and kept, so that asking for a late moment first gives
    the same chain as asking for an early one first.
    """

    def __init__(self, config: ParticipantConfig) -> None:
        self._starts: list[float] = [BEFORE_S]
        self._codes: list[int] = [0]
        self._draw = generator(config.seed, "chain")
        self._mean_stay_s = config.mean_stay_s
        # Up to here the stays are drawn; the last one ends here.
        self._known_s = FOREVER_S if config.script else BEFORE_S
        self._table: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        for scene in config.script:
            code = STATES.index(scene.state)
            if code == self._codes[-1]:
                continue
            if scene.at_s <= max(0.0, self._starts[-1]):
                # A scene at zero, or a second one at the same moment, replaces what stood there.
                self._codes[-1] = code
                continue
            self._starts.append(scene.at_s)
            self._codes.append(code)

    def segment(self, t_s: float) -> Segment:
        """Return the stay that `t_s` lies in."""
        self._know(t_s)
        index = max(0, bisect.bisect_right(self._starts, t_s) - 1)
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self._known_s
        return Segment(index, self._codes[index], self._starts[index], end)

    def shares(self, t_s: float, window_s: float) -> list[tuple[int, float]]:
        """Return which states filled the `window_s` seconds before `t_s`, with their shares of it.

        Shares are how every slow quantity passes from one state's value to the next without a step.
        """
        parts: list[tuple[int, float]] = []
        upper = t_s
        while upper > t_s - window_s:
            segment = self.segment(math.nextafter(upper, BEFORE_S)) if parts else self.segment(t_s)
            lower = max(segment.start_s, t_s - window_s)
            parts.append((segment.code, (upper - lower) / window_s))
            upper = lower
        return parts

    def share_matrix(self, times_s: NDArray[np.float64], window_s: float) -> NDArray[np.float64]:
        """Return `shares` for many moments: (time, state), rows sum to 1."""
        self._know(float(times_s.max()))
        if self._table is None or self._table[0].size != len(self._starts) + 1:
            # Time spent in each state up to each boundary; linear in between.
            edges = np.array([*self._starts, FOREVER_S])
            spent = np.zeros((edges.size, len(STATES)))
            for row, code in enumerate(self._codes):
                spent[row + 1] = spent[row]
                spent[row + 1, code] += edges[row + 1] - max(edges[row], -1e3)
            edges[0] = -1e3
            self._table = edges, spent
        edges, spent = self._table
        return np.stack([np.interp(times_s, edges, column) - np.interp(times_s - window_s, edges, column)
                         for column in spent.T], axis=1) / window_s

    def _know(self, t_s: float) -> None:
        """Draw the chain until it covers `t_s`."""
        while self._known_s <= t_s:
            if self._known_s > BEFORE_S:
                code = int(self._draw.choice(len(STATES), p=TRANSITIONS[self._codes[-1]]))
                self._starts.append(self._known_s)
                self._codes.append(code)
            stay_s = float(self._draw.gamma(2.0, self._mean_stay_s / 2))
            self._known_s = max(self._known_s, 0.0) + max(stay_s, 0.5)
