"""Where the eyes and the head point: glances away from a target, spread, and movement."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

GLANCE = np.dtype([("begun", np.int64), ("newest_ns", np.int64), ("away_ns", np.int64), ("back_ns", np.int64)])
"""What `glances` carries: the newest measured gaze, the running glance away, and the running look back."""


@njit(cache=True, fastmath=False)
def glances(record: NDArray[Any], target: NDArray[np.float64], debounce_s: float, longest_step_s: float,
            least_open: float, times_ns: NDArray[np.int64], openness: NDArray[np.float64],
            yaw: NDArray[np.float64], pitch: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Fill `out` with the seconds that the running glance away from the target has lasted.

    Where the lids cover the iris its direction means nothing: there yaw and pitch are made NaN first.

    A look back ends the glance once it has lasted `debounce_s`: an in-out-in flicker resets nothing. Frames without
    gaze hold the glance instead of counting it.

    Parameters
    ----------
    record : (1,) GLANCE
        Changed in place; zeros at the start.
    target : (3,) float64
        Centre yaw, centre pitch and radius, radians.
    debounce_s, longest_step_s : float
        Shortest look back that counts; longest step between two gaze samples that counts as watched.
    least_open : float
        Openness under which there is no gaze.
    times_ns : (n,) int64
        Strictly increasing.
    openness : (n,) float64
        NaN (not measured) covers nothing.
    yaw, pitch : (n,) float64
        Radians; NaN where not measured. Changed in place.
    out : (n,) float64
        Seconds, 0 when on target; NaN until a gaze was measured.
    """
    s = record[0]
    for i in range(times_ns.shape[0]):
        if openness[i] < least_open:
            yaw[i] = np.nan
            pitch[i] = np.nan
        if np.isfinite(yaw[i]) and np.isfinite(pitch[i]):
            step_ns = times_ns[i] - s.newest_ns if s.begun == 1 else 0
            if step_ns * 1e-9 > longest_step_s:
                step_ns = 0
            s.begun, s.newest_ns = 1, times_ns[i]
            if (yaw[i] - target[0]) ** 2 + (pitch[i] - target[1]) ** 2 > target[2] ** 2:
                s.away_ns += step_ns
                s.back_ns = 0
            else:
                s.back_ns += step_ns
                if s.back_ns * 1e-9 >= debounce_s:
                    s.away_ns = 0
        out[i] = s.away_ns * 1e-9 if s.begun == 1 else np.nan


@njit(cache=True, fastmath=False)
def spread(times_ns: NDArray[np.int64], yaw: NDArray[np.float64], pitch: NDArray[np.float64],
           target: NDArray[np.float64], tick_ns: int, window_ns: int) -> tuple[float, float, int]:
    """Return the root mean square distance of gaze from its mean, the share on target, and the number of samples.

    Parameters
    ----------
    times_ns, yaw, pitch : (n,)
        History up to the tick; NaN where not measured.
    target : (3,) float64
        Centre yaw, centre pitch and radius, radians.
    tick_ns, window_ns : int
        The window is (tick - window, tick].
    """
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    last = np.searchsorted(times_ns, tick_ns, side="right")
    count = 0
    inside = 0
    sum_yaw = 0.0
    sum_pitch = 0.0
    for i in range(first, last):
        if np.isfinite(yaw[i]) and np.isfinite(pitch[i]):
            count += 1
            sum_yaw += yaw[i]
            sum_pitch += pitch[i]
            if (yaw[i] - target[0]) ** 2 + (pitch[i] - target[1]) ** 2 <= target[2] ** 2:
                inside += 1
    if count == 0:
        return np.nan, np.nan, 0
    mean_yaw, mean_pitch = sum_yaw / count, sum_pitch / count
    squares = 0.0
    for i in range(first, last):
        if np.isfinite(yaw[i]) and np.isfinite(pitch[i]):
            squares += (yaw[i] - mean_yaw) ** 2 + (pitch[i] - mean_pitch) ** 2
    return np.sqrt(squares / count), inside / count, count


