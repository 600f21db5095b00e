"""Fixations, one gaze sample at a time: by dispersion for cameras up to 90 Hz, by velocity for faster eye trackers.

I-DT and I-VT are those of Salvucci and Goldberg (2000). At 30 Hz a saccade spans a frame or two, so that its speed
cannot be measured and only where gaze stays tells a fixation. A fixation is known when it is over; one that a short
flicker cut in two is put together again first. Angles are radians.
"""

import math
from typing import Any

import numpy as np

from kernels.jit import kernel

RECENT = 64
"""Samples remembered: the start of a fixation that is not yet one, and the slope for the velocity."""
VELOCITY_HZ = 90.0
"""Streams above this rate are cut by velocity."""
DISPERSION_RAD = math.radians(3.0)
"""Largest (max - min yaw) + (max - min pitch) of a fixation, I-DT; 2-3 degrees suit a webcam, 1 a laboratory."""
VELOCITY_RAD_S = math.radians(30.0)
"""Speed from which gaze moves, I-VT; the usual default of eye trackers."""
SLOPE_S, LEAST_SLOPE = 0.04, 5
"""The velocity is the slope of a straight line through this much gaze, and at least so many samples."""
LEAST_FRAMES, LEAST_NS = 4, 100_000_000
"""Fewer samples or less time are no fixation."""
HOLD_NS = 200_000_000
"""Longest time without gaze that a fixation survives: a blink, after which the eyes are where they were."""
MERGE_NS = 75_000_000
"""Two fixations closer than this in time, and in place, are one that a flicker cut."""
MERGE_RAD, MERGE_DISPERSED_RAD = math.radians(0.5), math.radians(1.0)
"""How close in place, by velocity, and by dispersion, where a frame in flight may pull the centre."""

FIXATION = np.dtype([("frames", np.int64), ("start_ns", np.int64), ("end_ns", np.int64), ("sum_yaw", np.float64),
                     ("sum_pitch", np.float64)], align=True)
"""Number of samples, first and last, and the sums that give the centre; no samples: no fixation."""

FIXATIONS = np.dtype([
    ("slope_samples", np.int64), ("count", np.int64), ("newest_ns", np.int64), ("running", FIXATION),
    ("held", FIXATION), ("found", FIXATION), ("low_yaw", np.float64), ("high_yaw", np.float64),
    ("low_pitch", np.float64), ("high_pitch", np.float64), ("times_ns", np.int64, (RECENT,)),
    ("yaw", np.float64, (RECENT,)), ("pitch", np.float64, (RECENT,))], align=True)
"""The running stretch (a fixation once it is long enough) and its extent; one that is over but may still go on; the one
that was found last; and recent samples. Zeros, but for `slope_samples`, are its beginning."""


def slope_samples(rate_hz: float) -> int:
    """Return over how many samples the velocity is taken, an odd number; 0 for streams that are cut by dispersion."""
    if rate_hz <= VELOCITY_HZ:
        return 0
    return min(RECENT - 1, max(LEAST_SLOPE, 2 * round(SLOPE_S * rate_hz / 2.0) + 1))


@kernel
def step(fixations: Any, now_ns: int, yaw: float, pitch: float) -> int:
    """Take in one frame; return 1 if a fixation became known with it, which then lies in ``fixations.found``.

    Parameters
    ----------
    fixations : FIXATIONS record
        Changed in place.
    now_ns : int
        Later than the frame before.
    yaw, pitch : float
        Radians; both NaN where not measured.
    """
    f = fixations
    at_ns = now_ns
    if f.count > 0 and now_ns - f.newest_ns > HOLD_NS:
        _end(f)
        f.count = 0
    if not math.isnan(yaw):
        f.newest_ns = now_ns
        f.times_ns[f.count % RECENT] = now_ns
        f.yaw[f.count % RECENT] = yaw
        f.pitch[f.count % RECENT] = pitch
        f.count += 1
        if f.slope_samples == 0:
            _by_dispersion(f, yaw, pitch)
        elif f.count >= f.slope_samples:
            at_ns = _by_velocity(f)
    return _settle(f, at_ns)


@kernel
def _by_dispersion(f: Any, yaw: float, pitch: float) -> None:
    """Add the newest sample to the running stretch, or begin another with it."""
    apart = (max(f.high_yaw, yaw) - min(f.low_yaw, yaw)) + (max(f.high_pitch, pitch) - min(f.low_pitch, pitch))
    if f.running.frames > 0 and apart <= DISPERSION_RAD:
        _extend(f, f.count - 1)
        return
    if _long_enough(f.running):
        _end(f)
    # Not yet a fixation: it may be one without its oldest samples.
    first = f.count - 1 - min(f.running.frames, RECENT - 1)
    while _extent(f, first) > DISPERSION_RAD:
        first += 1
    f.running.frames = 0
    for k in range(first, f.count):
        _extend(f, k)


