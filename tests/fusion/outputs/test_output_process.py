"""The real process of the outputs, and what a session makes of it: an output in trouble is no sensor in trouble."""

import queue
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from fusion import live
from fusion.bench_outputs import wait_for
from fusion.outputs.process import beside
from fusion.rules import Rules
from fusion.session import Session
from sensors.bus import Endpoints, Hub, Publisher, Subscriber, private_endpoints
from sensors.clock import SECOND
from sensors.messages import AnyMessage, Health, Said, State, Tick
from sensors.rig import SessionConfig, parse
from sensors.supervisor import Child


@pytest.fixture
def app() -> Iterator[tuple[int, "queue.Queue[str]"]]:
    """An OSC app: its port, and the addresses it hears."""
    heard: queue.Queue[str] = queue.Queue()
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: heard.put(address))
    server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1], heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bus() -> Iterator[Endpoints]:
    endpoints = private_endpoints()
    with Hub(endpoints):
        yield endpoints


def test_a_rig_without_outputs_needs_no_process() -> None:
    assert beside(parse({"truth": {}}, "light"), private_endpoints()) == []


@pytest.fixture
def process(bus: Endpoints, app: tuple[int, "queue.Queue[str]"]) -> Iterator[Child]:
    """The process of an output to the app and of one that cannot be opened; its lifeline is the child's."""
    rig = parse({"truth": {}, "outputs": {"osc": {"port": app[0]}, "can": {
        "interface": "socketcan", "channel": "none-such"}}}, "light")
    (command, order), = beside(rig, bus)
    with tempfile.TemporaryDirectory() as folder:
        child = Child(order, Path(folder), command)
        child.start(None)
        yield child
        child.stop()
        child.join(timeout_s=5)


@pytest.mark.slow
def test_one_output_is_broken_and_the_other_speaks_until_the_lifeline_closes(
        bus: Endpoints, app: tuple[int, "queue.Queue[str]"], process: Child) -> None:
    health, publisher = Subscriber(bus, ["health"]), Publisher(bus)
    wait_for(health, {"output-osc", "output-process"})
    assert publisher.wait_for_hub(["state"])
    publisher.send("state", State(t_ns=1, state="focused", probabilities={}))
    assert app[1].get(timeout=10) == "/attnflow/state"
    told: dict[str, Health] = {}
    while not {"output-osc", "output-can", "output-process"} <= told.keys():
        got = health.receive(5_000)
        assert got is not None, "the process fell silent"
        assert isinstance(got.message, Health)
        told[got.message.stream] = got.message
    assert {name: one.status for name, one in told.items()} == {
        "output-osc": "ok", "output-can": "failed", "output-process": "ok"}
    assert told["output-can"].detail
    process.stop()
    assert process.process is not None
    assert process.process.wait(timeout=10) == 0
    publisher.close()
    health.close()


@pytest.mark.slow
def test_a_live_session_speaks_through_its_outputs(app: tuple[int, "queue.Queue[str]"]) -> None:
    port, heard = app
    rig = parse({"truth": {}, "session": {"estimator": "rules"}, "outputs": {"osc": {"port": port}}}, "light")
    summary = live.run(rig, seconds=1.5)
    addresses = [heard.get_nowait() for _ in range(heard.qsize())]
    assert addresses.count("/attnflow/state") >= summary.states - 2
    assert summary.states > 5
    assert {name: stream.status for name, stream in summary.streams.items() if name.startswith("output-")} == {
        "output-osc": "ok", "output-process": "ok"}


def states(healths: list[Health]) -> list[State]:
    """Return the states of two seconds in which these healths came."""
    session = Session(SessionConfig(), Rules())
    messages: list[AnyMessage] = [Tick(t_ns=SECOND), *healths]
    messages += [Tick(t_ns=SECOND + number * SECOND // 10) for number in range(1, 21)]
    said: list[Said] = [output for message in messages for output in session.update(message)]
    return [output for output in said if isinstance(output, State)]


def test_an_output_in_trouble_leaves_the_attention_state_alone() -> None:
    trouble = Health(t_ns=SECOND, stream="output-osc", status="failed", detail="Nobody listens.")
    untouched = [msgspec.structs.asdict(state) for state in states([])]
    assert repr([msgspec.structs.asdict(state) for state in states([trouble])]) == repr(untouched)
    sensor = msgspec.structs.replace(trouble, stream="camera")
    assert "Nobody listens." in states([sensor])[-1].reason, "the same of a sensor is told"
