"""The sum within a sliding window: several short looks away that add up (visual attention time sharing)."""

from collections import deque

from fusion.driving.facts import GAZE
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Window
from sensors.clock import SECOND


class WindowMachine(Machine):
    """Runs a `Window`.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    when, back
        Bits of the area that counts, and of the one whose long look empties the window.
    """

    def __init__(self, rule: Window, fast: int, when: int, back: int) -> None:
        super().__init__(rule, fast, when | back | GAZE)
        self._when, self._back = when, back
        self._sum_ns, self._within_ns = round(rule.sum_s * SECOND), round(rule.within_s * SECOND)
        self._reset_ns, self._lost_limit_ns = round(rule.reset_s * SECOND), round(rule.lost_s * SECOND)
        self.stop()

    def stop(self) -> None:
        """Empty the window."""
        self._looks: deque[tuple[int, int]] = deque()
        """(begin, end) of the looks away that are over."""
        self._away_ns = self._back_ns = self._lost_ns = -1
        self._held_ns = 0
        """Time back before gaze was lost in between."""

    def limit(self, bits: int) -> float:
        """Return the sum that fires, in s."""
        return self._sum_ns / SECOND

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts; unknown gaze counts on neither side."""
        known = bits & GAZE != 0
        away = known and bits & self._when != 0
        back = known and not away and bits & self._back != 0
        steps = []
        if away != (self._away_ns >= 0):
            if away:
                self._away_ns = now_ns
            else:
                self._looks.append((self._away_ns, now_ns))
                self._away_ns = -1
            steps.append(Step("start" if away else "hold", self.value(now_ns), self.limit(bits)))
        if back != (self._back_ns >= 0):
            self._held_ns += 0 if back else now_ns - self._back_ns
            self._back_ns = now_ns if back else -1
        if known and not back:
            self._held_ns = 0
        if known == (self._lost_ns >= 0):
            self._lost_ns = -1 if known else now_ns
        self._plan(now_ns)
        return steps

    def value(self, now_ns: int) -> float:
        """Return the time away within the window that ends now, in s."""
        return self.sum_ns(now_ns) / SECOND

    def sum_ns(self, now_ns: int) -> int:
        """Return the time away within the window that ends now."""
        floor_ns = now_ns - self._within_ns
        while self._looks and self._looks[0][1] <= floor_ns:
            self._looks.popleft()
        total = sum(end - max(begin, floor_ns) for begin, end in self._looks)
        return total + (now_ns - max(self._away_ns, floor_ns) if self._away_ns >= 0 else 0)

    def _plan(self, now_ns: int) -> None:
        self.due_ns = FAR
        if self._back_ns >= 0 and (self._looks or self.stage):
            self.due_ns = max(now_ns, self._back_ns + self._reset_ns - self._held_ns)
        if self._lost_ns >= 0 and self.stage:
            self.due_ns = self._lost_ns + self._lost_limit_ns
        if self._away_ns >= 0 and not self.stage:
            self.due_ns = min(self.due_ns, self._reaches_ns(now_ns))

    def _reaches_ns(self, now_ns: int) -> int:
        """Return when the sum reaches its limit if gaze stays away.

        It rises with time, but stands still while an older look leaves the window at its far end.
        """
        at_ns, total = now_ns, self.sum_ns(now_ns)
        for begin, end in self._looks:
            leaves_ns = max(at_ns, begin + self._within_ns)
            if total + leaves_ns - at_ns >= self._sum_ns:
                break
            total += leaves_ns - at_ns
            at_ns = max(leaves_ns, end + self._within_ns)
        return at_ns + self._sum_ns - total

    def expire(self, now_ns: int) -> list[Step]:
        """Fire, empty the window, or give up what nobody can tell."""
        if self._away_ns < 0:
            why = "eyes were back on the road" if self._lost_ns < 0 else "nobody can tell any more"
            steps = self._end(now_ns, why) or [Step("reset", self.value(now_ns), self.limit(0))]
            self._looks.clear()
        else:
            first_ns = self._looks[0][0] if self._looks else self._away_ns
            onset_ns = max(first_ns, now_ns - self._within_ns)
            steps = self._tell(onset_ns, self.value(now_ns), self.limit(0), self._stages)
        self._plan(now_ns)
        return steps
