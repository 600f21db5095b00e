"""All outputs on a real bus: everybody hears everything in order, apps are heard, old news gives way to new."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from fusion.outputs import keeper
from fusion.outputs.gaze import Gaze
from fusion.outputs.keeper import Keeper
from fusion.outputs.runner import BEHIND_NS, Runner, behind, newest
from sensors.bus import Endpoints, Hub, Publisher, Received, Subscriber, private_endpoints
from sensors.clock import MILLISECOND, SECOND
from sensors.messages import (
    Alert,
    AnyMessage,
    Chunk,
    Column,
    GazeEvent,
    Health,
    Hint,
    State,
    StreamInfo,
    Target,
)
from sensors.topics import TOPIC_OF

COLUMNS = tuple(Column(name, "rad") for name in ("gaze_yaw", "gaze_pitch"))
INFO = StreamInfo(t_ns=1, stream="camera", kind="camera", driver="webcam", rate_hz=60.0, columns=COLUMNS)


def row(t_ns: int, yaw: float = 0.25) -> Chunk:
    return Chunk(t_ns=t_ns, stream="camera", values=np.array([[yaw, 0.125]], np.float32),
                 times_ns=np.array([t_ns], np.int64))


def state(t_ns: int) -> State:
    return State(t_ns=t_ns, state="focused", probabilities={})


def alert(t_ns: int) -> Alert:
    return Alert(t_ns=t_ns, rule="long", level="warning", reason="For 3 s.", onset_ns=t_ns)


class Recorded:
    """An output that keeps what it is told, and tells what its apps are meant to have said."""

    def __init__(self) -> None:
        self.told: list[AnyMessage | Gaze] = []
        self.from_apps: list[AnyMessage] = []
        self.breaks = False

    def open(self) -> None:
        """Nothing to open."""

    def send(self, message: AnyMessage | Gaze) -> None:
        if self.breaks:
            raise ValueError("full")
        self.told.append(message)

    def received(self) -> list[AnyMessage]:
        said, self.from_apps = self.from_apps, []
        return said

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def bus() -> Iterator[Endpoints]:
    endpoints = private_endpoints()
    with Hub(endpoints):
        yield endpoints


Made = tuple[Runner, dict[str, Recorded], Publisher]


@pytest.fixture
def made(bus: Endpoints) -> Iterator[Made]:
    outputs = {name: Recorded() for name in ("osc", "lsl")}
    runner = Runner([Keeper(name, partial(outputs.__getitem__, name)) for name in outputs], bus)
    publisher = Publisher(bus)
    while not runner.settled:
        runner.step(1)
    assert publisher.wait_for_hub(["info", "camera", "state", "alert", "event", "hint"])
    yield runner, outputs, publisher
    publisher.close()
    runner.close()


def step_until(runner: Runner, done: Callable[[], bool]) -> None:
    for _ in range(500):
        runner.step(20)
        if done():
            return
    pytest.fail("what must come did not come")


def send(publisher: Publisher, *messages: AnyMessage) -> None:
    for message in messages:
        topic = "camera" if isinstance(message, Chunk) else "info" if isinstance(message, StreamInfo) else \
            TOPIC_OF[type(message)]
        publisher.send(topic, message)


def test_every_output_hears_everything_in_order(made: Made) -> None:
    runner, outputs, publisher = made
    event = GazeEvent(t_ns=70, kind="dwell", onset_ns=60, end_ns=70)
    hint = Hint(t_ns=80, hint="simplify", active=True, reason="Load.", number=1, onset_ns=50, confidence=0.5)
    send(publisher, INFO, row(50), state(60), alert(60), event, row(75), hint)
    step_until(runner, lambda: all(len(output.told) == 7 for output in outputs.values()))
    for output in outputs.values():
        assert [type(message).__name__ for message in output.told] == [
            "StreamInfo", "Gaze", "State", "Alert", "GazeEvent", "Gaze", "Hint"]
    gaze = outputs["osc"].told[1]
    assert isinstance(gaze, Gaze)
    assert (gaze.t_ns, gaze.yaw, gaze.pitch, gaze.status) == (50, 0.25, 0.125, "ok")


def test_an_output_that_opens_anew_is_told_what_holds_and_nothing_that_is_over(made: Made,
                                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    runner, outputs, publisher = made
    monkeypatch.setattr(keeper, "BACKOFF_S", (0.0,))
    menu = Target(t_ns=5, name="menu", yaw=0.0, pitch=0.0, width=0.125, height=0.125, source="app")
    outputs["lsl"].from_apps = [menu, msgspec.structs.replace(menu, name="flat", height=0.0)]
    hint = Hint(t_ns=80, hint="simplify", active=True, reason="Load.", number=1, onset_ns=50, confidence=0.5)
    other = msgspec.structs.replace(hint, number=2)
    first, second = (msgspec.structs.replace(alert(60), number=1, rule=rule) for rule in ("long", "unresponsive"))
    send(publisher, INFO, first, second, alert(61), msgspec.structs.replace(alert(62), active=False), hint, other,
         msgspec.structs.replace(other, active=False))
    step_until(runner, lambda: len(outputs["osc"].told) == 8)
    outputs["osc"].breaks = True
    send(publisher, state(90))
    step_until(runner, lambda: len(outputs["lsl"].told) == 9)
    outputs["osc"].told.clear()
    outputs["osc"].breaks = False
    step_until(runner, lambda: len(outputs["osc"].told) == 4)
    told = [msgspec.structs.replace(message, seq=0, sent_ns=0) for message in outputs["osc"].told
            if not isinstance(message, Gaze)]
    assert all(message in told for message in (INFO, second, hint, menu))


def test_who_keeps_up_loses_nothing(made: Made) -> None:
    runner, outputs, publisher = made
    send(publisher, INFO)
    expected = []
    for number in range(1, 301):
        t_ns = number * SECOND // 60
        send(publisher, row(t_ns))
        expected.append(t_ns)
        if number % 6 == 0:
            send(publisher, state(t_ns))
            step_until(runner, lambda: len(outputs["lsl"].told) >= len(expected) + len(expected) // 6 + 1)
    assert [item.t_ns for item in outputs["lsl"].told if isinstance(item, Gaze)] == expected
    assert sum(isinstance(item, State) for item in outputs["lsl"].told) == 50


def test_a_broken_output_is_told_and_the_other_goes_on(bus: Endpoints, made: Made) -> None:
    runner, outputs, publisher = made
    health = Subscriber(bus, ["health"])
    assert runner._publisher.wait_for_hub(["health"])
    outputs["osc"].breaks = True
    send(publisher, state(60), alert(60))
    step_until(runner, lambda: len(outputs["lsl"].told) == 2)
    told: dict[str, Health] = {}
    while "output-osc" not in told or told["output-osc"].status != "failed":
        runner.step(1)
        got = health.receive(100)
        if got is not None:
            assert isinstance(got.message, Health)
            told[got.message.stream] = got.message
    assert told["output-osc"].detail == "The output 'osc' broke with ValueError: full."
    assert outputs["osc"].told == []
    health.close()


def test_what_apps_say_reaches_the_bus(bus: Endpoints, made: Made) -> None:
    runner, outputs, _ = made
    targets = Subscriber(bus, ["target"])
    assert runner._publisher.wait_for_hub(["target"])
    menu = Target(t_ns=5, name="menu", yaw=0.0, pitch=0.0, width=0.125, height=0.125, source="app")
    outputs["lsl"].from_apps = [menu, state(1)]  # a state is nothing that an app may say
    runner.step(1)
    got = targets.receive(5_000)
    assert got is not None
    assert msgspec.structs.replace(got.message, sent_ns=0) == menu
    targets.close()


def received(message: Any, topic: str) -> Received:
    return Received(topic, message, b"", 0)


@pytest.mark.parametrize(("span_ns", "old"), [(BEHIND_NS, False), (BEHIND_NS + 1, True)])
def test_a_backlog_is_old_by_the_span_of_one_stream(span_ns: int, old: bool) -> None:
    assert behind([received(row(0), "camera"), received(row(span_ns), "camera")]) is old
    assert behind([received(state(0), "state"), received(state(span_ns), "state")]) is old
    # The ages of different senders are their own, and a long chunk is one message.
    assert not behind([received(row(0), "camera"), received(state(10 * SECOND), "state")])
    assert not behind([received(alert(0), "alert"), received(alert(10 * SECOND), "alert")])


def test_of_old_news_only_the_newest_gaze_and_state_are_told_but_every_alert() -> None:
    look = Gaze(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, "ok")
    items: list[AnyMessage | Gaze] = [INFO, look, state(1), alert(1), look._replace(t_ns=2), alert(2), state(2),
                                      look._replace(t_ns=3)]
    assert [(type(item).__name__, item.t_ns) for item in newest(items)] == [
        ("StreamInfo", 1), ("Alert", 1), ("Alert", 2), ("State", 2), ("Gaze", 3)]


def test_after_a_pause_the_old_is_counted_as_skipped(made: Made) -> None:
    runner, outputs, publisher = made
    send(publisher, INFO)
    step_until(runner, lambda: len(outputs["osc"].told) == 1)
    for number in range(1, 101):  # ten seconds that nobody read
        send(publisher, row(number * 100 * MILLISECOND), state(number * 100 * MILLISECOND))
    send(publisher, alert(10 * SECOND))
    step_until(runner, lambda: any(isinstance(item, Alert) for item in outputs["osc"].told))
    runner.step(1)
    told = outputs["osc"].told[1:]
    skipped = runner._keepers[0].skipped
    assert len(told) + skipped == 201, "told or counted"
    assert skipped > 100
    last = {type(item): item.t_ns for item in told}
    assert last[State] == last[Gaze] == 10 * SECOND
    times = [item.t_ns for item in told if isinstance(item, Gaze)]
    assert all(a < b for a, b in itertools.pairwise(times))
