"""One output among others: a broken one is told in a sentence, tried again with growing waits, and disturbs nobody."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from fusion.outputs.keeper import STEADY_NS, Keeper
from sensors.clock import SECOND
from sensors.errors import DeviceError
from sensors.messages import AnyMessage, Marker
from sensors.process import BACKOFF_S

NOTE = Marker(t_ns=1, source="test", name="note")


class Fake:
    """An output that does as it is told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.fails: Exception | None = None
        self.wrong = ""
        self.opened = self.closed = 0

    def open(self) -> None:
        self.opened += 1
        if self.fails is not None:
            raise self.fails

    def send(self, message: Any) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)

    def received(self) -> list[AnyMessage]:
        if self.fails is not None:
            raise self.fails
        return [NOTE]

    def trouble(self) -> str:
        if self.fails is not None:
            raise self.fails
        return self.wrong

    def close(self) -> None:
        self.closed += 1


def tend(keeper: Keeper, now_ns: int) -> None:
    """Let the keeper begin to open what is due, wait for that, and let it take over what came of it."""
    keeper.tend(now_ns)
    if keeper._opening is not None:
        keeper._opening.join(timeout=5)
        keeper.tend(now_ns)


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def keeper(fake: Fake) -> Keeper:
    return Keeper("osc", lambda: fake)


def status(keeper: Keeper, now_ns: int) -> tuple[str, str]:
    keeper._beat_ns = 0
    health = keeper.health(now_ns)
    assert health is not None
    assert health.stream == "output-osc"
    return health.status, health.detail


def test_what_works_is_told_everything_and_says_so(keeper: Keeper, fake: Fake) -> None:
    assert status(keeper, 0) == ("starting", "")
    keeper.send(NOTE, 0)
    tend(keeper, 0)
    keeper.send(NOTE, 1)
    assert fake.sent == [NOTE], "nothing was kept for it from before it was open"
    assert keeper.received(2) == [NOTE]
    assert status(keeper, 2) == ("ok", "")
    keeper.close()
    assert fake.closed == 1


def test_trouble_is_told_and_ends(keeper: Keeper, fake: Fake) -> None:
    tend(keeper, 0)
    fake.wrong = "Nobody listens."
    assert status(keeper, 1) == ("stalled", "Nobody listens.")
    fake.wrong = ""
    assert status(keeper, 2) == ("ok", "")


def test_health_comes_once_a_second_and_at_once_when_it_changes(keeper: Keeper, fake: Fake) -> None:
    tend(keeper, 0)
    assert keeper.health(0) is not None
    assert keeper.health(SECOND - 1) is None
    fake.wrong = "Nobody listens."
    assert keeper.health(SECOND - 1) is not None
    assert keeper.health(2 * SECOND) is not None


def test_waits_grow_while_it_cannot_be_opened(keeper: Keeper, fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    fake.fails = DeviceError("OSC cannot be sent to nowhere.", "Set outputs.osc.host.")
    now_ns = 0
    with caplog.at_level(logging.WARNING):
        for attempt, wait_s in enumerate((*BACKOFF_S, BACKOFF_S[-1]), start=1):
            tend(keeper, now_ns)
            assert fake.opened == attempt
            assert status(keeper, now_ns) == ("failed", "OSC cannot be sent to nowhere. Set outputs.osc.host.")
            now_ns += round(wait_s * SECOND)
            tend(keeper, now_ns - 1)
            assert fake.opened == attempt, "not before its time"
    assert len(caplog.records) == 1, "a failure is logged once, however often it is tried"
    fake.fails = None
    tend(keeper, now_ns)
    assert status(keeper, now_ns) == ("ok", "")
    assert keeper.restarts == len(BACKOFF_S) + 1


@pytest.mark.parametrize("breaks", ["send", "received", "trouble"])
def test_what_breaks_while_open_is_closed_and_opened_again(keeper: Keeper, fake: Fake, breaks: str) -> None:
    tend(keeper, 0)
    fake.fails = ValueError("full")
    if breaks == "send":
        keeper.send(NOTE, 1)
    elif breaks == "received":
        assert keeper.received(1) == []
    else:
        keeper.health(1)
    assert fake.closed == 1
    assert status(keeper, 1) == ("failed", "The output 'osc' broke with ValueError: full.")
    keeper.send(NOTE, 2)
    fake.fails = None
    tend(keeper, 1 + round(BACKOFF_S[0] * SECOND))
    keeper.send(NOTE, SECOND)
    assert fake.sent == [NOTE]


def test_an_output_that_was_well_for_long_begins_with_the_shortest_wait(keeper: Keeper, fake: Fake) -> None:
    waits = []
    now_ns = 0
    for well_ns in (0, 0, STEADY_NS + 1):
        fake.fails = None
        tend(keeper, now_ns)
        now_ns += well_ns
        fake.fails = ValueError("full")
        keeper.send(NOTE, now_ns)
        waits.append((keeper._retry_ns - now_ns) / SECOND)
        now_ns = keeper._retry_ns
    assert waits == [BACKOFF_S[0], BACKOFF_S[1], BACKOFF_S[0]]


@pytest.mark.parametrize(("build_error", "sentence"), [
    (ModuleNotFoundError("No module named 'pythonosc'", name="pythonosc.udp_client"),
     "The output 'osc' needs the library 'pythonosc.udp_client'. Run: pip install 'attnflow[osc]'"),
    (ModuleNotFoundError("No module named 'fusion.outputs.x'", name="fusion.outputs.x"),
     "The output 'osc' broke with ModuleNotFoundError: No module named 'fusion.outputs.x'."),
    (RuntimeError("boom"), "The output 'osc' broke with RuntimeError: boom.")])
def test_what_cannot_be_made_is_a_sentence(build_error: Exception, sentence: str) -> None:
    def build() -> Fake:
        raise build_error

    keeper = Keeper("osc", build)
    tend(keeper, 0)
    assert keeper.settled
    assert status(keeper, 0) == ("failed", sentence)


def test_an_output_that_takes_long_to_open_holds_up_nobody(fake: Fake) -> None:
    import threading

    go = threading.Event()

    def build() -> Fake:
        go.wait(5)
        return fake

    keeper = Keeper("osc", build)
    keeper.tend(0)
    keeper.tend(1)  # returns although it is not open
    keeper.send(NOTE, 1)
    assert not keeper.settled
    assert status(keeper, 1) == ("starting", "")
    go.set()
    tend(keeper, 2)
    assert keeper.settled


def test_closing_what_is_broken_does_not_raise(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("gone")

    close: Callable[[], None] = refuse
    monkeypatch.setattr(fake, "close", close)
    keeper = Keeper("osc", lambda: fake)
    tend(keeper, 0)
    keeper.close()
