"""Fixations of slow cameras, by dispersion (I-DT), and the saccades between them.

Salvucci and Goldberg (2000). A 10 degree saccade lasts 43 ms: one or two frames at 30 Hz. So its speed cannot be
measured, and it is told only by where gaze rested before and after; its peak velocity is NaN.
"""

import math
from collections import deque

from fusion.xr.movement import Movement, Settler, Stretch
from fusion.xr.noise import MAD_TO_SD, Noise
from kernels.fixations import HOLD_NS, MERGE_DISPERSED_RAD

NARROWEST_RAD, WIDEST_RAD = math.radians(2.0), math.radians(3.0)
"""Bounds of the largest (max - min yaw) + (max - min pitch) of a fixation; 2 to 3 degrees suit a webcam."""
NOISE_FACTOR = 12.0
"""The dispersion allowed, over the standard deviation of the noise: two axes of normally distributed samples, each of
which spreads over six standard deviations in 10 s at 30 Hz."""
NOISE_S = 2.0
"""Time over which the noise is measured, from sample to sample."""
LEAST_FRAMES, LEAST_NS = 4, 95_000_000
"""Four frames at 30 Hz, which are 133 ms with the last one's own time, and 100 ms from the first to the last, less what
stamps jitter."""
SACCADE_NS = 300_000_000
"""Longest time between two neighbouring fixations that one saccade joins, as in `kernels.eyes`."""
GAP_PERIODS = 2.5
"""A step longer than so many periods is a gap: nobody knows what the eyes did in it."""
RECENT_S = 1.0


class Dispersion:
    """Takes gaze sample by sample and returns what is known with each.

    Parameters
    ----------
    rate_hz
        Of the samples, nominal or measured.
    """

    def __init__(self, rate_hz: float) -> None:
        self._gap_ns = round(GAP_PERIODS * 1e9 / rate_hz)
        self._settler = Settler(LEAST_FRAMES, LEAST_NS, MERGE_DISPERSED_RAD, MERGE_DISPERSED_RAD, rate_hz, 0)
        self._noise = Noise(max(2, round(2 * NOISE_S * rate_hz)))
        self.limit_rad = WIDEST_RAD
        """The dispersion allowed now; the widest until the noise is known."""
        self._recent: deque[tuple[int, float, float]] = deque(maxlen=max(LEAST_FRAMES, round(RECENT_S * rate_hz)))
        self._running: Stretch | None = None
        self._box = (0.0, 0.0, 0.0, 0.0)
        self._newest: tuple[int, float, float] | None = None
        self._gap_end_ns = -1
        self._before: Movement | None = None
        self._confirmed = False

    def step(self, now_ns: int, yaw: float, pitch: float) -> list[Movement]:
        """Take in one sample of gaze, rad; samples without gaze are left out."""
        if self._newest is not None:
            before_ns, before_yaw, before_pitch = self._newest
            if now_ns - before_ns > self._gap_ns:
                self._gap_end_ns = now_ns
            else:
                self._listen(abs(yaw - before_yaw))
                self._listen(abs(pitch - before_pitch))
        self._newest = (now_ns, yaw, pitch)
        self._recent.append(self._newest)
        known = self._stretch(now_ns, yaw, pitch)
        began_ns = -1 if self._running is None else self._running.start_ns
        known += self._settler.settle(self._running, now_ns)
        self._remember(known)
        running = self._running
        if running is not None and not self._confirmed and self._settler.long_enough(running):
            self._confirmed = True
            if running.start_ns == began_ns:  # else it goes on with the one before, to which no saccade leads anew
                known += self._jump(running, now_ns)
        return known

    def advance(self, now_ns: int) -> list[Movement]:
        """Let time pass without gaze; 0.2 s of that end a fixation."""
        known: list[Movement] = []
        if self._newest is not None and now_ns - self._newest[0] >= HOLD_NS:
            due_ns = self._newest[0] + HOLD_NS
            if self._running is not None and self._settler.long_enough(self._running):
                known += self._settler.end(self._running, due_ns, lost=True)
            known += self._settler.release(due_ns)
            self._running, self._newest = None, None
            self._recent.clear()
        self._remember(known)
        return known

    def _listen(self, change: float) -> None:
        # The difference of two samples is sqrt(2) noisier than one; half of the changes lie above the median.
        if self._noise.add(change):
            sd = self._noise.median * MAD_TO_SD / math.sqrt(2.0)
            self.limit_rad = min(WIDEST_RAD, max(NARROWEST_RAD, NOISE_FACTOR * sd))

    def _stretch(self, now_ns: int, yaw: float, pitch: float) -> list[Movement]:
        """Add the sample to the running stretch, or end that and begin another."""
        if self._running is not None:
            box = _widen(self._box, yaw, pitch)
            if _extent(box) <= self.limit_rad:
                self._running.add(now_ns, yaw, pitch)
                self._box = box
                return []
        known: list[Movement] = []
        first = len(self._recent) - 1
        if self._running is not None and self._settler.long_enough(self._running):
            known = self._settler.end(self._running, now_ns)
        elif self._running is not None:
            first = max(0, first - self._running.frames)
        # Not yet a fixation: it may be one without its oldest samples.
        samples = list(self._recent)
        while _extent(_box(samples[first:])) > self.limit_rad:
            first += 1
        self._running = Stretch(samples[first][0], samples[first][0])
        for sample in samples[first:]:
            self._running.add(*sample)
        self._box = _box(samples[first:])
        self._confirmed = False
        return known

    def _remember(self, known: list[Movement]) -> None:
        for movement in known:
            self._before = movement

    def _jump(self, running: Stretch, now_ns: int) -> list[Movement]:
        """Return the saccade from the fixation before to the running one, if eyes were seen all the way."""
        before = self._before
        if (before is None or running.start_ns <= before.end_ns or running.start_ns - before.end_ns > SACCADE_NS
                or self._gap_end_ns > before.end_ns):
            return []
        amplitude = math.hypot(running.yaw - before.yaw, running.pitch - before.pitch)
        return [Movement("saccade", now_ns, before.end_ns, running.start_ns, running.yaw, running.pitch, amplitude)]


Box = tuple[float, float, float, float]
"""Lowest and highest yaw, lowest and highest pitch."""


def _widen(box: Box, yaw: float, pitch: float) -> Box:
    return min(box[0], yaw), max(box[1], yaw), min(box[2], pitch), max(box[3], pitch)


def _box(samples: list[tuple[int, float, float]]) -> Box:
    yaws, pitches = [sample[1] for sample in samples], [sample[2] for sample in samples]
    return min(yaws), max(yaws), min(pitches), max(pitches)


def _extent(box: Box) -> float:
    return (box[1] - box[0]) + (box[3] - box[2])
