"""Plays a story to the ladders and judges what they said of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fusion.driving.stories import TOLERANCE_S, Expected, Story
from fusion.driving.story_truth import BEGIN_NS, VEHICLE, Centre, Look, Taken, camera, vehicle
from fusion.follower import Follower
from sensors.messages import Alert, Chunk, Column, Said, State, StreamInfo
from sensors.rig_driving import DrivingConfig
from sensors.simulated.driver_camera import COLUMNS
from sensors.simulated.randomness import generator

TICK_NS = 100_000_000
"""The session speaks ten times a second."""
LATEST_NS = 1_000_000_000
"""An alert must be told within so much of its moment: one chunk, and the time to see that a camera is silent."""
PLAIN = Look()
"""30 frames a second, none lost."""
Make = Callable[[DrivingConfig], Follower]


@dataclass(frozen=True)
class Played:
    """What came of one playing of a story."""

    story: Story
    alerts: tuple[Alert, ...]
    errors_s: tuple[float, ...]
    """Signed error of the time of each expected alert that came."""
    wrong: tuple[str, ...]
    """What is not as expected, a sentence each; none is a story that passed."""


def play(story: Story, look: Look = PLAIN, cut: int = 1, *, make: Make | None = None,
         centre: Centre | None = None) -> Played:
    """Play a story and judge it.

    Parameters
    ----------
    story
    look
        Frame rate, dropped frames and seed.
    cut
        Most rows in one chunk of the camera; above 1 each chunk is of a random length up to it.
    make, centre
        The ladders and the cabin; None takes the product's own.
    """
    said = listen(story, look, cut, make or _ladders, centre or _cabin(story))
    alerts = [(now_ns, message) for now_ns, message in said if isinstance(message, Alert)]
    played = judge(story, [alert for _, alert in alerts])
    late = tuple(f"{_told(alert)} was told {(now_ns - alert.t_ns) * 1e-9:.1f} s after its moment."
                 for now_ns, alert in alerts if now_ns - alert.t_ns > LATEST_NS)
    return replace(played, wrong=played.wrong + late)


def listen(story: Story, look: Look, cut: int, make: Make, centre: Centre) -> list[tuple[int, Said]]:
    """Return all that the ladders say of a story, in order, each with the time up to which they had heard it."""
    follower = make(story.config)
    seen, driven = camera(story, look, centre), vehicle(story, look)
    follower.meet(info("camera", COLUMNS, look.rate_hz))
    follower.meet(info("context", VEHICLE, story.vehicle_hz))
    ticks = np.arange(BEGIN_NS, BEGIN_NS + round(story.length_s * 1e9) + 1, TICK_NS)
    chunks = [*_cut("camera", seen, cut, look.seed), *_cut("context", driven, 1, look.seed)]
    # At equal times the vehicle is first, and the tick last.
    order = sorted([(chunk.t_ns, chunk.stream == "camera", chunk) for chunk in chunks], key=lambda row: row[:2])
    said: list[tuple[int, Said]] = []
    due = 0
    for t_ns, _, chunk in order:
        while due < len(ticks) and ticks[due] < t_ns:
            said += [(int(ticks[due]), message) for message in follower.tick(state(int(ticks[due])))]
            due += 1
        said += [(chunk.t_ns, message) for message in follower.take(chunk)]
    for tick_ns in ticks[due:]:
        said += [(int(tick_ns), message) for message in follower.tick(state(int(tick_ns)))]
    return said


def judge(story: Story, alerts: Sequence[Alert]) -> Played:
    """Compare what was said with what a story expects."""
    left, errors, wrong = list(alerts), [], []
    for expected in story.expect:
        wanted = expected.profile or story.profiles[0]
        fitting = [alert for alert in left if _fits(alert, expected, wanted)]
        if not fitting:
            wrong.append(f"{_named(expected, wanted)} at {expected.at_s:.2f} s did not come.")
            continue
        nearest = min(fitting, key=lambda alert: abs(_at_s(alert) - expected.at_s))
        left.remove(nearest)
        error = _at_s(nearest) - expected.at_s
        if expected.by_s is not None:
            if not -TOLERANCE_S <= error <= expected.by_s - expected.at_s + TOLERANCE_S:
                wrong.append(f"{_named(expected, wanted)} came at {_at_s(nearest):.2f} s, expected "
                             f"{expected.at_s:.2f} to {expected.by_s:.2f} s.")
            continue
        errors.append(error)
        if abs(error) > TOLERANCE_S:
            wrong.append(f"{_named(expected, wanted)} came at {_at_s(nearest):.3f} s, expected {expected.at_s:.3f} s, "
                         f"off by {error * 1000:+.0f} ms.")
    told: set[tuple[int, int]] = set()
    for alert in alerts:
        if alert.active and (alert.number, alert.stage) in told:
            if alert in left:
                left.remove(alert)  # the same warning, said again
            continue
        told.add((alert.number, alert.stage))
        if _one_of(alert, story.never):
            wrong.append(f"{_told(alert)} at {_at_s(alert):.2f} s must never come.")
        elif alert.active and alert in left and not _one_of(alert, story.may):
            wrong.append(f"{_told(alert)} at {_at_s(alert):.2f} s was not expected.")
    return Played(story, tuple(alerts), tuple(errors), tuple(wrong))


def info(stream: str, columns: tuple[Column, ...], rate_hz: float) -> StreamInfo:
    """Return what a simulated stream says of itself."""
    return StreamInfo(t_ns=BEGIN_NS, stream=stream, kind=stream, driver=stream, rate_hz=rate_hz, columns=columns,
                      meta={"simulated": "yes"})


def state(t_ns: int) -> State:
    """Return the state of a session that has no estimator: time goes on."""
    return State(t_ns=t_ns, state="unknown", probabilities={})


def _cut(stream: str, taken: Taken, most: int, seed: int) -> Iterator[Chunk]:
    draw, start = generator(seed, f"cut {stream}"), 0
    while start < len(taken.times_ns):
        end = min(len(taken.times_ns), start + (1 if most == 1 else int(draw.integers(1, most + 1))))
        yield Chunk(t_ns=int(taken.times_ns[end - 1]), stream=stream, values=taken.values[start:end],
                    times_ns=taken.times_ns[start:end])
        start = end


def _fits(alert: Alert, expected: Expected, profile: str) -> bool:
    return (alert.profile == profile and alert.rule == expected.rule and alert.active is not expected.ends
            and expected.stage in (None, alert.stage) and expected.level in ("", alert.level))


def _one_of(alert: Alert, names: tuple[str, ...]) -> bool:
    return alert.rule in names or f"{alert.profile}/{alert.rule}" in names


def _at_s(alert: Alert) -> float:
    return (alert.t_ns - BEGIN_NS) * 1e-9


def _named(expected: Expected, profile: str) -> str:
    stage = "" if expected.stage is None else f", stage {expected.stage}"
    return f"{'The end of ' if expected.ends else ''}{profile}/{expected.rule}{stage}"


def _told(alert: Alert) -> str:
    return f"{alert.profile}/{alert.rule}, stage {alert.stage},"


def _ladders(config: DrivingConfig) -> Follower:
    from fusion.driving.ladders import Ladders

    return Ladders(config)


def _cabin(story: Story) -> Centre:
    from fusion.driving.cabin import Cabin

    centre: Centre = Cabin.load(story.config.cabin).centre
    return centre
