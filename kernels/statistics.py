"""What is usual: exponentially weighted statistics of one signal, and one person's baseline of every feature."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InputError
from kernels.jit import kernel
from kernels.layout import FEATURES, INDEX, SIZE

AVERAGE = np.dtype([("tau_s", np.float64), ("count", np.int64), ("newest_ns", np.int64), ("weight", np.float64),
                    ("level", np.float64), ("variance", np.float64)], align=True)
"""An exponentially weighted mean (`level`) and variance (of the population), already corrected for their short past;
NaN before the first value. `weight` is the sum of all weights so far, 1 - (1 - a)**n for equal steps."""


def reset_average(records: NDArray[Any], tau_s: float) -> None:
    """Set averages that have seen nothing.

    Parameters
    ----------
    records : (n,) AVERAGE
    tau_s : float
        Time constant in seconds.

    Raises
    ------
    InputError
        If the records are none, or the time constant is not a positive number of seconds.
    """
    if records.dtype != AVERAGE:
        raise InputError(f"reset_average got records of {records.dtype}; expected kernels.statistics.AVERAGE.")
    if not 0 < tau_s < math.inf:
        raise InputError(f"reset_average got tau_s {tau_s!r}; expected a positive number of seconds.")
    records["tau_s"] = tau_s
    records["count"], records["newest_ns"], records["weight"] = 0, -1, 0.0
    records["level"] = records["variance"] = math.nan


@kernel
def average_step(average: Any, share: float, value: float) -> None:
    """Take in one value that counts for `share` (a, 0 < a <= 1) of the average; one that is not finite is left out.

    Adam's correction (Kingma & Ba 2015, section 3) divides sum a (1-a)**(n-i) x_i by its weights' sum
    W = 1 - (1-a)**n. The quotient follows level += (a / W) (x - level), which never forms the large sums and so keeps
    the spread under any offset; the variance goes with it (West 1979). The first value gives itself and 0, exactly.
    """
    if not math.isfinite(value):
        return
    average.weight = (1.0 - share) * average.weight + share
    if average.count == 0:
        average.level = value
        average.variance = 0.0
    else:
        gain = share / average.weight
        distance = value - average.level
        average.level += gain * distance
        average.variance = (1.0 - gain) * (average.variance + gain * distance * distance)
    average.count += 1


@kernel
def average_push(average: Any, time_ns: int, value: float) -> None:
    """Take in a value at its time: it counts for a = 1 - exp(-dt / tau), dt since the value before.

    The first value is taken to have lasted as long as the step that follows it, so equal steps give Adam's correction
    exactly. A value that is not finite or not newer than the last one is left out, and time goes on.

    Parameters
    ----------
    average : AVERAGE
    time_ns : int
    value : float
    """
    if not math.isfinite(value) or (average.count > 0 and time_ns <= average.newest_ns):
        return
    if average.count == 0:
        average_step(average, 1.0, value)
    else:
        share = -math.expm1(-(time_ns - average.newest_ns) * 1e-9 / average.tau_s)
        if average.count == 1:
            average.weight = share
        average_step(average, share, value)
    average.newest_ns = time_ns


KINDS = ("camera", "microphone", "eeg")
"""The modalities that measure the person; the context and what is derived from several have no baseline."""

PERSON = np.dtype([("calibration_ns", np.int64), ("first_ns", np.int64, (len(KINDS),)),
                   ("settled", np.int64, (len(KINDS),)), ("trusted", np.int64, (len(KINDS),)),
                   ("count", np.int64, (SIZE,)), ("level", np.float64, (SIZE,)), ("m2", np.float64, (SIZE,))],
                  align=True)
"""A person's baseline: when each modality's calibration began (-1: not yet), whether it is over, room to work in, and
count, mean (`level`) and sum of squared distances of each feature (Welford 1962)."""

TRUSTED = 0.5
"""Quality from which a modality's features teach the baseline."""
FEWEST = 50
"""Values without which a feature is not learnt: 5 s of the 100 ms grid. One that has fewer when the calibration is over
goes on learning until it has them."""
LARGEST_Z = 6.0
"""Scores are cut here: beyond it a baseline says "unlike ever before", not how much."""

FLOORS = {
    "1": 0.02,            # two points of a share; openness and scores are of that size, too
    "s": 0.01,            # between-person spread of blink duration is 9.5 ms
    "1/min": 1.0,         # one event a minute is what a minute can tell
    "rad": 0.02,          # 1.1 degrees: better than webcam gaze
    "rad2": 0.001,        # the ellipse of 1 degree of noise: 2 * 1.14 * pi * 0.0175**2 = 0.002, and half of that
    "rad/s": 0.02,        # head noise of 1 degree a second; of a signal's slope it is nothing
    "LUFS": 0.5,          # about the smallest difference that is heard
    "dB": 0.5,
    "dBFS": 0.5,
    "Hz": 0.2,            # a bin of a 4 s window
    "log10 uV2": 0.05,    # 0.5 dB: half the scatter of a 4 s Welch estimate
    "log10": 0.05,
    "nat": 0.1,           # 0.9 dB of variance: 0.5 ln 1.22
}
"""Smallest standard deviation that is believed, by unit. A feature that hardly moved while learning would otherwise
make any later change enormous."""
WHOLE_EVENTS = ("long_closures_60s", "microsleeps_60s", "nods_60s", "yawns_180s", "transients_10s")
EVENT_FLOOR = 0.5
"""Features of unit 1 that count whole events, and their floor: half an event."""

