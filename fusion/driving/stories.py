"""Named stories: scripted drives, each with two lines for a person and the alerts that must come of it, and when."""

import math
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from sensors.errors import RigError
from sensors.rig_driving import CabinConfig, DrivingConfig

STORIES = Path(__file__).with_name("stories.toml")
TOLERANCE_S = 0.05
"""The time resolution that tests of advanced driver distraction warning accept (Reg. (EU) 2023/2590)."""

Lids = Literal["open", "blinking", "lowered", "closed"]
Manner = Literal["lizard", "mixed", "owl"]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a script. `look`, `lids` and `closures` are of this step alone; the others stay until changed."""

    for_s: float = 0.0
    times: int = 1
    steps: tuple["Step", ...] = ()
    """A group of steps that is played `times` times, instead of a step of its own."""
    look: str | tuple[float, float] = "road"
    """A zone of the cabin, whose centre the eyes meet, or yaw and pitch in degrees, + right and + up."""
    lids: Lids = "open"
    """blinking: 15 blinks a minute; lowered: heavy lids over eyes that are not closed."""
    closures: tuple[float, float] | None = None
    """Closures of so many seconds, one every so many seconds: PERCLOS is the first over the second."""
    head: Manner | None = None
    """How much of a look the head makes: nothing that the eyes can do (lizard), half (mixed), nearly all (owl)."""
    at_kmh: float | None = None
    """Speed; nan is a vehicle that does not tell it."""
    face: bool | None = None
    """False: hidden, by a hand or out of the picture."""
    eyes: bool | None = None
    """False: behind sunglasses or in the dark; the head is still seen."""
    luma: float | None = None
    """Brightness of the picture, 0..255."""
    camera: bool | None = None
    """False: the camera sends nothing."""
    vehicle: bool | None = None
    """False: the vehicle sends nothing."""
    indicator: float | None = None
    gear: float | None = None
    steering_deg: float | None = None
    brake: float | None = None

    def __post_init__(self) -> None:
        if bool(self.steps) == (self.for_s > 0):
            raise ValueError(f"a step lasts for_s = {self.for_s} s and holds {len(self.steps)} steps, expected one "
                             "of the two")
        if self.times < 1:
            raise ValueError(f"times is {self.times}, expected 1 or more")
        if self.closures is not None and not 0 < self.closures[0] < self.closures[1]:
            raise ValueError(f"closures is {self.closures}, expected (closed, every) with 0 < closed < every")


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alert that must come, or with `ends` the end of one."""

    rule: str
    at_s: float
    """Seconds into the script."""
    profile: str = ""
    """Which ladder says it; "" where the story has only one."""
    stage: int | None = None
    """None: whichever."""
    level: str = ""
    """"" for any."""
    ends: bool = False
    by_s: float | None = None
    """Where the moment is not to be had exactly: it may come from `at_s` to here, and its time counts for nothing."""


class Story(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of them. Every alert that is neither expected nor one of `may` fails it."""

    name: str
    story: tuple[str, str]
    """Two lines for a person: what happens, and what must come of it."""
    profiles: tuple[str, ...]
    steps: tuple[Step, ...]
    expect: tuple[Expected, ...] = ()
    never: tuple[str, ...] = ()
    """Rules that must not fire at all, by name, or by profile/name."""
    may: tuple[str, ...] = ()
    """Rules that the story is not about and that may also speak; as above."""
    drive: Literal["left", "right"] = "left"
    camera_deg: tuple[float, float] = (0.0, 0.0)
    """Where the camera sees straight ahead, yaw and pitch."""
    noise_deg: float = 0.6
    """Standard deviation of one frame's gaze; of the head two thirds of it."""
    offset_s: float = 60.0
    """After how much driving a natural offset is believed."""
    vehicle_hz: float = 50.0

    def __post_init__(self) -> None:
        for line in self.story:
            if not line.strip():
                raise ValueError(f"story \"{self.name}\" has an empty line")
        if any(expected.profile not in (*self.profiles, "watch", "") for expected in self.expect):
            raise ValueError(f"story \"{self.name}\" expects an alert of a profile that it does not run")
        if len(self.profiles) > 1 and any(not expected.profile for expected in self.expect):
            raise ValueError(f"story \"{self.name}\" runs several profiles, so every alert it expects must name one")

    @property
    def config(self) -> DrivingConfig:
        """The ladders' configuration."""
        return DrivingConfig(profiles=self.profiles, cabin=CabinConfig(drive=self.drive), offset_s=self.offset_s)

    @property
    def script(self) -> tuple[Step, ...]:
        """The steps one after the other, each with all that stays from the one before."""
        return tuple(_inherit(_flat(self.steps)))

    @property
    def length_s(self) -> float:
        """How long the script lasts."""
        return math.fsum(step.for_s for step in _flat(self.steps))


STAYS = {"head": "mixed", "at_kmh": math.nan, "face": True, "eyes": True, "luma": 110.0, "camera": True,
         "vehicle": True, "indicator": 0.0, "gear": 1.0, "steering_deg": 0.0, "brake": 0.0}
"""What stays from step to step, and what it is before a step says otherwise."""


def _flat(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        for _ in range(step.times):
            if step.steps:
                yield from _flat(step.steps)
            else:
                yield step


def _inherit(steps: Iterator[Step]) -> Iterator[Step]:
    now = dict(STAYS)
    for step in steps:
        now = {name: value if getattr(step, name) is None else getattr(step, name) for name, value in now.items()}
        yield msgspec.structs.replace(step, times=1, **now)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    story: tuple[Story, ...]


def read(path: Path) -> tuple[Story, ...]:
    """Return the stories of a TOML file.

    Raises
    ------
    RigError
        If the file cannot be read, is not TOML, or holds something that is no story; or a name twice.
    """
    try:
        stories = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).story
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RigError(f"The stories in {path.name} cannot be read: {error}.", "Mend the file.") from error
    names = [story.name for story in stories]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RigError(f"{path.name} tells of {', '.join(twice)} more than once.", "Give every story its own name.")
    return stories


@cache
def shipped() -> tuple[Story, ...]:
    """Return the stories that ship with the product."""
    return read(STORIES)
