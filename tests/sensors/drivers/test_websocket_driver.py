"""Headset gaze by WebSocket from real clients: pages and apps that behave, and ones that do not."""

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.clock import SECOND, SystemClock
from sensors.driver import Samples, Setting
from sensors.errors import DeviceError

pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sensors.drivers import websocket_schema as schema
from sensors.drivers import websocket_server as server
from sensors.drivers.headset_columns import COLUMNS
from sensors.drivers.websocket import WebSocket
from sensors.drivers.websocket_config import WebsocketConfig

NAMES = [column.name for column in COLUMNS]
GAZE = {"v": 1, "type": "gaze", "t_ms": 5123.5, "yaw": 0.1, "pitch": -0.05, "openness": 0.9, "confidence": 1}


class Listening:
    """A driver that listens on a free port, and its clients."""

    def __init__(self, **table: Any) -> None:
        self.clock = SystemClock()
        self.driver = WebSocket(WebsocketConfig(port=0, **table),
                                Setting(stream="headset", start_ns=self.clock.now_ns(), clock=self.clock))
        self.url = self.driver.open().device.removeprefix("WebSocket on ")
        self._clients = ExitStack()

    def join(self, **options: Any) -> ClientConnection:
        client = self._clients.enter_context(connect(self.url, **options))
        assert json.loads(client.recv(timeout=5))["type"] == "hello"
        return client

    def leave(self) -> None:
        self._clients.close()
        self.driver.close()

    def read(self, rows: int = 1) -> Samples:
        parts = []
        for _ in range(50):
            parts.append(self.driver.read(0.1))
            if sum(len(part.times_ns) for part in parts) >= rows:
                break
        stamps = [part.device_ns for part in parts if part.device_ns is not None]
        return Samples(np.concatenate([part.values for part in parts]),
                       np.concatenate([part.times_ns for part in parts]),
                       np.concatenate(stamps) if stamps else None)


@pytest.fixture
def listening() -> Iterator[Listening]:
    one = Listening()
    yield one
    one.leave()


def column(samples: Samples, name: str) -> list[float]:
    found: list[float] = samples.values[:, NAMES.index(name)].tolist()
    return found


def error(client: ClientConnection) -> str:
    said = json.loads(client.recv(timeout=5))
    assert said["type"] == "error"
    return str(said["message"])


def test_rows_arrive_in_order_with_our_stamps_and_the_sender_s_beside(listening: Listening) -> None:
    client = listening.join()
    before = listening.clock.now_ns()
    for number in range(200):
        client.send(json.dumps(GAZE | {"yaw": number / 1000, "t_ms": 1000.25 + number}))
    samples = listening.read(200)
    assert column(samples, "gaze_yaw") == pytest.approx([number / 1000 for number in range(200)])
    assert samples.device_ns is not None
    assert samples.device_ns.tolist() == [1_000_250_000 + number * 1_000_000 for number in range(200)]
    assert bool((np.diff(samples.times_ns) > 0).all())
    assert before <= samples.times_ns[0]
    assert samples.times_ns[-1] <= listening.clock.now_ns()
    assert column(samples, "blink_left")[0] == pytest.approx(0.1)
    assert listening.driver.lost() == 0


def test_a_pose_of_webxr_looks_where_the_vector_points(listening: Listening) -> None:
    client = listening.join()
    half = math.radians(10)
    client.send(json.dumps({"v": 1, "type": "pose", "t_ms": 1, "direction": [0.5, 0.5, -0.5]}))
    client.send(json.dumps({"v": 1, "type": "pose", "t_ms": 2, "orientation": [0, -math.sin(half), 0, math.cos(half)],
                            "head_orientation": [math.sin(half), 0, 0, math.cos(half)],
                            "head_position": [0, 1.6, 0.2]}))
    samples = listening.read(2)
    assert np.degrees(column(samples, "gaze_yaw")) == pytest.approx([45.0, 20.0], abs=1e-4)
    assert np.degrees(column(samples, "gaze_pitch")) == pytest.approx([35.264, 0.0], abs=1e-3)
    assert np.degrees(column(samples, "head_pitch")) == pytest.approx([math.nan, 20.0], nan_ok=True, abs=1e-4)
    assert column(samples, "head_y")[1] == pytest.approx(1.6)


