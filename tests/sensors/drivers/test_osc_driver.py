"""Headset gaze by real OSC over loopback: VRChat's addresses and ours, and every kind of datagram that is none."""

import logging
import math
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.clock import MILLISECOND, FakeClock
from sensors.driver import Aside, Samples, Setting
from sensors.errors import DeviceError

pytest.importorskip("pythonosc")
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from sensors.drivers import osc as module
from sensors.drivers.headset_columns import COLUMNS
from sensors.drivers.osc import Osc
from sensors.drivers.osc_config import OscConfig
from sensors.drivers.osc_messages import ADDRESSES, EyeMessages

NAMES = [column.name for column in COLUMNS]
Listening = tuple[Osc, SimpleUDPClient]


@pytest.fixture
def listening(clock: FakeClock) -> Iterator[Listening]:
    driver = Osc(OscConfig(port=0), Setting(stream="headset", start_ns=clock.now_ns(), clock=clock))
    info = driver.open()
    client = SimpleUDPClient("127.0.0.1", int(info.meta["port"]))
    yield driver, client
    driver.close()
    client._sock.close()


def read(driver: Osc, rows: int = 1) -> Samples:
    """Return the next rows, of as many reads as they need."""
    parts: list[Samples] = []
    for _ in range(20):
        parts.append(driver.read(0.2))
        if sum(len(part.times_ns) for part in parts) >= rows:
            break
    return Samples(np.concatenate([part.values for part in parts]), np.concatenate([part.times_ns for part in parts]))


def column(samples: Samples, name: str) -> list[float]:
    found: list[float] = samples.values[:, NAMES.index(name)].tolist()
    return found


@pytest.mark.parametrize(("address", "values", "slack"), [
    ("CenterPitchYaw", (-15.252, 20.128), 0.001),
    ("CenterPitchYawDist", (-15.252, 20.128, 0.5), 0.001),
    ("CenterVec", (0.332, 0.263, 0.905), 0.03),
    ("CenterVecFull", (0.166, 0.1315, 0.4525), 0.03),
    ("LeftRightPitchYaw", (-14.903, 23.592, -15.560, 16.503), 0.1),
    ("LeftRightVec", (0.387, 0.257, 0.886, 0.274, 0.268, 0.924), 0.15),
])
def test_each_of_vrchat_s_addresses_tells_the_same_gaze(listening: Listening, address: str, values: tuple[float, ...],
                                                       slack: float) -> None:
    driver, client = listening
    client.send_message(f"/tracking/eye/{address}", values)
    samples = read(driver)
    assert np.degrees(column(samples, "gaze_yaw")) == pytest.approx([20.128], abs=slack)
    assert np.degrees(column(samples, "gaze_pitch")) == pytest.approx([15.252], abs=slack)
    assert column(samples, "face") == [1.0]


def test_lids_hold_from_gaze_to_gaze_and_our_own_addresses_are_read(listening: Listening, clock: FakeClock) -> None:
    driver, client = listening
    client.send_message("/attnflow/gaze", (0.1, -0.2, 0.75))
    client.send_message("/attnflow/head", (0.3, 0.1, -0.05))
    client.send_message("/tracking/eye/EyesClosedAmount", 0.25)
    client.send_message("/attnflow/gaze", (0.1, -0.2))
    samples = read(driver, rows=2)
    assert len(samples.times_ns) == 2, "one row a gaze, none for what is only kept"
    assert column(samples, "gaze_pitch") == pytest.approx([-0.2, -0.2])
    assert column(samples, "face") == [0.75, 1.0]
    assert column(samples, "blink_left") == pytest.approx([math.nan, 0.25], nan_ok=True)
    assert column(samples, "head_yaw") == pytest.approx([math.nan, 0.3], nan_ok=True)
    clock.advance(11.0)
    client.send_message("/attnflow/gaze", (0.1, -0.2))
    stale = read(driver)
    assert math.isnan(column(stale, "blink_left")[0]), "lids of eleven seconds ago are not known any more"
    assert math.isnan(column(stale, "head_yaw")[0])


def test_shut_eyes_that_send_no_gaze_are_still_seen(listening: Listening, clock: FakeClock) -> None:
    driver, client = listening
    client.send_message("/attnflow/gaze", (0.0, 0.0))
    read(driver)
    clock.advance(0.2)
    client.send_message("/attnflow/lids", (0.0, 0.1))
    samples = read(driver)
    assert column(samples, "blink_left") == [1.0]
    assert column(samples, "blink_right") == pytest.approx([0.9])
    assert math.isnan(column(samples, "gaze_yaw")[0])


def test_a_bundle_is_read_in_order_and_stamps_only_go_forward(listening: Listening, clock: FakeClock) -> None:
    driver, client = listening
    bundle = OscBundleBuilder(IMMEDIATELY)
    for yaw in range(20):
        message = OscMessageBuilder("/attnflow/gaze")
        for angle in (yaw / 100, 0.0):
            message.add_arg(angle)
        bundle.add_content(message.build())
    client.send(bundle.build())
    samples = read(driver, rows=20)
    assert column(samples, "gaze_yaw") == pytest.approx([yaw / 100 for yaw in range(20)])
    assert bool((np.diff(samples.times_ns) > 0).all())
    assert samples.times_ns[-1] - clock.now_ns() < MILLISECOND


