"""Adaptation hints: when they start and end, and what an app's answer changes.

While the state is unknown, stale or calibrating nobody can tell, so that hints freeze: none starts, and one that is on
ends after 5 s, with that reason. In a degraded session the state still speaks, but only to keep or end what is on:
none starts on trust in a signal that is in trouble.
"""

from fusion.xr.hint_rules import HINTS, RIVALS, Situation, Verdict, judge
from fusion.xr.steady import Steady
from fusion.xr.vigil import Vigil
from sensors.clock import SECOND
from sensors.messages import Answer, Hint, State
from sensors.rig_xr import XrConfig

BLIND_NS = 5 * SECOND
"""How long a hint outlives the state it rests on."""
LEAP_NS = 2 * SECOND
"""A longer step between two states is a time that nobody watched."""
AWAY_MIN = (1, 5, 15)
"""Minutes a hint stays away after its first, second and further dismissals in a row."""
ENDED_BY = ("take_break",)
"""Hints that end when they are accepted, because the person has done it; the others go on while they hold."""
BREAK_MIN = 10
"""Minutes for the break that was accepted."""
ANSWERABLE = 256
"""So many of the newest hints can still be answered."""


class Hints:
    """Turns the session's states into hints.

    Parameters
    ----------
    config
        The rig's ``[xr]`` table.
    """

    def __init__(self, config: XrConfig) -> None:
        times = (round(seconds * SECOND) for seconds in (config.hint_dwell_s, config.hint_on_s, config.hint_pause_s))
        dwell_ns, on_ns, pause_ns = times
        self._break_after_min = config.break_after_min
        self._switches = {hint: Steady(dwell_ns, on_ns, pause_ns) for hint in HINTS}
        self._running: dict[str, tuple[int, str]] = {}
        self._open: dict[int, str] = {}
        self._dismissals = dict.fromkeys(HINTS, 0)
        self._away_until_ns = dict.fromkeys(HINTS, 0)
        self._vigil = Vigil()
        self._count = 0
        self._newest_ns = -1
        self._known_ns = -1
        self.refused = 0
        """Answers to no hint of this session, or to one that was answered before."""

    def tick(self, state: State, *, driving: bool = False) -> list[Hint]:
        """Take in a state, with whether the person drives; return the hints that start or end with it."""
        now_ns = state.t_ns
        watched = self._newest_ns >= 0 and now_ns - self._newest_ns <= LEAP_NS
        self._newest_ns = now_ns
        if not watched:
            for switch in self._switches.values():
                switch.freeze(now_ns)
        if state.state == "unknown" or state.status not in ("ok", "degraded"):
            return self._blind(state)
        self._known_ns = now_ns
        self._vigil.update(now_ns, away=state.state == "away", vigilance=state.vigilance)
        now = Situation(state, driving, self._vigil.minutes(now_ns), self._break_after_min, self._vigil.fall(now_ns))
        said: list[Hint] = []
        for hint in HINTS:
            verdict = judge(hint, now)
            change = self._judge(hint, state, verdict)
            said += [change] if change is not None else []
        return said

    def hear(self, answer: Answer) -> list[Hint]:
        """Take in an app's answer; one to an unknown number, or a second one, is counted and changes nothing."""
        if self._open.get(answer.number) != answer.hint:
            self.refused += 1
            return []
        del self._open[answer.number]
        hint, now_ns = answer.hint, self._newest_ns
        if answer.answer == "dismissed":
            minutes = AWAY_MIN[min(self._dismissals[hint], len(AWAY_MIN) - 1)]
            self._dismissals[hint] += 1
            self._away_until_ns[hint] = now_ns + minutes * 60 * SECOND
            reason = f"Dismissed; it stays away for {minutes} min."
        else:
            self._dismissals[hint] = 0
            if hint not in ENDED_BY:
                return []
            self._vigil = Vigil()
            self._away_until_ns[hint] = now_ns + BREAK_MIN * 60 * SECOND
            reason = f"Accepted; it stays away for {BREAK_MIN} min."
        if self._running.get(hint, (0, ""))[0] != answer.number:
            return []  # it was over when it was answered
        self._switches[hint].end(now_ns)
        return [self._end(hint, now_ns, now_ns, reason, 1.0)]

    def _judge(self, hint: str, state: State, verdict: Verdict) -> Hint | None:
        now_ns, switch = state.t_ns, self._switches[hint]
        rival = self._switches.get(RIVALS.get(hint, ""))
        begins, lasts = verdict.begins, verdict.lasts
        if rival is not None and HINTS.index(RIVALS[hint]) < HINTS.index(hint) and rival.holds:
            begins = lasts = False  # the rival waits for this one to go
        if state.status != "ok" and not switch.on:
            begins = lasts = False
        free = (rival is None or not rival.on) and now_ns >= self._away_until_ns[hint]
        if not switch.update(now_ns, begins=begins, lasts=lasts, free=free):
            return None
        if not switch.on:
            ground = verdict.named(self._running[hint][1])
            return self._end(hint, now_ns, switch.since_ns, f"No longer. {ground.because}", 1.0 - ground.chance)
        ground = verdict.best()
        self._count += 1
        self._running[hint] = self._count, ground.kind
        self._open[self._count] = hint
        self._open.pop(self._count - ANSWERABLE, None)
        return Hint(t_ns=now_ns, hint=hint, active=True, reason=ground.because, number=self._count,
                    onset_ns=switch.since_ns, confidence=ground.chance)

    def _blind(self, state: State) -> list[Hint]:
        said = []
        now_ns = state.t_ns
        for hint, switch in self._switches.items():
            switch.freeze(now_ns)
            blind_ns = now_ns - self._known_ns
            if switch.may_end(now_ns) and blind_ns >= BLIND_NS:
                switch.end(now_ns)
                why = state.reason or f"The status is {state.status}."
                said.append(self._end(hint, now_ns, self._known_ns, f"Not known for {blind_ns / SECOND:.1f} s: {why}",
                                      0.0))
        return said

    def _end(self, hint: str, now_ns: int, since_ns: int, reason: str, confidence: float) -> Hint:
        """Return the end of a running hint; its onset is since when the condition is over, or unknown."""
        number, _ = self._running.pop(hint)
        return Hint(t_ns=now_ns, hint=hint, active=False, reason=reason, number=number, onset_ns=since_ns,
                    confidence=confidence)