MALFORMED: dict[str, str | bytes] = {
    "no JSON": "hello there",
    "bytes": json.dumps(GAZE).encode(),
    "another version": json.dumps(GAZE | {"v": 2}),
    "another type": json.dumps(GAZE | {"type": "audio"}),
    "an unknown key": json.dumps(GAZE | {"yaww": 1}),
    "no time": json.dumps({key: value for key, value in GAZE.items() if key != "t_ms"}),
    "time before zero": json.dumps(GAZE | {"t_ms": -1}),
    "time out of reach": json.dumps(GAZE | {"t_ms": 1e300}),
    "degrees": json.dumps(GAZE | {"yaw": 20.0}),
    "text for a number": json.dumps(GAZE | {"yaw": "0.1"}),
    "not a number": json.dumps(GAZE | {"yaw": math.nan}),
    "openness in percent": json.dumps(GAZE | {"openness": 90}),
    "no direction": json.dumps({"v": 1, "type": "pose", "t_ms": 1}),
    "no length": json.dumps({"v": 1, "type": "pose", "t_ms": 1, "direction": [0, 0, 0]}),
    "head beyond float32": json.dumps({"v": 1, "type": "pose", "t_ms": 1, "direction": [0, 0, -1],
                                       "head_position": [1e308, 0, 0]}),
    "deep": "[" * 2000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_text_is_answered_counted_and_survived(name: str, listening: Listening) -> None:
    client = listening.join()
    client.send(MALFORMED[name])
    assert error(client).startswith("Not used: ")
    client.send(json.dumps(GAZE))
    assert len(listening.read().times_ns) == 1, "the connection is kept"
    assert listening.driver.lost() == 1
    assert "A client's text is malformed" in listening.driver.aside().detail


def test_the_first_client_that_sends_gaze_is_the_source_until_it_leaves(listening: Listening) -> None:
    onlooker, first, second = listening.join(), listening.join(), listening.join()
    first.send(json.dumps(GAZE | {"yaw": 0.1}))
    listening.read()
    second.send(json.dumps(GAZE | {"yaw": 0.2}))
    assert json.loads(second.recv(timeout=5))["type"] == "waiting"
    onlooker.send("nonsense")
    error(onlooker)
    first.send(json.dumps(GAZE | {"yaw": 0.3}))
    assert column(listening.read(), "gaze_yaw") == pytest.approx([0.3])
    first.close()
    for _ in range(100):
        second.send(json.dumps(GAZE | {"yaw": 0.4}))
        if len((samples := listening.driver.read(0.1)).times_ns):
            break
    assert column(samples, "gaze_yaw") == pytest.approx([0.4])


def wait_for_losses(listening: Listening, count: int) -> None:
    """Wait until so many texts were refused: the server works in a thread of its own."""
    until_ns = listening.clock.now_ns() + 10 * SECOND
    while listening.driver.lost() < count and listening.clock.now_ns() < until_ns:
        listening.clock.sleep(0.005)
    assert listening.driver.lost() == count


def test_a_huge_text_ends_its_own_connection_only(listening: Listening) -> None:
    bad, good = listening.join(), listening.join()
    bad.send("x" * (server.LARGEST + 1))
    with pytest.raises(ConnectionClosed) as closed:
        bad.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    good.send(json.dumps(GAZE))
    assert len(listening.read().times_ns) == 1
    wait_for_losses(listening, 1)


def flood(listening: Listening, count: int, lost: int) -> list[float]:
    """Send rows without a pause; return the yaws that the driver then reads."""
    client = listening.join()
    for number in range(count):
        client.send(json.dumps(GAZE | {"yaw": number / 1000}))
    wait_for_losses(listening, lost)
    return column(listening.read(), "gaze_yaw")


def test_a_client_that_sends_too_much_is_slowed_and_told(listening: Listening,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BURST", 50.0)
    monkeypatch.setattr(server, "MOST_HZ", 1e-6)
    assert flood(listening, 60, lost=10) == pytest.approx([number / 1000 for number in range(50)])
    assert "rows a second; what is over is dropped. 10 so far." in listening.driver.aside().detail


def test_rows_that_nobody_reads_take_no_more_than_their_room(listening: Listening,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_WAITING", 20)
    newest = [number / 1000 for number in range(40, 60)]
    assert flood(listening, 60, lost=40) == pytest.approx(newest)
    assert "the oldest were dropped. 40 so far." in listening.driver.aside().detail


def test_pages_of_other_sites_are_refused_and_named_ones_let_in() -> None:
    one = Listening(origins=("https://study.example",))
    try:
        with pytest.raises(InvalidStatus) as refused:
            one.join(origin="https://evil.example")
        assert refused.value.response.status_code == 403
        assert "https://evil.example was refused" in one.driver.aside().detail
        with pytest.raises(InvalidStatus):
            one.join(origin="http://localhost.evil.example")
        for origin in ("http://localhost:8000", "http://127.0.0.1", "https://study.example", None):
            one.join(origin=origin)
    finally:
        one.leave()


def test_who_is_missing_is_told_and_a_taken_port_is_one_sentence(listening: Listening) -> None:
    assert listening.driver.aside().detail == "No page or app is connected."
    port = int(listening.url.rpartition(":")[2])
    rival = WebSocket(WebsocketConfig(port=port), Setting(stream="headset", start_ns=0, clock=listening.clock))
    with pytest.raises(DeviceError, match=f"cannot listen on ws://127.0.0.1:{port}") as caught:
        rival.open()
    rival.close()
    assert "--set headset.port=" in caught.value.next_step


def test_a_host_that_can_be_none_is_one_sentence_and_hangs_nobody(listening: Listening) -> None:
    driver = WebSocket(WebsocketConfig(host="a..b"), Setting(stream="headset", start_ns=0, clock=listening.clock))
    with pytest.raises(DeviceError, match=r"cannot listen on ws://a\.\.b"):
        driver.open()


def test_the_driver_opens_again_after_a_close_and_tells_its_clients() -> None:
    one = Listening()
    client = one.join()
    one.driver.close()
    one.driver.close()
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=5)
    one.url = one.driver.open().device.removeprefix("WebSocket on ")
    one.join()
    one.leave()


def test_origins_are_sites_and_not_addresses_of_pages() -> None:
    with pytest.raises(ValueError, match=r"expected such as https://example\.org"):
        WebsocketConfig(origins=("https://example.org/page.html",))


@given(st.text(max_size=80) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5),
                                           lambda inner: st.lists(inner) | st.dictionaries(
                                               st.sampled_from([*GAZE, "direction"]), inner)).map(json.dumps))
def test_no_text_breaks_the_schema(text: str) -> None:
    try:
        row, stamp = schema.read(text)
    except ValueError:
        return
    assert len(row) == len(COLUMNS)
    assert 0 <= stamp < 2**63
