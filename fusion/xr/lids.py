"""Blinks, and blinks that are meant: the lids as a button.

Everybody blinks 15 to 20 times a minute without meaning anything, so a blink is taken as input only where it lies
outside what this person's lids do by themselves: a closure of both eyes that lasts 0.3 to 1 s and is longer than the
person's own mean + 3 SD (of log durations, which are close to normal), or two full blinks of both eyes, begun and over
within half a second after a second without one. Where only one eye is measured, or the head is turned so far that one
is hidden, a wink and a blink are the same, and nothing is taken as input.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from kernels import blinks
from kernels.ocular import FAR_EYE_RAD

CLOSED, OPENED = 0.3, 0.5
"""Openness under which the lids are closed, and over which they are open again; a closure's time is taken there."""
SHORTEST_S, LONGEST_S = 0.3, 1.0
"""Of a blink that is meant. A closure of more than a second may be sleep."""
SDS = 3.0
USUAL_S, USUAL_LOG_SD, USUAL_COUNT = 0.13, 0.3, 10
"""What is believed of a person before their first blink, and how many blinks that belief weighs."""
LIMIT_S = 0.8
"""A person of very uneven blinks can still mean one: nobody is asked for more than this."""
HEAVY_NS, MOST_A_MINUTE = 60_000_000_000, 6
"""Lids that stayed down for over a second, or were long more often than this in a minute, are heavy: for a minute from
then on a long blink is not taken as meant. Drowsy people blink long by themselves."""
DOUBLE_NS, QUIET_NS = 500_000_000, 1_000_000_000
"""Two blinks within the first time, after none for the second: spontaneous ones come in flurries."""
LEAST_BLINK_NS = 40_000_000
EACH_CLOSED = 0.7
"""Each eye's opening falls under this share of its own open level, or the other one winked."""
LEVEL_S = 1.0
BLIND_NS = 150_000_000
"""Longest time without eyes within a closure: nothing that happened out of sight is input."""


class Blink(NamedTuple):
    """A blink or an intent, known at `known_ns`."""

    kind: str
    """"blink" or "intent"."""
    known_ns: int
    onset_ns: int
    end_ns: int
    seconds: float
    """Of the blink at half amplitude, of the closure, or of both blinks together."""
    confidence: float
    """Of a blink its depth, 1 for shut lids; of a long one how rare it is for this person; NaN for two."""


