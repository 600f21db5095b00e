"""The camera's modality: from the columns of a face to lids, blinks, gaze, head and trust in them.

Events are counted when they are known, in whole seconds: a window of 30 s and longer is the running second and those
before it (`kernels.buckets`). Shorter windows are (tick - window, tick].
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import (
    blinks,
    buckets,
    closures,
    fixations,
    frames,
    gaze,
    gestures,
    glances,
    ocular,
    one_euro,
    peaks,
    scanning,
)
from kernels import eyes_record as own
from kernels.columns import measured
from kernels.eyes_record import EYES, Setup, reset
from kernels.jit import kernel
from kernels.layout import INDEX

__all__ = ["EYES", "Setup", "features", "push", "reset"]

TRUSTED_FACE = 0.5
"""Confidence from which a face is believed."""
LOOKING = 0.35
"""Openness under which the iris is too covered for its direction to mean anything."""
LONGEST_STEP_NS = 150_000_000
"""Longest step between two frames that still counts as watched: at 5 Hz, blinks alone would read as PERCLOS."""
SACCADE_NS = 300_000_000
"""Longest time between two neighbouring fixations that one saccade joins."""
ANGLE_RAD, ROLL_RAD = 1.6, math.pi
"""Directions and tilts beyond these are no measurement: a camera sees no face from behind."""
CAMERA_HOLD_NS, GAZE_HOLD_NS, EYES_HOLD_NS = 2_000_000_000, 2_000_000_000, 500_000_000
"""How long features hold without frames, the running glance without gaze, and the newest eye or gaze alone."""
HALF_SECOND_NS, TEN_SECONDS_NS, MINUTE_NS = 500_000_000, 10_000_000_000, 60_000_000_000
LEAST_WATCHED_NS, LEAST_RATE_NS, LEAST_HZ = 5_000_000_000, 10_000_000_000, 15.0
"""PERCLOS, fixations, nods and yawns need 5 s of watched time, rates of blinks and glances 10 s; under 15 frames a
second half the blinks fall between frames."""
LEAST_KS = 3
"""Fewer K coefficients make no mean."""
FASTEST_BLINKS, FASTEST_GLANCES, FASTEST_FIXATIONS, FASTEST_HEAD = 200.0, 300.0, 600.0, 50.0
"""Rates (1/min) and speed (rad/s) above these are noise, not eyes and heads."""
ASIDE_RAD = math.radians(60.0)
"""Head angle at which a face mesh is worth nothing; it is good up to half of it."""

FACE_SHARE, FACE_ABSENT, OPENNESS, CLOSURE = (INDEX[name] for name in (
    "face_share", "face_absent_s", "openness", "closure_s"))
PERCLOS_60, PERCLOS_180, PERCLOS70_60 = INDEX["perclos_60s"], INDEX["perclos_180s"], INDEX["perclos70_60s"]
BLINK_RATE, BLINK_DURATION = INDEX["blink_rate_60s"], INDEX["blink_duration_60s"]
LONG_CLOSURES, MICROSLEEPS = INDEX["long_closures_60s"], INDEX["microsleeps_60s"]
GAZE_YAW, GAZE_PITCH = INDEX["gaze_yaw"], INDEX["gaze_pitch"]
GAZE_YAW_SMOOTH, GAZE_PITCH_SMOOTH = INDEX["gaze_yaw_smooth"], INDEX["gaze_pitch_smooth"]
DISPERSION, BCEA, ON_TARGET = INDEX["gaze_dispersion_10s"], INDEX["bcea_10s"], INDEX["on_target_share_10s"]
FIXATION_RATE, FIXATION_DURATION = INDEX["fixation_rate_30s"], INDEX["fixation_duration_30s"]
SACCADE_AMPLITUDE, K_COEFFICIENT = INDEX["saccade_amplitude_30s"], INDEX["k_coefficient_30s"]
GAZE_ENTROPY, TRANSITION_ENTROPY = INDEX["gaze_entropy_60s"], INDEX["transition_entropy_60s"]
OFF_TARGET, GLANCE_RATE = INDEX["off_target_s"], INDEX["glance_rate_60s"]
GLANCE_MEAN, GLANCE_LONGEST = INDEX["glance_mean_60s"], INDEX["glance_longest_60s"]
HEAD_YAW, HEAD_PITCH, HEAD_ROLL = INDEX["head_yaw"], INDEX["head_pitch"], INDEX["head_roll"]
HEAD_MOTION, NODS = INDEX["head_motion_2s"], INDEX["nods_60s"]
JAW_OPEN, YAWNS = INDEX["jaw_open"], INDEX["yawns_180s"]
LUMA, QUALITY = INDEX["luma"], INDEX["camera_quality"]
"""Where the features stand in the vector."""


@kernel
def push(eyes: Any, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in frames, in order.

    Parameters
    ----------
    eyes : EYES record
        Changed in place.
    values : (n, column) float32
        The whole stream's rows; NaN where not measured. n may be 0.
    times_ns : (n,) int64
        Strictly increasing, also from call to call, and not negative.
    """
    for i in range(times_ns.shape[0]):
        _frame(eyes, values[i], times_ns[i])


