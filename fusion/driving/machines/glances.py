"""The glances of one task, after NHTSA's guidelines: their total, their mean, and the share of long ones."""

from fusion.driving.facts import GAZE
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Glances
from sensors.clock import SECOND

SHORTEST_NS = 120_000_000
"""Eyes cannot go and come back faster: anything shorter was no glance."""


class GlancesMachine(Machine):
    """Runs a `Glances`.

    A task begins with a glance and is over when none has come for a while. A glance is the time from leaving the road
    to being back (ISO 15007); time in which nobody knows is not part of it.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    when
        Bit of the area that is not the road, nor exempt.
    """

    def __init__(self, rule: Glances, fast: int, when: int) -> None:
        super().__init__(rule, fast, when | GAZE)
        self.unit = "1" if rule.measure == "long_share" else "s"
        self._rule, self._when = rule, when
        self._gap_ns, self._limit_ns = round(rule.task_gap_s * SECOND), round(rule.limit * SECOND)
        self._lost_limit_ns = round(rule.lost_s * SECOND)
        self.stop()

    def stop(self) -> None:
        """Forget the task."""
        self._count = self._long = 0
        self._total_ns = self._glance_ns = self._began_ns = self._ended_ns = self._settled_ns = self._lost_ns = 0
        self._away = self._known = False

    def limit(self, bits: int) -> float:
        """Return the rule's limit."""
        return self._rule.limit

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts; a glance that ends is judged."""
        self._settle(now_ns)
        known, away = bits & GAZE != 0, bits & self._when != 0
        steps: list[Step] = []
        if known != self._known:
            self._known, self._lost_ns = known, now_ns
        if known and away != self._away:
            self._away = away
            if away:
                self._begin(now_ns)
                steps.append(Step("start", self.value(now_ns), self._rule.limit))
            else:
                steps += self._finish(now_ns)
        self._plan()
        return steps

    def _settle(self, now_ns: int) -> None:
        if self._away and self._known:
            self._glance_ns += now_ns - self._settled_ns
        self._settled_ns = now_ns

    def _begin(self, now_ns: int) -> None:
        if self._count == 0:
            self._began_ns = now_ns
        self._glance_ns = 0

    def _finish(self, now_ns: int) -> list[Step]:
        glance_ns, self._glance_ns = self._glance_ns, 0
        self._ended_ns = now_ns
        if glance_ns < SHORTEST_NS:
            return [Step("hold", self.value(now_ns), self._rule.limit)]
        self._count += 1
        self._total_ns += glance_ns
        self._long += glance_ns > self._rule.long_s * SECOND
        steps = [Step("hold", self.value(now_ns), self._rule.limit)]
        judged = self._rule.measure != "total_s" and self._count >= self._rule.least_glances
        if judged and self.value(now_ns) > self._rule.limit:
            steps += self._tell(self._began_ns, self.value(now_ns), self._rule.limit, self._stages)
        return steps

    def value(self, now_ns: int) -> float:
        """Return what the rule measures, of the task so far."""
        if self._rule.measure == "total_s":
            return (self._total_ns + self._glance_ns) / SECOND
        if not self._count:
            return 0.0
        return self._total_ns / SECOND / self._count if self._rule.measure == "mean_s" else self._long / self._count

    def _plan(self) -> None:
        self.due_ns = FAR
        if self._away:
            if not self._known:
                self.due_ns = self._lost_ns + self._lost_limit_ns
            elif self._rule.measure == "total_s" and not self.stage:
                left_ns = self._limit_ns - self._total_ns - self._glance_ns
                self.due_ns = self._settled_ns + max(0, left_ns)
        elif self._count or self.stage:
            self.due_ns = self._ended_ns + self._gap_ns

    def expire(self, now_ns: int) -> list[Step]:
        """Fire on the total, end the task, or give up what nobody can tell."""
        self._settle(now_ns)
        if self._away and not self._known:
            steps = self._end(now_ns, "nobody can tell any more") or \
                [Step("reset", self.value(now_ns), self._rule.limit)]
            self.stop()
        elif self._away:
            steps = self._tell(self._began_ns, self.value(now_ns), self._rule.limit, self._stages)
        else:
            steps = self._end(now_ns, "the task is over") or [Step("reset", self.value(now_ns), self._rule.limit)]
            self._count = self._long = self._total_ns = 0
        self._plan()
        return steps
