"""What the machines share: whether a rule runs at all, the stage it has told, and the steps it leaves in the proof.

Time is event time. Between two changes of the facts everything a machine keeps is a known function of time, so the
moment of its next step is computed, not waited for in small paces: frame rate and chunking cannot move it.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from fusion.driving.facts import INHIBITS
from fusion.driving.profile import Rule

FAR = 2**62
"""A moment that never comes."""
TOLD = frozenset({"fire", "escalate", "repeat", "clear"})
"""Steps that are alerts, too."""


class Step(NamedTuple):
    """One line of the proof."""

    step: str
    value: float
    limit: float
    stage: int = 0
    """Of an alert, from 1."""
    onset_ns: int = 0
    """Of an alert: when its evidence began."""
    why: str = ""
    """Of an end: what ended it."""


class Machine(ABC):
    """One rule at work.

    Parameters
    ----------
    rule
        Its data.
    fast
        The bit that says the rule's speed is reached; 0 if it runs at any.
    watched
        The bits whose change the machine must hear of, beside those that switch it on and off.
    """

    unit = "s"
    """Of the steps' value and limit."""
    rest = 0.0
    """The value that is kept while nothing happens."""

    def __init__(self, rule: Rule, fast: int, watched: int) -> None:
        self._fast, self._quiet = fast, sum(INHIBITS[name] for name in rule.inhibit)
        self._stages = len(rule.stages)
        self.mask = fast | self._quiet | watched
        self.due_ns = FAR
        """When the machine will do something by itself if no fact changes."""
        self.stage = 0
        """The stage that is told at present; 0 for none."""
        self.running = False
        self._onset_ns = 0

    def change(self, now_ns: int, bits: int) -> list[Step]:
        """Take in that facts have changed."""
        runs = (not self._fast or bits & self._fast != 0) and bits & self._quiet == 0
        if runs:
            steps = [] if self.running else [Step("on", self.rest, self.limit(bits))]
            self.running = True
            return steps + self.turn(now_ns, bits)
        if not self.running:
            return []
        self.running = False
        self.due_ns = FAR
        steps = self._end(now_ns, "the rule does not apply here")
        self.stop()
        return [*steps, Step("off", self.rest, float("nan"))]

    def _end(self, now_ns: int, why: str) -> list[Step]:
        """Return the end of the alert, if there is one."""
        if not self.stage:
            return []
        stage, self.stage = self.stage, 0
        return [Step("clear", self.value(now_ns), float("nan"), stage, self._onset_ns, why)]

    @abstractmethod
    def value(self, now_ns: int) -> float:
        """Return what the rule keeps, in `unit`, as settled up to `now_ns`."""

    def _tell(self, onset_ns: int, value: float, limit: float, stage: int) -> list[Step]:
        """Return the step to `stage`: a start from none, an escalation from a lower one; nothing if it is told."""
        if stage <= self.stage:
            return []
        step = "escalate" if self.stage else "fire"
        if not self.stage:
            self._onset_ns = onset_ns
        self.stage = stage
        return [Step(step, value, limit, stage, self._onset_ns)]

    @abstractmethod
    def limit(self, bits: int) -> float:
        """Return what the next step is held against, in `unit`."""

    @abstractmethod
    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts while running, and set `due_ns`."""

    @abstractmethod
    def expire(self, now_ns: int) -> list[Step]:
        """Do what was due at `now_ns`, and set `due_ns` anew."""

    @abstractmethod
    def stop(self) -> None:
        """Forget everything: the rule does not apply any more."""