@kernel
def _frame(eyes: Any, row: NDArray[np.float32], now_ns: int) -> None:
    if eyes.first_ns < 0:
        eyes.first_ns = eyes.face_ns = now_ns
    step_ns = now_ns - eyes.newest_ns
    if eyes.newest_ns < 0 or step_ns > LONGEST_STEP_NS:
        step_ns = 0
    eyes.newest_ns = now_ns
    trusted = 1
    if eyes.columns[own.FACE] >= 0:
        trusted = 1 if measured(eyes, row, own.FACE, 0.0, 1.0) >= TRUSTED_FACE else 0
        if trusted == 1:
            eyes.face_ns = now_ns
    yaw = pitch = roll = jaw = gaze_yaw = gaze_pitch = opening = score = math.nan
    if trusted == 1:
        yaw = measured(eyes, row, own.HEAD_YAW, -ANGLE_RAD, ANGLE_RAD)
        pitch = measured(eyes, row, own.HEAD_PITCH, -ANGLE_RAD, ANGLE_RAD)
        roll = measured(eyes, row, own.HEAD_ROLL, -ROLL_RAD, ROLL_RAD)
        jaw = measured(eyes, row, own.JAW, 0.0, 1.0)
        gaze_yaw = measured(eyes, row, own.GAZE_YAW, -ANGLE_RAD, ANGLE_RAD)
        gaze_pitch = measured(eyes, row, own.GAZE_PITCH, -ANGLE_RAD, ANGLE_RAD)
        opening = ocular.lid_opening(measured(eyes, row, own.EAR_LEFT, 0.0, 1.0),
                                     measured(eyes, row, own.EAR_RIGHT, 0.0, 1.0), yaw)
        score = ocular.lid_opening(measured(eyes, row, own.BLINK_LEFT, 0.0, 1.0),
                                   measured(eyes, row, own.BLINK_RIGHT, 0.0, 1.0), yaw)
    opened = ocular.openness(eyes.lids, now_ns, step_ns, opening, score, yaw, pitch)
    _lids(eyes, now_ns, step_ns, opening, opened)
    if math.isnan(gaze_yaw) or math.isnan(gaze_pitch) or opened < LOOKING:
        gaze_yaw = gaze_pitch = math.nan
    _gaze(eyes, now_ns, gaze_yaw, gaze_pitch)
    frames.remember(eyes.frames, now_ns, trusted, measured(eyes, row, own.LUMA, 0.0, 255.0), yaw, pitch, roll, jaw)
    if not math.isnan(pitch):
        buckets.add(eyes.buckets, now_ns, own.HEAD_NS, step_ns)
        buckets.add(eyes.buckets, now_ns, own.NODS, gestures.nod(eyes.nod, eyes.frames, now_ns, pitch))
    if not math.isnan(jaw):
        buckets.add(eyes.buckets, now_ns, own.JAW_NS, step_ns)
        buckets.add(eyes.buckets, now_ns, own.YAWNS, gestures.yawn(eyes.yawn, now_ns, jaw))


