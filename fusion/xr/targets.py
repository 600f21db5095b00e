"""Which of an app's targets gaze is on, and for how long: enter, dwell, leave, and shares of looking.

Gaze enters a target when it stays inside its outline, and leaves when it is beyond the outline by more than the gaze
error: noise at an edge flickers nothing. Where targets overlap, the one whose centre is nearest has it. A dwell
comes once a visit; only leaving arms it again. A target that moves with gaze on it goes on being visited.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from sensors.messages import Target

ENTER_NS = 60_000_000
"""Gaze that only sweeps across a target has not entered it; the shortest fixation has."""
LEAVE_NS = 100_000_000
"""An out-in flicker shorter than this is no leaving, as in `kernels.glances`."""
LOST_NS = 500_000_000
"""A visit outlives this much time without gaze (a blink), which does not count as looking; more ends it."""
LONGEST_STEP_NS = 200_000_000
"""Longest step between two samples that counts as looked."""
SHARE_NS = 10_000_000_000
MOST = 256
"""Targets known at a time; more are refused and counted."""


class Look(NamedTuple):
    """Something that happened on a target, known at `known_ns`."""

    kind: str
    """"enter", "dwell" or "leave"."""
    known_ns: int
    onset_ns: int
    end_ns: int
    yaw: float
    """Mean direction of the visit so far, rad."""
    pitch: float
    target: str
    confidence: float
    """Chance that gaze is truly within the outline, given its error."""
    seconds: float
    """How long it was looked at in this visit."""


@dataclass
class Visit:
    """Gaze on one target, or about to be."""

    name: str
    onset_ns: int
    newest_ns: int
    looked_ns: int = 0
    frames: int = 0
    sum_yaw: float = 0.0
    sum_pitch: float = 0.0
    dwelt: bool = False

    def add(self, now_ns: int, step_ns: int, yaw: float, pitch: float) -> None:
        """Take in one sample that stands for `step_ns`."""
        self.newest_ns = now_ns
        self.looked_ns += step_ns
        self.frames += 1
        self.sum_yaw += yaw
        self.sum_pitch += pitch


class Targets:
    """Takes targets as an app tells them, and gaze sample by sample.

    Parameters
    ----------
    dwell_ms
        Looking for this long selects a target.
    error_rad
        Standard deviation of a gaze direction.
    """

    def __init__(self, dwell_ms: float, error_rad: float) -> None:
        self._dwell_ns = round(dwell_ms * 1e6)
        self.error_rad = error_rad
        self.refused = 0
        """Targets beyond the most there can be."""
        self._targets: dict[str, Target] = {}
        self._boxes: list[tuple[str, float, float, float, float]] = []
        self._visit: Visit | None = None
        self._candidate: Visit | None = None
        self._newest_ns = -1
        self._was_on = ""
        self._looks: deque[tuple[int, int, str]] = deque()

    def hear(self, target: Target) -> list[Look]:
        """Add, replace or take away a target; taking away the one that is looked at is leaving it."""
        if target.width > 0 and target.height > 0:
            if target.name not in self._targets and len(self._targets) >= MOST:
                self.refused += 1
            else:
                self._targets[target.name] = target
                self._boxes = [_box(each) for each in self._targets.values()]
            return []
        gone = self._targets.pop(target.name, None)
        self._boxes = [_box(each) for each in self._targets.values()]
        if self._candidate is not None and self._candidate.name == target.name:
            self._candidate = None
        if gone is None or self._visit is None or self._visit.name != target.name:
            return []
        return [self._leave(self._newest_ns, gone)]

    def step(self, now_ns: int, yaw: float, pitch: float) -> list[Look]:
        """Take in one sample of gaze, rad; samples without gaze are left out."""
        step_ns = now_ns - self._newest_ns if self._newest_ns >= 0 else 0
        step_ns = step_ns if step_ns <= LONGEST_STEP_NS else 0
        self._newest_ns = now_ns
        on = self._aim(yaw, pitch)
        counted_ns = step_ns if on == self._was_on else 0
        self._was_on = on
        self._looks.append((now_ns, step_ns, on))
        while self._looks[0][0] <= now_ns - SHARE_NS:
            self._looks.popleft()
        visit = self._visit
        if visit is not None and on == visit.name:
            self._candidate = None
            visit.add(now_ns, counted_ns, yaw, pitch)
            return self._dwell(visit, now_ns)
        known: list[Look] = []
        if not on:
            self._candidate = None
        elif self._candidate is None or self._candidate.name != on:
            self._candidate = Visit(on, now_ns, now_ns)
        arrived = self._candidate
        if arrived is not None:
            arrived.add(now_ns, counted_ns, yaw, pitch)
        settled = arrived is not None and now_ns - arrived.onset_ns >= ENTER_NS
        if visit is not None and (settled or now_ns - visit.newest_ns >= LEAVE_NS):
            known.append(self._leave(now_ns))
        if arrived is not None and settled:
            self._visit, self._candidate = arrived, None
            known.append(self._look("enter", now_ns, arrived, now_ns))
            known += self._dwell(arrived, now_ns)
        return known

    def advance(self, now_ns: int) -> list[Look]:
        """Let time pass without gaze."""
        if self._newest_ns < 0 or now_ns - self._newest_ns < LOST_NS:
            return []
        due_ns = self._newest_ns + LOST_NS
        self._newest_ns, self._was_on, self._candidate = -1, "", None
        return [self._leave(due_ns)] if self._visit is not None else []

    def shares(self, now_ns: int) -> dict[str, float]:
        """Return, by target, the share of the looking of the last 10 s, and of all of them together under ""."""
        total = 0
        sums = dict.fromkeys(self._targets, 0)
        for at_ns, step_ns, on in self._looks:
            if now_ns - SHARE_NS < at_ns <= now_ns:
                total += step_ns
                if on in sums:
                    sums[on] += step_ns
        if not total or not sums:
            return {}
        return {"": sum(sums.values()) / total} | {name: part / total for name, part in sums.items()}

    def _aim(self, yaw: float, pitch: float) -> str:
        """Return the target that gaze is on, "" for none: the nearest, and the visited one in doubt."""
        visited = self._targets.get(self._visit.name) if self._visit is not None else None
        best, nearest = "", math.inf
        if visited is not None and _inside(visited, yaw, pitch, self.error_rad):
            # Another one must be clearly nearer, or gaze between two would flicker.
            best, nearest = visited.name, _apart(visited, yaw, pitch) - 0.5 * self.error_rad
        for name, left, right, low, high in self._boxes:
            # Most targets are nowhere near: their boxes are asked first.
            if left <= yaw <= right and low <= pitch <= high:
                target = self._targets[name]
                apart = _apart(target, yaw, pitch)
                if target is not visited and apart < nearest and _inside(target, yaw, pitch, 0.0):
                    best, nearest = name, apart
        return best

    def _dwell(self, visit: Visit, now_ns: int) -> list[Look]:
        if visit.dwelt or visit.looked_ns < self._dwell_ns:
            return []
        visit.dwelt = True
        return [self._look("dwell", now_ns, visit, now_ns)]

    def _leave(self, now_ns: int, gone: Target | None = None) -> Look:
        assert self._visit is not None, "only a visit can end"
        look = self._look("leave", now_ns, self._visit, self._visit.newest_ns, gone)
        self._visit = None
        return look

    def _look(self, kind: str, known_ns: int, visit: Visit, end_ns: int, gone: Target | None = None) -> Look:
        yaw, pitch = visit.sum_yaw / visit.frames, visit.sum_pitch / visit.frames
        target = gone or self._targets[visit.name]
        return Look(kind, known_ns, visit.onset_ns, end_ns, yaw, pitch, visit.name,
                    _chance(target, yaw, pitch, self.error_rad), visit.looked_ns * 1e-9)


def _box(target: Target) -> tuple[str, float, float, float, float]:
    """Return name, left, right, lower and upper end."""
    across, up = 0.5 * target.width, 0.5 * target.height
    return target.name, target.yaw - across, target.yaw + across, target.pitch - up, target.pitch + up


def _apart(target: Target, yaw: float, pitch: float) -> float:
    return math.hypot(yaw - target.yaw, pitch - target.pitch)


def _inside(target: Target, yaw: float, pitch: float, margin: float) -> bool:
    """Return whether a direction lies within the outline, grown by `margin` on every side."""
    across = (yaw - target.yaw) / (0.5 * target.width + margin)
    up = (pitch - target.pitch) / (0.5 * target.height + margin)
    return across * across + up * up <= 1.0 if target.shape == "ellipse" else abs(across) <= 1.0 and abs(up) <= 1.0


def _chance(target: Target, yaw: float, pitch: float, error: float) -> float:
    """Return the chance that gaze measured there, with a normal error on each axis, is inside.

    An ellipse counts as the box of the same area.
    """
    shrink = math.sqrt(math.pi) / 2 if target.shape == "ellipse" else 1.0
    chance, wide = 1.0, error * math.sqrt(2.0)
    for off, size in ((yaw - target.yaw, target.width), (pitch - target.pitch, target.height)):
        half = 0.5 * size * shrink
        chance *= 0.5 * (math.erf((half - off) / wide) + math.erf((half + off) / wide))
    return chance
