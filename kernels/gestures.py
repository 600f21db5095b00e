"""Nods and yawns: late and weak signs of sleepiness, to corroborate what the lids say."""

import math
from typing import Any

import numpy as np

from kernels import frames
from kernels.jit import kernel

DROP_RAD, DROP_NS = math.radians(15.0), 1_000_000_000
"""A nod: the head falls by this much within a second..."""
RECOVERY_NS, RECOVERED = 2_000_000_000, 0.5
"""...and is half-way back this soon after. A head that stays down longer looks at something."""
REST_NS = 1_000_000_000
"""Shortest time between two nods: a quicker one is the same, shaking."""
WIDE, NARROW = 0.5, 0.4
"""Jaw opening score from which the jaw is wide open, and under which it is no longer; speech stays below."""
YAWN_NS = 1_500_000_000
"""A jaw wide open this long yawns; real ones last 4 to 6 s."""
APART_NS = 500_000_000
"""Shortest time between two yawns, and the longest without a measured jaw that one survives."""

NOD = np.dtype([("dropped", np.int64), ("seen_ns", np.int64), ("since_ns", np.int64), ("top", np.float64),
                ("low", np.float64)], align=True)
"""Whether the head is down; the newest measured pitch; since when it is down, or from when on it may fall again; the
pitch it fell from, and the lowest since. Zeros are its beginning."""

YAWN = np.dtype([("wide", np.int64), ("counted", np.int64), ("seen_ns", np.int64), ("since_ns", np.int64),
                 ("ready_ns", np.int64)], align=True)
"""Whether the jaw is wide open, and that was counted; the newest measured jaw; since when it is open; from when on
another yawn may begin. Zeros are its beginning."""


@kernel
def nod(state: Any, recent: Any, now_ns: int, pitch: float) -> int:
    """Take in one frame; return 1 if a nod ended with it.

    Parameters
    ----------
    state : NOD record
        Changed in place.
    recent : FRAMES record
        Holds the frames up to this one.
    now_ns : int
        Later than the frame before.
    pitch : float
        Head pitch, rad, + up; NaN where not measured.
    """
    if math.isnan(pitch):
        return 0
    if now_ns - state.seen_ns > APART_NS:  # what the head did meanwhile is not known
        state.dropped = 0
        state.since_ns = max(state.since_ns, now_ns)
    state.seen_ns = now_ns
    if state.dropped == 0:
        if now_ns < state.since_ns:
            return 0
        top = frames.highest_pitch(recent, max(state.since_ns - 1, now_ns - DROP_NS))
        if top - pitch >= DROP_RAD:
            state.dropped, state.since_ns = 1, now_ns
            state.top, state.low = top, pitch
        return 0
    state.low = min(state.low, pitch)
    if now_ns - state.since_ns > RECOVERY_NS:
        state.dropped, state.since_ns = 0, now_ns
        return 0
    if pitch - state.low < RECOVERED * (state.top - state.low):
        return 0
    state.dropped, state.since_ns = 0, now_ns + REST_NS
    return 1


@kernel
def yawn(state: Any, now_ns: int, jaw: float) -> int:
    """Take in one frame; return 1 if the jaw has just been wide open for long enough.

    Parameters
    ----------
    state : YAWN record
        Changed in place.
    now_ns : int
        Later than the frame before.
    jaw : float
        Jaw opening score 0..1; NaN where not measured.
    """
    if math.isnan(jaw):
        return 0
    if state.wide == 1 and (jaw < NARROW or now_ns - state.seen_ns > APART_NS):
        if state.counted == 1:
            state.ready_ns = now_ns + APART_NS
        state.wide = 0
    state.seen_ns = now_ns
    if state.wide == 0 and jaw >= WIDE and now_ns >= state.ready_ns:
        state.wide, state.counted, state.since_ns = 1, 0, now_ns
    if state.wide == 1 and state.counted == 0 and now_ns - state.since_ns >= YAWN_NS:
        state.counted = 1
        return 1
    return 0
