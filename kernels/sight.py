"""What a camera saw of a person, frame by frame: face, openness, gaze and head, for whoever cannot wait for a tick.

The same reading of the columns as `kernels.eyes` gives its windows: the same trust in a face, the same personal open
eye, the same limit under which the iris is too covered to say where it points.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import eyes_record as own
from kernels import ocular
from kernels.columns import find, measured
from kernels.errors import InputError
from kernels.eyes import ANGLE_RAD, LONGEST_STEP_NS, LOOKING, TRUSTED_FACE
from kernels.jit import kernel

(FACE, OPENNESS, GAZE_YAW, GAZE_PITCH, HEAD_YAW, HEAD_PITCH, LUMA, SEEN) = range(8)
"""Places in a row of what was seen: face 0 or 1, openness (1 the person's own open eye, 0 closed), angles in rad with
yaw + to the person's right and pitch + up, brightness 0..255. NaN where not measured. `SEEN` is their number."""

SIGHT = np.dtype([("columns", np.int32, (len(own.WANTED),)), ("newest_ns", np.int64), ("lids", ocular.LIDS)],
                 align=True)
"""Where the columns stand (as in `kernels.eyes_record`), the newest frame (-1 before the first), and the lids."""


def reset(records: NDArray[Any], columns: tuple[str, ...], calibration_s: float) -> None:
    """Make (n,) `SIGHT` records begin anew.

    Parameters
    ----------
    records : (n,) SIGHT
    columns
        Names of the stream's columns, in order.
    calibration_s
        How long the person's open eye is learnt, up to 3600 s.

    Raises
    ------
    InputError
        If no column is one that a camera has, or the time cannot be meant.
    """
    if not 0 <= calibration_s <= 3600:
        raise InputError(f"camera: calibration_s is {calibration_s}, expected 0 to 3600")
    records[:] = np.zeros(1, SIGHT)
    records["columns"] = find("camera", columns, own.WANTED)
    records["newest_ns"] = -1
    ocular.clear(records["lids"], calibration_s)


@kernel
def follow(sight: Any, values: NDArray[np.float32], times_ns: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Read frames in order.

    Parameters
    ----------
    sight : SIGHT record
        Changed in place.
    values : (n, column) float32
        The stream's rows; NaN where not measured. n may be 0.
    times_ns : (n,) int64
        Strictly increasing, also from call to call.
    out : (n, SEEN) float64
        Overwritten.
    """
    for i in range(times_ns.shape[0]):
        _frame(sight, values[i], times_ns[i], out[i])


def follow_one(sight: NDArray[Any], values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (n, SEEN) float64 of one camera, whose record is the first of `sight` (1,)."""
    out = np.empty((len(times_ns), SEEN))
    # What comes off the bus cannot be written to, which to the compiler is another type than what it has compiled for.
    values = values if values.flags.writeable else values.copy()
    times_ns = times_ns if times_ns.flags.writeable else times_ns.copy()
    _first(sight, values, times_ns, out)
    return out


@kernel
def _first(sight: NDArray[Any], values: NDArray[np.float32], times_ns: NDArray[np.int64],
           out: NDArray[np.float64]) -> None:
    follow(sight[0], values, times_ns, out)


@kernel
def _frame(sight: Any, row: NDArray[np.float32], now_ns: int, out: NDArray[np.float64]) -> None:
    step_ns = now_ns - sight.newest_ns
    if sight.newest_ns < 0 or step_ns > LONGEST_STEP_NS:
        step_ns = 0
    sight.newest_ns = now_ns
    for k in range(SEEN):
        out[k] = math.nan
    out[LUMA] = measured(sight, row, own.LUMA, 0.0, 255.0)
    trusted = sight.columns[own.FACE] < 0 or measured(sight, row, own.FACE, 0.0, 1.0) >= TRUSTED_FACE
    out[FACE] = 1.0 if trusted else 0.0
    yaw = pitch = opening = score = math.nan
    if trusted:
        yaw = measured(sight, row, own.HEAD_YAW, -ANGLE_RAD, ANGLE_RAD)
        pitch = measured(sight, row, own.HEAD_PITCH, -ANGLE_RAD, ANGLE_RAD)
        opening = ocular.lid_opening(measured(sight, row, own.EAR_LEFT, 0.0, 1.0),
                                     measured(sight, row, own.EAR_RIGHT, 0.0, 1.0), yaw)
        score = ocular.lid_opening(measured(sight, row, own.BLINK_LEFT, 0.0, 1.0),
                                   measured(sight, row, own.BLINK_RIGHT, 0.0, 1.0), yaw)
    opened = ocular.openness(sight.lids, now_ns, step_ns, opening, score, yaw, pitch)
    out[OPENNESS], out[HEAD_YAW], out[HEAD_PITCH] = opened, yaw, pitch
    if trusted and not opened < LOOKING:
        gaze_yaw = measured(sight, row, own.GAZE_YAW, -ANGLE_RAD, ANGLE_RAD)
        gaze_pitch = measured(sight, row, own.GAZE_PITCH, -ANGLE_RAD, ANGLE_RAD)
        if not (math.isnan(gaze_yaw) or math.isnan(gaze_pitch)):
            out[GAZE_YAW], out[GAZE_PITCH] = gaze_yaw, gaze_pitch
