"""`attnflow bench driving`: the ladders over simulated hours and the named stories. Every figure is simulated."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fusion.driving import profile, stories
from fusion.driving.bench_due import LATE_S, due, gaze_rule
from fusion.driving.ladders import WATCH, Ladders
from fusion.driving.stories import Story
from fusion.driving.story_player import info, play, state
from fusion.driving.story_truth import Look
from sensors.clock import SECOND, cpu_seconds, now_ns
from sensors.messages import Alert, Chunk
from sensors.rig_driving import DrivingConfig
from sensors.simulated import driver_camera, driver_road
from sensors.simulated.driver import RATE_HZ, VEHICLE_HZ, Drive
from sensors.simulated.driver_scripted import Episode

DRIVE_S = 3600.0
"""Every hour is another driver's."""
CHUNK_S = 30.0
MISLED_SHARE, LEAST_MISLED_H = 0.1, 0.25
"""Hours with scripted distraction and microsleeps for each attentive one, and how many at least."""
MISLED_SEEDS = 1_000_000
"""Seeds of the two kinds of drives are that far apart."""
LOOKS = (Look(30.0), Look(20.0), Look(60.0), Look(30.0, 0.05), Look(20.0, 0.05), Look(60.0, 0.05))
"""How the stories are played: rate, share of frames lost."""
CUT = 8
"""Most frames in one chunk of a story: at most 0.4 s."""
BLIND_S, BLIND_SHARE = 5.0, 0.5
"""Being told blind is right if the eyes were not to be seen for so much of the time before."""
WHAT = (
    "All figures are simulated. Attentive drivers, an hour each: log-normal glances at mirrors, speedometer and radio "
    "(Taoka), roadside, passengers, junctions, reading at stops; 15 blinks a minute with 60 % spread; lost faces, "
    "glare, tunnels, night, 8 % in dark sunglasses; a webcam with 2.5 degrees of noise, 2 degrees of slow error and a "
    "mounting that is off by 4 and 3 degrees, but with a gain of 1, as if it were calibrated. Glances over 2 s (3 s at "
    "what belongs to driving) come from the same distributions; an alert about one of them is counted as deserved, "
    "every other one as false. Scripted: looks of 4 to 8 s, series of looks, closures of 1.6 to 4 s; "
    "one is found if a rule that owes an alert tells it in time, every_rule counts each of those rules.")


class Told(NamedTuple):
    """One alert that started."""

    rule: str
    """profile/rule."""
    at_s: float
    onset_s: float


def bench_driving(hours: float, seed: int = 1, advance: Callable[[float], None] = lambda share: None,
                  told: Sequence[Story] | None = None, looks: Sequence[Look] | None = None) -> dict[str, Any]:
    """Measure false alerts, sensitivity, moments and speed.

    Parameters
    ----------
    hours
        Hours of attentive driving; a tenth of them again with scripted episodes.
    seed
        Of the first driver.
    advance
        Told the share that is done.
    told, looks
        The stories, None for those that ship, and how each is played, None for `LOOKS`.

    Returns
    -------
    dict
        `false_alerts_per_hour`, `sensitivity`, `alert_time_error_ms`, `x_realtime`, `stories`, and what they are made
        of.
    """
    chosen = stories.shipped() if told is None else tuple(told)
    moments = _stories(chosen, LOOKS if looks is None else looks, lambda share: advance(0.4 * share))
    began_ns, began_cpu_s = now_ns(), cpu_seconds()
    attentive = _attentive(hours, seed, lambda share: advance(0.4 + 0.5 * share))
    misled_hours = max(LEAST_MISLED_H, hours * MISLED_SHARE)
    misled = _misled(misled_hours, seed + MISLED_SEEDS, lambda share: advance(0.9 + 0.1 * share))
    wall_s = (now_ns() - began_ns) / SECOND
    return {**attentive, "sensitivity": misled, **moments,
            "x_realtime": round((hours + misled_hours) * 3600.0 / wall_s), "wall_s": round(wall_s, 1),
            "cpu_s": round(cpu_seconds() - began_cpu_s, 1),
            "hours": hours, "seed": seed, "profiles": list(profile.names()), "simulated": True, "what": WHAT}


def _stories(chosen: Sequence[Story], looks: Sequence[Look], advance: Callable[[float], None]) -> dict[str, Any]:
    errors_ms: list[float] = []
    failed: dict[str, str] = {}
    for number, look in enumerate(looks):
        for place, story in enumerate(chosen):
            played = play(story, look, CUT)
            errors_ms += [abs(error) * 1e3 for error in played.errors_s]
            if played.wrong:
                failed.setdefault(story.name, f"{look.rate_hz:g} Hz, {look.dropped:.0%} lost: {played.wrong[0]}")
            advance((number + (place + 1) / len(chosen)) / len(looks))
    return {"alert_time_error_ms": {"p50": _round(np.median(errors_ms)) if errors_ms else None,
                                    "max": _round(max(errors_ms)) if errors_ms else None, "n": len(errors_ms)},
            "stories": {"passed": len(chosen) - len(failed), "failed": len(failed), "played": len(chosen) * len(looks),
                        "what_failed": failed}}


