"""A real person who looked at 55 prompted keys, Tobii at 60 Hz, through the follower.

Assumed, because the recording does not tell: a screen of 53.1 x 29.9 cm (24 inches) at 60 cm. The gaze of each prompt
is corrected by an affine fit that never saw that key: its samples are the median gaze of each of the other keys'
prompts, from the fixation cross to the last flash.
"""

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fusion.xr.follower import XrFollower
from sensors.messages import Chunk, Column, GazeEvent, StreamInfo, Target
from sensors.rig import SessionConfig
from sensors.rig_xr import XrConfig

SECOND = 1_000_000_000
WIDTH_M, HEIGHT_M, DISTANCE_M = 0.531, 0.299, 0.60
RAD_PER_UNIT = (0.43, 0.25)
"""Of the keys' frame on that screen: a change of unit, the same for keys and gaze."""


class Prompt(NamedTuple):
    key: str
    told_s: float
    begin_s: float
    end_s: float


class Recorded(NamedTuple):
    times_s: np.ndarray
    gaze: np.ndarray
    """(n, 2) yaw and pitch, rad; NaN where no eye was seen."""
    prompts: list[Prompt]
    keys: dict[str, tuple[float, float]]
    """Key positions, + right and + up."""


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Recorded:
    folder = shared_data / "gaze"
    with gzip.open(folder / "eyetracker_data_tobii-p0.csv.gz", "rt") as packed:
        lines = packed.read().splitlines()[3:]
    rows = np.array([[float(cell or "nan") for cell in line.split(",")] for line in lines])
    eyes = rows[:, [[3, 4], [6, 7]]]
    seen = ~np.isnan(eyes)
    x, y = np.divide(np.where(seen, eyes, 0.0).sum(axis=1), seen.sum(axis=1), out=np.full((len(rows), 2), np.nan),
                     where=seen.any(axis=1)).T
    gaze = np.stack([np.arctan((x - 0.5) * WIDTH_M / DISTANCE_M), np.arctan((0.5 - y) * HEIGHT_M / DISTANCE_M)], axis=1)
    triggers = [line.split() for line in (folder / "triggers.txt").read_text().splitlines()]
    starts = [k for k, trigger in enumerate(triggers) if trigger[1] == "prompt"]
    prompts = []
    for k in starts:
        flashes = next((j for j in range(k + 1, len(triggers)) if triggers[j][1] not in ("fixation", "target",
                                                                                      "nontarget")), len(triggers))
        prompts.append(Prompt(triggers[k][0], float(triggers[k][2]), float(triggers[k + 1][2]),
                              float(triggers[flashes - 1][2])))
    keys = json.loads((folder / "stimuli_positions.json").read_text())
    return Recorded(rows[:, 9], gaze, prompts, {key: place for key, place in keys.items() if len(key) == 1})


def corrected(recorded: Recorded) -> np.ndarray:
    """Return the gaze in the keys' frame, rad, each prompt by a fit without its key."""
    times, gaze = recorded.times_s, recorded.gaze
    medians = np.array([np.nanmedian(gaze[(times >= one.begin_s) & (times < one.end_s)], axis=0)
                        for one in recorded.prompts])
    places = np.array([recorded.keys[one.key] for one in recorded.prompts])
    out = gaze.copy()
    begins = [-np.inf, *(one.told_s for one in recorded.prompts[1:]), np.inf]
    for one, begin, end in zip(recorded.prompts, begins, begins[1:], strict=False):
        others = [k for k, other in enumerate(recorded.prompts) if other.key != one.key]
        known = np.c_[medians[others], np.ones(len(others))]
        fit, *_ = np.linalg.lstsq(known, places[others] * RAD_PER_UNIT, rcond=None)
        own = (times >= begin) & (times < end)
        out[own] = np.c_[gaze[own], np.ones(own.sum())] @ fit
    return out


def followed(recorded: Recorded, rate_hz: float) -> tuple[list[GazeEvent], np.ndarray]:
    gaze, (across, up) = corrected(recorded), RAD_PER_UNIT
    times = ((recorded.times_s - recorded.times_s[0]) * SECOND).astype(np.int64) + 10 * SECOND
    follower = XrFollower(XrConfig(gaze_error_deg=0.5), SessionConfig())
    follower.meet(StreamInfo(t_ns=0, stream="camera", kind="camera", driver="tobii", rate_hz=rate_hz, columns=tuple(
        Column(name, "rad") for name in ("gaze_yaw", "gaze_pitch"))))
    for key, (x, y) in recorded.keys.items():
        follower.hear(Target(t_ns=0, name=key, yaw=x * across, pitch=y * up, width=0.175 * across,
                             height=0.311 * up, shape="box"))
    events = []
    for first in range(0, len(times), 64):
        own = times[first:first + 64]
        events += follower.take(Chunk(t_ns=int(own[-1]), stream="camera", times_ns=own,
                                      values=np.ascontiguousarray(gaze[first:first + 64], np.float32)))
    return [event for event in events if isinstance(event, GazeEvent)], times


def test_dwells_recover_the_prompted_keys(recorded: Recorded) -> None:
    events, times = followed(recorded, 60.0)

    def at_ns(t_s: float) -> int:
        return round((t_s - recorded.times_s[0]) * SECOND) + int(times[0])

    dwelt = {(event.target, event.onset_ns) for event in events if event.kind == "dwell"}
    visits = [event for event in events if event.kind == "leave" and (event.target, event.onset_ns) in dwelt]
    hits = 0
    for one in recorded.prompts:
        begin_ns, end_ns = at_ns(one.begin_s + 0.8), at_ns(one.end_s - 0.8)
        during = {visit.target for visit in visits if visit.onset_ns < end_ns and visit.end_ns > begin_ns}
        hits += during == {one.key}
    assert len(recorded.prompts) == 55
    assert hits / 55 >= 0.95, f"{hits} of 55: one P was prompted and W looked at"


def test_fixations_and_saccades_of_a_real_person_are_sane_both_ways(recorded: Recorded) -> None:
    seconds = recorded.times_s[-1] - recorded.times_s[0]
    # The second way is the headset's, told a higher rate than the tracker has: its slope then spans 3 samples of 60 Hz.
    for rate_hz, median_ms, share in ((60.0, (250, 450), 0.9), (90.0, (200, 450), 0.85)):
        events, _ = followed(recorded, rate_hz)
        lasted = np.array([event.end_ns - event.onset_ns for event in events if event.kind == "fixation"]) / 1e6
        sizes = np.degrees([event.amplitude for event in events if event.kind == "saccade"])
        peaks = np.degrees([event.peak_velocity for event in events if event.kind == "saccade"])
        assert median_ms[0] < np.median(lasted) < median_ms[1]
        assert lasted.sum() / 1000 > share * seconds, "they watched a key nearly all the time"
        assert 0.3 < len(lasted) / seconds < 3.0
        assert 0.3 < len(sizes) / seconds < 3.0
        assert 1.0 < np.median(sizes) < 8.0
        assert sizes.max() < 45.0
        if rate_hz > 60:
            assert np.corrcoef(sizes, peaks)[0, 1] > 0.85, "the main sequence: larger ones are faster"
            assert np.median(peaks[sizes > 8]) > 150
        else:
            assert np.isnan(peaks).all()
