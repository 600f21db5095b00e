"""The WebSocket output with real clients: order, losses told, slow readers, bad input, and the port."""

import json
import socket
import sys
from contextlib import ExitStack
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websocket_clients import alert, client, event, gaze, hint, read, serving, state, tell, until
from websockets.asyncio.server import Server
from websockets.exceptions import ConnectionClosed

from fusion.outputs import websocket_client, websocket_server
from fusion.outputs.output import build
from fusion.outputs.websocket import INBOX, WebSocket
from fusion.outputs.wire_schema import schema
from sensors.clock import now_ns
from sensors.errors import DeviceError
from sensors.messages import Answer, Column, Marker, StreamInfo, Target, Tick
from sensors.rig_outputs import WebsocketOutput

TARGET: dict[str, Any] = {"type": "target", "name": "mirror", "yaw": -0.5, "pitch": 0.1, "width": 0.2, "height": 0.1}


def accounted(frames: list[dict[str, Any]], seqs: dict[str, int]) -> dict[str, int]:
    """Return how many of each type were left out; fail if a number is missing that nobody told of, or comes twice."""
    left_out: dict[str, int] = {}
    newest = dict(seqs)
    for frame in frames:
        kind = frame["type"]
        assert frame["seq"] - newest[kind] - 1 == frame["dropped"], frame
        newest[kind] = frame["seq"]
        left_out[kind] = left_out.get(kind, 0) + frame["dropped"]
    return left_out


def test_a_client_that_reads_gets_everything_in_order() -> None:
    with serving() as output, client(output) as socket:
        hello = read(socket)
        assert (hello["type"], hello["v"], hello["schema"]) == ("hello", 1, f"{output.address}schema.json")
        assert 0 <= now_ns() - hello["t_ns"] < 5e9
        frames = []
        for k in range(100):
            for message in (gaze(yaw=k / 1000), state(), alert(k), hint(k), event()):
                output.send(message)
                frames.append(read(socket))
        assert [frame["type"] for frame in frames] == 100 * ["gaze", "state", "alert", "hint", "event"]
        assert [frame["yaw"] for frame in frames[::5]] == [k / 1000 for k in range(100)]
        assert not any(accounted(frames, hello["seqs"]).values())
        assert all(frame["age_ms"] >= 0 for frame in frames)


def test_a_flood_of_states_holds_nothing_else_back() -> None:
    with serving() as output, client(output) as socket:
        read(socket)
        for message in (state(), alert(), state(), hint(), state()):
            output.send(message)
        assert [read(socket)["type"] for _ in range(5)] == ["state", "alert", "state", "hint", "state"]


def test_a_burst_is_no_slow_client() -> None:
    with serving() as output, client(output) as socket:
        hello = read(socket)
        for k in range(20):
            output.send(gaze(yaw=k / 1000))
        frames = [read(socket) for _ in range(20)]
    assert accounted(frames, hello["seqs"]) == {"gaze": 0}


