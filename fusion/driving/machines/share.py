"""PERCLOS: the share of watched time with the eyes closed, within one or more sliding windows (Wierwille 1994).

Time without usable eyes is neither closed nor watched: most false alarms in the field came from counting it (DOT HS 811
117). Blinks do not count. Only closures and unwatched times are kept, which are few.
"""

from collections import deque

from fusion.driving.facts import CLOSED, EYES
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.profile import Share
from sensors.clock import MILLISECOND, SECOND

FINE_NS, COARSE_NS = 50 * MILLISECOND, SECOND
"""Steps in which the share is looked at while eyes are closed, and while they are open."""
Spans = deque[tuple[int, int]]


class ShareMachine(Machine):
    """Runs a `Share`.

    Parameters
    ----------
    rule
        Its data.
    fast
        Bit of its speed, or 0.
    """

    unit = "1"

    def __init__(self, rule: Share, fast: int) -> None:
        super().__init__(rule, fast, EYES | CLOSED)
        self._rule = rule
        self._windows = [(round(band.window_s * SECOND), band.share) for band in rule.bands]
        self._longest_ns = max(window for window, _ in self._windows)
        self._blink_ns = round(rule.shortest_s * SECOND)
        self.stop()

    def stop(self) -> None:
        """Forget the windows."""
        self._closures: Spans = deque()
        self._blind: Spans = deque()
        self._closed_ns = self._blind_ns = self._first_ns = self._looked_ns = -1

    def limit(self, bits: int) -> float:
        """Return the first band's share."""
        return self._windows[0][1]

    def turn(self, now_ns: int, bits: int) -> list[Step]:
        """Take in changed facts."""
        if self._first_ns < 0:
            self._first_ns = now_ns
        eyes = bits & EYES != 0
        closed = eyes and bits & CLOSED != 0
        steps = []
        if eyes == (self._blind_ns >= 0):
            if eyes:
                self._blind.append((self._blind_ns, now_ns))
                self._forget(now_ns)
            self._blind_ns = -1 if eyes else now_ns
        if closed != (self._closed_ns >= 0):
            if not closed and now_ns - self._closed_ns >= self._blink_ns:
                self._closures.append((self._closed_ns, now_ns))
                steps.append(Step("hold", self.value(now_ns), self.limit(bits)))
            self._closed_ns = now_ns if closed else -1
        self._plan(now_ns)
        return steps

    def value(self, now_ns: int) -> float:
        """Return the first band's share."""
        return self.share(now_ns, self._windows[0][0])

    def share(self, now_ns: int, window_ns: int) -> float:
        """Return the share of closed in watched time of the window that ends now; 0 where too little was watched."""
        floor_ns = max(self._first_ns, now_ns - window_ns)
        watched = now_ns - floor_ns - _overlap(self._blind, self._blind_ns, floor_ns, now_ns)
        if watched < self._rule.watched * window_ns:
            return 0.0
        running = self._closed_ns if self._closed_ns >= 0 and now_ns - self._closed_ns >= self._blink_ns else -1
        return _overlap(self._closures, running, floor_ns, now_ns) / watched

    def _plan(self, now_ns: int) -> None:
        self.due_ns = FAR
        if self._closed_ns >= 0:
            self.due_ns = max(self._closed_ns + self._blink_ns, self._looked_ns + FINE_NS, now_ns)
        elif self._closures or self.stage:
            self.due_ns = max(self._looked_ns + COARSE_NS, now_ns)

    def expire(self, now_ns: int) -> list[Step]:
        """Look at the shares; blinks far back are forgotten on the way."""
        self._looked_ns = now_ns
        self._forget(now_ns)
        shares = [self.share(now_ns, window) for window, _ in self._windows]
        steps: list[Step] = []
        reached = all(share >= limit for share, (_, limit) in zip(shares, self._windows, strict=True))
        if reached and self._blind_ns < 0:  # while nobody sees the eyes, the share can rise by itself
            onset_ns = max(self._first_ns, now_ns - self._windows[0][0])
            steps = self._tell(onset_ns, shares[0], self._windows[0][1], self._stages)
        elif self.stage and shares[0] < self._rule.leave * self._windows[0][1]:
            steps = self._end(now_ns, "eyes have been open again" if self._blind_ns < 0 else "nobody can tell any more")
        self._plan(now_ns)
        return steps

    def _forget(self, now_ns: int) -> None:
        for spans in (self._closures, self._blind):
            while spans and spans[0][1] <= now_ns - self._longest_ns:
                spans.popleft()


def _overlap(spans: Spans, running_ns: int, floor_ns: int, now_ns: int) -> int:
    """Return how much of [floor, now] lies in spans, and in one that runs since `running_ns` (-1: none does)."""
    total = sum(max(0, end - max(begin, floor_ns)) for begin, end in spans)
    return total + (now_ns - max(running_ns, floor_ns) if running_ns >= 0 else 0)