GOOD = OscMessageBuilder("/attnflow/gaze")
GOOD.add_arg(0.1)
GOOD.add_arg(0.2)
DATAGRAMS: dict[str, bytes] = {
    "empty": b"",
    "not OSC": b"GET / HTTP/1.1\r\n\r\n",
    "cut": GOOD.build().dgram[:-3],
    "no bundle": b"#bundle\0",
    "huge": b"/attnflow/gaze\0\0,ff\0" + b"\0" * 9000,
    "nested": b"#bundle\0" + b"\0" * 7 + b"\1" + b"\0\0\xff\xff",
    "text": b"/attnflow/gaze\0\0,sf\0abc\0\0\0\0\0",
    "not a number": b"/attnflow/gaze\0\0,ff\0\x7f\xc0\0\0\0\0\0\0",
    "endless": b"/attnflow/gaze\0\0,ff\0\x7f\x80\0\0\0\0\0\0",
    "degrees": b"/attnflow/gaze\0\0,ff\0\x42\x20\0\0\0\0\0\0",
    "arguments": b"/attnflow/gaze\0\0,f\0\0\0\0\0\0",
    "unknown type": b"/attnflow/gaze\0\0,Zf\0\0\0\0\0",
    "no length": b"/tracking/eye/CenterVec\0,fff\0\0\0\0" + b"\0" * 12,
    "a head in degrees": b"/attnflow/head\0\0,fff\0\0\0\0" + b"\x42\x20\0\0" * 3,
    "a head beyond float32": b"/attnflow/head\0\0,ffffff\0" + b"\0" * 12 + b"\x7e\x20\0\0" * 3,
    "half a lid": b"/attnflow/lids\0\0,f\0\0\xc0\0\0\0",
}


@pytest.mark.parametrize("name", DATAGRAMS)
def test_a_malformed_datagram_is_counted_told_and_survived(name: str, listening: Listening, clock: FakeClock) -> None:
    driver, client = listening
    client._sock.sendto(DATAGRAMS[name], (client._address, client._port))
    client.send_message("/attnflow/gaze", (0.1, 0.2))
    assert column(read(driver), "gaze_yaw") == pytest.approx([0.1])
    assert driver.lost() == 1
    told = driver.aside().detail
    assert told.endswith("1 so far.")
    assert len(told) < 400
    clock.advance(60.0)
    assert driver.aside() == Aside(), "what is over is not told for ever"


@given(st.binary(max_size=200) | st.sampled_from(sorted(ADDRESSES)).flatmap(
    lambda address: st.binary(max_size=60).map(lambda tail: address.encode() + b"\0" * (4 - len(address) % 4) + tail)))
@settings(max_examples=300)
def test_no_bytes_break_the_receiver(datagram: bytes) -> None:
    clock = FakeClock(10**12)
    receiver = module.OscReceiver(OscConfig(), "headset", clock)
    rows: list[Any] = []
    receiver._take(datagram, clock.now_ns(), rows)
    for arrived in rows:
        values = np.array(arrived.row)
        assert not np.isinf(values).any()


def test_the_library_does_not_log_a_line_for_every_odd_datagram(listening: Listening,
                                                                caplog: pytest.LogCaptureFixture) -> None:
    driver, client = listening
    with caplog.at_level(logging.DEBUG):
        client._sock.sendto(DATAGRAMS["unknown type"], (client._address, client._port))
        driver.read(0.2)
    assert not caplog.records


def test_addresses_that_are_not_read_are_named(listening: Listening) -> None:
    driver, client = listening
    client.send_message("/avatar/parameters/Blink", 1.0)
    assert len(driver.read(0.2).times_ns) == 0
    assert "/avatar/parameters/Blink is no address that is read" in driver.aside().detail
    assert driver.lost() == 0, "another program's message is no loss"


def test_a_flood_is_taken_in_bites(listening: Listening) -> None:
    driver, client = listening
    for _ in range(700):
        client.send_message("/attnflow/gaze", (0.1, 0.2))
    first = driver.read(0.2)
    assert len(first.times_ns) == module.AT_ONCE
    assert len(driver.read(0.2).times_ns) == 700 - module.AT_ONCE


def test_a_taken_port_is_one_sentence_and_an_open_one_says_so(clock: FakeClock) -> None:
    setting = Setting(stream="headset", start_ns=0, clock=clock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        driver = Osc(OscConfig(port=port), setting)
        with pytest.raises(DeviceError, match=f"cannot listen on UDP 127.0.0.1:{port}") as caught:
            driver.open()
        assert "--set headset.port=" in caught.value.next_step
    assert Osc(OscConfig(), setting).aside().detail == ""
    assert "neither encrypted nor signed" in Osc(OscConfig(host="0.0.0.0"), setting).aside().detail


def test_a_host_that_can_be_none_is_one_sentence(clock: FakeClock) -> None:
    with pytest.raises(DeviceError, match=r"cannot listen on UDP a\.\.b"):
        Osc(OscConfig(host="a..b"), Setting(stream="headset", start_ns=0, clock=clock)).open()


def test_messages_say_what_was_expected() -> None:
    messages = EyeMessages()
    refused: list[tuple[str, tuple[Any, ...], str]] = [
        ("/attnflow/gaze", (0.1,), "1 arguments, expected 2 or 3"),
        ("/attnflow/gaze", (True, 0.1), "expected finite numbers"),
        ("/attnflow/gaze", (0.1, 0.1, 2.0), "confidence 2 is outside"),
        ("/tracking/eye/CenterPitchYaw", (120.0, 0.0), "no angles in degrees"),
        ("/tracking/eye/EyesClosedAmount", (1.5,), "outside 0 to 1"),
    ]
    for address, values, sentence in refused:
        with pytest.raises(ValueError, match=sentence):
            messages.take(address, values, 0)


