"""One camera's or headset's gaze and lids, sample by sample, as events.

Every moment that is not a sample's own (gaze lost for too long, a full second) is told with the time at which it was
due, whoever brings the news: the next sample or the session's tick. So how a stream was cut changes no event.
"""

import math

import numpy as np

from fusion.xr.dispersion import Dispersion
from fusion.xr.focus import Focus
from fusion.xr.lids import Blink, Lids
from fusion.xr.movement import Movement
from fusion.xr.targets import Look, Targets
from fusion.xr.velocity import Velocity
from kernels import sight
from kernels.fixations import VELOCITY_HZ
from kernels.ocular import FAR_EYE_RAD
from sensors.clock import SECOND
from sensors.messages import FloatArray, GazeEvent, StreamInfo, Target, TimeArray

ERROR_RAD = {"webcam": math.radians(4.0), "headset": math.radians(1.0)}
"""Usual standard deviation of a gaze direction; a webcam without calibration is 3 to 10 degrees off."""
MEASURED_OVER = 32
"""Intervals from which the rate of an irregular stream is told; until then it has targets and lids, no movements."""
QUIET_NS = 2 * SECOND
"""Measures are told once a second, up to this long after the newest gaze."""


class Watcher:
    """Turns the rows of one stream into gaze events.

    Parameters
    ----------
    info
        The stream; 90 Hz and faster is headset grade, by its nominal rate, or by the measured one where that is 0.
    targets
        The app's targets; they outlive the stream.
    intents
        As in `fusion.xr.lids.Lids`.
    calibration_s
        How long the person's open eye is learnt.
    target_yaw, target_pitch
        Straight ahead at the task, rad.
    error_rad
        Of a gaze direction; 0 for the usual one of the grade.

    Raises
    ------
    InputError
        If no column is one that a camera has.
    """

    def __init__(self, info: StreamInfo, targets: Targets, intents: str, calibration_s: float, target_yaw: float,
                 target_pitch: float, error_rad: float) -> None:
        names = info.names
        self._sight = np.zeros(1, sight.SIGHT)
        sight.reset(self._sight, names, calibration_s)
        self._width = len(names)
        self._ears = tuple(names.index(name) if name in names else -1 for name in ("ear_left", "ear_right"))
        self._targets, self._error_rad = targets, error_rad
        self._lids = Lids(intents)
        self._focus = Focus(target_yaw, target_pitch)
        self._path: Velocity | Dispersion | None = None
        self._steps: list[int] = []
        self._newest_ns = -1
        self._gaze_ns = -1
        self._second_ns = -1
        self._told: dict[str, float] = {}
        self.grade = ""
        """"webcam", "headset", or "" while the rate is being measured."""
        targets.error_rad = error_rad or ERROR_RAD["webcam"]
        if info.rate_hz:
            self._choose(info.rate_hz)

    def take(self, values: FloatArray, times_ns: TimeArray) -> list[GazeEvent]:
        """Take in (n, column) rows with their (n,) times; rows whose time does not increase are left out."""
        if values.shape[1] != self._width or not len(times_ns):
            return []
        if times_ns.item(0) <= self._newest_ns or (len(times_ns) > 1 and bool((times_ns[1:] <= times_ns[:-1]).any())):
            forward = times_ns > np.maximum.accumulate(np.concatenate(([self._newest_ns], times_ns[:-1])))
            values, times_ns = values[forward], times_ns[forward]
        # Copies: arrays off the wire are read-only, which the compiled kernels take for another type.
        rows, times = np.array(values, order="C"), np.array(times_ns)
        seen = sight.follow_one(self._sight, rows, times)
        eyes = [rows[:, ear].tolist() if ear >= 0 else [math.nan] * len(times) for ear in self._ears]
        events: list[GazeEvent] = []
        for now_ns, one, left, right in zip(times.tolist(), seen.tolist(), *eyes, strict=True):
            if one[sight.FACE] == 0.0:
                left = right = math.nan
            events += self._sample(now_ns, one, left, right)
        return events

    def advance(self, now_ns: int) -> list[GazeEvent]:
        """Tell all that was due up to `now_ns` without another sample."""
        events: list[GazeEvent] = []
        while 0 <= self._second_ns <= min(now_ns, self._gaze_ns + QUIET_NS):
            events += self._due(self._second_ns) + self._measures(self._second_ns)
            self._second_ns += SECOND
        if 0 <= self._second_ns <= now_ns:
            self._second_ns = (now_ns // SECOND + 1) * SECOND
        return events + self._due(now_ns)

    def target(self, target: Target) -> list[GazeEvent]:
        """Take in an app's target."""
        return [self._look(look) for look in self._targets.hear(target)]

    def _sample(self, now_ns: int, one: list[float], left: float, right: float) -> list[GazeEvent]:
        events = self.advance(now_ns)
        if self._path is None and self._newest_ns >= 0:
            self._measure(now_ns - self._newest_ns)
        self._newest_ns = now_ns
        yaw, pitch = one[sight.GAZE_YAW], one[sight.GAZE_PITCH]
        if not math.isnan(yaw):
            if self._gaze_ns < 0:
                self._second_ns = (now_ns // SECOND + 1) * SECOND
            self._gaze_ns = now_ns
            if self._path is not None:
                events += self._movements(self._path.step(now_ns, yaw, pitch))
            events += [self._look(look) for look in self._targets.step(now_ns, yaw, pitch)]
        turned = one[sight.HEAD_YAW]
        blinked = self._lids.step(now_ns, one[sight.OPENNESS], _opening(left, right, turned), left, right, turned)
        return events + [self._blink(blink) for blink in blinked]

    def _due(self, now_ns: int) -> list[GazeEvent]:
        events = self._movements(self._path.advance(now_ns)) if self._path is not None else []
        events += [self._look(look) for look in self._targets.advance(now_ns)]
        events.sort(key=lambda event: event.t_ns)
        return events

    def _measure(self, step_ns: int) -> None:
        self._steps.append(step_ns)
        if len(self._steps) == MEASURED_OVER:
            self._choose(SECOND / sorted(self._steps)[MEASURED_OVER // 2])

    def _choose(self, rate_hz: float) -> None:
        fast = rate_hz >= VELOCITY_HZ
        self.grade = "headset" if fast else "webcam"
        self._path = Velocity(rate_hz) if fast else Dispersion(rate_hz)
        self._targets.error_rad = self._error_rad or ERROR_RAD[self.grade]

    def _measures(self, now_ns: int) -> list[GazeEvent]:
        found = [GazeEvent(t_ns=now_ns, kind=kind, onset_ns=now_ns, end_ns=now_ns, value=value, grade=self.grade)
                 for kind, value in self._focus.measures(now_ns).items()]
        shares = self._targets.shares(now_ns)
        self._told = {name: told for name, told in self._told.items() if name in shares}
        for name, share in shares.items():
            if round(share, 2) != self._told.get(name, 0.0):
                self._told[name] = round(share, 2)
                found.append(GazeEvent(t_ns=now_ns, kind="share", onset_ns=now_ns, end_ns=now_ns, target=name,
                                       value=share, grade=self.grade))
        return found

    def _movements(self, movements: list[Movement]) -> list[GazeEvent]:
        for movement in movements:
            self._focus.take(movement)
        return [GazeEvent(t_ns=one.known_ns, kind=one.kind, onset_ns=one.onset_ns, end_ns=one.end_ns, yaw=one.yaw,
                          pitch=one.pitch, amplitude=one.amplitude, peak_velocity=one.peak, confidence=one.confidence,
                          grade=self.grade) for one in movements]

    def _look(self, one: Look) -> GazeEvent:
        return GazeEvent(t_ns=one.known_ns, kind=one.kind, onset_ns=one.onset_ns, end_ns=one.end_ns, yaw=one.yaw,
                         pitch=one.pitch, target=one.target, confidence=one.confidence, value=one.seconds,
                         grade=self.grade)

    def _blink(self, one: Blink) -> GazeEvent:
        return GazeEvent(t_ns=one.known_ns, kind=one.kind, onset_ns=one.onset_ns, end_ns=one.end_ns,
                         confidence=one.confidence, value=one.seconds, grade=self.grade)


def _opening(left: float, right: float, head_yaw: float) -> float:
    """Return the opening of both eyes together, by the rule of `kernels.ocular.lid_opening`."""
    if math.isnan(left) or (head_yaw < -FAR_EYE_RAD and not math.isnan(right)):
        return right
    if math.isnan(right) or head_yaw > FAR_EYE_RAD:
        return left
    return 0.5 * (left + right)