KIND = np.array([KINDS.index(f.modality) if f.modality in KINDS else -1 for f in FEATURES], np.int64)
QUALITY = np.array([INDEX[f"{kind}_quality"] for kind in KINDS], np.int64)
FLOOR = np.array([math.nan if f.modality not in KINDS else EVENT_FLOOR if f.name in WHOLE_EVENTS else FLOORS[f.unit]
                  for f in FEATURES])
LOW = np.array([f.low for f in FEATURES], np.float32)
HIGH = np.array([f.high for f in FEATURES], np.float32)
"""The layout as arrays; float32 like the vector, so that a value at its limit is inside."""


@dataclass(frozen=True)
class Setup:
    """What a baseline needs to know."""

    calibration_s: float = 60.0
    """Event time from a modality's first trusted tick during which its features are learnt, in seconds."""


def reset(records: NDArray[Any], setup: Setup) -> None:
    """Set baselines that know nothing.

    Parameters
    ----------
    records : (n,) PERSON
    setup : Setup

    Raises
    ------
    InputError
        If the records are none, or the calibration time is not a number of seconds from 0 up.
    """
    if records.dtype != PERSON:
        raise InputError(f"statistics.reset got records of {records.dtype}; expected kernels.statistics.PERSON.")
    if not 0 <= setup.calibration_s <= 1e6:
        raise InputError(f"statistics.reset got calibration_s {setup.calibration_s!r}; expected 0 to 1e6 seconds.")
    records["calibration_ns"] = round(setup.calibration_s * 1e9)
    records["first_ns"] = -1
    for name in ("settled", "trusted", "count"):
        records[name] = 0
    for name in ("level", "m2"):
        records[name] = 0.0


def forget(records: NDArray[Any], kind: str) -> None:
    """Let baselines know nothing of one modality any more, of `KINDS`: another sensor has taken its place."""
    number = KINDS.index(kind)
    records["first_ns"][:, number], records["settled"][:, number] = -1, 0
    for name in ("count", "level", "m2"):
        records[name][:, number == KIND] = 0


@kernel
def learn(person: Any, tick_ns: int, vector: NDArray[np.float32]) -> None:
    """Teach the baseline one feature vector, if its modalities still calibrate and are trusted.

    A modality calibrates from its first tick with quality >= `TRUSTED` to the last one within the calibration time,
    and is then frozen. Values outside the layout's range are defects and teach nothing.

    Parameters
    ----------
    person : PERSON
        Changed in place.
    tick_ns : int
        Increasing from call to call, and evenly: every call counts the same.
    vector : (SIZE,) float32
        NaN where not measured.
    """
    for m in range(QUALITY.shape[0]):
        person.trusted[m] = 1 if vector[QUALITY[m]] >= TRUSTED and vector[QUALITY[m]] <= 1.0 else 0
        if person.trusted[m] != 0 and person.first_ns[m] < 0:
            person.first_ns[m] = tick_ns
        if person.first_ns[m] >= 0 and tick_ns - person.first_ns[m] > person.calibration_ns:
            person.settled[m] = 1
    for k in range(KIND.shape[0]):
        m = KIND[k]
        if m < 0 or person.trusted[m] == 0 or (person.settled[m] != 0 and person.count[k] >= FEWEST):
            continue
        value = vector[k]
        if LOW[k] <= value and value <= HIGH[k]:
            person.count[k] += 1
            distance = value - person.level[k]
            person.level[k] += distance / person.count[k]
            person.m2[k] += distance * (value - person.level[k])


@kernel
def zscore(person: Any, vector: NDArray[np.float32], out: NDArray[np.float64]) -> None:
    """Fill `out` with how many of the person's own standard deviations each feature is from their own mean.

    Parameters
    ----------
    person : PERSON
    vector : (SIZE,) float32
    out : (SIZE,) float64
        (x - mean) / max(sd, floor of the unit), cut to +-`LARGEST_Z`; NaN where the feature is not measured or its
        baseline is not learnt. The sd is the sample's (n - 1).
    """
    for k in range(KIND.shape[0]):
        m = KIND[k]
        value = vector[k]
        out[k] = math.nan
        if m >= 0 and person.settled[m] != 0 and person.count[k] >= FEWEST and LOW[k] <= value and value <= HIGH[k]:
            sd = math.sqrt(person.m2[k] / (person.count[k] - 1))
            z = (value - person.level[k]) / max(sd, FLOOR[k])
            out[k] = max(-LARGEST_Z, min(LARGEST_Z, z))
