"""An awareness that leaks while distracted and recovers while attentive, after openpilot's driver monitoring policy."""

import math

from fusion.driving.facts import GAZE
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Awareness
from sensors.clock import SECOND


class AwarenessMachine(Machine):
    """Runs an `Awareness`.

    A first-order filter smooths whether the driver is distracted; its two levels decide. With T the time in which an
    awareness of 1 leaks away, it falls as da/dt = -1/T while distracted and rises as da/dt = (gain (1 - a) + base)/T
    while attentive, which is solved exactly: with u = 1 - a and c = base/gain, u(t) = (u0 + c) exp(-gain t/T) - c.
    Empty, it stays so until the driver was attentive for a while: openpilot asks for a standstill there.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    when
        Bit of the area that counts as distracted.
    """

    unit = "1"
    rest = 1.0

    def __init__(self, rule: Awareness, fast: int, when: int) -> None:
        super().__init__(rule, fast, when | GAZE)
        self._rule, self._when = rule, when
        self.stop()

    def stop(self) -> None:
        """Make the driver fully aware."""
        self.awareness, self._filter = 1.0, 0.0
        self._away = self._known = self._distracted = False
        self._settled_ns = self._lost_ns = self._attentive_ns = self._began_ns = 0

    def limit(self, bits: int) -> float:
        """Return the awareness of the next stage."""
        return self._rule.stages[min(self.stage, self._stages - 1)].awareness

    def value(self, now_ns: int) -> float:
        """Return the awareness, 0..1."""
        return self.awareness

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts."""
        self._settle(now_ns)
        known, away = bits & GAZE != 0, bits & self._when != 0
        steps = []
        if known != self._known:
            self._lost_ns = now_ns
            if not known and (self._away or self._distracted):
                steps.append(Step("hold", self.awareness, self.limit(bits)))
        if known and away != self._away:
            self._away = away
            if away and not self._distracted:
                self._began_ns = now_ns
        self._known = known
        self._plan()
        return steps

    def _settle(self, now_ns: int) -> None:
        """Let filter and awareness run up to now; nothing runs while gaze is lost."""
        passed_s = (now_ns - self._settled_ns) / SECOND
        self._settled_ns = now_ns
        if not self._known or passed_s <= 0:
            return
        rule = self._rule
        goal = 1.0 if self._away else 0.0
        self._filter = goal + (self._filter - goal) * math.exp(-passed_s / rule.filter_s)
        if self._distracted:
            self.awareness = max(0.0, self.awareness - passed_s / rule.empty_s)
        elif self.awareness > 0 or now_ns - self._attentive_ns > rule.forgive_s * SECOND:
            if self.awareness <= 0:
                passed_s = min(passed_s, (now_ns - self._attentive_ns) / SECOND - rule.forgive_s)
            self.awareness = min(1.0, _recovered(self.awareness, passed_s / rule.empty_s, rule.gain, rule.base))

    def _plan(self) -> None:
        self.due_ns = FAR
        if not self._known:
            if self.awareness < 1 or self._filter > 0:
                self.due_ns = self._lost_ns + round(self._rule.lost_s * SECOND)
            return
        self.due_ns = self._settled_ns + self._flips_ns()
        if self._distracted and self.stage < self._stages:
            left = self.awareness - self._rule.stages[self.stage].awareness
            self.due_ns = min(self.due_ns, self._settled_ns + max(1, round(left * self._rule.empty_s * SECOND)))
        if not self._distracted and self.stage:
            self.due_ns = min(self.due_ns, max(self._settled_ns, self._forgiven_ns()))
        elif not self._distracted and self.awareness < 1:
            self.due_ns = min(self.due_ns, self._full_ns())

    def _forgiven_ns(self) -> int:
        """Return when an empty awareness begins to recover."""
        return self._attentive_ns + round(self._rule.forgive_s * SECOND)

    def _full_ns(self) -> int:
        """Return when the awareness is whole again if the driver stays attentive."""
        rule = self._rule
        begins_ns = max(self._settled_ns, self._forgiven_ns()) if self.awareness <= 0 else self._settled_ns
        left = (1 - self.awareness) / rule.base
        passed = math.log1p(rule.gain * left) / rule.gain if rule.gain else left
        return begins_ns + math.ceil(passed * rule.empty_s * SECOND)

    def _flips_ns(self) -> int:
        """Return the time from now until the filter reaches the level at which the other is believed; FAR if never."""
        rule = self._rule
        if self._away == self._distracted:
            return FAR
        far, near = (1 - self._filter, 1 - rule.distracted) if self._away else (self._filter, rule.attentive)
        return math.ceil(rule.filter_s * math.log(far / near) * SECOND) if far > near else 0

    def expire(self, now_ns: int) -> list[Step]:
        """Let the belief flip, tell a stage, end an alert, or give up what nobody can tell."""
        self._settle(now_ns)
        if not self._known:
            steps = self._end(now_ns, "nobody can tell any more") or [Step("reset", self.awareness, self.limit(0))]
            self.stop()
            self._settled_ns = now_ns
            self._plan()
            return steps
        steps = []
        if self._away != self._distracted and self._flips_ns() <= 0:
            self._distracted = self._away
            self._attentive_ns = now_ns
            steps.append(Step("start" if self._away else "reset", self.awareness, self.limit(0)))
            if not self._away and self.awareness > 0:
                steps += self._end(now_ns, "eyes are back on the road")
        elif not self._distracted and self.stage and now_ns >= self._forgiven_ns():
            steps += self._end(now_ns, "eyes have been back on the road for a while")
        elif not self._distracted and self.awareness > 1 - 1e-9:
            self.awareness = 1.0
            steps.append(Step("full", 1.0, self.limit(0)))
        reached = sum(self.awareness <= stage.awareness + 1e-9 for stage in self._rule.stages)
        if self._distracted and reached:
            steps += self._tell(self._began_ns, self.awareness, self._rule.stages[reached - 1].awareness, reached)
        self._plan()
        return steps


def _recovered(awareness: float, passed: float, gain: float, base: float) -> float:
    """Return the awareness after `passed` leak times of attention."""
    if gain == 0:
        return awareness + base * passed
    rest = base / gain
    return 1.0 - ((1.0 - awareness + rest) * math.exp(-gain * passed) - rest)
