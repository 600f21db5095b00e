"""The last two seconds of a camera's frames: trust, light, head and jaw."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

CAPACITY = 1024
"""Frames remembered: 2 s at up to 500 Hz. A faster stream has shorter windows."""
LUMA, HEAD_YAW, HEAD_PITCH, HEAD_ROLL, JAW, ROWS = range(6)
WINDOW_NS, LUMA_NS, POSE_NS = 2_000_000_000, 1_000_000_000, 500_000_000
"""How far back faces and head motion look, luma, and the means of head and jaw."""
LONGEST_STEP_S = 0.2
"""Longest time between two frames that still tells the head's speed."""
SUMMARY = 8
"""Length of what `summarise` fills: the frames, those with a trusted face, the five means, and the head's speed."""

FRAMES = np.dtype([("count", np.int64), ("times_ns", np.int64, (CAPACITY,)), ("trusted", np.int64, (CAPACITY,)),
                   ("rows", np.float32, (CAPACITY, ROWS))], align=True)
"""How many frames ever came, and a ring of the latest: 1 for a trusted face, and the rows, NaN where not measured.
Zeros are its beginning."""


@kernel
def remember(frames: Any, now_ns: int, trusted: int, luma: float, head_yaw: float, head_pitch: float,
             head_roll: float, jaw: float) -> None:
    """Append one frame."""
    place = frames.count % CAPACITY
    frames.times_ns[place] = now_ns
    frames.trusted[place] = trusted
    row = frames.rows[place]
    row[LUMA], row[HEAD_YAW], row[HEAD_PITCH], row[HEAD_ROLL], row[JAW] = luma, head_yaw, head_pitch, head_roll, jaw
    frames.count += 1


@kernel
def summarise(frames: Any, tick_ns: int, counts: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Summarise the frames up to the tick in one walk.

    Parameters
    ----------
    frames : FRAMES record
    tick_ns : int
    counts : (5,) int64
        Scratch.
    out : (8,) float64
        Number of frames, and of those with a trusted face, in 2 s; mean luma of 1 s; mean head yaw, pitch, roll and jaw
        opening of 0.5 s; root mean square angular speed of the head in 2 s, rad/s (small angles: the three rates are
        summed as one vector). NaN where nothing was measured.
    """
    for k in range(SUMMARY):
        out[k] = 0.0
    for k in range(ROWS):
        counts[k] = 0
    pairs = 0
    after_ns = after_yaw = after_pitch = after_roll = math.nan
    for i in range(frames.count - 1, max(-1, frames.count - 1 - CAPACITY), -1):
        place = i % CAPACITY
        age_ns = tick_ns - frames.times_ns[place]
        if age_ns >= WINDOW_NS:
            break
        if age_ns < 0:
            continue
        row = frames.rows[place]
        out[0] += 1.0
        out[1] += frames.trusted[place]
        if age_ns < LUMA_NS and not math.isnan(row[LUMA]):
            counts[LUMA] += 1
            out[2 + LUMA] += row[LUMA]
        if age_ns < POSE_NS:
            for k in range(HEAD_YAW, ROWS):
                if not math.isnan(row[k]):
                    counts[k] += 1
                    out[2 + k] += row[k]
        yaw, pitch, roll = float(row[HEAD_YAW]), float(row[HEAD_PITCH]), float(row[HEAD_ROLL])
        step_s = (age_ns - after_ns) * 1e-9
        turned = ((after_yaw - yaw) * (after_yaw - yaw) + (after_pitch - pitch) * (after_pitch - pitch)
                  + (after_roll - roll) * (after_roll - roll))
        if step_s <= LONGEST_STEP_S and not math.isnan(turned):
            pairs += 1
            out[7] += turned / (step_s * step_s)
        after_ns, after_yaw, after_pitch, after_roll = float(age_ns), yaw, pitch, roll
    for k in range(ROWS):
        out[2 + k] = out[2 + k] / counts[k] if counts[k] > 0 else math.nan
    out[7] = math.sqrt(out[7] / pairs) if pairs > 0 else math.nan


@kernel
def highest_pitch(frames: Any, after_ns: int) -> float:
    """Return the highest head pitch of the remembered frames after a time, rad; NaN without any."""
    highest = math.nan
    for i in range(frames.count - 1, max(-1, frames.count - 1 - CAPACITY), -1):
        place = i % CAPACITY
        if frames.times_ns[place] <= after_ns:
            break
        pitch = float(frames.rows[place, HEAD_PITCH])
        if not pitch <= highest and not math.isnan(pitch):
            highest = pitch
    return highest
