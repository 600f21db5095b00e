"""The first alerts: eyes closed, eyes away, and sensors lost; each starts once, ends once, and says why."""

import math
from typing import NamedTuple

from kernels.layout import INDEX
from sensors.clock import SECOND
from sensors.messages import Alert


class DurationRule(NamedTuple):
    """Fires while a running duration is at or above `limit_s`; ends when it has fallen under it."""

    rule: str
    level: str
    feature: str
    limit_s: float
    sentence: str


RULES = (
    DurationRule("microsleep", "critical", "closure_s", 1.5, "Eyes closed for {seconds:.1f} s."),
    DurationRule("sleep", "critical", "closure_s", 3.0, "Eyes closed for {seconds:.1f} s."),
    DurationRule("long_glance_away", "warning", "off_target_s", 3.0, "Gaze away from the target for {seconds:.1f} s."),
)
"""Limits of 1.5 s, 3 s and 3 s, inspired by the Euro NCAP driver engagement protocol 2026."""


class Alerts:
    """Remembers which rules are active."""

    def __init__(self) -> None:
        self._onset: dict[str, int] = {}

    def durations(self, tick_ns: int, features: list[float]) -> list[Alert]:
        """Return the alerts that start or end at this tick; a duration that is not measured ends nothing."""
        changes: list[Alert] = []
        for rule in RULES:
            seconds = features[INDEX[rule.feature]]
            active = rule.rule in self._onset
            if math.isnan(seconds) or active == (seconds >= rule.limit_s):
                continue
            if active:
                onset = self._onset.pop(rule.rule)
                reason = f"Over after {(tick_ns - onset) / SECOND:.1f} s."
            else:
                onset = self._onset[rule.rule] = tick_ns - round(seconds * SECOND)
                reason = rule.sentence.format(seconds=seconds)
            changes.append(Alert(t_ns=tick_ns, rule=rule.rule, level=rule.level, reason=reason, onset_ns=onset,
                                 active=not active))
        return changes

    def sensor(self, tick_ns: int, stream: str, trouble: str) -> list[Alert]:
        """Return the alert that `stream` was lost (`trouble` says why) or is back (`trouble` is empty)."""
        rule = f"sensor_{stream}"
        active = rule in self._onset
        if active == bool(trouble):
            return []
        onset = self._onset.pop(rule) if active else self._onset.setdefault(rule, tick_ns)
        reason = f"'{stream}' is back after {(tick_ns - onset) / SECOND:.1f} s." if active else trouble
        return [Alert(t_ns=tick_ns, rule=rule, level="info" if active else "warning", reason=reason, onset_ns=onset,
                      active=not active)]
