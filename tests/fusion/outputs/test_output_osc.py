"""OSC, received by python-osc's own server: what each address says, and what is kept quiet."""

import math
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from fusion.outputs import osc
from fusion.outputs.gaze import Gaze
from fusion.outputs.osc import Osc
from sensors.clock import SECOND, now_ns
from sensors.errors import DeviceError
from sensors.messages import Alert, AnyMessage, GazeEvent, Hint, State
from sensors.rig import parse
from sensors.rig_outputs import OscOutput

Heard = tuple[str, tuple[Any, ...]]
CONFIDENCE, AGE, STATUS, NUMBER, TIME = range(-5, 0)
"""Places of what every message of ours ends with."""


class App:
    """An app that listens, as one that was written with python-osc does."""

    def __init__(self) -> None:
        self._heard: queue.Queue[Heard] = queue.Queue()
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *values: self._heard.put((address, values)))
        self.server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        self.port: int = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def next(self) -> Heard:
        """Return the next message, waiting for it."""
        return self._heard.get(timeout=5)

    def until(self, address: str) -> list[Heard]:
        """Return the messages up to and with the first of an address."""
        heard = [self.next()]
        while heard[-1][0] != address:
            heard.append(self.next())
        return heard

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def app() -> Iterator[App]:
    listening = App()
    yield listening
    listening.close()


@pytest.fixture
def speak(app: App) -> Iterator[Callable[..., Osc]]:
    """Return a function that opens an output to the app."""
    opened: list[Osc] = []

    def make(**settings: Any) -> Osc:
        output = Osc(OscOutput(port=app.port, **settings))
        output.open()
        opened.append(output)
        return output

    yield make
    for output in opened:
        output.close()


def gaze(status: str = "ok", openness: float = 0.8, age_s: float = 0.01) -> Gaze:
    yaw, pitch = (math.radians(20.128), math.radians(15.252)) if status == "ok" else (math.nan, math.nan)
    t_ns = now_ns() - round(age_s * SECOND)
    return Gaze(t_ns, yaw, pitch, math.nan, math.nan, math.nan, 0.0, 0.0, 0.6, openness,
                0.0 if status == "no_face" else 0.9, status)


def state(status: str = "ok") -> State:
    return State(t_ns=now_ns(), state="drowsy", probabilities={"drowsy": 0.75, "focused": 0.25}, status=status,
                 attention=0.5, attention_sd=0.125, vigilance=0.25, vigilance_sd=0.0625)


def said() -> list[AnyMessage]:
    t_ns = now_ns()
    return [state("calibrating"),
            Alert(t_ns=t_ns, rule="long", level="warning", reason="Eyes off the road, für 3 s.", onset_ns=t_ns,
                  number=4, stage=2, profile="eu-addw"),
            Hint(t_ns=t_ns, hint="simplify", active=False, reason="Load is down.", number=2, onset_ns=t_ns,
                 confidence=0.5),
            GazeEvent(t_ns=t_ns, kind="dwell", onset_ns=t_ns - SECOND, end_ns=t_ns, yaw=0.25, pitch=0.5,
                      target="menu", confidence=0.75, value=0.75)]


@pytest.mark.parametrize(("chosen", "expected"), [
    ("CenterPitchYaw", (-15.252, 20.128)), ("CenterPitchYawDist", (-15.252, 20.128, 0.503)),
    ("LeftRightPitchYaw", (-14.903, 23.592, -15.560, 16.503))])
def test_vrchat_hears_lids_and_the_chosen_look(app: App, speak: Callable[..., Osc], chosen: str,
                                               expected: tuple[float, ...]) -> None:
    speak(vrchat=chosen, distance_m=0.503, ipd_mm=64.0).send(gaze())
    heard = app.until(f"/tracking/eye/{chosen}")
    assert heard[-1][1] == pytest.approx(expected, abs=0.001)
    assert dict(heard)["/tracking/eye/EyesClosedAmount"] == pytest.approx((0.2,))


def test_a_lost_look_is_not_repeated_while_lids_go_on(app: App, speak: Callable[..., Osc]) -> None:
    output = speak()
    output.send(gaze("no_gaze", openness=0.1))
    output.send(state())
    heard = dict(app.until("/attnflow/state"))
    assert set(heard) == {"/attnflow/gaze", "/tracking/eye/EyesClosedAmount", "/attnflow/state"}
    yaw, pitch, *_, status, _, _ = heard["/attnflow/gaze"]
    assert math.isnan(yaw)
    assert math.isnan(pitch)
    assert status == "no_gaze"
    assert heard["/tracking/eye/EyesClosedAmount"] == pytest.approx((0.9,))


