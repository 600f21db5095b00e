"""Real driver processes: started together, restarted when killed, gone when the session is gone."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from sensors.bus import Hub, Received, Subscriber, private_endpoints
from sensors.messages import Chunk, Health
from sensors.rig import Rig, parse
from sensors.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600
"""Messages to read before giving up on what must come."""


def light_rig() -> Rig:
    return parse({"truth": {}, "context": {"source": "simulated"}}, "light")


def read_until(subscriber: Subscriber, wanted: Callable[[Received], bool]) -> Received:
    for _ in range(PATIENCE):
        got = subscriber.receive(5_000)
        assert got is not None, "the bus fell silent"
        if wanted(got):
            return got
    pytest.fail("what must come did not come")


def chunk_of(stream: str) -> Callable[[Received], bool]:
    return lambda got: isinstance(got.message, Chunk) and got.message.stream == stream


def test_drivers_start_together_and_count_from_one_moment() -> None:
    endpoints = private_endpoints()
    with Hub(endpoints):
        subscriber = Subscriber(endpoints, ["truth", "context", "health"])
        supervisor = Supervisor(light_rig(), endpoints)
        supervisor.start()
        try:
            first = [read_until(subscriber, chunk_of(stream)).message for stream in ("truth", "context")]
            assert supervisor.start_ns is not None
            for message in first:
                assert isinstance(message, Chunk)
                assert message.t_ns >= supervisor.start_ns
        finally:
            supervisor.stop()
            subscriber.close()


def test_a_killed_driver_is_told_and_comes_back_and_the_other_never_notices() -> None:
    endpoints = private_endpoints()
    with Hub(endpoints):
        subscriber = Subscriber(endpoints, ["truth", "context", "health"])
        supervisor = Supervisor(light_rig(), endpoints)
        supervisor.start()
        try:
            read_until(subscriber, chunk_of("truth"))
            process = supervisor._children["truth"].process
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
            death = read_until(subscriber, lambda got: isinstance(got.message, Health)
                               and got.message.status == "failed").message
            assert isinstance(death, Health)
            assert death.stream == "truth"
            assert "died with exit code -9" in death.detail
            seen: list[str] = []

            def back(got: Received) -> bool:
                seen.append(got.topic)
                return chunk_of("truth")(got)

            read_until(subscriber, back)
            assert "context" in seen, "the other driver spoke all the while"
        finally:
            supervisor.stop()
            subscriber.close()


def test_no_driver_outlives_a_killed_session(tmp_path: Path) -> None:
    # The child is a whole session process; SIGKILL gives it no chance to clean up.
    program = textwrap.dedent("""
        import sys
        from sensors.bus import Hub, Subscriber, private_endpoints
        from sensors.rig import parse
        from sensors.supervisor import Supervisor
        endpoints = private_endpoints()
        hub, subscriber = Hub(endpoints), Subscriber(endpoints, ["truth"])
        supervisor = Supervisor(parse({"truth": {}}, "light"), endpoints)
        supervisor.start()
        subscriber.receive(20_000)
        sys.stdout.write(f"{supervisor._children['truth'].process.pid}\\n")
        sys.stdout.flush()
        sys.stdin.read()
    """)
    session = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, cwd=ROOT)
    assert session.stdout is not None
    driver = int(session.stdout.readline())
    session.kill()
    session.wait()
    for pipe in (session.stdin, session.stdout):
        assert pipe is not None
        pipe.close()
    # A pidfd becomes readable when its process has ended: waiting without polling or sleeping.
    try:
        handle = os.pidfd_open(driver)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([handle], [], [], 10.0)
    os.close(handle)
    assert ended, f"driver process {driver} outlived its session"


def test_a_folder_of_the_users_cannot_stand_in_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sensors", "kernels"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('somebody else')")
    monkeypatch.chdir(tmp_path)
    endpoints = private_endpoints()
    with Hub(endpoints):
        subscriber = Subscriber(endpoints, ["truth", "health"])
        supervisor = Supervisor(parse({"truth": {}}, "light"), endpoints)
        supervisor.start()
        try:
            read_until(subscriber, chunk_of("truth"))
        finally:
            supervisor.stop()
            subscriber.close()
    assert not Path(endpoints.publish.removeprefix("ipc://")).parent.exists(), "the private folder is gone"
