"""What the camera's columns say: lids, blinks, gaze, head, and whether there is a face at all."""

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.features.history import History, ns, put, sources
from fusion.person import Person
from kernels import blinks, gaze, ocular, windows
from kernels.layout import INDEX
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

WANTED = ("face", "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "head_roll", "jaw_open", "ear_left",
          "ear_right", "blink_left", "blink_right")
FACE, LUMA, GAZE_YAW, GAZE_PITCH, HEAD_YAW, HEAD_PITCH, HEAD_ROLL, JAW, EAR_LEFT, EAR_RIGHT = range(10)
BLINK_LEFT, BLINK_RIGHT, OPENNESS, CLOSURE, WATCHED, CLOSED, LONG, AWAY, ROWS = range(10, 19)
"""Rows of the history: the wanted columns, then what was derived from them."""
WINDOWS_NS = np.array([ns(60), ns(180)])

TRUSTED_FACE = 0.5
LOOKING = 0.35
"""Openness under which the iris is too covered for its direction to mean anything."""
DEBOUNCE_S, LONGEST_STEP_S = 0.1, 0.2
LEAST_WATCHED_NS, LEAST_BLINK_NS, LEAST_BLINK_HZ = ns(5), ns(10), 15.0
"""PERCLOS needs 5 s of watched time, blink rate 10 s; under 15 frames a second half the blinks fall between frames."""
CAMERA_HOLD_NS = ns(2)
"""How long features hold without frames."""
HALF_SECOND_NS, TWO_SECONDS_NS, MINUTE_NS = ns(0.5), ns(2), ns(60)
ASIDE_RAD = math.radians(60.0)
DIRECT = np.array([INDEX[name] for name in (
    "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "jaw_open", "gaze_dispersion_10s",
    "on_target_share_10s", "head_motion_2s")])
"""Features that are taken from the window as they are."""
TAKEN = np.array([2, 3, 4, 5, 6, 8, 9, 10, 11])
"""Where they stand in what `gaze.camera_window` fills; head roll, at 7, is not a feature."""


class Blink(NamedTuple):
    """One blink of the person."""

    onset_ns: int
    """First frame of the fall."""
    end_ns: int
    """Frame at which the lids were half open again, which is when it is known."""
    duration_s: float
    """At half amplitude, between frames by interpolation."""
    depth: float
    """Share of the open level that the lids fell."""