@kernel
def _lids(eyes: Any, now_ns: int, step_ns: int, opening: float, opened: float) -> None:
    before_ns = eyes.closure80.age_ns
    closed80_ns = closures.step(eyes.closure80, closures.P80, closures.P80_ENDS, now_ns, step_ns, opened)
    closed70_ns = closures.step(eyes.closure70, closures.P70, closures.P70_ENDS, now_ns, step_ns, opened)
    if math.isnan(opened):
        return
    eyes.eyes_ns = now_ns
    eyes.openness = opened
    eyes.open_level = eyes.lids.open
    age_ns = eyes.closure80.age_ns
    buckets.add(eyes.buckets, now_ns, own.WATCHED_NS, step_ns)
    buckets.add(eyes.buckets, now_ns, own.CLOSED80_NS, closed80_ns)
    buckets.add(eyes.buckets, now_ns, own.CLOSED70_NS, closed70_ns)
    if before_ns < closures.LONG_NS <= age_ns:
        buckets.add(eyes.buckets, now_ns, own.LONG, 1)
    if before_ns < closures.MICROSLEEP_NS <= age_ns:
        buckets.add(eyes.buckets, now_ns, own.MICROSLEEPS, 1)
    if blinks.step(eyes.blinks, now_ns, opening) == 1:
        place = eyes.blink_count % own.BLINK_RING
        eyes.blink_onset_ns[place] = eyes.blinks.found.onset_ns
        eyes.blink_lowest_ns[place] = eyes.blinks.found.lowest_ns
        eyes.blink_end_ns[place] = eyes.blinks.found.end_ns
        eyes.blink_count += 1
        buckets.add(eyes.buckets, now_ns, own.BLINKS, 1)
        buckets.add(eyes.buckets, now_ns, own.BLINK_NS, int(eyes.blinks.found.duration_s * 1e9))


@kernel
def _gaze(eyes: Any, now_ns: int, yaw: float, pitch: float) -> None:
    if glances.step(eyes.glances, now_ns, yaw, pitch) == 1:
        buckets.add(eyes.buckets, now_ns, own.GLANCES, 1)
        buckets.add(eyes.buckets, now_ns, own.GLANCE_NS, min(60 * buckets.SECOND_NS, eyes.glances.found_ns))
        peaks.lift(eyes.longest_ns, now_ns, eyes.glances.found_ns)
    if fixations.step(eyes.fixations, now_ns, yaw, pitch) == 1:
        _fixation(eyes, now_ns)
    if math.isnan(yaw):
        return
    buckets.add(eyes.buckets, now_ns, own.GAZE_NS, eyes.glances.step_ns)
    one_euro.step(eyes.smooth, now_ns, yaw, pitch)
    gaze.remember(eyes.gaze, now_ns, yaw, pitch)


@kernel
def _fixation(eyes: Any, now_ns: int) -> None:
    found = eyes.fixations.found
    yaw = found.sum_yaw / found.frames - eyes.glances.target_yaw
    pitch = found.sum_pitch / found.frames - eyes.glances.target_pitch
    where, before = scanning.cell(yaw, pitch), -1
    if eyes.last_end_ns >= 0 and found.start_ns - eyes.last_end_ns <= SACCADE_NS:
        before = eyes.last_cell
        apart = math.sqrt((yaw - eyes.last_yaw) ** 2 + (pitch - eyes.last_pitch) ** 2)
        amplitude = min(math.pi, apart)
        buckets.add(eyes.buckets, now_ns, own.SACCADES, 1)
        buckets.add(eyes.buckets, now_ns, own.SACCADE_NRAD, int(amplitude * 1e9))
        k = scanning.focus(eyes.focus, eyes.last_ns * 1e-9, amplitude)
        if not math.isnan(k):
            buckets.add(eyes.buckets, now_ns, own.KS, 1)
            buckets.add(eyes.buckets, now_ns, own.K_1E9, int(k * 1e9))
    duration_ns = found.end_ns - found.start_ns
    buckets.add(eyes.buckets, now_ns, own.FIXATIONS, 1)
    buckets.add(eyes.buckets, now_ns, own.FIXATION_NS, min(30 * buckets.SECOND_NS, duration_ns))
    scanning.visit(eyes.visits, now_ns, where, before)
    eyes.last_end_ns, eyes.last_ns = found.end_ns, duration_ns
    eyes.last_yaw, eyes.last_pitch, eyes.last_cell = yaw, pitch, where


