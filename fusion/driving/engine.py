"""The engine: facts in, steps out, in the exact order and at the exact moments in which rules come due."""

from collections.abc import Sequence
from typing import NamedTuple

from fusion.driving.facts import BLIND, CLOSED, EYES, GAZE, Facts
from fusion.driving.machines.awareness import AwarenessMachine
from fusion.driving.machines.buffer import BufferMachine
from fusion.driving.machines.glances import GlancesMachine
from fusion.driving.machines.machine import FAR, Machine, Step
from fusion.driving.machines.share import ShareMachine
from fusion.driving.machines.timer import TimerMachine
from fusion.driving.machines.window import WindowMachine
from fusion.driving.profile import AnyRule, Awareness, Buffer, Glances, Profile, Share, Timer, Window
from sensors.clock import SECOND
from sensors.errors import RigError

BUILT_IN = {"eyes_closed": (CLOSED, EYES), "blind": (BLIND, 0)}
"""Bits of a condition that is no area, and of knowing it; see `fusion.driving.profile.FACTS`."""


class Running(NamedTuple):
    """One rule of one profile at work."""

    profile: Profile
    name: str
    rule: AnyRule
    machine: Machine


class Happened(NamedTuple):
    """One step of one of them."""

    t_ns: int
    of: Running
    step: Step


class Engine:
    """Runs the machines of all profiles over one course of facts.

    Parameters
    ----------
    running
        What runs, in the order in which steps of one moment are told.
    """

    def __init__(self, running: Sequence[Running]) -> None:
        self.running = tuple(running)
        self.now_ns = 0
        self.bits = 0
        self._due_ns = FAR
        self._begun = False

    def change(self, at_ns: int, bits: int) -> list[Happened]:
        """Let time go on to `at_ns` under the facts so far, then take new ones; the past cannot be changed."""
        at_ns = max(at_ns, self.now_ns)
        happened = self.advance(at_ns)
        changed = bits ^ self.bits if self._begun else -1
        self._begun = True
        if not changed:
            return happened
        self.bits = bits
        for one in self.running:
            if changed & one.machine.mask or changed == -1:
                happened += [Happened(at_ns, one, step) for step in one.machine.change(at_ns, bits)]
        self._plan()
        return happened

    def advance(self, to_ns: int) -> list[Happened]:
        """Let time go on to `to_ns` under the same facts."""
        happened: list[Happened] = []
        while self._due_ns <= to_ns:
            one = min(self.running, key=lambda each: each.machine.due_ns)
            due_ns = max(self.now_ns, one.machine.due_ns)
            happened += [Happened(due_ns, one, step) for step in one.machine.expire(due_ns)]
            self.now_ns = due_ns
            self._plan()
        self.now_ns = max(self.now_ns, to_ns)
        return happened

    def _plan(self) -> None:
        self._due_ns = min((one.machine.due_ns for one in self.running), default=FAR)


def machine_of(profile: Profile, rule: AnyRule, facts: Facts, zones: Sequence[str]) -> Machine:
    """Return a rule's machine; its questions get their bits in `facts`.

    Raises
    ------
    RigError
        If the rule names an area that the profile or the cabin has not, or is reset by what it counts.
    """
    def area(name: str) -> int:
        return facts.area(profile.zones(name, zones))

    fast = facts.speed(rule.min_kmh, rule.hysteresis_kmh) if rule.min_kmh > 0 else 0
    if isinstance(rule, Timer):
        when, known = BUILT_IN[rule.when] if rule.when in BUILT_IN else (area(rule.when), GAZE)
        limits = tuple((facts.speed(limit.from_kmh, rule.hysteresis_kmh) if limit.from_kmh > 0 else 0,
                        round(limit.seconds * SECOND)) for limit in rule.limits)
        return TimerMachine(rule, fast, when, known, limits)
    if isinstance(rule, Window):
        if both := sorted(profile.zones(rule.when, zones) & profile.zones(rule.reset_on, zones)):
            raise RigError(f"Profile '{profile.name}': a window counts '{rule.when}' and is reset by "
                           f"'{rule.reset_on}', and '{both[0]}' is in both.", "Let the two areas share no zone.")
        return WindowMachine(rule, fast, area(rule.when), area(rule.reset_on))
    if isinstance(rule, Buffer):
        return BufferMachine(rule, fast, area(rule.road), area(rule.glance))
    if isinstance(rule, Awareness):
        return AwarenessMachine(rule, fast, area(rule.when))
    if isinstance(rule, Glances):
        return GlancesMachine(rule, fast, area(rule.when))
    assert isinstance(rule, Share)
    return ShareMachine(rule, fast)
