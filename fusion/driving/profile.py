"""A driving profile: one TOML file, one warning ladder, checked whole when it is loaded.

A rule is data for one of six machines (`fusion.driving.machines`): a timer, a sum within a window, AttenD's buffer, an
awareness that leaks, the glances of a task, or a share of closed eyes.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from fusion.driving.facts import INHIBITS
from sensors.errors import RigError

FOLDER = Path(__file__).parent / "profiles"
LEVELS = ("info", "warning", "critical")
FACTS = ("eyes_closed", "blind")
"""What `when` may name beside the profile's own areas."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a ladder."""

    level: Literal["info", "warning", "critical"]
    says: str
    """The sentence for the driver; {seconds} is what the rule counted, {percent} the share."""
    later_s: float = 0.0
    """Time after the stage before it, for a timer; 0 in the first."""
    awareness: float = 0.0
    """What is left of the awareness at this stage, for that machine."""

    def __post_init__(self) -> None:
        try:
            self.says.format(seconds=2.0, percent=20.0)
        except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"says is \"{self.says}\", where only {{seconds}} and {{percent}} can be filled in "
                             f"({error})") from error


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit that holds from a speed on."""

    from_kmh: float
    seconds: float


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rule has; checks raise ValueError with one sentence."""

    clause: str
    """Where it comes from: document and clause, or paper."""
    sure: Literal["read", "second hand", "memory", "own"]
    """How its numbers are known: from the source itself, from a memo that quotes it, from memory, or our own choice."""
    stages: tuple[Stage, ...]
    min_kmh: float = 0.0
    """Speed from which it runs; 0 at any speed."""
    hysteresis_kmh: float = 2.0
    inhibit: tuple[Literal["reverse", "indicator", "braking", "turning"], ...] = ("reverse",)
    """What keeps it quiet."""

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("stages is empty, expected at least one")
        if not 0 <= self.min_kmh <= 300 or not 0 <= self.hysteresis_kmh <= 20:
            raise ValueError(f"min_kmh {self.min_kmh} and hysteresis_kmh {self.hysteresis_kmh}, expected up to 300 and "
                             "20")
        if 0 < self.min_kmh <= self.hysteresis_kmh:
            raise ValueError(f"min_kmh {self.min_kmh} with hysteresis_kmh {self.hysteresis_kmh}: once reached, the "
                             "speed is never left")
        levels = [LEVELS.index(stage.level) for stage in self.stages]
        if levels != sorted(levels):
            raise ValueError("a later stage has a lower level than the one before it, so the ladder would lead down")
        assert set(self.inhibit) <= set(INHIBITS)


def _positive(rule: msgspec.Struct, *names: str) -> None:
    for name in names:
        if not 0 < getattr(rule, name) <= 3600:
            raise ValueError(f"{name} is {getattr(rule, name)}, expected above 0 to 3600 s")


def _one_stage(rule: Rule) -> None:
    if len(rule.stages) != 1:
        raise ValueError(f"there are {len(rule.stages)} stages, expected one: this machine has no second limit")