@pytest.mark.parametrize("lost", [gaze("no_face", openness=math.nan), gaze(age_s=0.6)])
def test_vrchat_hears_nothing_without_a_face_or_of_long_ago(app: App, speak: Callable[..., Osc], lost: Gaze) -> None:
    output = speak()
    output.send(lost)
    output.send(state())
    assert [address for address, _ in app.until("/attnflow/state")] == ["/attnflow/gaze", "/attnflow/state"]


def test_vrchat_can_be_left_out(app: App, speak: Callable[..., Osc]) -> None:
    output = speak(vrchat="off")
    output.send(gaze())
    output.send(state())
    assert [address for address, _ in app.until("/attnflow/state")] == ["/attnflow/gaze", "/attnflow/state"]


def test_every_message_of_ours_ends_with_confidence_age_status_number_and_time(app: App, speak: Callable[..., Osc],
                                                                               ) -> None:
    output = speak(vrchat="off")
    messages = said()
    for message in [gaze(), *messages]:
        output.send(message)
    heard = app.until("/attnflow/event")
    assert [address.removeprefix("/attnflow/") for address, _ in heard] == [
        "gaze", "state", "attention", "vigilance", "load", "alert", "hint", "event"]
    for address, values in heard:
        assert isinstance(values[CONFIDENCE], float)
        assert 0 <= values[AGE] < 5_000
        assert values[STATUS] == ("ok" if address == "/attnflow/gaze" else "calibrating")
        assert values[NUMBER] == 0
    of = {address.removeprefix("/attnflow/"): values for address, values in heard}
    assert [of[name][TIME] for name in ("state", "alert", "hint", "event")] == [message.t_ns for message in messages]
    assert (of["state"][0], of["state"][CONFIDENCE]) == ("drowsy", 0.75)
    assert of["attention"][:2] == (0.5, 0.125)
    assert math.isnan(of["load"][0])
    assert of["alert"][:6] == ("long", "warning", 2, True, 4, "Eyes off the road, für 3 s.")
    assert math.isnan(of["alert"][CONFIDENCE])
    assert of["hint"][:4] == ("simplify", False, 2, "Load is down.")
    assert of["event"][:5] == ("dwell", "menu", 1000.0, 0.25, 0.5)
    assert of["event"][6] == 0.75
    assert of["alert"][6] == "eu-addw"


def test_nothing_is_lost_or_reordered_on_the_way(app: App, speak: Callable[..., Osc]) -> None:
    output = speak(vrchat="off")
    for number in range(200):
        output.send(gaze())
        if number % 20 == 19:  # read as it comes: an app that listens keeps up
            numbers = [app.next()[1][NUMBER] for _ in range(20)]
            assert numbers == list(range(number - 19, number + 1))


def test_nobody_listening_is_a_sentence_and_whoever_comes_later_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.bind(("127.0.0.1", 0))
        port = late.getsockname()[1]
    output = Osc(OscOutput(port=port))
    output.open()
    assert output.trouble() == ""
    for _ in range(3):
        output.send(gaze())
    assert f"Nobody listens for OSC at 127.0.0.1:{port}" in output.trouble()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.bind(("127.0.0.1", port))
        late.settimeout(5)
        output.send(state())
        assert late.recv(4096).startswith(b"/attnflow/state")
    monkeypatch.setattr(osc, "REFUSED_NS", 0)
    assert output.trouble() == "", "it is said while it is so, and no longer"
    output.close()


def test_an_app_that_never_reads_holds_up_nobody() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", 0))
        output = Osc(OscOutput(port=deaf.getsockname()[1]))
        output.open()
        began_ns = now_ns()
        for _ in range(1_000):
            output.send(gaze())
        assert now_ns() - began_ns < 5 * SECOND
        output.close()


def test_a_full_system_is_counted_and_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def send(self, data: bytes) -> int:
            raise BlockingIOError

    output = Osc(OscOutput(vrchat="off"))
    output.open()
    assert output._socket is not None
    assert not output._socket.getblocking()
    output._socket.close()
    monkeypatch.setattr(output, "_socket", Full())
    output.send(gaze())
    assert output.dropped == 1


def test_a_host_that_does_not_exist_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    output = Osc(OscOutput(host="nowhere"))
    with pytest.raises(DeviceError, match=r"nowhere:9000: Name or service not known\. Set outputs\.osc\.host"):
        output.open()
    output.send(gaze())
    output.close()
    output.close()


@pytest.mark.parametrize("wrong", [{"vrchat": "CentrePitchYaw"}, {"distance_m": 0.0}, {"ipd_mm": 6.4}, {"port": 70_000},
                                   {"hots": "x"}])
def test_a_wrong_table_is_refused_with_its_name(wrong: dict[str, Any]) -> None:
    from sensors.errors import RigError

    with pytest.raises(RigError, match=r"\[outputs\.osc\]"):
        parse({"truth": {}, "outputs": {"osc": wrong}}, "wrong")
