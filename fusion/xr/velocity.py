"""Fixations and saccades of headsets and eye trackers, by velocity (I-VT).

Salvucci and Goldberg (2000). The velocity is the slope of the least-squares line through the newest 20 ms, which on a
regular grid is a Savitzky-Golay derivative of first (and of second) order, and which also takes irregular stamps. Its
threshold follows the noise of the recording, median + 5 SD, in the manner of Nystrom and Holmqvist (2010).
"""

import math
from collections import deque

from fusion.xr.movement import Movement, Settler, Stretch
from fusion.xr.noise import Noise
from kernels.fixations import HOLD_NS, MERGE_DISPERSED_RAD, MERGE_RAD

SLOPE_S, LEAST_SLOPE, MOST_SLOPE = 0.02, 3, 63
"""Time, least and most samples of the slope. The peak of a 10 degree saccade is told 12 % too low at
120 and 200 Hz, 19 % at 90 Hz; that of a 4 degree one up to 40 %."""
SLOWEST_RAD_S, FASTEST_RAD_S = math.radians(30.0), math.radians(100.0)
"""Bounds of the speed at which gaze begins to move."""
NOISE_FACTOR = 5.0
"""That speed is the median + 5 standard deviations (from the median absolute deviation) of the last two seconds."""
NOISE_S = 2.0
PEAK_RAD_S, PEAK_FACTOR = math.radians(60.0), 1.5
"""A saccade's peak reaches this, and so many times the speed at which it began."""
LEAST_NS, LEAST_FRAMES = 60_000_000, 4
"""Shortest fixation."""
SHORTEST_NS, LONGEST_NS = 8_000_000, 150_000_000
"""Of a saccade: 40 degrees take 110 ms (2.2 ms a degree + 21 ms)."""
PAD_NS = 50_000_000
"""Lids that close or open drag the pupil's centre: a jump this close to a loss of gaze is none."""
GAP_PERIODS = 2.5
"""A step longer than so many periods is a gap: nobody knows what the eyes did in it."""


class Velocity:
    """Takes gaze sample by sample and returns what is known with each.

    Parameters
    ----------
    rate_hz
        Of the samples, nominal or measured.
    """

    def __init__(self, rate_hz: float) -> None:
        self._size = min(MOST_SLOPE, max(LEAST_SLOPE, 2 * round(SLOPE_S * rate_hz / 2) + 1))
        self._gap_ns = round(GAP_PERIODS * 1e9 / rate_hz)
        self._settler = Settler(LEAST_FRAMES, LEAST_NS, MERGE_RAD, MERGE_DISPERSED_RAD, rate_hz,
                                self._size // 2 * self._gap_ns)
        self._noise = Noise(max(2, round(NOISE_S * rate_hz)))
        self.onset_rad_s = FASTEST_RAD_S
        """The speed from which gaze moves now; the highest until the noise is known, after half a second."""
        self._window: deque[tuple[int, float, float]] = deque(maxlen=self._size)
        self._running: Stretch | None = None
        self._newest_ns = -1
        self._gap_end_ns = -1
        self._rest = (0, 0.0, 0.0)
        self._peak = 0.0
        self._moving_ns = -1
        self._landed: list[Movement] = []

    def step(self, now_ns: int, yaw: float, pitch: float) -> list[Movement]:
        """Take in one sample of gaze, rad; samples without gaze are left out."""
        known: list[Movement] = []
        if self._newest_ns < 0 or now_ns - self._newest_ns > self._gap_ns:
            known += self._break(now_ns)
        self._newest_ns = now_ns
        self._window.append((now_ns, yaw, pitch))
        if len(self._window) == self._size:
            known += self._judge(now_ns)
        while self._landed and now_ns - self._landed[0].end_ns >= PAD_NS:
            known.append(self._landed.pop(0)._replace(known_ns=now_ns))
        return known + self._settler.settle(self._running, now_ns)

    def advance(self, now_ns: int) -> list[Movement]:
        """Let time pass without gaze; 0.2 s of that end a fixation."""
        if self._newest_ns < 0:
            return []
        if now_ns - self._newest_ns >= HOLD_NS:
            due_ns = self._newest_ns + HOLD_NS
            known = self._break(due_ns) + self._settler.release(due_ns)
            self._newest_ns = -1
            return known
        return self._settler.expire(now_ns) if self._running is None else []

    def _break(self, now_ns: int) -> list[Movement]:
        """Begin anew after a gap: what the eyes did in it, and just before it, is not known."""
        known = self._settler.end(self._running, now_ns, lost=True)
        self._window.clear()
        self._running, self._landed = None, []
        self._moving_ns, self._peak = -1, 0.0
        self._gap_end_ns = now_ns
        return known

    def _judge(self, now_ns: int) -> list[Movement]:
        """Judge the sample in the middle of the window."""
        at_ns, yaw, pitch, speed = _slope(self._window)
        if self._noise.add(speed):
            limit = self._noise.median + NOISE_FACTOR * self._noise.sd
            self.onset_rad_s = min(FASTEST_RAD_S, max(SLOWEST_RAD_S, limit))
        if speed >= self.onset_rad_s:
            known = self._settler.end(self._running, now_ns)
            self._running = None
            if self._moving_ns < 0:
                self._moving_ns = at_ns
            self._peak = max(self._peak, speed)
            return known
        if self._moving_ns >= 0:
            self._land(at_ns, yaw, pitch)
        self._rest = (at_ns, yaw, pitch)
        if self._running is None:
            self._running = Stretch(at_ns, at_ns)
        _, raw_yaw, raw_pitch = self._window[self._size // 2]
        self._running.add(at_ns, raw_yaw, raw_pitch)
        return []

    def _land(self, at_ns: int, yaw: float, pitch: float) -> None:
        """End the movement; it was a saccade if it was fast and short, and began in plain sight."""
        onset_ns, peak = self._moving_ns, self._peak
        self._moving_ns, self._peak = -1, 0.0
        seen = self._rest[0] > self._gap_end_ns and onset_ns - self._gap_end_ns >= PAD_NS
        fast = peak >= max(PEAK_RAD_S, PEAK_FACTOR * self.onset_rad_s)
        if not (seen and fast and SHORTEST_NS <= at_ns - onset_ns <= LONGEST_NS):
            return
        amplitude = math.hypot(yaw - self._rest[1], pitch - self._rest[2])
        self._landed.append(Movement("saccade", at_ns, onset_ns, at_ns, yaw, pitch, amplitude, peak,
                                     min(1.0, peak / (2.0 * self.onset_rad_s))))


def _slope(window: deque[tuple[int, float, float]]) -> tuple[int, float, float, float]:
    """Return time of the middle sample, the line's mean yaw and pitch, and its speed in rad/s."""
    count = len(window)
    middle_ns = window[count // 2][0]
    seconds = [(sample[0] - middle_ns) * 1e-9 for sample in window]
    mean = sum(seconds) / count
    mean_yaw, mean_pitch = sum([sample[1] for sample in window]) / count, sum([sample[2] for sample in window]) / count
    squares = turn_yaw = turn_pitch = 0.0
    for second, (_, yaw, pitch) in zip(seconds, window, strict=True):
        off = second - mean
        squares += off * off
        turn_yaw += off * (yaw - mean_yaw)
        turn_pitch += off * (pitch - mean_pitch)
    return middle_ns, mean_yaw, mean_pitch, math.hypot(turn_yaw, turn_pitch) / squares
