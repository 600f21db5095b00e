"""AttenD's buffer (Kircher and Ahlstrom 2009): two seconds that drain away from the road and fill upon it."""

from fusion.driving.facts import GAZE
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Buffer
from sensors.clock import SECOND

ROAD, GLANCE, ELSEWHERE, LOST = range(4)


class BufferMachine(Machine):
    """Runs a `Buffer`.

    The buffer B in [0, size] fills at 1 s/s on the road once the refocus time is over, is held for the allowance of a
    glance at mirrors or instruments and then drains, drains at once elsewhere, and is held while gaze is lost. It fires
    when it is empty.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    road, glance
        Bits of the two areas.
    """

    def __init__(self, rule: Buffer, fast: int, road: int, glance: int) -> None:
        super().__init__(rule, fast, road | glance | GAZE)
        self._rule, self._road, self._glance = rule, road, glance
        self._size_ns = round(rule.size_s * SECOND)
        self.rest = rule.size_s
        self._wait_ns = {ROAD: round(rule.refocus_s * SECOND), GLANCE: round(rule.allowance_s * SECOND), ELSEWHERE: 0,
                         LOST: round(rule.lost_s * SECOND)}
        self.stop()

    def stop(self) -> None:
        """Fill the buffer."""
        self._left_ns = self._size_ns
        self._where, self._since_ns, self._settled_ns, self._away_ns = ROAD, 0, 0, 0

    def limit(self, bits: int) -> float:
        """Return 0: the buffer fires when it is empty."""
        return 0.0

    def value(self, now_ns: int) -> float:
        """Return what is left in the buffer, in s."""
        return self._left_ns / SECOND

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts."""
        self._settle(now_ns)
        where = (LOST if not bits & GAZE else ROAD if bits & self._road else GLANCE if bits & self._glance
                 else ELSEWHERE)
        steps = []
        if where != self._where:
            step = {ROAD: "resume", GLANCE: "hold", ELSEWHERE: "start", LOST: "hold"}[where]
            steps.append(Step(step, self._left_ns / SECOND, 0.0))
            if self._where == ROAD or (self._where == LOST and self._left_ns == self._size_ns):
                self._away_ns = now_ns
            self._where, self._since_ns = where, now_ns
        self._plan()
        return steps

    def _settle(self, now_ns: int) -> None:
        """Let the buffer run from where it was settled last up to now."""
        moving_ns = max(0, now_ns - max(self._settled_ns, self._since_ns + self._wait_ns[self._where]))
        if self._where == ROAD:
            self._left_ns = min(self._size_ns, self._left_ns + moving_ns)
        elif self._where != LOST:
            self._left_ns = max(0, self._left_ns - moving_ns)
        self._settled_ns = now_ns

    def _plan(self) -> None:
        begins_ns = self._since_ns + self._wait_ns[self._where]
        if self._where in (GLANCE, ELSEWHERE):
            self.due_ns = FAR if self.stage else max(begins_ns, self._settled_ns) + self._left_ns
        elif self._left_ns == self._size_ns and not self.stage:
            self.due_ns = FAR
        elif self._where == ROAD and not self.stage:
            self.due_ns = max(begins_ns, self._settled_ns) + self._size_ns - self._left_ns
        else:
            self.due_ns = begins_ns

    def expire(self, now_ns: int) -> list[Step]:
        """Fire on the empty buffer, end the alert on the road, or give up what nobody can tell."""
        self._settle(now_ns)
        if self._where == ROAD:
            steps = self._end(now_ns, "eyes are back on the road") or [Step("full", self.value(now_ns), 0.0)]
        elif self._where == LOST:
            self._left_ns = self._size_ns
            steps = self._end(now_ns, "nobody can tell any more") or [Step("reset", self._left_ns / SECOND, 0.0)]
        else:
            steps = self._tell(self._away_ns, 0.0, 0.0, self._stages)
        self._plan()
        return steps
