"""What a simulated driver does in a drive: looks, blinks and what disturbs the camera, drawn at once and kept small."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.simulated import driver_road
from sensors.simulated.driver_motion import shut
from sensors.simulated.driver_scripted import Episode, scripted
from sensors.simulated.driver_traits import (
    BIAS_DEG,
    BIAS_S,
    BLINK_S,
    BLINK_SD_S,
    DARK_S,
    DARKS_PER_HOUR,
    FIXATION_S,
    GLANCES,
    GLARE_S,
    GLARES_PER_HOUR,
    JUNCTION,
    LONG_BLINKS,
    LOSS_S,
    LOSSES_PER_HOUR,
    PASSENGER,
    PLACES,
    TALKING_BLINKS,
    WANDER_DEG,
    Driver,
    Glance,
    log_normal,
)
from sensors.simulated.randomness import generator

ROAD_DEG = (0.0, -1.0)
LEAST_GAP_S = 0.5
"""Between two glances the road is looked at for at least this long."""
STILL_KMH = 3.0
IDLE_S = (3.0, 2.0)
"""Mean and standard deviation of looks at a stop, where any place will do."""
TALK_S, QUIET_S = 60.0, 240.0
"""Mean length of a conversation and of the silence between."""
LONG_TASK_S, LONG_OTHER_S = 3.0, 2.0
"""From here on a glance is one that rules are made for: 3 s even at a mirror (Euro NCAP), 2 s elsewhere (NHTSA)."""
BACK_S = 0.1
"""A glance is over when the eyes are back on the road (ISO 15007), which takes about so long after they set out."""
Pairs = NDArray[np.float64]
"""(n, 2): from when to when, in s."""


@dataclass(frozen=True)
class Plan:
    """One drive."""

    driver: Driver
    road: driver_road.Road
    gaze: NDArray[np.float64]
    """(n, 3): from when (s) the eyes are on their way to which yaw and pitch (degrees)."""
    head: NDArray[np.float64]
    """(m, 3): the same of the looks alone, which the head follows."""
    blinks: Pairs
    lost: Pairs
    """When no face is found."""
    eyeless: Pairs
    """When the eyes are not."""
    glare: Pairs
    dark: Pairs
    bias: NDArray[np.float64]
    """(k, 2): slow error of the gaze, every `BIAS_S` seconds, degrees."""
    talks: Pairs
    glances: tuple[Episode, ...]
    """Every glance away from the road while the car moves, as it was meant."""
    episodes: tuple[Episode, ...]
    """What a rule may rightly speak of: glances that are too long, and in a scripted drive all that was put in."""


def plan(seed: int, length_s: float, *, misled: bool = False) -> Plan:
    """Return the drive of a seed.

    Parameters
    ----------
    seed
    length_s
        How long it lasts.
    misled
        Whether distraction and microsleeps are put in: a drive to try sensitivity on. Its driver wears no sunglasses.
    """
    driver, road = Driver.drawn(seed), driver_road.drawn(seed, length_s)
    inserted = scripted(seed, road, length_s) if misled else ()
    talks = _spells(generator(seed, "talks"), length_s, QUIET_S, TALK_S)
    glances = list(_glances(seed, road, talks, inserted, length_s))
    glare = _often(generator(seed, "glare"), length_s, GLARES_PER_HOUR, GLARE_S)
    dark = _often(generator(seed, "dark"), length_s, DARKS_PER_HOUR, DARK_S)
    lost = _often(generator(seed, "lost"), length_s, LOSSES_PER_HOUR, LOSS_S, even=False)
    eyeless = np.concatenate([_flicker(generator(seed, "eyeless"), glare), dark])
    if driver.sunglasses and not misled:
        eyeless = np.array([[0.0, length_s + 1.0]])
    looks = sorted([*((g.onset_s, g) for g in glances),
                    *((look.onset_s, look) for e in inserted for look in e.looks)], key=lambda row: row[0])
    gaze, head = _path(seed, [look for _, look in looks], length_s)
    moving = [glance for glance in glances
              if road.speed_kmh(np.array([glance.onset_s, glance.end_s])).max() > STILL_KMH]
    long = [glance for glance in moving
            if glance.end_s + BACK_S - glance.onset_s > (LONG_TASK_S if glance.task else LONG_OTHER_S)]
    return Plan(driver, road, gaze, head, _blinks(driver, talks, inserted, length_s), _ordered(lost), _ordered(eyeless),
                glare, dark, _bias(seed, length_s), talks, tuple(moving),
                tuple(sorted([*long, *inserted], key=lambda episode: episode.onset_s)))


def _glances(seed: int, road: driver_road.Road, talks: Pairs, inserted: tuple[Episode, ...],
             length_s: float) -> Iterator[Episode]:
    """Give the attentive looks in order; none runs into what is put in, and none into the next."""
    draw = generator(seed, "glances")
    busy = [(episode.onset_s - 3.0, episode.end_s + 3.0) for episode in inserted]
    at_s = 1.0
    next_busy = next_stop = 0
    while at_s < length_s - 10.0:
        while next_stop < len(road.stops_s) and road.stops_s[next_stop, 1] + driver_road.AWAY_S < at_s:
            next_stop += 1
        stop = road.stops_s[next_stop] if next_stop < len(road.stops_s) else np.array([np.inf, np.inf])
        kinds = [*GLANCES, PASSENGER] if ((talks[:, 0] <= at_s) & (at_s < talks[:, 1])).any() else [*GLANCES]
        rates = np.array([kind.per_min for kind in kinds])
        if at_s < stop[0]:
            kind = kinds[int(draw.choice(len(kinds), p=rates / rates.sum()))]
            gap_s = 60.0 / rates.sum()
        elif at_s < stop[1] - 2.5:
            yaw, pitch = list(PLACES.values())[int(draw.integers(len(PLACES)))]
            kind, gap_s = Glance("idle", yaw, pitch, *IDLE_S, 0.0, True), 3.0
        else:
            kind, gap_s = JUNCTION, 0.6
        length = float(log_normal(draw, kind.mean_s, kind.sd_s, 1)[0])
        yaw, pitch = _where(kind, draw)
        if kind.target == "idle":
            length = min(length, max(0.3, stop[1] - at_s - 0.5))
        end_s = at_s + length
        while next_busy < len(busy) and busy[next_busy][1] <= at_s:
            next_busy += 1
        if next_busy < len(busy) and end_s > busy[next_busy][0]:
            at_s = busy[next_busy][1]
            continue
        yield Episode(kind.target, at_s, end_s, yaw, pitch, task=kind.task)
        # Looks take part of the time, so the rates hold for what is left of it.
        at_s = end_s + LEAST_GAP_S + float(draw.exponential(max(0.05, gap_s - kind.mean_s - LEAST_GAP_S)))


def _where(kind: Glance, draw: np.random.Generator) -> tuple[float, float]:
    scatter = draw.normal(0.0, 1.5, 2)
    if kind.target == "roadside":
        return float(draw.uniform(-25, 25)), kind.pitch_deg + float(scatter[1])
    side = float(draw.choice([-1.0, 1.0])) if kind.target == "junction" else 1.0
    return side * kind.yaw_deg + float(scatter[0]), kind.pitch_deg + float(scatter[1])


def _path(seed: int, looks: list[Episode], length_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the way of the eyes, fixation by fixation, and that of the looks."""
    draw = generator(seed, "fixations")
    count = int(2.0 * length_s / FIXATION_S) + 100
    onsets = np.cumsum(0.1 + draw.gamma(2.0, (FIXATION_S - 0.1) / 2.0, count))
    onsets = onsets[onsets < length_s]
    # On the road gaze wanders: each fixation is a step of a process that stays near the middle.
    steps, wander = draw.standard_normal((len(onsets), 2)) * np.array(WANDER_DEG), np.empty((len(onsets), 2))
    keep, last = 0.7, np.zeros(2)
    for index, step in enumerate(steps):
        last = keep * last + np.sqrt(1 - keep**2) * step
        wander[index] = last
    starts, ends = np.array([look.onset_s for look in looks]), np.array([look.end_s for look in looks])
    targets = np.array([[look.yaw_deg, look.pitch_deg] for look in looks]).reshape(-1, 2)
    place = np.searchsorted(starts, onsets, side="right") - 1
    within = (place >= 0) & (onsets < ends[np.maximum(place, 0)]) if len(looks) else np.zeros(len(onsets), bool)
    road = np.column_stack([onsets[~within], wander[~within] + ROAD_DEG])
    back = np.column_stack([ends, np.tile(ROAD_DEG, (len(ends), 1))])
    to = np.column_stack([starts, targets])
    gaze = np.concatenate([[[-1.0, *ROAD_DEG]], road, to, back])
    head = np.concatenate([[[-1.0, *ROAD_DEG]], to, back])
    return gaze[np.argsort(gaze[:, 0], kind="stable")], head[np.argsort(head[:, 0], kind="stable")]


