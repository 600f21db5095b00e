"""A switch that cannot flap: separate levels on the way in and out, a dwell both ways, and least times on and off."""

FOREVER_AGO = -(1 << 62)


class Steady:
    """Turns a flickering condition into starts and ends.

    A start needs the condition for `dwell_ns`, an end its absence for as long. Once on, it stays for `on_ns`; once off,
    for `pause_ns`. So whatever comes in, no two changes lie closer than the dwell.

    Parameters
    ----------
    dwell_ns, on_ns, pause_ns
        The second and third are at least the first.
    """

    def __init__(self, dwell_ns: int, on_ns: int, pause_ns: int) -> None:
        self._dwell_ns, self._on_ns, self._pause_ns = dwell_ns, max(on_ns, dwell_ns), max(pause_ns, dwell_ns)
        self.on = False
        self.holds = False
        """Whether the condition holds, by the level that applies."""
        self.since_ns = 0
        """Since when it has held, or been over."""
        self.changed_ns = FOREVER_AGO

    def update(self, now_ns: int, *, begins: bool, lasts: bool, free: bool = True) -> bool:
        """Take in one moment; return whether the switch changes with it.

        Parameters
        ----------
        now_ns
            Later than the moment before.
        begins, lasts
            Whether a condition that did not hold now does, and whether one that did still does.
        free
            Whether it may start at all.
        """
        holds = lasts if self.holds else begins
        if holds != self.holds:
            self.holds, self.since_ns = holds, now_ns
        waited = now_ns - self.since_ns >= self._dwell_ns
        if self.on:
            return self._turn(now_ns, wanted=not holds and waited and now_ns - self.changed_ns >= self._on_ns)
        return self._turn(now_ns, wanted=holds and waited and free and now_ns - self.changed_ns >= self._pause_ns)

    def freeze(self, now_ns: int) -> None:
        """Nobody knows: what was about to start begins its dwell again, and what is on stays."""
        if not self.on:
            self.holds = False
        self.since_ns = now_ns

    def may_end(self, now_ns: int) -> bool:
        """Return whether it has been on for long enough to be ended."""
        return self.on and now_ns - self.changed_ns >= self._on_ns

    def end(self, now_ns: int) -> None:
        """End it, whatever its condition."""
        self.on = self.holds = False
        self.changed_ns = self.since_ns = now_ns

    def _turn(self, now_ns: int, *, wanted: bool) -> bool:
        if wanted:
            self.on = not self.on
            self.changed_ns = now_ns
        return wanted