@kernel
def features(eyes: Any, tick_ns: int, out: NDArray[np.float32]) -> None:
    """Write the camera's features of a moment.

    Parameters
    ----------
    eyes : EYES record
        Unchanged but for scratch.
    tick_ns : int
        Not before the newest frame.
    out : (SIZE,) float32
        In the order of `kernels.layout`, filled with NaN by the caller; what is not measured stays so.
    """
    if eyes.newest_ns < 0 or tick_ns - eyes.newest_ns > CAMERA_HOLD_NS:
        return
    frames.summarise(eyes.frames, tick_ns, eyes.counts, eyes.summary)
    seen = eyes.summary
    out[LUMA], out[HEAD_YAW], out[HEAD_PITCH] = seen[2], seen[3], seen[4]
    out[HEAD_ROLL], out[JAW_OPEN] = seen[5], seen[6]
    if seen[7] <= FASTEST_HEAD:
        out[HEAD_MOTION] = seen[7]
    seconds = max(0.0, (tick_ns - eyes.first_ns) * 1e-9) + 1.0 / eyes.rate_hz
    rate_hz = seen[0] / min(2.0, seconds)
    if eyes.columns[own.FACE] >= 0 and seen[0] > 0.0:
        share = seen[1] / seen[0]
        out[FACE_SHARE] = share
        out[FACE_ABSENT] = (eyes.newest_ns - eyes.face_ns) * 1e-9
        # The face mesh is reliable up to about 30 degrees and useless from 60; light as a camera needs it.
        out[QUALITY] = (share * _ramp(rate_hz, 5.0, LEAST_HZ)
                        * _ramp(seen[2], 15.0, 50.0) * _ramp(seen[2], 252.0, 225.0)
                        * _ramp(abs(seen[3]), ASIDE_RAD, 0.5 * ASIDE_RAD)
                        * _ramp(abs(seen[4]), ASIDE_RAD, 0.5 * ASIDE_RAD))
    if eyes.eyes_ns >= 0 and tick_ns - eyes.eyes_ns <= EYES_HOLD_NS:
        out[OPENNESS] = eyes.openness
        out[CLOSURE] = max(0, eyes.closure80.age_ns) * 1e-9
    _lid_windows(eyes, tick_ns, rate_hz, out)
    _gaze_windows(eyes, tick_ns, rate_hz, out)
    _glance_windows(eyes, tick_ns, out)
    if buckets.total(eyes.buckets, tick_ns, 60, own.HEAD_NS) >= LEAST_WATCHED_NS:
        out[NODS] = buckets.total(eyes.buckets, tick_ns, 60, own.NODS)
    if buckets.total(eyes.buckets, tick_ns, 180, own.JAW_NS) >= LEAST_WATCHED_NS:
        out[YAWNS] = buckets.total(eyes.buckets, tick_ns, 180, own.YAWNS)


@kernel
def _lid_windows(eyes: Any, tick_ns: int, rate_hz: float, out: NDArray[np.float32]) -> None:
    watched_ns = buckets.total(eyes.buckets, tick_ns, 60, own.WATCHED_NS)
    if watched_ns > 0:
        out[LONG_CLOSURES] = buckets.total(eyes.buckets, tick_ns, 60, own.LONG)
        out[MICROSLEEPS] = buckets.total(eyes.buckets, tick_ns, 60, own.MICROSLEEPS)
    if watched_ns >= LEAST_WATCHED_NS:
        # A closure that began before the window may bring up to 0.25 s from there: hence at most 1.
        out[PERCLOS_60] = min(1.0, buckets.total(eyes.buckets, tick_ns, 60, own.CLOSED80_NS) / watched_ns)
        out[PERCLOS70_60] = min(1.0, buckets.total(eyes.buckets, tick_ns, 60, own.CLOSED70_NS) / watched_ns)
        out[PERCLOS_180] = min(1.0, buckets.total(eyes.buckets, tick_ns, 180, own.CLOSED80_NS)
                               / buckets.total(eyes.buckets, tick_ns, 180, own.WATCHED_NS))
    count = buckets.total(eyes.buckets, tick_ns, 60, own.BLINKS)
    if watched_ns < LEAST_RATE_NS or rate_hz < LEAST_HZ or count * MINUTE_NS > FASTEST_BLINKS * watched_ns:
        return
    out[BLINK_RATE] = count * MINUTE_NS / watched_ns
    if count > 0:
        out[BLINK_DURATION] = buckets.total(eyes.buckets, tick_ns, 60, own.BLINK_NS) * 1e-9 / count