def _blinks(driver: Driver, talks: Pairs, inserted: tuple[Episode, ...], length_s: float) -> Pairs:
    """Return the blinks, and among them the closures of microsleeps that are put in."""
    draw = generator(driver.seed, "blinks")
    closed = np.array([shut(e.onset_s, e.end_s) for e in inserted if e.kind == "microsleep"]).reshape(-1, 2)
    blinks, at_s = [], 0.0
    while at_s < length_s:
        talking = ((talks[:, 0] <= at_s) & (at_s < talks[:, 1])).any()
        rate = driver.blinks_per_min * (TALKING_BLINKS if talking else 1.0)
        at_s += 0.6 + float(draw.exponential(max(0.1, 60.0 / rate - 0.6)))
        length = float(np.clip(draw.normal(BLINK_S, BLINK_SD_S), 0.15, 0.40))
        if draw.uniform() < LONG_BLINKS:
            length = float(draw.uniform(0.4, 0.5))
        if not ((closed[:, 0] < at_s + length + 0.5) & (at_s - 0.5 < closed[:, 1])).any():
            blinks.append((at_s, at_s + length))
    every = np.concatenate([np.array(blinks).reshape(-1, 2), closed])
    return every[np.argsort(every[:, 0])]


def _spells(draw: np.random.Generator, length_s: float, gap_s: float, mean_s: float) -> Pairs:
    ends = np.cumsum(draw.exponential(1.0, (int(length_s / gap_s * 3) + 5, 2)) * (gap_s, mean_s))
    return ends.reshape(-1, 2)


