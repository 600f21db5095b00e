"""From a story's script to what a camera and a vehicle send: rows with their times."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.driving.stories import Step, Story
from sensors.messages import Column, FloatArray, TimeArray
from sensors.simulated.driver_camera import NOISES, Optics, Truth, columns
from sensors.simulated.driver_motion import lids, moved, shut
from sensors.simulated.randomness import generator

BEGIN_NS = 1_000_000_000_000
"""Session time at which a script begins."""
HEAD_SHARE = {"lizard": 0.0, "mixed": 0.5, "owl": 0.9}
EYE_REACH = np.radians(30.0)
"""What lies further off than this is reached with the head."""
LOOK_S = 0.01
"""Eyes and head take so long from one place to the next, half of it before the script's moment: quicker than
real ones, so that the script's moments are those of the areas whose borders they cross on the way."""
OPEN_EYE, LID_NOISE = 0.27, 0.004
LOWERED = 0.45
BLINK_S, BLINKS_PER_MIN = 0.24, 15.0
VEHICLE = (Column("speed_kmh", "km/h"), Column("steering", "rad"), Column("indicator", "1"), Column("gear", "1"),
           Column("brake", "1"))
Centre = Callable[[str], tuple[float, float]]
"""Where the centre of a zone is: yaw and pitch in rad."""


class Taken(NamedTuple):
    """What one sensor sent."""

    values: FloatArray
    """(n, column)."""
    times_ns: TimeArray
    """(n,)."""


class Look(NamedTuple):
    """How a story is looked at: what of it is chance and what a choice."""

    rate_hz: float = 30.0
    dropped: float = 0.0
    """Share of frames that are lost on the way."""
    seed: int = 1
    """Of the phase of the frames, the noise, the blinks, and which frames are lost."""


def camera(story: Story, look: Look, centre: Centre) -> Taken:
    """Return what the camera sends of a story: rows of `driver_camera.COLUMNS`."""
    script, draw = story.script, generator(look.seed, story.name)
    count = int((story.length_s - 1.0 / look.rate_hz) * look.rate_hz)
    t_s = np.asarray((draw.uniform() + np.arange(count)) / look.rate_hz, np.float64)
    noise, fate, blinks = draw.standard_normal((count, NOISES)), draw.uniform(size=count), draw.spawn(1)[0]
    ends_s = np.cumsum([step.for_s for step in script])
    place = np.searchsorted(ends_s, t_s, side="right")

    def of(name: str) -> NDArray[np.float64]:
        return np.array([float(getattr(step, name)) for step in script])[place]

    gaze, head = _directions(script, centre)
    starts_s = np.concatenate([[-1.0], ends_s[:-1]])
    look_s = np.full(len(script), LOOK_S)
    gaze_at = moved(t_s, starts_s - LOOK_S / 2, look_s, gaze)
    head_at = moved(t_s, starts_s - LOOK_S / 2, look_s, head)
    noise_rad = np.radians(story.noise_deg)
    truth = Truth(
        gaze_yaw=gaze_at[:, 0], gaze_pitch=gaze_at[:, 1], head_yaw=head_at[:, 0], head_pitch=head_at[:, 1],
        lid=lids(t_s, *_closures(script, ends_s, blinks)),
        lowered=np.array([LOWERED * (step.lids == "lowered") for step in script])[place],
        face=of("face") > 0.5, eyes=of("eyes") > 0.5, luma=of("luma"))
    optics = Optics(gaze_noise=noise_rad, head_noise=noise_rad * 2 / 3, lid_noise=LID_NOISE, open_eye=OPEN_EYE,
                    offset=(float(np.radians(story.camera_deg[0])), float(np.radians(story.camera_deg[1]))))
    kept = (of("camera") > 0.5) & (fate >= look.dropped)
    return Taken(columns(truth, optics, noise)[kept], _ns(t_s)[kept])


def vehicle(story: Story, look: Look) -> Taken:
    """Return what the vehicle sends of a story: rows of `VEHICLE`."""
    script, draw = story.script, generator(look.seed, story.name, 1)
    t_s = np.arange(draw.uniform(), story.length_s * story.vehicle_hz, 1.0) / story.vehicle_hz
    place = np.searchsorted(np.cumsum([step.for_s for step in script])[:-1], t_s, side="right")
    rows = np.array([[step.at_kmh, np.radians(step.steering_deg or 0.0), step.indicator, step.gear, step.brake]
                     for step in script], np.float64)
    kept = np.array([bool(step.vehicle) for step in script])[place]
    return Taken(rows[place][kept].astype(np.float32), _ns(t_s)[kept])


def _ns(t_s: NDArray[np.float64]) -> TimeArray:
    return BEGIN_NS + np.asarray(np.rint(t_s * 1e9), np.int64)


def _directions(script: tuple[Step, ...], centre: Centre) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where gaze and head are turned in each step: (steps, 2) rad each."""
    gaze = np.array([centre(step.look) if isinstance(step.look, str) else np.radians(step.look) for step in script])
    ahead = np.array(centre("road"))
    share = np.array([[HEAD_SHARE[step.head or "mixed"]] for step in script])
    head = ahead + share * (gaze - ahead)
    return gaze, gaze - np.clip(gaze - head, -EYE_REACH, EYE_REACH)


def _closures(script: tuple[Step, ...], ends_s: NDArray[np.float64],
              draw: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when the lids set out to close and when they are open again."""
    starts: list[float] = []
    ends: list[float] = []
    for step, end_s in zip(script, ends_s, strict=True):
        from_s = float(end_s) - step.for_s
        if step.lids == "closed":
            _close(starts, ends, from_s, float(end_s))
        elif step.closures is not None:
            for_s, every_s = step.closures
            for at_s in np.arange(from_s + every_s / 2, end_s - for_s, every_s):
                _close(starts, ends, float(at_s), float(at_s) + for_s)
        elif step.lids == "blinking":
            gap_s = 60.0 / BLINKS_PER_MIN
            for at_s in np.arange(from_s + 0.5, end_s - 1.0, gap_s) + draw.uniform(0.0, 0.4):
                starts.append(float(at_s))
                ends.append(float(at_s) + BLINK_S)
    return np.array(starts), np.array(ends)


def _close(starts: list[float], ends: list[float], from_s: float, to_s: float) -> None:
    """Add a closure that counts from `from_s` to `to_s`; one that follows at once on another goes on with it."""
    start_s, end_s = shut(from_s, to_s)
    if ends and ends[-1] > start_s:
        ends[-1] = end_s
    else:
        starts.append(start_s)
        ends.append(end_s)