@njit(cache=True, fastmath=False)
def angular_speed(times_ns: NDArray[np.int64], yaw: NDArray[np.float64], pitch: NDArray[np.float64],
                  roll: NDArray[np.float64], tick_ns: int, window_ns: int, longest_step_s: float) -> float:
    """Return the root mean square angular speed in rad/s over neighbouring samples of a window; NaN without any pair.

    Small angles: the three rates are summed as one vector. Steps over `longest_step_s` are left out.
    """
    first = np.searchsorted(times_ns, tick_ns - window_ns, side="right")
    last = np.searchsorted(times_ns, tick_ns, side="right")
    squares = 0.0
    count = 0
    for i in range(first + 1, last):
        step_s = (times_ns[i] - times_ns[i - 1]) * 1e-9
        turned = (yaw[i] - yaw[i - 1]) ** 2 + (pitch[i] - pitch[i - 1]) ** 2 + (roll[i] - roll[i - 1]) ** 2
        if step_s <= longest_step_s and np.isfinite(turned):
            squares += turned / (step_s * step_s)
            count += 1
    return np.sqrt(squares / count) if count else np.nan


@njit(cache=True, fastmath=False)
def camera_window(times_ns: NDArray[np.int64], rows: NDArray[np.float64], target: NDArray[np.float64],
                  trusted_face: float, longest_step_s: float, tick_ns: int, out: NDArray[np.float64]) -> None:
    """Summarise the last seconds of a camera in one call, which costs a tick a third of what single calls would.

    Parameters
    ----------
    times_ns : (n,) int64
        Increasing, up to the tick.
    rows : (8, n) float64
        Face confidence, luma, gaze yaw, gaze pitch, head yaw, head pitch, head roll, jaw opening; NaN where not
        measured.
    target : (3,) float64
        Centre yaw, centre pitch and radius, radians.
    trusted_face, longest_step_s : float
    tick_ns : int
    out : (12,) float64
        Share of frames with a trusted face and number of frames in 2 s; mean luma of 1 s; mean gaze yaw, gaze pitch,
        head yaw, head pitch, head roll and jaw opening of 0.5 s; spread of gaze and share on target of 10 s (`spread`);
        angular speed of the head of 2 s (`angular_speed`). NaN where nothing was measured.
    """
    last = np.searchsorted(times_ns, tick_ns, side="right")
    first = np.searchsorted(times_ns, tick_ns - 2_000_000_000, side="right")
    faces = 0
    for i in range(first, last):
        if rows[0, i] >= trusted_face:
            faces += 1
    out[0] = faces / (last - first) if last > first else np.nan
    out[1] = last - first
    for k in range(1, 8):
        window_ns = 1_000_000_000 if k == 1 else 500_000_000
        count = 0
        total = 0.0
        for i in range(np.searchsorted(times_ns, tick_ns - window_ns, side="right"), last):
            if np.isfinite(rows[k, i]):
                count += 1
                total += rows[k, i]
        out[1 + k] = total / count if count else np.nan
    out[9], out[10], _ = spread(times_ns, rows[2], rows[3], target, tick_ns, 10_000_000_000)
    out[11] = angular_speed(times_ns, rows[4], rows[5], rows[6], tick_ns, 2_000_000_000, longest_step_s)


def warm() -> None:
    """Compile the kernels with the types that the trackers give them."""
    times, rows, target = np.arange(4), np.ones((4, 4)), np.ones(3)
    camera_window(times, np.ones((8, 9))[:, :4], target, 0.5, 0.2, 3, np.empty(12))
    glances(np.zeros(1, GLANCE), target, 0.1, 0.2, 0.35, times, rows[0], rows[1], rows[2], rows[3])
    spread(times, rows[0], rows[1], target, 3, 2)
    angular_speed(times, rows[0], rows[1], rows[2], 3, 2, 0.2)
