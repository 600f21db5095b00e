"""Everything a participant does in one piece of time, drawn from that piece's own seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sensors.simulated.randomness import generator
from sensors.simulated.timeline import FOREVER_S, Segment
from sensors.simulated.traits import MANNER_BY_CODE, Manner, Person

PIECE_S = 20.0
"""A stay in a state is drawn in pieces of at most this length, counted from where the stay begins."""
FREE_EYE_DEG = 25.0
"""The eyes turn at most this far in the head; the head carries what lies beyond."""
LEAST_CLOSURE_S = 0.06
"""Shortest closure at half amplitude that lids make."""
MARGIN_S = 0.25
"""Room kept free at the end of a piece, in which lids finish opening."""


class Span(NamedTuple):
    """Something that lasts from `start_s` to `end_s`."""

    start_s: float
    end_s: float


class Glance(NamedTuple):
    """Gaze away from the target; angles in radians, + right and + up."""

    start_s: float
    end_s: float
    yaw: float
    pitch: float
    head_yaw: float
    head_pitch: float


class Fixation(NamedTuple):
    """One fixation's offset from where the gaze generally is, in radians."""

    start_s: float
    yaw: float
    pitch: float


@dataclass(frozen=True)
class Piece:
    """What happens in one piece of one stay; every tuple is in order of time and inside the piece."""

    segment: Segment
    start_s: float
    end_s: float
    glances: tuple[Glance, ...]
    fixations: tuple[Fixation, ...]
    blinks: tuple[Span, ...]
    """Lids past half amplitude, for less than 0.9 s."""
    closures: tuple[Span, ...]
    """Lids past half amplitude for 0.5 s and longer, not blinks."""
    nods: tuple[Span, ...]
    yawns: tuple[Span, ...]
    turns: tuple[Span, ...]
    """Speech."""
    spindles: tuple[Span, ...]
    """Alpha spindles; only a drowsy person has them."""
    tensions: tuple[Span, ...]
    """Bursts of muscle activity."""
    transients_s: tuple[float, ...]
    """Sudden sounds."""


def piece_bounds(segment: Segment, t_s: float) -> tuple[int, float, float]:
    """Return number, start and end of the piece of `segment` that `t_s` lies in."""
    origin = max(segment.start_s, 0.0) if t_s >= 0 else 0.0
    number = math.floor((t_s - origin) / PIECE_S)
    # Rounding may put the very end of a piece back into it, and whoever walks from end to end would never arrive.
    if origin + (number + 1) * PIECE_S <= t_s:
        number += 1
    start = origin + number * PIECE_S
    return number, start, min(start + PIECE_S, segment.end_s)


def draw_piece(seed: int, person: Person, segment: Segment, number: int, start_s: float, end_s: float) -> Piece:
    """Return the piece `number` of `segment`, from `start_s` to `end_s`."""
    manner = MANNER_BY_CODE[segment.code]
    last_s = end_s if end_s < FOREVER_S else start_s + PIECE_S

    def draw(name: str) -> np.random.Generator:
        return generator(seed, name, segment.number, number)

    closures = _closures(draw("closures"), manner, start_s, last_s)
    return Piece(
        segment=segment, start_s=start_s, end_s=end_s,
        glances=_glances(draw("glances"), manner, start_s, last_s, away=manner.gaze_share == 0),
        fixations=_fixations(draw("fixations"), manner, start_s, last_s),
        blinks=_blinks(draw("blinks"), manner, person, start_s, last_s, closures),
        closures=closures,
        nods=_fit(((at, at + 1.1) for at in _moments(draw("nods"), manner.nods_per_min, start_s, last_s)), last_s),
        yawns=_fit(((at, at + 4.5) for at in _moments(draw("yawns"), manner.yawns_per_min, start_s, last_s)), last_s),
        turns=_turns(draw("turns"), manner, start_s, last_s),
        spindles=_spindles(draw("spindles"), start_s, last_s) if manner.closures_per_min > 0 else (),
        tensions=_fit(((at, at + 1.0) for at in _moments(draw("tensions"), 1.0, start_s, last_s)), last_s),
        transients_s=tuple(_moments(draw("transients"), manner.transients_per_min, start_s, last_s)),
    )


def lognormal(draw: np.random.Generator, mean: float, sd: float) -> float:
    """Return one log-normal value of the given mean and standard deviation (of the value, not of its logarithm)."""
    sigma = math.sqrt(math.log(1 + (sd / mean) ** 2))
    return float(draw.lognormal(math.log(mean) - sigma**2 / 2, sigma))


def _moments(draw: np.random.Generator, per_min: float, start_s: float, end_s: float) -> list[float]:
    """Return the moments of a Poisson process."""
    count = int(draw.poisson(per_min * (end_s - start_s) / 60))
    return sorted(float(at) for at in draw.uniform(start_s, end_s, count))


def _fit(spans: Iterator[tuple[float, float]], end_s: float) -> tuple[Span, ...]:
    """Return the spans that end in time and do not overlap the one before."""
    kept: list[Span] = []
    for start, stop in spans:
        if stop <= end_s and (not kept or start > kept[-1].end_s):
            kept.append(Span(start, stop))
    return tuple(kept)


