"""Eyelids: opening from aspect ratios, openness over the person's own open eye, closures, and PERCLOS.

Openness is 1 for the person's own open eye and 0 for the closed one, so that "80 % closed" means the same for everyone:
a fixed aspect ratio calls one person in ten closed. The open level is an upper quantile of the first seconds. After
that it may rise, and never falls under 0.9 of what was learnt, so that a person who grows sleepy stays measured against
the waking self.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

BIN = 0.0025
BINS = 256
"""The histogram of lid openings: 256 bins of 0.0025 of aspect ratio."""

LIDS = np.dtype([
    ("begun", np.int64), ("first_ns", np.int64), ("newest_ns", np.int64), ("seen_ns", np.int64), ("learnt_ns", np.int64),
    ("frozen", np.int64), ("learnt", np.float64), ("open", np.float64), ("closed", np.float64), ("trough", np.float64),
    ("score", np.float64), ("closing", np.int64), ("onset_ns", np.int64)])
"""What `openness` carries: the personal levels and the running closure; see `new_lids`."""

FAR_EYE_RAD = math.radians(30.0)
"""Head yaw from which the far eye is hidden behind the nose's bridge and left out."""

LIMITS = np.array([20.0, 0.8, 0.9, 0.005, 0.2, 0.3, 0.15, 0.5])
"""Calibration time in s; quantile that is the open level; how far it may fall; how fast it may move, 1/s; openness at
which a closure begins and above which it ends; longest step between frames that still counts as watched time, in s;
longest gap without eyes that a closure survives, in s."""


