"""Who may listen to the WebSocket output."""

from typing import Any

import msgspec
import pytest
from websocket_clients import client, read, serving
from websockets.exceptions import InvalidStatus

from fusion.outputs.websocket import WebSocket
from fusion.outputs.websocket_guard import origin_allowed
from sensors.errors import DeviceError
from sensors.loopback import is_loopback
from sensors.rig_outputs import WebsocketOutput

HERE = "127.0.0.1:8765"


@pytest.mark.parametrize(("host", "ours"), [
    ("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("[::1]", True),
    ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("example.org", False), ("", False),
    ("127.0.0.1.example.org", False), ("localhost.example.org", False)])
def test_only_this_machines_own_addresses_are_its_own(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", ""])
def test_other_machines_are_let_in_only_by_leave(host: str) -> None:
    with pytest.raises(DeviceError, match="nothing is encrypted") as refusal:
        WebSocket(WebsocketOutput(host=host, port=0)).open()
    assert "allow_network = true" in refusal.value.next_step


def test_with_leave_it_opens_to_the_network() -> None:
    with serving(host="0.0.0.0", allow_network=True) as output:
        assert output.address.startswith("http://0.0.0.0:")


@pytest.mark.parametrize(("origin", "config", "allowed"), [
    (None, {}, True),
    ("null", {}, False),
    ("file://", {}, False),
    ("null", {"file_pages": True}, True),
    ("file://", {"file_pages": True}, True),
    ("http://localhost:5173", {}, True),
    ("http://127.0.0.1:8765", {}, True),
    ("https://[::1]:3000", {}, True),
    ("https://example.org", {}, False),
    ("https://example.org", {"origins": ("https://example.org",)}, True),
    ("https://example.org:444", {"origins": ("https://example.org",)}, False),
    ("http://localhost.example.org", {}, False),
    ("http://127.0.0.1.example.org", {}, False),
    ("http://127.0.0.1@example.org", {}, False),
    ("chrome-extension://localhost", {}, False),
    ("http://[", {}, False),
    ("", {}, False),
])
def test_only_pages_of_this_machine_may_connect(origin: str | None, config: dict[str, Any], allowed: bool) -> None:
    assert origin_allowed(origin, HERE, WebsocketOutput(**config)) is allowed


@pytest.mark.parametrize(("origin", "asked", "allowed"), [
    ("http://192.168.1.5:8765", "192.168.1.5:8765", True),
    ("http://192.168.1.6:8765", "192.168.1.5:8765", False),
    # A name that its owner lets point at this machine: the page is his, whatever the address.
    ("http://rebound.example:8765", "rebound.example:8765", False)])
def test_on_a_network_our_own_page_may_connect_but_by_no_name(origin: str, asked: str, allowed: bool) -> None:
    assert origin_allowed(origin, asked, WebsocketOutput(allow_network=True)) is allowed
    assert not origin_allowed(origin, asked, WebsocketOutput())


def test_a_page_from_elsewhere_is_turned_away_at_the_door(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as output:
        with pytest.raises(InvalidStatus, match="403"), client(output, origin="https://example.org"):
            pass
        with client(output, origin="http://localhost:3000") as socket:
            assert read(socket)["type"] == "hello"
    assert "Refused a web page of https://example.org" in caplog.text


def test_one_client_too_many_is_turned_away_and_the_others_stay() -> None:
    with serving(max_clients=1) as output, client(output) as first:
        read(first)
        with pytest.raises(InvalidStatus, match="503"), client(output):
            pass
        first.send("?")
        assert read(first)["type"] == "error"


@pytest.mark.parametrize("table", [{"port": -1}, {"port": 65_536}, {"max_clients": 0}])
def test_a_table_with_impossible_numbers_is_refused(table: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError, match="expected"):
        msgspec.convert(table, WebsocketOutput)
