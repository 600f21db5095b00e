"""What each hint asks of the state: the levels at which its condition begins and ends, and the sentence that says why.

The indices are the estimator's own, 0..1, and so are their standard deviations. A condition begins only where the
value is beyond its level by half a standard deviation, which makes it 69 % likely; it ends where the value itself is
back beyond a looser level. Levels are named here and are nobody's norm.
"""

import math
from typing import NamedTuple

from sensors.messages import State

HINTS = ("simplify", "hold_notifications", "take_break", "reveal_detail")
"""In the order in which they are judged; one that comes first wins against its rival."""
RIVALS = {"simplify": "reveal_detail", "reveal_detail": "simplify"}
"""Hints that are never on together."""

HIGH_LOAD, LESS_LOAD = 0.60, 0.50
"""Load from which notifications wait, and below which they no longer need to."""
OVERLOAD, EASED_LOAD = 0.70, 0.55
"""The same for simplifying."""
LOW_LOAD, RISEN_LOAD = 0.45, 0.55
"""Load that leaves room for detail, and that no longer does."""
FOCUSED, UNFOCUSED = 0.50, 0.45
"""Attention from which a focused person is not to be disturbed."""
KEEN, LESS_KEEN = 0.55, 0.50
"""Attention with which detail is welcome."""
LOW_VIGILANCE, RESTED = 0.35, 0.50
"""Vigilance that asks for a break, and with which none is needed."""
FALLEN, RECOVERED = 0.15, 0.08
"""Fall of vigilance under that of the first minutes at the task."""
DRIVING_KMH = 3.0
"""Speed from which somebody drives."""
DOUBT_SDS = 0.5
"""So many standard deviations beyond its level a value must lie for a condition to begin."""
LEAST_SD = 1e-3


class Situation(NamedTuple):
    """What the rules are asked about."""

    state: State
    driving: bool
    task_min: float
    """Time at the task, minutes."""
    break_after_min: float
    fall: float
    """How far vigilance has fallen since the first minutes at the task; NaN before that is known."""


class Ground(NamedTuple):
    """One of the grounds on which a hint's condition may hold, at one moment."""

    kind: str
    begins: bool
    """Whether a condition that did not hold now does."""
    lasts: bool
    """Whether one that held still does."""
    because: str
    """One sentence with the numbers, whether it holds or not."""
    chance: float
    """Chance that it holds, by the estimate's own doubt."""


class Verdict(NamedTuple):
    """What one rule says of one moment: any ground will do."""

    grounds: tuple[Ground, ...]

    @property
    def begins(self) -> bool:
        """Whether a condition that did not hold now does."""
        return any(ground.begins for ground in self.grounds)

    @property
    def lasts(self) -> bool:
        """Whether one that held still does."""
        return any(ground.lasts or ground.begins for ground in self.grounds)

    def best(self) -> Ground:
        """Return the ground to tell when a hint starts: the first that begins, or at least lasts."""
        return next((one for one in self.grounds if one.begins), None) or next(
            (one for one in self.grounds if one.lasts), self.grounds[0])

    def named(self, kind: str) -> Ground:
        """Return the ground of a kind; to tell what became of it when its hint ends."""
        return next(one for one in self.grounds if one.kind == kind)


def judge(hint: str, now: Situation) -> Verdict:
    """Return what the rule of `hint` says."""
    return Verdict(tuple(RULES[hint](now)))


def _simplify(now: Situation) -> list[Ground]:
    return [_named(now.state, "overloaded"), _load(now.state, OVERLOAD, EASED_LOAD)]


def _hold(now: Situation) -> list[Ground]:
    state = now.state
    drives = now.driving and state.state != "away"
    focused = state.state == "focused"
    return [Ground("driving", drives, drives, f"The person is {'' if drives else 'not '}driving.", float(drives)),
            _named(state, "overloaded"), _load(state, HIGH_LOAD, LESS_LOAD),
            Ground("focused", focused and state.attention - DOUBT_SDS * state.attention_sd >= FOCUSED,
                   focused and state.attention >= UNFOCUSED,
                   f"{_label(state)}, with attention {_number(state.attention, state.attention_sd)} "
                   f"(from {FOCUSED:.2f}).",
                   _over(state.attention, state.attention_sd, FOCUSED) if focused else 0.0)]


def _break(now: Situation) -> list[Ground]:
    state = now.state
    low = Ground("vigilance", state.vigilance + DOUBT_SDS * state.vigilance_sd <= LOW_VIGILANCE,
                 state.vigilance < RESTED,
                 f"Vigilance is {_number(state.vigilance, state.vigilance_sd)} (low to {LOW_VIGILANCE:.2f}).",
                 1.0 - _over(state.vigilance, state.vigilance_sd, LOW_VIGILANCE))
    late = now.task_min >= now.break_after_min
    tired = Ground("tired", late and now.fall >= FALLEN, late and now.fall >= RECOVERED,
                   f"After {now.task_min:.0f} min at the task vigilance has fallen by {now.fall:.2f} "
                   f"(from {FALLEN:.2f}).",
                   _over(now.fall, state.vigilance_sd, FALLEN) if late else 0.0)
    return [_named(state, "drowsy"), low, tired]


def _reveal(now: Situation) -> list[Ground]:
    state = now.state
    focused = state.state == "focused"
    begins = (focused and state.attention - DOUBT_SDS * state.attention_sd >= KEEN
              and state.load + DOUBT_SDS * state.load_sd <= LOW_LOAD)
    lasts = focused and state.attention >= LESS_KEEN and state.load < RISEN_LOAD
    chance = (_over(state.attention, state.attention_sd, KEEN)
              * (1.0 - _over(state.load, state.load_sd, LOW_LOAD))) if focused else 0.0
    return [Ground("room", begins, lasts, f"{_label(state)}, with attention "
                   f"{_number(state.attention, state.attention_sd)} (from {KEEN:.2f}), load "
                   f"{_number(state.load, state.load_sd)} (to {LOW_LOAD:.2f}).", chance)]


RULES = {"simplify": _simplify, "hold_notifications": _hold, "take_break": _break, "reveal_detail": _reveal}


def _named(state: State, name: str) -> Ground:
    """Return the ground that the session has announced a state; it has its own hysteresis."""
    holds = state.state == name
    chance = state.probabilities.get(name, 0.0)
    return Ground(name, holds, holds, f"{_label(state)}: P({name}) is {chance:.2f}.", chance)


def _load(state: State, enter: float, leave: float) -> Ground:
    return Ground("load", state.load - DOUBT_SDS * state.load_sd >= enter, state.load >= leave,
                  f"Load is {_number(state.load, state.load_sd)} (high from {enter:.2f}).",
                  _over(state.load, state.load_sd, enter))


def _over(value: float, sd: float, level: float) -> float:
    """Return the chance that the true value lies over a level; 0.5 where nobody knows."""
    if math.isnan(value) or math.isnan(sd):
        return 0.5
    return 0.5 * (1.0 + math.erf((value - level) / (max(sd, LEAST_SD) * math.sqrt(2.0))))


def _number(value: float, sd: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.2f}" if math.isnan(sd) else f"{value:.2f} +- {sd:.2f}"


def _label(state: State) -> str:
    return state.state.replace("_", " ").capitalize()