@kernel
def _extent(f: Any, first: int) -> float:
    """Return the dispersion of the samples from number `first` to the newest."""
    low_yaw = high_yaw = f.yaw[first % RECENT]
    low_pitch = high_pitch = f.pitch[first % RECENT]
    for k in range(first + 1, f.count):
        low_yaw, high_yaw = min(low_yaw, f.yaw[k % RECENT]), max(high_yaw, f.yaw[k % RECENT])
        low_pitch, high_pitch = min(low_pitch, f.pitch[k % RECENT]), max(high_pitch, f.pitch[k % RECENT])
    return float((high_yaw - low_yaw) + (high_pitch - low_pitch))


@kernel
def _by_velocity(f: Any) -> int:
    """Judge the sample in the middle of the slope, which is half a slope old, and return its time.

    The slope is the least-squares line, a Savitzky-Golay derivative of first order.
    """
    first, middle = f.count - f.slope_samples, f.count - 1 - f.slope_samples // 2
    start_ns = f.times_ns[first % RECENT]
    t = x = y = tt = tx = ty = 0.0
    for k in range(first, f.count):
        seconds = (f.times_ns[k % RECENT] - start_ns) * 1e-9
        a, b = f.yaw[k % RECENT] - f.yaw[middle % RECENT], f.pitch[k % RECENT] - f.pitch[middle % RECENT]
        t += seconds
        x += a
        y += b
        tt += seconds * seconds
        tx += seconds * a
        ty += seconds * b
    n = float(f.slope_samples)
    turn_yaw, turn_pitch, time = n * tx - t * x, n * ty - t * y, n * tt - t * t
    if math.sqrt(turn_yaw * turn_yaw + turn_pitch * turn_pitch) < VELOCITY_RAD_S * time:
        _extend(f, middle)
    else:
        _end(f)
    return int(f.times_ns[middle % RECENT])


@kernel
def _extend(f: Any, sample: int) -> None:
    k = sample % RECENT
    run, yaw, pitch = f.running, f.yaw[k], f.pitch[k]
    if run.frames == 0:
        run.start_ns = f.times_ns[k]
        run.sum_yaw = run.sum_pitch = 0.0
        f.low_yaw = f.high_yaw = yaw
        f.low_pitch = f.high_pitch = pitch
    run.frames += 1
    run.end_ns = f.times_ns[k]
    run.sum_yaw += yaw
    run.sum_pitch += pitch
    f.low_yaw, f.high_yaw = min(f.low_yaw, yaw), max(f.high_yaw, yaw)
    f.low_pitch, f.high_pitch = min(f.low_pitch, pitch), max(f.high_pitch, pitch)


@kernel
def _long_enough(fixation: Any) -> bool:
    return bool(fixation.frames >= LEAST_FRAMES and fixation.end_ns - fixation.start_ns >= LEAST_NS)


@kernel
def _end(f: Any) -> None:
    """End the running stretch; if it was a fixation, hold it: it may yet go on."""
    if _long_enough(f.running):
        _copy(f.running, f.held)
    f.running.frames = 0


@kernel
def _settle(f: Any, at_ns: int) -> int:
    """Decide about the held fixation as soon as that is possible; return 1 if it is over for good."""
    if f.held.frames == 0:
        return 0
    known = False
    if f.running.frames == 0:
        known = at_ns - f.held.end_ns >= MERGE_NS
    elif f.running.start_ns - f.held.end_ns >= MERGE_NS:
        known = True
    elif _long_enough(f.running):
        apart_yaw = f.running.sum_yaw / f.running.frames - f.held.sum_yaw / f.held.frames
        apart_pitch = f.running.sum_pitch / f.running.frames - f.held.sum_pitch / f.held.frames
        close = MERGE_RAD if f.slope_samples > 0 else MERGE_DISPERSED_RAD
        known = apart_yaw * apart_yaw + apart_pitch * apart_pitch >= close * close
        if not known:
            f.running.frames += f.held.frames
            f.running.start_ns = f.held.start_ns
            f.running.sum_yaw += f.held.sum_yaw
            f.running.sum_pitch += f.held.sum_pitch
            f.held.frames = 0
    if known:
        _copy(f.held, f.found)
        f.held.frames = 0
    return 1 if known else 0


@kernel
def _copy(source: Any, into: Any) -> None:
    into.frames, into.start_ns, into.end_ns = source.frames, source.start_ns, source.end_ns
    into.sum_yaw, into.sum_pitch = source.sum_yaw, source.sum_pitch