class Timer(Rule, tag_field="machine", tag="timer", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts time in a condition; fires at a limit that may depend on the speed."""

    when: str
    """An area of the profile, "eyes_closed" or "blind"."""
    limits: tuple[Limit, ...]
    """By speed, rising; the first holds below the second, and so on."""
    tolerance_s: float = 0.3
    """Time out of the condition that resets the timer; a shorter one holds it (in-out-in)."""
    clear_s: float = 0.3
    """Time out of the condition that ends the alert."""
    lost_s: float = 2.0
    """Time without knowing after which the timer is reset and the alert ends."""
    repeat_s: float = 0.0
    """Time between repetitions after the last stage; 0 says it once."""
    extend_s: float = 0.0
    """What is added to the limit while conditions are poor."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _positive(self, "tolerance_s", "clear_s", "lost_s")
        if not self.limits or any(not 0 < limit.seconds <= 3600 for limit in self.limits):
            raise ValueError("limits need at least one entry, each with 0 to 3600 seconds")
        speeds = [limit.from_kmh for limit in self.limits]
        if speeds != sorted(set(speeds)) or not all(0 <= speed <= 300 for speed in speeds):
            raise ValueError(f"limits start at {speeds} km/h, expected rising speeds from 0 to 300")
        if any(0 < speed <= self.hysteresis_kmh for speed in speeds):
            raise ValueError(f"limits start at {speeds} km/h with hysteresis_kmh {self.hysteresis_kmh}: once reached, "
                             "such a speed is never left")
        if self.stages[0].later_s != 0 or not all(0 < stage.later_s <= 3600 for stage in self.stages[1:]):
            raise ValueError("later_s must be 0 in the first stage and above 0 in every later one, up to 3600 s")
        if self.repeat_s != 0 and not 0.1 <= self.repeat_s <= 3600:
            raise ValueError(f"repeat_s is {self.repeat_s}, expected 0.1 to 3600 s, or 0 to say it once")
        if not 0 <= self.extend_s <= 3600:
            raise ValueError(f"extend_s is {self.extend_s}, expected 0 to 3600 s")


class Window(Rule, tag_field="machine", tag="window", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums the time in an area within a sliding window; a long enough look elsewhere empties it."""

    when: str
    sum_s: float
    within_s: float
    reset_on: str
    """The area whose long look resets the sum; no part of `when`."""
    reset_s: float
    lost_s: float = 2.0
    """Time without knowing after which the alert ends."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_stage(self)
        _positive(self, "sum_s", "within_s", "reset_s", "lost_s")
        if self.sum_s >= self.within_s:
            raise ValueError(f"sum_s {self.sum_s} cannot be reached within_s {self.within_s}")


class Buffer(Rule, tag_field="machine", tag="buffer", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AttenD: a buffer that drains while gaze is away and fills while it is on the road."""

    road: str
    glance: str
    """The area that may be looked at for a while for nothing: mirrors, instruments."""
    size_s: float
    allowance_s: float
    refocus_s: float
    """Time on the road before the buffer fills again."""
    lost_s: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_stage(self)
        _positive(self, "size_s", "allowance_s", "refocus_s", "lost_s")


class Awareness(Rule, tag_field="machine", tag="awareness", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An awareness of 1 that leaks while distracted and comes back, slower the fuller it is."""

    when: str
    empty_s: float
    """Time in which it leaks away."""
    filter_s: float
    """Time constant of the filter on whether the driver is distracted."""
    distracted: float
    attentive: float
    """Levels of the filter from which the one, and down to which the other is believed."""
    gain: float
    base: float
    """Recovery per leak step: gain * (1 - awareness) + base."""
    forgive_s: float
    """Attentive time after which an empty awareness begins to recover."""
    lost_s: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _positive(self, "empty_s", "filter_s", "forgive_s", "lost_s")
        if not 0 < self.attentive < self.distracted < 1:
            raise ValueError(f"attentive {self.attentive} and distracted {self.distracted}, expected rising within 0 "
                             "to 1")
        left = [stage.awareness for stage in self.stages]
        if left != sorted(left, reverse=True) or not all(0 <= level < 1 for level in left):
            raise ValueError(f"the stages are at awareness {left}, expected falling from under 1 to 0")
        if not 0 <= self.gain <= 1000 or not 0.001 <= self.base <= 1000:
            raise ValueError(f"gain {self.gain} and base {self.base}, expected 0 to 1000, and 0.001 to 1000")


class Glances(Rule, tag_field="machine", tag="glances", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Judges the glances of one task: their total, their mean, or the share of long ones."""

    when: str
    measure: Literal["total_s", "mean_s", "long_share"]
    limit: float
    long_s: float = 2.0
    least_glances: int = 1
    """Fewer are no task whose mean or share says anything."""
    task_gap_s: float
    """Time without a glance after which the task is over."""
    lost_s: float = 2.0
    """Time without knowing, within a glance, after which the task is forgotten and the alert ends."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_stage(self)
        _positive(self, "limit", "long_s", "task_gap_s", "lost_s")
        if self.measure == "long_share" and self.limit >= 1:
            raise ValueError(f"limit is {self.limit}, which no share is above")


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One condition of a share: closed eyes for so much of the watched time of a window."""

    window_s: float
    share: float


class Share(Rule, tag_field="machine", tag="share", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PERCLOS: the share of watched time with eyes closed, blinks left out."""

    bands: tuple[Band, ...]
    """All of them must be reached."""
    watched: float = 0.5
    """Share of a window that must have been watched for it to count."""
    shortest_s: float = 0.25
    """A shorter closure is a blink."""
    leave: float = 0.8
    """The alert ends when the first band falls under this share of its limit."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_stage(self)
        if not self.bands or any(not (0 < band.share < 1 and 10 <= band.window_s <= 3600) for band in self.bands):
            raise ValueError("bands need at least one entry, each a share within 0 to 1 and 10 to 3600 s of window")
        if not 0 < self.watched <= 1 or not 0 < self.leave < 1:
            raise ValueError(f"watched {self.watched} and leave {self.leave}, expected within 0 to 1")
        _positive(self, "shortest_s")


AnyRule: TypeAlias = Timer | Window | Buffer | Awareness | Glances | Share


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ladder."""

    name: str
    title: str
    inspired_by: str
    """The document; a profile is inspired by it, and complies with nothing."""
    areas: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Named sets of the cabin's zones; an entry "not zone" takes all zones but those named so."""
    rules: dict[str, AnyRule]

    def zones(self, area: str, known: Sequence[str]) -> frozenset[str]:
        """Return the zones of an area.

        Raises
        ------
        RigError
            If the profile has no such area, or it names no zone of the cabin, or none is left of it.
        """
        if area not in self.areas:
            raise RigError(f"Profile '{self.name}' has no area '{area}'.",
                           f"Its areas: {', '.join([*self.areas, *FACTS])}.")
        told = self.areas[area]
        plain = {name.removeprefix("not ") for name in told}
        if unknown := sorted(plain - set(known)):
            raise RigError(f"Profile '{self.name}': area '{area}' names '{unknown[0]}', which is no zone of the cabin.",
                           f"Zones: {', '.join(known)}.")
        without = {name.removeprefix("not ") for name in told if name.startswith("not ")}
        left = frozenset(set(known) - without) if without else frozenset(plain)
        if not left:
            raise RigError(f"Profile '{self.name}': area '{area}' is empty, so nobody ever looks there.",
                           f"Zones: {', '.join(known)}.")
        return left


def names() -> tuple[str, ...]:
    """Return the profiles that ship with the product, but for the one that always runs."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "watch"))


def load(name: str) -> Profile:
    """Return a profile, by name or by the path of its TOML file.

    Raises
    ------
    RigError
        If it is missing, or describes a ladder that cannot be.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RigError(f"There is no driving profile '{name}' ({path} is missing).",
                       f"Known profiles: {', '.join(names())}; or give the path of a .toml file.")
    try:
        profile = msgspec.toml.decode(path.read_bytes(), type=Profile)
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RigError(f"Profile {path.name}: {error}.",
                       "Compare it with one that ships: fusion/driving/profiles/eu-addw.toml.") from None
    if not profile.rules:
        raise RigError(f"Profile {path.name} has no rule.", "Add a table such as [rules.visual_distraction].")
    return profile
