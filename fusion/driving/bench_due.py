"""Which rule owes an alert about a scripted episode, by the limits of the profiles and a little more."""

from collections.abc import Iterator

import numpy as np

from sensors.simulated.driver_road import Road
from sensors.simulated.driver_scripted import Episode

LATE_S = 0.5
"""So long after an episode its alert may still come: smoothing, and half a blink."""
SPARE_S = 0.5
"""An episode owes an alert where it is longer than the limit by this: eyes take their time, and blinks hide them."""
FAST_KMH, QUICK_KMH, TOWN_KMH = 52.0, 52.0, 22.0
DOWN = ("lap", "knee")
UNSURE = ("phone_wheel",)
"""Places that a webcam cannot tell from the instruments."""
SHUT_RULES = ("microsleep", "sleep", "unresponsive_eyes_closed", "drowsiness", "advisory", "drowsy", "severe")
Owed = tuple[str, tuple[str, ...]]
"""What it is called in the figures, and the rules of which any will do."""


def gaze_rule(name: str) -> bool:
    """Return whether a rule, as profile/rule, is about gaze and not about lids."""
    return name.split("/")[-1] not in SHUT_RULES


def due(episode: Episode, road: Road) -> Iterator[Owed]:
    """Give what is owed for one scripted episode."""
    length_s = episode.end_s - episode.onset_s
    if episode.kind == "microsleep":
        yield from _one("euro-ncap-2026/microsleep")
        if length_s >= 3.0 + SPARE_S / 2:
            yield from _one("euro-ncap-2026/sleep")
    elif episode.kind == "series":
        if sum(look.end_s - look.onset_s for look in episode.looks) >= 10.0 + 2 * SPARE_S:
            yield from _one("euro-ncap-2026/vats")
    else:
        yield from _look(episode, length_s, road)


def _one(rule: str) -> Iterator[Owed]:
    yield rule, (rule,)


def _look(episode: Episode, length_s: float, road: Road) -> Iterator[Owed]:
    sure = episode.place not in UNSURE
    away = "euro-ncap-2026/long_distraction"
    if length_s >= (3.0 if sure else 4.0) + SPARE_S:
        yield away, (away,) if sure else (away, "euro-ncap-2026/long_task_look")
    limit_s = 3.5 if episode.slowest_kmh >= FAST_KMH else 6.0
    if episode.place in DOWN and length_s >= limit_s + SPARE_S:
        yield from _one("eu-addw/visual_distraction")
    if length_s >= 5.0 + SPARE_S:
        yield from _one("un-r171/eyes_on")
    if sure and length_s >= 3.25 + SPARE_S:
        yield from _one("openpilot-like/awareness")
    if episode.slowest_kmh >= QUICK_KMH and length_s >= (2.0 if sure else 3.0) + SPARE_S and _quiet(episode, road):
        yield from _one("attend/buffer")


def _quiet(episode: Episode, road: Road) -> bool:
    """Return whether nothing that keeps AttenD silent happens: indicator, brake or a turned wheel."""
    rows = road.columns(np.arange(episode.onset_s - 1.0, episode.end_s + 1.0, 0.1))
    return not bool(rows[:, [1, 2, 4]].any())
