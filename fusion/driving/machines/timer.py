"""The timer: time in a condition, held by a short look away, reset by a longer one, fired at a limit by speed."""

from enum import Enum

from fusion.driving.facts import POOR
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Timer
from sensors.clock import SECOND

OVER = {"eyes_closed": "eyes are open again", "blind": "eyes are seen again"}
"""What ends a condition that is no area."""


class Mode(Enum):
    """What the timer does."""

    IDLE = "idle"
    COUNT = "count"
    OUT = "out"
    """Held: the condition does not hold, for now."""
    LOST = "lost"
    """Held: nobody knows."""


class TimerMachine(Machine):
    """Runs a `Timer`.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    when, known
        Bits of its condition, and of knowing whether it holds; `known` 0 means always known.
    limits
        (bit, ns) by speed, the lowest first; the last one whose bit is set, or is 0, holds.
    """

    def __init__(self, rule: Timer, fast: int, when: int, known: int, limits: tuple[tuple[int, int], ...]) -> None:
        super().__init__(rule, fast, when | known | POOR | sum(bit for bit, _ in limits))
        self._rule, self._when, self._known, self._limits = rule, when, known, limits
        later, self._later = 0.0, []
        for stage in rule.stages:
            later += stage.later_s
            self._later.append(round(later * SECOND))
        self._limit_ns = limits[0][1]
        self.stop()

    def stop(self) -> None:
        """Forget the count."""
        self._mode = Mode.IDLE
        self._count_ns = self._out_ns = self._since_ns = self._began_ns = self._told_ns = 0

    def limit(self, bits: int) -> float:
        """Return the first stage's limit in s."""
        return self._limit_of(bits) / SECOND

    def _limit_of(self, bits: int) -> int:
        limit_ns = self._limits[0][1]
        for bit, at_ns in self._limits[1:]:
            if bits & bit:
                limit_ns = at_ns
        return limit_ns + (round(self._rule.extend_s * SECOND) if bits & POOR else 0)

    def _next_ns(self) -> int:
        """Return the count at which the next stage is reached."""
        return self._limit_ns + self._later[min(self.stage, self._stages - 1)]

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts."""
        self._settle(now_ns)
        self._limit_ns = self._limit_of(bits)
        known, holds = not self._known or bits & self._known != 0, bits & self._when != 0
        steps: list[Step] = []
        if known and holds:
            if self._mode is Mode.IDLE:
                self._began_ns = now_ns
                self._count_ns = 0
            self._out_ns = 0
            if self._mode is not Mode.COUNT:
                steps.append(self._step("start" if self._mode is Mode.IDLE else "resume"))
            self._enter(Mode.COUNT, now_ns)
        elif self._mode is not Mode.IDLE:
            mode = Mode.OUT if known else Mode.LOST
            if self._mode is Mode.COUNT:
                steps.append(self._step("hold"))
            if self._mode is not mode:
                self._enter(mode, now_ns)
        self._plan()
        return steps

    def _settle(self, now_ns: int) -> None:
        if self._mode is Mode.COUNT:
            self._count_ns += now_ns - self._since_ns
            self._since_ns = now_ns
        elif self._mode is Mode.OUT:
            # Not begun anew after a loss: of what is seen in pieces, none may ever be long enough.
            self._out_ns += now_ns - self._since_ns
            self._since_ns = now_ns

    def _enter(self, mode: Mode, now_ns: int) -> None:
        self._mode, self._since_ns = mode, now_ns

    def _plan(self) -> None:
        rule = self._rule
        if self._mode is Mode.COUNT:
            if self.stage < self._stages:
                self.due_ns = max(self._since_ns, self._since_ns + self._next_ns() - self._count_ns)
            else:
                self.due_ns = self._told_ns + round(rule.repeat_s * SECOND) if rule.repeat_s else FAR
        elif self._mode is Mode.OUT:
            out_ns = round((rule.clear_s if self.stage else rule.tolerance_s) * SECOND)
            self.due_ns = self._since_ns + max(0, out_ns - self._out_ns)
        else:
            self.due_ns = self._since_ns + round(rule.lost_s * SECOND) if self._mode is Mode.LOST else FAR

    def expire(self, now_ns: int) -> list[Step]:
        """Tell the next stage, repeat the last one, or give up the count."""
        self._settle(now_ns)
        if self._mode is Mode.COUNT:
            if self.stage < self._stages:
                steps = self._tell(self._began_ns, self._count_ns / SECOND, self._next_ns() / SECOND, self.stage + 1)
            else:
                steps = [Step("repeat", self._count_ns / SECOND, self._next_ns() / SECOND, self.stage, self._onset_ns)]
            self._told_ns = now_ns
        else:
            over = OVER.get(self._rule.when, "eyes are elsewhere")
            steps = self._end(now_ns, over if self._mode is Mode.OUT else "nobody can tell any more")
            steps = steps or [self._step("reset")]
            self.stop()
        self._plan()
        return steps

    def value(self, now_ns: int) -> float:
        """Return the time counted, in s."""
        return self._count_ns / SECOND

    def _step(self, step: str) -> Step:
        return Step(step, self._count_ns / SECOND, self._next_ns() / SECOND)
