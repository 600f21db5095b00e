"""One simulated minute with faults, made once per test run and shared by every test of the session."""

import fcntl
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from commands import Call, Outcome
from recorded import record

from fusion import cli, virtual
from sensors import rig as rigs
from sensors.messages import AnyMessage, decode, encode
from sensors.rig import Rig

SECONDS = 60.0
FAULTS = [
    {"stream": "camera", "kind": "face_loss", "at_s": 24.0, "for_s": 1.5},
    {"stream": "camera", "kind": "drop", "at_s": 30.0, "for_s": 5.0, "amount": 0.05},
    {"stream": "camera", "kind": "jitter", "at_s": 36.0, "for_s": 4.0, "amount": 8.0},
    {"stream": "eeg", "kind": "electrode_pop", "at_s": 14.0, "for_s": 0.5},
    {"stream": "eeg", "kind": "rail", "at_s": 33.0, "for_s": 3.0},
    {"stream": "eeg", "kind": "packet_loss", "at_s": 40.0, "for_s": 4.0, "amount": 0.1},
    {"stream": "microphone", "kind": "stall", "at_s": 42.0, "for_s": 4.0},
    {"stream": "eeg", "kind": "crash", "at_s": 50.0, "for_s": 1.0},
]

Sequence = list[tuple[int, str, AnyMessage]]
"""(received_ns, topic, message) in the order a session receives them."""


@pytest.fixture(scope="session")
def faulty_rig() -> Rig:
    """Return the bench rig with eight faults on top of its script."""
    tables = tomllib.loads((rigs.RIG_FOLDER / "bench.toml").read_text(encoding="utf-8"))
    tables["participant"] = tables["participant"] | {"faults": FAULTS}
    return rigs.parse(tables, "bench")


@pytest.fixture(scope="session")
def minute(faulty_rig: Rig, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Sequence:
    """Return 60 s of the simulated rig with faults, in virtual time, through the real drivers.

    Parallel test workers share one: the first makes it, the others wait at the lock and read.
    """
    base = tmp_path_factory.getbasetemp()
    store = (base if worker_id == "master" else base.parent) / "minute.msgpack"
    with store.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not store.exists():
            made = [(received, topic, encode(message)) for received, topic, message in virtual.run(faulty_rig, SECONDS)]
            store.write_bytes(msgspec.msgpack.encode(made))
    stored = msgspec.msgpack.decode(store.read_bytes(), type=list[tuple[int, str, bytes]])
    return [(received, topic, decode(payload)) for received, topic, payload in stored]


@pytest.fixture
def minute_file(minute: Sequence, faulty_rig: Rig, tmp_path: Path) -> Path:
    """Return a recording of that minute, states and alerts included, as a live session would have made it."""
    return record(minute, faulty_rig, tmp_path / "minute.mcap")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Return a function that runs the command line as the shell does, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["attnflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        text = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), text.out, text.err)

    return run