def _glances(draw: np.random.Generator, manner: Manner, start_s: float, end_s: float, away: bool) -> tuple[Glance, ...]:
    if away:
        return (_glance(draw, manner, start_s, end_s),)
    mean_on_s = manner.glance_s[0] * manner.gaze_share / (1 - manner.gaze_share)
    # Visual distraction begins with its first glance; elsewhere the first one comes at any moment of a dwell.
    at = start_s + (0.2 if manner.gaze_share < 0.8 else float(draw.exponential(mean_on_s)))
    found: list[Glance] = []
    while True:
        length = max(0.25, lognormal(draw, *manner.glance_s))
        if at + 0.25 > end_s:
            return tuple(found)
        found.append(_glance(draw, manner, at, min(at + length, end_s)))
        # A dwell lasts at least as long as it takes to see anything.
        at += length + 0.25 + float(draw.exponential(max(mean_on_s - 0.25, 0.25)))


def _glance(draw: np.random.Generator, manner: Manner, start_s: float, end_s: float) -> Glance:
    target = manner.targets_deg[int(draw.integers(len(manner.targets_deg)))]
    yaw, pitch = (angle + float(draw.normal(0, 3)) for angle in target)
    head = [math.copysign(max(manner.head_share * abs(angle), abs(angle) - FREE_EYE_DEG), angle)
            for angle in (yaw, pitch)]
    return Glance(start_s, end_s, *(math.radians(angle) for angle in (yaw, pitch, *head)))


def _fixations(draw: np.random.Generator, manner: Manner, start_s: float, end_s: float) -> tuple[Fixation, ...]:
    # Two independent offsets of SD s per axis lie s * sqrt(2) * sqrt(pi / 2) = 1.77 s apart on average.
    sd = math.radians(manner.saccade_deg / 1.77)
    at = start_s
    found: list[Fixation] = []
    while at < end_s:
        found.append(Fixation(at, float(draw.normal(0, sd)), float(draw.normal(0, sd * 0.7))))
        at += max(0.1, lognormal(draw, manner.fixation_s, manner.fixation_s / 2))
    return tuple(found)


def _closures(draw: np.random.Generator, manner: Manner, start_s: float, end_s: float) -> tuple[Span, ...]:
    long = [(at, at + min(4.0, 1.0 + float(draw.gamma(2.0, 0.65))))
            for at in _moments(draw, manner.closures_per_min, start_s, end_s)]
    slow = [(at, at + float(draw.uniform(0.5, 1.0)))
            for at in _moments(draw, manner.slow_closures_per_min, start_s, end_s)]
    # Long ones first: a slow one that overlaps is left out.
    kept = list(_fit(iter(long), end_s - MARGIN_S))
    kept += [Span(*span) for span in slow if span[1] < end_s - MARGIN_S
             and all(span[1] + 0.3 < other.start_s or span[0] - 0.3 > other.end_s for other in kept)]
    return _fit(iter(sorted(kept)), end_s)


def _blinks(draw: np.random.Generator, manner: Manner, person: Person, start_s: float, end_s: float,
            closures: tuple[Span, ...]) -> tuple[Span, ...]:
    mean_s = 60 / (manner.blinks_per_min * person.blink_factor)
    at = start_s + float(draw.uniform(0, mean_s))
    found: list[Span] = []
    while at < end_s - MARGIN_S:
        length = max(LEAST_CLOSURE_S, float(draw.normal(manner.blink_s, 0.3 * manner.blink_s)) + person.blink_offset_s)
        if draw.random() < manner.long_blink_share:
            length = float(draw.uniform(0.25, 0.8))
        clear = all(at + length + 0.3 < closure.start_s or at - 0.3 > closure.end_s for closure in closures)
        if clear and at + length < end_s - MARGIN_S:
            found.append(Span(at, at + length))
        at += max(length + 0.35, float(draw.gamma(2.0, mean_s / 2)))
    return tuple(found)


def _turns(draw: np.random.Generator, manner: Manner, start_s: float, end_s: float) -> tuple[Span, ...]:
    mean_gap_s = 2.4 * (1 - manner.speech_share) / manner.speech_share
    at = start_s + (0.0 if draw.random() < manner.speech_share else float(draw.exponential(mean_gap_s)))
    found: list[Span] = []
    while at < end_s - 0.5:
        length = max(0.6, lognormal(draw, 2.4, 1.2))
        found.append(Span(at, min(at + length, end_s - 0.1)))
        at += length + max(0.35, float(draw.exponential(mean_gap_s)))
    return tuple(found)


def _spindles(draw: np.random.Generator, start_s: float, end_s: float) -> tuple[Span, ...]:
    at = start_s + float(draw.exponential(1.5))
    found: list[Span] = []
    while at < end_s - 0.5:
        length = float(draw.uniform(0.5, 2.0))
        found.append(Span(at, min(at + length, end_s)))
        at += length + 0.4 + float(draw.exponential(1.9))
    return tuple(found)