def new_lids() -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return lids of which nothing is known: the record and the histogram (in ns) with a weak prior.

    The prior is half a second at 0.26, the mean open aspect ratio of 27 people on a webcam, so that a session that
    begins with a blink does not take closed eyes for open ones.
    """
    record, histogram = np.zeros(1, LIDS), np.zeros(BINS, np.int64)
    record["closed"], record["trough"], record["score"] = 0.4, 1.0, 0.1
    record["open"] = 0.26
    histogram[round(0.26 / BIN)] = 500_000_000
    return record, histogram


@njit(cache=True, fastmath=False)
def lid_opening(left: NDArray[np.float64], right: NDArray[np.float64], head_yaw: NDArray[np.float64],
                far_eye_rad: float, out: NDArray[np.float64]) -> None:
    """Fill `out` with the opening of both eyes together.

    The mean of the eyes that were measured; beyond `far_eye_rad` of head yaw only the near one. With the head turned to
    the person's right (yaw > 0) the right eye is the far one.

    Parameters
    ----------
    left, right : (n,) float64
        Eye aspect ratio of the person's own left and right eye; NaN where not measured.
    head_yaw : (n,) float64
        Radians, + to the person's right; NaN counts as facing the camera.
    out : (n,) float64
    """
    for i in range(left.shape[0]):
        a, b = left[i], right[i]
        if head_yaw[i] > far_eye_rad and not np.isnan(a):
            b = a
        elif head_yaw[i] < -far_eye_rad and not np.isnan(b):
            a = b
        if np.isnan(a):
            a = b
        elif np.isnan(b):
            b = a
        out[i] = 0.5 * (a + b)


@njit(cache=True, fastmath=False)
def openness(record: NDArray[Any], histogram: NDArray[np.int64], limits: NDArray[np.float64], bin_width: float,
             times_ns: NDArray[np.int64], opening: NDArray[np.float64], score: NDArray[np.float64],
             frontal: NDArray[np.float64], out: NDArray[np.float64], closure: NDArray[np.float64]) -> None:
    """Turn lid openings into openness and running closures, learning the person's levels on the way.

    openness = (opening / open - closed) / (1 - closed), kept in 0..1.5. `open` is the quantile of the openings of the
    calibration time, then a slow tracker of the same quantile. `closed` starts at 0.4 of open and follows the lowest
    points of the person's own full closures down to 0.2.

    Looking down lowers the lid without closing it (0.75-0.93 % per degree). An opening that such a look could explain
    (over 0.3 of open) is therefore only believed to be a closure as far as the blink score has risen from its own
    resting level; where no score is measured, the lid alone decides.

    Parameters
    ----------
    record, histogram
        From `new_lids`, changed in place.
    limits : (8,) float64
        `LIMITS`, or others in that order.
    bin_width : float
        Width of a histogram bin.
    times_ns : (n,) int64
        Strictly increasing.
    opening : (n,) float64
        From `lid_opening`; NaN where no eye was seen.
    score : (n,) float64
        Blink score 0..1, mean of both eyes; NaN where not measured.
    frontal : (n,) float64
        Over 0 where the face is frontal enough to learn from.
    out : (n,) float64
        Openness; NaN where no eye was seen.
    closure : (n,) float64
        Seconds that the running closure has lasted, -1 outside a closure, NaN where no eye was seen.
    """
    calibration_s, quantile, least, speed, enter, leave, step_s, bridge_s = limits
    s = record[0]
    bins = histogram.shape[0]
    for i in range(times_ns.shape[0]):
        now, value = times_ns[i], opening[i]
        if s.begun == 0:
            s.begun, s.first_ns, s.newest_ns = 1, now, now
        step_ns = now - s.newest_ns
        if step_ns * 1e-9 > step_s:
            step_ns = 0
        s.newest_ns = now
        if not np.isfinite(value):
            out[i] = np.nan
            closure[i] = np.nan
            if s.closing == 1 and (now - s.seen_ns) * 1e-9 > bridge_s:
                s.closing = 0
            continue
        if s.frozen == 0 and frontal[i] > 0:
            histogram[min(bins - 1, max(0, int(value / bin_width + 0.5)))] += step_ns
            s.learnt_ns += step_ns
            total = histogram.sum()
            below = 0
            for k in range(bins):
                below += histogram[k]
                if below >= quantile * total:
                    s.open = max(0.12, k * bin_width)
                    break
            waited = (now - s.first_ns) * 1e-9 >= calibration_s
            if waited and s.learnt_ns * 1e-9 >= min(5.0, 0.5 * calibration_s):
                s.frozen = 1
                s.learnt = s.open
        ratio = value / s.open
        if s.frozen == 1 and frontal[i] > 0 and ratio > 0.6:
            push = quantile if value > s.open else quantile - 1.0
            moved = s.open + push * speed * s.learnt * step_ns * 1e-9
            s.open = min(1.5 * s.learnt, max(least * s.learnt, moved))
        # The lowest point of a full closure teaches what closed looks like on this face.
        if ratio < 0.55:
            s.trough = min(s.trough, ratio)
        elif ratio > 0.7 and s.trough < 1.0:
            if s.trough < 0.45:
                s.closed = min(0.4, s.closed + 0.25 * (max(0.2, s.trough) - s.closed))
            s.trough = 1.0
        opened = min(1.5, max(0.0, (ratio - s.closed) / (1.0 - s.closed)))
        if np.isfinite(score[i]):
            if ratio > 0.8:
                s.score += (1.0 - np.exp(-step_ns * 1e-9 / 5.0)) * (score[i] - s.score)
            if ratio > 0.3:
                risen = min(1.0, max(0.0, (score[i] - s.score) / 0.2))
                opened = max(opened, (leave + 0.05) * (1.0 - risen))
        if s.closing == 1 and (opened > leave or (now - s.seen_ns) * 1e-9 > bridge_s):
            s.closing = 0
        if s.closing == 0 and opened <= enter:
            s.closing = 1
            s.onset_ns = now - step_ns
        s.seen_ns = now
        out[i] = opened
        closure[i] = (now - s.onset_ns) * 1e-9 if s.closing == 1 else -1.0


@njit(cache=True, fastmath=False)
def perclos(times_ns: NDArray[np.int64], openness: NDArray[np.float64], closure: NDArray[np.float64],
            tick_ns: int, window_ns: int, enter: float, step_s: float, shortest_s: float,
            long_s: float) -> tuple[float, float, int]:
    """Return PERCLOS P80, the watched time in seconds, and the number of long closures of a window.

    P80 is the share of watched time with openness <= `enter` in closures of at least `shortest_s` (a closure under
    0.25 s is a blink). A frame stands for the time since the frame before it; frames without eyes, and steps longer
    than `step_s`, count neither as closed nor as watched. A long closure counts from the moment it is `long_s` old.

    Parameters
    ----------
    times_ns, openness, closure : (n,)
        History up to the tick, from `openness`.
    tick_ns, window_ns : int
        The window is (tick - window, tick].
    enter, step_s, shortest_s, long_s : float
        0.2, 0.15, 0.25 and 0.5 are the usual ones.

    Returns
    -------
    tuple[float, float, int]
        Share 0..1 (NaN when nothing was watched), seconds watched, closures.
    """
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    watched = 0
    closed = 0
    run = 0
    age = -1.0
    count = 0
    before = first - 1
    while before >= 0 and np.isnan(closure[before]):
        before -= 1
    if before >= 0:
        age = closure[before]
    for i in range(first, times_ns.shape[0]):
        if times_ns[i] > tick_ns:
            break
        if np.isnan(openness[i]):
            continue
        step_ns = times_ns[i] - times_ns[i - 1] if i > 0 else 0
        if step_ns * 1e-9 > step_s:
            step_ns = 0
        watched += step_ns
        if closure[i] < age or closure[i] < 0.0:  # the closure before this frame is over
            if age >= shortest_s:
                closed += run
            run = 0
        if closure[i] >= long_s and (age < long_s or closure[i] < age):
            count += 1
        age = closure[i]
        if age >= 0.0 and openness[i] <= enter:
            run += step_ns
    if age >= shortest_s:
        closed += run
    return closed / watched if watched > 0 else np.nan, watched * 1e-9, count