@kernel
def _gaze_windows(eyes: Any, tick_ns: int, rate_hz: float, out: NDArray[np.float32]) -> None:
    out[GAZE_YAW], out[GAZE_PITCH] = gaze.mean(eyes.gaze, tick_ns, HALF_SECOND_NS)
    out[DISPERSION], out[BCEA], out[ON_TARGET] = gaze.spread(
        eyes.gaze, tick_ns, TEN_SECONDS_NS, eyes.glances.target_yaw, eyes.glances.target_pitch,
        eyes.glances.target_radius)
    if eyes.smooth.newest_ns >= 0 and tick_ns - eyes.smooth.newest_ns <= EYES_HOLD_NS:
        out[GAZE_YAW_SMOOTH], out[GAZE_PITCH_SMOOTH] = eyes.smooth.yaw.value, eyes.smooth.pitch.value
    if rate_hz < LEAST_HZ:
        return
    out[GAZE_ENTROPY], out[TRANSITION_ENTROPY] = scanning.entropies(eyes.visits, tick_ns, MINUTE_NS)
    watched_ns = buckets.total(eyes.buckets, tick_ns, 30, own.GAZE_NS)
    count = buckets.total(eyes.buckets, tick_ns, 30, own.FIXATIONS)
    if watched_ns < LEAST_WATCHED_NS or count * MINUTE_NS > FASTEST_FIXATIONS * watched_ns:
        return
    out[FIXATION_RATE] = count * MINUTE_NS / watched_ns
    if count > 0:
        out[FIXATION_DURATION] = buckets.total(eyes.buckets, tick_ns, 30, own.FIXATION_NS) * 1e-9 / count
    saccades = buckets.total(eyes.buckets, tick_ns, 30, own.SACCADES)
    if saccades > 0:
        out[SACCADE_AMPLITUDE] = buckets.total(eyes.buckets, tick_ns, 30, own.SACCADE_NRAD) * 1e-9 / saccades
    scores = buckets.total(eyes.buckets, tick_ns, 30, own.KS)
    if scores >= LEAST_KS:
        out[K_COEFFICIENT] = buckets.total(eyes.buckets, tick_ns, 30, own.K_1E9) * 1e-9 / scores


@kernel
def _glance_windows(eyes: Any, tick_ns: int, out: NDArray[np.float32]) -> None:
    if eyes.glances.newest_ns >= 0 and tick_ns - eyes.glances.newest_ns <= GAZE_HOLD_NS:
        out[OFF_TARGET] = eyes.glances.away_ns * 1e-9
    watched_ns = buckets.total(eyes.buckets, tick_ns, 60, own.GAZE_NS)
    count = buckets.total(eyes.buckets, tick_ns, 60, own.GLANCES)
    if watched_ns < LEAST_RATE_NS or count * MINUTE_NS > FASTEST_GLANCES * watched_ns:
        return
    out[GLANCE_RATE] = count * MINUTE_NS / watched_ns
    if count > 0:
        out[GLANCE_MEAN] = buckets.total(eyes.buckets, tick_ns, 60, own.GLANCE_NS) * 1e-9 / count
        out[GLANCE_LONGEST] = peaks.peak(eyes.longest_ns, tick_ns, 60) * 1e-9


@kernel
def _ramp(value: float, none: float, full: float) -> float:
    """Return 0 at `none` and beyond, 1 at `full` and beyond, a line between; 1 for a value not measured."""
    if math.isnan(value):
        return 1.0
    return min(1.0, max(0.0, (value - none) / (full - none)))