def _attentive(hours: float, seed: int, advance: Callable[[float], None]) -> dict[str, Any]:
    false: Counter[str] = Counter()
    deserved: Counter[str] = Counter()
    blind: Counter[str] = Counter()
    for number, length_s in enumerate(_lengths(hours)):
        drive = Drive(seed + number, length_s)
        for alert in drive_alerts(drive, partial(_further, advance, number, hours)):
            if alert.rule.startswith(WATCH):
                blind["right" if _unseen(drive, alert) else "wrong"] += 1
            elif gaze_rule(alert.rule) and any(_about(alert, episode) for episode in drive.plan.episodes):
                deserved[alert.rule] += 1
            else:
                false[alert.rule] += 1
    every = false.total() + deserved.total() + blind["wrong"]
    return {"false_alerts_per_hour": _round((false.total() + blind["wrong"]) / hours, 3),
            "deserved_alerts_per_hour": _round(deserved.total() / hours, 3),
            "alerts_per_hour": _round(every / hours, 3),
            "false_by_rule_per_hour": {rule: _round(count / hours, 4) for rule, count in false.most_common()},
            "deserved_by_rule_per_hour": {rule: _round(count / hours, 4) for rule, count in deserved.most_common()},
            "blind_told_per_hour": {kind: _round(blind[kind] / hours, 3) for kind in ("right", "wrong")}}


def _misled(hours: float, seed: int, advance: Callable[[float], None]) -> dict[str, Any]:
    due_count: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    episodes: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for number, length_s in enumerate(_lengths(hours)):
        drive = Drive(seed + number, length_s, misled=True)
        said = drive_alerts(drive, partial(_further, advance, number, hours))
        for episode in drive.plan.episodes:
            if not episode.scripted:
                continue
            told = {alert.rule for alert in said if episode.onset_s <= alert.at_s <= episode.end_s + LATE_S}
            owed = dict(due(episode, drive.plan.road))
            for name, rules in owed.items():
                due_count[name] += 1
                hits[name] += bool(told & {*rules})
            if owed:
                place = f"{episode.kind} {episode.place}".strip()
                episodes[place] += 1
                found[place] += any(told & {*rules} for rules in owed.values())
    looks = [place for place in episodes if place != "microsleep"]
    return {"distraction": _share(found, episodes, looks), "microsleep": _share(found, episodes, ["microsleep"]),
            "every_rule": _share(hits, due_count, list(due_count)),
            "by_rule": {name: {"due": due_count[name], "told": hits[name], "share": _round(hits[name] / count, 4)}
                        for name, count in sorted(due_count.items())},
            "by_place": {place: {"episodes": episodes[place], "found": found[place]} for place in sorted(episodes)},
            "hours": _round(hours, 3)}


def drive_alerts(drive: Drive, advance: Callable[[float], None] = lambda share: None) -> list[Told]:
    """Return the alerts that every profile starts in a drive; memory stays that of a few seconds."""
    ladders = Ladders(DrivingConfig(profiles=profile.names()), proof=False)
    ladders.meet(info("context", driver_road.COLUMNS, VEHICLE_HZ))
    ladders.meet(info("camera", driver_camera.COLUMNS, RATE_HZ))
    said: list[Told] = []
    numbers: set[int] = set()
    for at_s in np.arange(0.0, drive.length_s, CHUNK_S).tolist():
        for message in _piece(ladders, drive, at_s):
            if isinstance(message, Alert) and message.active and message.number not in numbers:
                numbers.add(message.number)
                said.append(Told(f"{message.profile}/{message.rule}", message.t_ns / SECOND, message.onset_ns / SECOND))
        advance(at_s / DRIVE_S)
    return said


def _piece(ladders: Ladders, drive: Drive, at_s: float) -> Iterator[object]:
    length_s = min(CHUNK_S, drive.length_s - at_s)
    for stream, rate_hz, read in (("context", VEHICLE_HZ, drive.vehicle), ("camera", RATE_HZ, drive.camera)):
        values, times_ns = read(round(at_s * rate_hz), round(length_s * rate_hz))
        yield from ladders.take(Chunk(t_ns=int(times_ns[-1]), stream=stream, values=values, times_ns=times_ns))
    yield from ladders.tick(state(round((at_s + length_s) * SECOND)))


def _further(advance: Callable[[float], None], number: int, hours: float, share: float) -> None:
    advance(min(1.0, (number + share) / hours))


def _lengths(hours: float) -> list[float]:
    whole = int(hours + 1e-9)
    rest_s = float(round((hours - whole) * 3600.0))  # whole seconds: no piece of a drive may hold no row at all
    return [DRIVE_S] * whole + ([rest_s] if rest_s > 1.0 else [])


def _about(alert: Told, episode: Episode) -> bool:
    """Return whether an alert speaks of an episode: its evidence and the episode meet."""
    return episode.onset_s - 0.5 <= alert.at_s and min(alert.onset_s, alert.at_s - 0.5) <= episode.end_s \
        and alert.at_s <= episode.end_s + LATE_S


def _unseen(drive: Drive, alert: Told) -> bool:
    t_s = np.arange(alert.at_s - BLIND_S, alert.at_s, 0.1)
    truth = drive.truth(t_s)
    aside = np.abs(truth.head_yaw) > np.radians(45.0)
    return bool(np.mean(~truth.face | ~truth.eyes | aside) >= BLIND_SHARE)


def _share(hits: Counter[str], count: Counter[str], names: Sequence[str]) -> float | None:
    total = sum(count[name] for name in names)
    return _round(sum(hits[name] for name in names) / total, 4) if total else None


def _round(value: Any, digits: int = 1) -> float:
    return round(float(value), digits)
