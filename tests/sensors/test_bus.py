"""The bus over real sockets: order, gaps, policies, garbage, keys, and ports in use."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors.bus import (
    Echo,
    Endpoints,
    Hub,
    Publisher,
    Received,
    Subscriber,
    configured_endpoints,
    create_keys,
    private_endpoints,
)
from sensors.errors import BusError
from sensors.messages import Marker, State, Tick
from sensors.topics import TOPICS, frame

WAIT_MS = 5_000
"""Patience of a receive that must succeed; it returns the moment the message is there."""


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    found = private_endpoints()
    with Hub(found):
        yield found


def must(subscriber: Subscriber) -> Received:
    got = subscriber.receive(WAIT_MS)
    assert got is not None, "nothing came over the bus"
    return got


def linked(endpoints: Endpoints, topics: list[str], *, keep_all: bool = True) -> tuple[Publisher, Subscriber]:
    subscriber = Subscriber(endpoints, topics, keep_all=keep_all)
    publisher = Publisher(endpoints)
    assert publisher.wait_for_hub(topics, 5.0)
    return publisher, subscriber


def state(number: int) -> State:
    return State(t_ns=number, state="focused", probabilities={})


def test_messages_arrive_whole_in_order_and_stamped(endpoints: Endpoints) -> None:
    publisher, subscriber = linked(endpoints, ["tick", "marker"])
    for number in range(200):
        publisher.send("tick", Tick(t_ns=number))
        publisher.send("marker", Marker(t_ns=number, source="test", name="m"))
    got = [must(subscriber) for _ in range(400)]
    assert [item.message.t_ns for item in got if item.topic == "tick"] == list(range(200))
    assert [item.message.seq for item in got if item.topic == "marker"] == list(range(200))
    assert all(0 < item.message.sent_ns <= item.received_ns for item in got)
    assert sum(subscriber.gaps.missing.values()) == 0
    publisher.close()
    subscriber.close()


def test_only_what_was_asked_for_arrives(endpoints: Endpoints) -> None:
    publisher, subscriber = linked(endpoints, ["marker"])
    publisher.send("tick", Tick(t_ns=1))
    publisher.send("marker", Marker(t_ns=2, source="test", name="m"))
    assert must(subscriber).topic == "marker"
    publisher.close()
    subscriber.close()


def test_a_lost_message_is_counted_by_the_receiver(endpoints: Endpoints) -> None:
    publisher, subscriber = linked(endpoints, ["tick"])
    publisher.send("tick", Tick(t_ns=0))
    publisher._seq["tick", ""] += 3
    publisher.send("tick", Tick(t_ns=1))
    must(subscriber)
    must(subscriber)
    assert subscriber.gaps.missing["tick", ""] == 3
    publisher.close()
    subscriber.close()


def test_garbage_is_counted_logged_once_and_dropped(endpoints: Endpoints, caplog: pytest.LogCaptureFixture) -> None:
    publisher, subscriber = linked(endpoints, ["tick"])
    with caplog.at_level(logging.WARNING):
        for garbage in (b"\xff\xff", b"", b"\x81\xa4type\xa6pickle"):
            publisher._socket.send(frame("tick", garbage))
        publisher.send("tick", state(1))
        publisher.send("tick", Tick(t_ns=7))
        assert must_skip_garbage(subscriber).message.t_ns == 7
    assert subscriber.malformed == 4
    assert len(caplog.records) == 1
    publisher.close()
    subscriber.close()


def must_skip_garbage(subscriber: Subscriber) -> Received:
    while True:
        got = subscriber.receive(WAIT_MS)
        if got is not None:
            return got


def test_a_slow_display_gets_the_newest_state_and_every_alert_topic_message(endpoints: Endpoints) -> None:
    publisher, subscriber = linked(endpoints, ["state", "marker"], keep_all=False)
    done = Subscriber(endpoints, ["marker"])
    while done.receive(50) is None:  # a subscription takes its time to reach the publisher
        publisher.send("marker", Marker(t_ns=0, source="test", name="linked"))
    for number in range(50):
        publisher.send("state", state(number))
    publisher.send("marker", Marker(t_ns=1, source="test", name="a"))
    publisher.send("marker", Marker(t_ns=2, source="test", name="last"))
    while must(done).message.t_ns < 2:
        pass
    got: list[Received] = []
    while not {("marker", 1), ("marker", 2), ("state", 49)} <= {(item.topic, item.message.t_ns) for item in got}:
        got.append(must(subscriber))
    states = [item.message.t_ns for item in got if item.topic == "state"]
    assert states[-1] == 49
    assert len(states) + subscriber.skipped == 50
    assert len(states) < 50
    for socket in (publisher, subscriber, done):
        socket.close()


def test_the_hub_tells_its_time(endpoints: Endpoints) -> None:
    echo = Echo(endpoints)
    answers = [echo.exchange(WAIT_MS) for _ in range(3)]
    for answer in answers:
        assert answer is not None
        asked, received, answered, arrived = answer
        assert asked < received <= answered < arrived, "one machine has one clock"
    echo.close()


def test_a_port_in_use_is_a_sentence() -> None:
    taken = Endpoints("tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    with Hub(taken) as hub:
        used = hub._sockets[0].last_endpoint.decode().rstrip("\0")
        with pytest.raises(BusError, match=r"cannot open .*--set bus.publish"):
            Hub(Endpoints(used, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*"))


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:5561", "tcp://192.168.1.2:5561", "tcp://*:5561"])
def test_nothing_opens_beyond_this_machine_without_keys(endpoint: str) -> None:
    with pytest.raises(BusError, match="without keys"):
        configured_endpoints(endpoint, "tcp://127.0.0.1:5562")


def test_half_a_bus_is_refused() -> None:
    with pytest.raises(BusError, match="only one"):
        configured_endpoints("tcp://127.0.0.1:5561", "")


def test_with_keys_only_their_holder_hears_the_bus(tmp_path: Path) -> None:
    keys, foreign = create_keys(tmp_path / "keys"), create_keys(tmp_path / "foreign")
    (foreign / "hub.key").write_bytes((keys / "hub.key").read_bytes())
    folder = private_endpoints()
    with Hub(Endpoints(folder.publish, folder.subscribe, folder.echo, str(keys))) as hub:
        publisher, holder = linked(hub.endpoints, ["tick"])
        strangers = [Subscriber(Endpoints(folder.publish, folder.subscribe, folder.echo, with_keys), ["tick"])
                     for with_keys in ("", str(foreign))]
        for number in range(20):
            publisher.send("tick", Tick(t_ns=number))
        assert [must(holder).message.t_ns for _ in range(20)] == list(range(20))
        assert [stranger.receive(200) for stranger in strangers] == [None, None]
        for socket in (publisher, holder, *strangers):
            socket.close()


def test_secret_keys_are_for_this_user_alone(tmp_path: Path) -> None:
    keys = create_keys(tmp_path / "keys")
    assert [path.stat().st_mode & 0o077 for path in keys.glob("*.key_secret")] == [0, 0]


def test_the_table_names_what_each_topic_carries() -> None:
    assert all(topic.what and topic.rate_hz >= 0 for topic in TOPICS.values())
