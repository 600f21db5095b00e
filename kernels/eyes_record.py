"""What the camera's modality carries from frame to frame, and how it begins; used through `kernels.eyes`."""

import math
from dataclasses import dataclass
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
from kernels.errors import InputError

WANTED = ("face", "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "head_roll", "jaw_open", "ear_left",
          "ear_right", "blink_left", "blink_right")
"""Columns that are looked for; one that is missing leaves its features unmeasured."""
(FACE, LUMA, GAZE_YAW, GAZE_PITCH, HEAD_YAW, HEAD_PITCH, HEAD_ROLL, JAW, EAR_LEFT, EAR_RIGHT, BLINK_LEFT,
 BLINK_RIGHT) = range(len(WANTED))

(WATCHED_NS, CLOSED80_NS, CLOSED70_NS, LONG, MICROSLEEPS, BLINKS, BLINK_NS, GAZE_NS, FIXATIONS, FIXATION_NS, SACCADES,
 SACCADE_NRAD, KS, K_1E9, GLANCES, GLANCE_NS, HEAD_NS, NODS, JAW_NS, YAWNS, TOTALS) = range(21)
"""The totals that are kept by the second."""

BLINK_RING = 64
FASTEST_HZ = 400.0

EYES = np.dtype([
    ("columns", np.int32, (len(WANTED),)), ("first_ns", np.int64), ("newest_ns", np.int64), ("face_ns", np.int64),
    ("eyes_ns", np.int64), ("rate_hz", np.float64), ("openness", np.float64), ("open_level", np.float64),
    ("blink_count", np.int64), ("blink_onset_ns", np.int64, (BLINK_RING,)),
    ("blink_lowest_ns", np.int64, (BLINK_RING,)), ("blink_end_ns", np.int64, (BLINK_RING,)),
    ("lids", ocular.LIDS), ("closure80", closures.CLOSURE), ("closure70", closures.CLOSURE), ("blinks", blinks.BLINKS),
    ("glances", glances.GLANCES), ("longest_ns", peaks.PEAKS), ("fixations", fixations.FIXATIONS),
    ("last_end_ns", np.int64), ("last_ns", np.int64), ("last_yaw", np.float64), ("last_pitch", np.float64),
    ("last_cell", np.int64), ("visits", scanning.VISITS), ("focus", scanning.FOCUS), ("smooth", one_euro.SMOOTH),
    ("gaze", gaze.GAZE), ("frames", frames.FRAMES), ("nod", gestures.NOD), ("yawn", gestures.YAWN),
    ("buckets", buckets.buckets(TOTALS)), ("summary", np.float64, (frames.SUMMARY,)),
    ("counts", np.int64, (frames.ROWS,))], align=True)
"""Everything the camera carries from frame to frame.

`columns` says where the wanted columns stand, -1 for none. Times are -1 before there was any: the first frame, the
newest, the newest with a trusted face, and the newest with eyes. `open_level` is the aspect ratio of the person's own
open eye. The three blink rings hold blink number n at n % 64. `last_*` is the fixation before: its end (ns), duration
(ns), centre from the target (rad) and cell.
"""


@dataclass(frozen=True)
class Setup:
    """What a camera's record needs to know before the first frame."""

    columns: tuple[str, ...]
    """Names of the stream's columns, in order. Those of `WANTED` are used."""
    rate_hz: float
    """Nominal frame rate, up to 400; 0 for an irregular stream."""
    target_yaw: float
    """Centre of the attended target, rad, + to the person's right."""
    target_pitch: float
    """Centre of the attended target, rad, + up."""
    target_radius: float
    """Radius of the attended target, rad."""
    calibration_s: float
    """How long the person's open eye is learnt."""


def check(setup: Setup) -> None:
    """Raise `InputError` where a setup cannot be meant."""
    names: Any = setup.columns
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"Setup.columns is {names!r}, expected a tuple of names.")
    if len(set(names)) < len(names):
        raise InputError(f"Setup.columns is {names!r}, expected every name once.")
    if not set(names) & set(WANTED):
        raise InputError(f"Setup.columns is {names!r}, expected at least one of {', '.join(WANTED)}.")
    for name, least, most, unit in (
            ("rate_hz", 0.0, FASTEST_HZ, "Hz"), ("target_yaw", -math.pi, math.pi, "rad"),
            ("target_pitch", -math.pi, math.pi, "rad"), ("target_radius", 0.0, math.pi, "rad"),
            ("calibration_s", 0.0, 3600.0, "s")):
        value = getattr(setup, name)
        if not isinstance(value, int | float | np.number) or not least <= value <= most:
            raise InputError(f"Setup.{name} is {value!r}, expected {least:g} to {most:g} {unit}.")
    if setup.target_radius == 0:
        raise InputError("Setup.target_radius is 0, expected more than 0 rad.")


def reset(records: NDArray[Any], setup: Setup) -> None:
    """Make many cameras begin anew.

    Parameters
    ----------
    records : (n,) EYES
        Filled in place.
    setup : Setup

    Raises
    ------
    InputError
        For a wrong array or a setup that cannot be meant.
    """
    if not isinstance(records, np.ndarray) or records.dtype != EYES or records.ndim != 1:
        got = f"{records.ndim}-D {records.dtype}"[:60] if isinstance(records, np.ndarray) else type(records).__name__
        raise InputError(f"eyes.reset got records of {got}, expected a 1-D array of EYES.")
    check(setup)
    records[:] = np.zeros(1, EYES)
    names = list(setup.columns)
    records["columns"] = [names.index(name) if name in names else -1 for name in WANTED]
    for name in ("first_ns", "newest_ns", "face_ns", "eyes_ns", "last_end_ns"):
        records[name] = -1
    records["rate_hz"] = setup.rate_hz or 30.0
    records["openness"], records["open_level"] = math.nan, ocular.PRIOR_OPEN
    ocular.clear(records["lids"], setup.calibration_s)
    closures.clear(records["closure80"])
    closures.clear(records["closure70"])
    records["glances"]["newest_ns"] = records["smooth"]["newest_ns"] = -1
    for name in ("target_yaw", "target_pitch", "target_radius"):
        records["glances"][name] = getattr(setup, name)
    peaks.clear(records["longest_ns"])
    records["fixations"]["slope_samples"] = fixations.slope_samples(setup.rate_hz)
    buckets.clear(records["buckets"])