def _often(draw: np.random.Generator, length_s: float, per_hour: float, range_s: tuple[float, float], *,
           even: bool = True) -> Pairs:
    count = int(draw.poisson(per_hour * length_s / 3600.0))
    starts = np.sort(draw.uniform(0.0, length_s, count))
    share = draw.uniform(size=count)
    least_s, most_s = range_s
    lengths = least_s + (most_s - least_s) * share if even else least_s * (most_s / least_s) ** share
    return np.column_stack([starts, starts + lengths])


def _flicker(draw: np.random.Generator, glare: Pairs) -> Pairs:
    """Return when glare hides the eyes: about half of it, half a second to three at a time."""
    pieces = []
    for start_s, end_s in glare:
        at_s = start_s
        while at_s < end_s:
            on_s = float(draw.uniform(0.5, 3.0))
            if draw.uniform() < 0.5:
                pieces.append((at_s, min(end_s, at_s + on_s)))
            at_s += on_s
    return np.array(pieces).reshape(-1, 2)


def _bias(seed: int, length_s: float) -> NDArray[np.float64]:
    draw, count = generator(seed, "bias"), int(length_s / BIAS_S) + 2
    return draw.standard_normal((count, 2)) * BIAS_DEG


def _ordered(pairs: Pairs) -> Pairs:
    """Return spells joined where they overlap."""
    out: list[list[float]] = []
    for start_s, end_s in pairs[np.argsort(pairs[:, 0])]:
        if out and start_s <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end_s)
        else:
            out.append([start_s, end_s])
    return np.array(out).reshape(-1, 2)
