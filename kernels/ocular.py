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
    ("begun", np.int64), ("first_ns", np.int64), ("newest_ns", np.int64), ("seen_ns", np.int64),
    ("learnt_ns", np.int64), ("frozen", np.int64), ("learnt", np.float64), ("open", np.float64), ("closed", np.float64),
    ("trough", np.float64), ("score", np.float64), ("closing", np.int64), ("onset_ns", np.int64),
    ("waiting_ns", np.int64), ("lasted", np.float64), ("watched_ns", np.int64), ("closed_ns", np.int64),
    ("long", np.int64)])
"""What `openness` carries: the personal levels, the running closure, and the totals; see `new_lids`."""

FAR_EYE_RAD = math.radians(30.0)
"""Head yaw from which the far eye is hidden behind the nose's bridge and left out."""

LIMITS = np.array([20.0, 0.8, 0.9, 0.005, 0.2, 0.3, 0.15, 0.5, 0.25, 0.5, math.radians(22.0)])
"""Calibration time in s; quantile that is the open level; how far it may fall; how fast it may move, 1/s; openness at
which a closure begins and above which it ends; longest step between frames that still counts as watched time, in s;
longest gap without eyes that a closure survives, in s; closures under this are blinks, and from this are long, in s;
head angle up to which lids teach the levels, in rad."""


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
        Eye aspect ratio, or blink score, of the person's own left and right eye; NaN where not measured.
    head_yaw : (n,) float64
        Radians, + to the person's right; NaN counts as facing the camera.
    far_eye_rad : float
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
def gate(face: NDArray[np.float64], least: float, rows: NDArray[np.float64]) -> int:
    """Make every row NaN where no trusted face was seen, and return the index of the newest trusted frame, or -1.

    Parameters
    ----------
    face : (n,) float64
        Confidence 0..1; NaN is no face.
    least : float
        Confidence from which a face is trusted.
    rows : (row, n) float64
        Changed in place.
    """
    newest = -1
    for i in range(face.shape[0]):
        if face[i] >= least:
            newest = i
        else:
            for k in range(rows.shape[0]):
                rows[k, i] = np.nan
    return newest


@njit(cache=True, fastmath=False)
def openness(record: NDArray[Any], histogram: NDArray[np.int64], limits: NDArray[np.float64], bin_width: float,
             times_ns: NDArray[np.int64], opening: NDArray[np.float64], score: NDArray[np.float64],
             head: NDArray[np.float64], out: NDArray[np.float64]) -> int:
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
    limits : (11,) float64
        `LIMITS`, or others in that order.
    bin_width : float
        Width of a histogram bin.
    times_ns : (n,) int64
        Strictly increasing.
    opening : (n,) float64
        From `lid_opening`; NaN where no eye was seen.
    score : (n,) float64
        Blink score 0..1, mean of both eyes; NaN where not measured.
    head : (2, n) float64
        Head yaw and pitch in radians; the levels are learnt while neither is known to be beyond `limits`.
    out : (5, n) float64
        Filled with the openness and the seconds that the running closure has lasted (-1 outside a closure), both NaN
        where no eye was seen; then the totals so far: ns watched, ns closed, long closures.

    Notes
    -----
    PERCLOS P80 of a window is the growth of "ns closed" over the growth of "ns watched". A frame stands for the time
    since the frame before it. Frames without eyes, and steps too long to vouch for, are neither closed nor watched. A
    closure counts once it has outlived a blink (0.25 s), then from its beginning; a long one once it is 0.5 s old.

    Returns
    -------
    int
        Index of the newest frame with eyes, or -1.
    """
    newest = -1
    calibration_s, quantile, least, speed, enter, leave, step_s, bridge_s, shortest_s, long_s, head_rad = limits
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
        out[2, i], out[3, i], out[4, i] = s.watched_ns, s.closed_ns, s.long
        if not np.isfinite(value):
            out[0, i] = np.nan
            out[1, i] = np.nan
            if s.closing == 1 and (now - s.seen_ns) * 1e-9 > bridge_s:
                s.closing = 0
            continue
        frontal = not (abs(head[0, i]) > head_rad or abs(head[1, i]) > head_rad)
        if s.frozen == 0 and frontal:
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
        if s.frozen == 1 and frontal and ratio > 0.6:
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
            s.waiting_ns, s.lasted = 0, -1.0
        s.seen_ns = now
        newest = i
        age = (now - s.onset_ns) * 1e-9 if s.closing == 1 else -1.0
        s.watched_ns += step_ns
        if age < 0.0:
            s.waiting_ns, s.lasted = 0, -1.0
        else:
            if opened <= enter:
                s.waiting_ns += step_ns
            if age >= shortest_s:
                s.closed_ns += s.waiting_ns
                s.waiting_ns = 0
            if age >= long_s and s.lasted < long_s:
                s.long += 1
            s.lasted = age
        out[0, i], out[1, i] = opened, age
        out[2, i], out[3, i], out[4, i] = s.watched_ns, s.closed_ns, s.long
    return newest


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    times, rows = np.arange(4), np.ones((10, 4))
    gate(rows[0], 0.5, rows[:2])
    lid_opening(rows[0], rows[1], rows[2], FAR_EYE_RAD, rows[3])
    openness(*new_lids(), LIMITS, BIN, times, rows[3], rows[2], rows[:2], rows[5:])