class Eyes:
    """The camera's tracker; see `fusion.features.Tracker`."""

    modality = "camera"

    def __init__(self, info: StreamInfo, session: SessionConfig, person: Person) -> None:
        self.blinks: deque[Blink] = deque(maxlen=256)
        """The latest blinks, oldest first."""
        self._source = sources(info.names, WANTED)
        self._person = person
        self._rate_hz = info.rate_hz or 30.0
        self._history = History(ROWS, 181.0, info.rate_hz)
        self._blink_state = blinks.new_state()
        self._found = np.zeros(256, blinks.BLINK)
        self._glance = np.zeros(1, gaze.GLANCE)
        self._target = np.radians([session.target_yaw_deg, session.target_pitch_deg, session.target_radius_deg])
        self._limits = ocular.LIMITS.copy()
        self._limits[0] = person.calibration_s
        self._first_ns = self._newest_ns = self._face_ns = self._eyes_ns = self._gaze_ns = -1
        self._openness = self._closure = self._away = math.nan
        self._summary = np.empty(12)
        self._totals = np.empty((len(WINDOWS_NS), LONG + 1 - WATCHED))

    def advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in frames; see `fusion.features.Tracker`."""
        for first in range(0, len(times_ns), len(self._found)):
            piece = slice(first, first + len(self._found))
            self._advance(values[piece], times_ns[piece])

    def _advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        person = self._person
        rows = np.empty((ROWS, len(times_ns)))
        windows.pick(values, self._source, rows)
        if self._first_ns < 0:
            self._first_ns = self._face_ns = int(times_ns[0])
            person.meet(self._first_ns)
        self._newest_ns = int(times_ns[-1])
        if self._source[FACE] >= 0:
            newest = ocular.gate(rows[FACE], TRUSTED_FACE, rows[GAZE_YAW:OPENNESS])
            if newest >= 0:
                self._face_ns = int(times_ns[newest])
        opening, score = np.empty((2, len(times_ns)))
        ocular.lid_opening(rows[EAR_LEFT], rows[EAR_RIGHT], rows[HEAD_YAW], ocular.FAR_EYE_RAD, opening)
        ocular.lid_opening(rows[BLINK_LEFT], rows[BLINK_RIGHT], rows[HEAD_YAW], ocular.FAR_EYE_RAD, score)
        newest = ocular.openness(person.lids, person.lid_histogram, self._limits, ocular.BIN, times_ns, opening, score,
                                 rows[HEAD_YAW:HEAD_PITCH + 1], rows[OPENNESS:LONG + 1])
        if newest >= 0:
            self._eyes_ns = int(times_ns[newest])
            self._openness, self._closure = rows[OPENNESS, newest], rows[CLOSURE, newest]
        for blink in self._found[:blinks.step(*self._blink_state, blinks.LIMITS, times_ns, opening, self._found)]:
            self.blinks.append(Blink(int(blink["onset_ns"]), int(blink["end_ns"]), float(blink["duration_s"]),
                                     float(blink["depth"])))
        gaze.glances(self._glance, self._target, DEBOUNCE_S, LONGEST_STEP_S, LOOKING, times_ns, rows[OPENNESS],
                     rows[GAZE_YAW], rows[GAZE_PITCH], rows[AWAY])
        self._gaze_ns, self._away = self._glance[0]["newest_ns"], rows[AWAY, -1]
        self._history.push(times_ns, rows)

    def fill(self, tick_ns: int, vector: NDArray[np.float32]) -> None:
        """Write the features; see `fusion.features.Tracker`."""
        if self._newest_ns < 0 or tick_ns - self._newest_ns > CAMERA_HOLD_NS:
            return
        times, rows = self._history.view()
        gaze.camera_window(times, rows[:JAW + 1], self._target, TRUSTED_FACE, LONGEST_STEP_S, tick_ns, self._summary)
        vector[DIRECT] = self._summary[TAKEN]
        if tick_ns - self._gaze_ns <= TWO_SECONDS_NS:
            vector[INDEX["off_target_s"]] = self._away
        seen, frames, luma, _, _, head_yaw, head_pitch, *_ = self._summary.tolist()
        rate_hz = frames / min(2.0, (tick_ns - self._first_ns) * 1e-9 + 1.0 / self._rate_hz)
        if self._source[FACE] >= 0:
            # The face mesh is reliable up to about 30 degrees and useless from 60; light as a camera needs it.
            quality = (seen * _ramp(rate_hz, 5.0, LEAST_BLINK_HZ) * _ramp(luma, 15.0, 50.0) * _ramp(luma, 252.0, 225.0)
                       * _ramp(abs(head_yaw), ASIDE_RAD, ASIDE_RAD / 2)
                       * _ramp(abs(head_pitch), ASIDE_RAD, ASIDE_RAD / 2))
            put(vector, face_share=seen, face_absent_s=(self._newest_ns - self._face_ns) * 1e-9,
                camera_quality=quality)
        self._lids(times, rows, tick_ns, rate_hz, vector)

    def _lids(self, times: NDArray[np.int64], rows: NDArray[np.float64], tick_ns: int, rate_hz: float,
              vector: NDArray[np.float32]) -> None:
        if self._eyes_ns >= 0 and tick_ns - self._eyes_ns <= HALF_SECOND_NS:
            put(vector, openness=self._openness, closure_s=max(0.0, self._closure))
        windows.increases(times, rows[WATCHED:LONG + 1], tick_ns, WINDOWS_NS, self._totals)
        (watched, closed, long_closures), (watched_180s, closed_180s, _) = self._totals.tolist()
        if watched > 0:
            put(vector, long_closures_60s=long_closures)
        if watched >= LEAST_WATCHED_NS:
            put(vector, perclos_60s=closed / watched, perclos_180s=closed_180s / watched_180s)
        if watched < LEAST_BLINK_NS or rate_hz < LEAST_BLINK_HZ:
            return
        while self.blinks and self.blinks[0].end_ns <= tick_ns - WINDOWS_NS[0]:
            self.blinks.popleft()
        vector[INDEX["blink_rate_60s"]] = len(self.blinks) * MINUTE_NS / watched
        if self.blinks:
            vector[INDEX["blink_duration_60s"]] = sum(blink.duration_s for blink in self.blinks) / len(self.blinks)


def _ramp(value: float, none: float, full: float) -> float:
    """Return 0 at `none` and beyond, 1 at `full` and beyond, a line between; 1 for a value not measured."""
    return 1.0 if math.isnan(value) else min(1.0, max(0.0, (value - none) / (full - none)))