def test_a_slow_client_is_told_fresh_things_first_and_what_it_missed_and_slows_nobody(
        monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AHEAD_NS", 50_000_000), ("PING_NS", 5_000_000), ("FRESH_NS", 10_000_000)):
        monkeypatch.setattr(websocket_client, name, value)
    with serving() as output, client(output, max_queue=1) as slow, client(output) as quick:
        hello, first = read(slow), read(quick)
        seen = []

        def behind() -> bool:
            output.send(gaze())
            output.send(state())
            seen.extend([read(quick), read(quick)])
            return "does not read" in output.trouble()

        until(behind, "the client is found to be behind")
        for k in range(300):
            output.send(alert(k))
            output.send(gaze())
            output.send(state())
            seen.extend(read(quick) for _ in range(3))
        newest = state("drowsy")
        output.send(newest)
        seen.append(read(quick))
        until(lambda: now_ns() - newest.t_ns > 20_000_000, "what waits is no longer fresh")
        output.send(state("away"))
        seen.append(read(quick))
        assert not any(accounted(seen, first["seqs"]).values())

        frames = []
        while not (frames and frames[-1]["type"] == "gaze" and frames[-1]["seq"] == seen[-3]["seq"]):
            frames.append(read(slow))
        left_out = accounted(frames, hello["seqs"])
        assert left_out["state"] > 200
        assert left_out["gaze"] > 200
        assert left_out["alert"] == 300 - websocket_client.ROOM["alert"]
        fresh = [frame for frame in frames if frame["seq"] > seen[1]["seq"] or frame["type"] == "alert"]
        caught_up = next(frame for frame in fresh if frame["dropped"])
        assert (caught_up["type"], caught_up["state"]) == ("state", "away")
        assert [frame["number"] for frame in frames if frame["type"] == "alert"] == list(range(236, 300))
        until(lambda: output.trouble() == "", "it has caught up")


def test_a_client_that_never_reads_is_cut_off_with_a_sentence(monkeypatch: pytest.MonkeyPatch,
                                                              caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(websocket_client, "AHEAD_NS", 20_000_000)
    monkeypatch.setattr(websocket_client, "PING_NS", 5_000_000)
    monkeypatch.setattr(websocket_client, "UNREAD_S", 0.2)
    with serving() as output, client(output) as quick, ExitStack() as stack:
        read(quick)
        stack.enter_context(client(output, max_queue=1, close_timeout=0.1))

        def cut() -> bool:
            output.send(state())
            read(quick)
            return "has read nothing" in caplog.text

        until(cut, "the client is cut off")
        until(lambda: len(output._serving._clients) == 1, "only the other is left")  # type: ignore[union-attr]
        assert output.trouble() == ""


def test_who_comes_late_is_told_what_holds_and_counts_from_there() -> None:
    info = StreamInfo(t_ns=now_ns(), stream="camera", kind="camera", driver="webcam", rate_hz=30.0,
                      columns=(Column("gaze_yaw", "rad"),), meta={"simulated": "yes"})
    with serving() as output, client(output) as early:
        assert read(early)["simulated"] == []
        for message in (info, state(), state("drowsy"), alert(1), alert(2), alert(1, active=False), hint(1), hint(2),
                        hint(1, active=False), event(), gaze()):
            output.send(message)
            read(early)
        tell(early, **TARGET)
        read(early)
        with client(output) as late:
            hello = read(late)
            assert hello["simulated"] == ["camera"]
            assert hello["status"] == "ok"
            assert hello["seqs"] == {"state": 2, "alert": 3, "hint": 3, "event": 1, "stream": 1, "target": 1,
                                     "gaze": 1}
            held = [read(late) for _ in range(5)]
            assert [(frame["type"], frame["seq"]) for frame in held] == [
                ("stream", 1), ("state", 2), ("alert", 2), ("hint", 2), ("target", 1)]
            output.send(event())
            assert accounted([read(late)], hello["seqs"]) == {"event": 0}


def test_an_alert_whose_rule_escalates_holds_once_and_is_over_when_it_ends() -> None:
    with serving() as output, client(output) as early:
        read(early)
        for message in (alert(1, rule="long"), alert(1, rule="unresponsive"), alert(2, rule="vats")):
            output.send(message)
            read(early)
        with client(output) as late:
            read(late)
            assert [read(late)["rule"] for _ in range(2)] == ["unresponsive", "vats"]
        output.send(alert(1, rule="unresponsive", active=False))
        read(early)
        with client(output) as later:
            read(later)
            assert read(later)["rule"] == "vats"


def test_a_target_of_no_height_is_taken_away_as_in_the_session() -> None:
    with serving() as output, client(output) as early:
        read(early)
        for height in (0.25, 0.0):
            tell(early, **TARGET | {"height": height})
            read(early)
        output.send(state())
        read(early)
        with client(output) as late:
            read(late)
            assert read(late)["type"] == "state"
            output.send(gaze())
            assert read(late)["type"] == "gaze"


def test_before_the_first_state_the_status_is_starting_as_with_every_output() -> None:
    with serving() as output, client(output) as socket:
        assert read(socket)["status"] == "starting"
        output.send(event())
        assert read(socket)["status"] == "starting"


def test_a_host_that_can_be_none_is_a_sentence() -> None:
    output = WebSocket(WebsocketOutput(host="a..b", port=0, allow_network=True))
    with pytest.raises(DeviceError, match=r"cannot open a\.\.b"):
        output.open()


def test_a_client_gets_only_what_it_asked_for_and_may_ask_again() -> None:
    with serving() as output, client(output) as socket:
        read(socket)
        tell(socket, type="subscribe", types=["hint"])
        hello = read(socket)
        assert (hello["type"], hello["types"], hello["seq"]) == ("hello", ["hint"], 2)
        for message in (gaze(), state(), alert(), hint()):
            output.send(message)
        assert read(socket)["type"] == "hint"
        tell(socket, type="subscribe", types=["gaze", "alert"])
        hello = read(socket)
        assert hello["seqs"]["gaze"] == 1
        assert read(socket)["type"] == "alert"  # the one that still holds
        output.send(gaze())
        assert accounted([read(socket)], hello["seqs"]) == {"gaze": 0}


def test_what_apps_say_comes_out_once_at_the_time_it_arrived() -> None:
    with serving() as output, client(output) as one, client(output) as other:
        read(one)
        read(other)
        before = now_ns()
        tell(one, **TARGET, source="game")
        assert (read(one)["name"], read(other)["name"]) == ("mirror", "mirror")
        tell(one, type="answer", hint="simplify", number=1, answer="accepted")
        tell(one, type="marker", name="level", value="2")
        said: list[Any] = []
        until(lambda: said.extend(output.received()) or len(said) == 3, "all three arrive")
        assert [type(message) for message in said] == [Target, Answer, Marker]
        assert said[0].source == "game"
        assert all(before <= message.t_ns <= now_ns() for message in said)
        assert output.received() == []
        tell(one, **TARGET | {"width": 0.0})
        assert read(other)["width"] == 0


def test_bad_input_is_answered_with_a_sentence_and_harms_nobody() -> None:
    with serving() as output, client(output) as socket:
        read(socket)
        for number, bad in enumerate(("{", '{"v": 1, "type": "target"}', b"\xff\xfe", "[]"), start=1):
            socket.send(bad)
            answer = read(socket)
            assert (answer["type"], answer["seq"]) == ("error", number)
            assert answer["reason"].startswith("The frame was not taken: ")
        assert output.received() == []
        output.send(state())
        assert read(socket)["type"] == "state"


def test_a_frame_that_is_too_long_closes_only_its_own_connection() -> None:
    with serving() as output, client(output) as good:
        read(good)
        with client(output) as bad:
            read(bad)
            bad.send('"' + 20_000 * "x" + '"')
            with pytest.raises(ConnectionClosed, match="1009"):
                read(bad)
        output.send(state())
        assert read(good)["type"] == "state"


def test_more_than_the_session_can_take_is_refused_with_a_sentence() -> None:
    with serving() as output, client(output, max_queue=None) as socket:
        read(socket)
        for _ in range(INBOX + 1):
            tell(socket, type="marker", name="x")
        assert "has not kept up" in read(socket)["reason"]
        assert len(output.received()) == INBOX


def test_a_client_that_never_stops_talking_is_refused_what_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_server, "MOST_HZ", 0.001)
    monkeypatch.setattr(websocket_server, "BURST", 3.0)
    with serving() as output, client(output) as socket:
        read(socket)
        for _ in range(5):
            tell(socket, type="marker", name="again")
        assert [read(socket)["type"] for _ in range(2)] == ["error", "error"]
        assert len(output.received()) == 3


def test_too_many_targets_are_refused_and_known_ones_still_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusion.outputs.websocket_present.MOST_TARGETS", 1)
    with serving() as output, client(output) as socket:
        read(socket)
        tell(socket, **TARGET)
        assert read(socket)["type"] == "target"
        tell(socket, **TARGET | {"name": "another"})
        assert "too many targets" in read(socket)["reason"]
        tell(socket, **TARGET | {"yaw": 0.4})
        assert read(socket)["yaw"] == 0.4
        assert [message.name for message in output.received()] == ["mirror", "mirror"]  # type: ignore[union-attr]


def test_it_closes_at_once_and_opens_again_on_the_same_port() -> None:
    output = build("websocket", WebsocketOutput(port=0))
    assert isinstance(output, WebSocket)
    output.close()
    output.send(state())
    output.open()
    port = int(output.address.rstrip("/").rpartition(":")[2])
    for _ in range(2):
        with client(output) as socket:
            read(socket)
            output.close()
            with pytest.raises(ConnectionClosed, match="1001"):
                read(socket)
        output.close()
        assert output.trouble() == ""
        output = WebSocket(WebsocketOutput(port=port))
        output.open()
    output.close()


def test_it_waits_for_no_connection_that_has_asked_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_server, "GOODBYE_S", 30.0)
    with serving() as output:
        port = int(output.address.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as idle:
            urlopen(output.address).close()  # the one before it has been taken in by now
            began = now_ns()
            output.close()
            assert now_ns() - began < 3e9
            assert idle.recv(1) == b""


def test_a_port_that_is_taken_is_a_sentence_with_the_next_step() -> None:
    with serving() as output:
        port = int(output.address.rstrip("/").rpartition(":")[2])
        with pytest.raises(DeviceError, match=f"cannot open 127.0.0.1:{port}") as refusal:
            WebSocket(WebsocketOutput(port=port)).open()
        assert "outputs.websocket.port" in refusal.value.next_step


def test_a_missing_library_is_a_sentence_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fusion.outputs.websocket_server")
    monkeypatch.setitem(sys.modules, "websockets.asyncio.server", None)
    with pytest.raises(DeviceError, match="library 'websockets") as refusal:
        WebSocket(WebsocketOutput(port=0)).open()
    assert "attnflow[websocket]" in refusal.value.next_step


def test_the_port_serves_the_page_and_the_schema_and_nothing_else() -> None:
    with serving() as output:
        with urlopen(output.address) as answer:
            assert b"<title>attnflow</title>" in answer.read()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        with urlopen(f"{output.address}schema.json") as answer:
            assert json.load(answer) == schema()
        with pytest.raises(HTTPError, match="404") as refusal:
            urlopen(f"{output.address}etc/passwd")
        refusal.value.close()


def test_what_no_client_is_told_is_passed_over() -> None:
    with serving() as output, client(output) as socket:
        read(socket)
        output.send(Tick(t_ns=1))
        output.send(state())
        assert read(socket)["type"] == "state"


def test_a_server_that_broke_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: object, server: Server) -> None:
        server.close()
        await server.wait_closed()
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(websocket_server.Serving, "_close", broken)
    with serving() as output:
        served = output._serving
        assert served is not None
        output.close()
        assert served.trouble() == "The WebSocket server stopped: planted."
        served.say(state())
    assert "the WebSocket server stopped" in caplog.text