class Lids:
    """Takes lids sample by sample.

    Parameters
    ----------
    intents
        "both", "long", "double" or "off": which blinks count as input.
    """

    def __init__(self, intents: str) -> None:
        self._long, self._double = intents in ("both", "long"), intents in ("both", "double")
        self._record = np.zeros(1, blinks.BLINKS)
        self._logs = (USUAL_COUNT, math.log(USUAL_S), USUAL_COUNT * USUAL_LOG_SD**2)
        self._levels = [math.nan, math.nan]
        self._newest_ns = -1
        self._opened = math.nan
        self._began_ns = -1
        self._shut = False
        self._lowest = [math.nan, math.nan]
        self._fulls: list[tuple[int, int]] = []
        self._intent_end_ns = -1
        self._heavy_until_ns = -1
        self._longs: deque[int] = deque()
        self._waiting: Blink | None = None

    @property
    def limit_s(self) -> float:
        """How long the person must close the eyes for it to be meant."""
        count, mean, squares = self._logs
        return min(LIMIT_S, max(SHORTEST_S, math.exp(mean + SDS * math.sqrt(squares / count))))

    def step(self, now_ns: int, openness: float, opening: float, left: float, right: float,
             head_yaw: float) -> list[Blink]:
        """Take in one sample.

        Parameters
        ----------
        now_ns
            Later than the sample before.
        openness
            Of both eyes together, 1 the person's own open eye; NaN where not seen.
        opening
            Lid opening of both in any unit, for the blinks; NaN where not seen.
        left, right
            Opening of each eye; NaN where not seen.
        head_yaw
            Rad; NaN counts as facing the camera.
        """
        known: list[Blink] = []
        if not math.isnan(openness):
            if abs(head_yaw) > FAR_EYE_RAD:
                left = right = math.nan
            known += self._closure(now_ns, openness, (left, right))
            self._newest_ns, self._opened = now_ns, openness
        if not math.isnan(opening) and blinks.step(self._record[0], now_ns, opening) == 1:
            found = self._record[0]["found"]
            self._waiting = Blink("blink", now_ns, int(found["onset_ns"]), now_ns, float(found["duration_s"]),
                                  min(1.0, max(0.0, float(found["depth"]))))
        waiting = self._waiting
        if waiting is not None and self._began_ns < 0:
            self._waiting = None
            if waiting.onset_ns > self._intent_end_ns:  # else it is the intent's own
                self._learn(waiting.seconds)
                known.append(waiting._replace(known_ns=now_ns))
        return known

    def _closure(self, now_ns: int, openness: float, eyes: tuple[float, float]) -> list[Blink]:
        if self._newest_ns >= 0 and now_ns - self._newest_ns > BLIND_NS:
            self._began_ns = -1
            self._opened = math.nan
        if self._began_ns < 0:
            if openness >= OPENED:
                self._follow(now_ns, eyes)
            elif self._opened >= OPENED:  # not so where nobody saw the lids fall
                self._began_ns, self._shut = self._crossing(now_ns, openness), False
                self._lowest = [math.inf, math.inf]
        if self._began_ns < 0:
            return []
        self._shut = self._shut or openness < CLOSED
        for eye, value in enumerate(eyes):
            self._lowest[eye] = math.nan if math.isnan(value) else min(self._lowest[eye], value)
        if openness < OPENED:
            return []
        onset_ns, end_ns = self._began_ns, self._crossing(now_ns, openness)
        self._began_ns = -1
        both = all(low < EACH_CLOSED * level for low, level in zip(self._lowest, self._levels, strict=True))
        return self._judge(now_ns, onset_ns, end_ns, both=both) if self._shut else []

    def _judge(self, now_ns: int, onset_ns: int, end_ns: int, *, both: bool) -> list[Blink]:
        """Return the intent that a closure was, if it was one."""
        seconds = (end_ns - onset_ns) * 1e-9
        found: Blink | None = None
        meant = self.limit_s <= seconds <= LONGEST_S
        self._weigh(end_ns, seconds)
        if both and self._long and meant and end_ns > self._heavy_until_ns:
            found = Blink("intent", now_ns, onset_ns, end_ns, seconds, self._unusual(seconds))
        elif both and self._double and LEAST_BLINK_NS <= end_ns - onset_ns < SHORTEST_S * 1e9 and self._fulls:
            first_ns, _ = self._fulls[-1]
            quiet = len(self._fulls) < 2 or first_ns - self._fulls[-2][1] >= QUIET_NS
            if end_ns - first_ns <= DOUBLE_NS and quiet:
                found = Blink("intent", now_ns, first_ns, end_ns, (end_ns - first_ns) * 1e-9, math.nan)
        self._fulls = [*self._fulls[-1:], (onset_ns, end_ns)]
        if found is None:
            if 0.5 < seconds <= LONGEST_S:  # shorter ones are learnt as blinks
                self._learn(seconds)
            return []
        self._intent_end_ns = end_ns
        return [found]

    def _weigh(self, end_ns: int, seconds: float) -> None:
        """Judge whether the lids are heavy, and for how long that is believed."""
        while self._longs and self._longs[0] <= end_ns - HEAVY_NS:
            self._longs.popleft()
        if seconds >= SHORTEST_S:
            self._longs.append(end_ns)
        if seconds > LONGEST_S or len(self._longs) > MOST_A_MINUTE:
            self._heavy_until_ns = end_ns + HEAVY_NS

    def _follow(self, now_ns: int, eyes: tuple[float, float]) -> None:
        share = 1.0 - math.exp(-(now_ns - self._newest_ns) * 1e-9 / LEVEL_S) if self._newest_ns >= 0 else 1.0
        for eye, value in enumerate(eyes):
            if not math.isnan(value):
                level = self._levels[eye]
                self._levels[eye] = value if math.isnan(level) else level + share * (value - level)

    def _crossing(self, now_ns: int, openness: float) -> int:
        """Return when the lids were half open between the sample before and this one."""
        if openness == self._opened:
            return now_ns
        share = min(1.0, max(0.0, (OPENED - self._opened) / (openness - self._opened)))
        return self._newest_ns + round(share * (now_ns - self._newest_ns))

    def _learn(self, seconds: float) -> None:
        """Take a blink that was not meant into the person's own distribution (Welford 1962), on logs."""
        count, mean, squares = self._logs
        off = math.log(seconds) - mean
        mean += off / (count + 1)
        self._logs = count + 1, mean, squares + off * (math.log(seconds) - mean)

    def _unusual(self, seconds: float) -> float:
        count, mean, squares = self._logs
        return 0.5 * (1.0 + math.erf((math.log(seconds) - mean) / math.sqrt(2 * squares / count)))
