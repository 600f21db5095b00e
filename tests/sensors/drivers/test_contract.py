"""The driver contract, held against every row of the registry: a new driver is tested by being registered."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sensors import driver as drivers
from sensors.clock import SECOND, FakeClock
from sensors.driver import DRIVERS, Driver, Samples, Setting
from sensors.messages import Chunk, Column, StreamInfo, encode
from sensors.recording import Recorder
from sensors.topics import CHUNK_TOPICS

ROOT = Path(__file__).resolve().parents[3]


def recorded(folder: Path) -> dict[str, Any]:
    """Return the config of a replay of a two-second recording made here."""
    path, clock = folder / "contract.mcap", FakeClock(SECOND)
    recorder = Recorder(path, clock=clock)
    recorder.start()
    info = StreamInfo(t_ns=0, stream="replay", kind="context", driver="context", rate_hz=10.0,
                      columns=(Column("demand", "1"),))
    recorder.write("info", encode(info), SECOND)
    for number in range(20):
        at = SECOND + number * SECOND // 10
        recorder.write("context", encode(Chunk(t_ns=at, stream="replay", seq=number, times_ns=np.array([at]),
                                               values=np.ones((1, 1), np.float32))), at)
    recorder.close()
    return {"file": str(path)}


WITHOUT_HARDWARE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "webcam": lambda folder: {"source": "simulated", "width": 320, "height": 240},
    "microphone": lambda folder: {"source": "simulated"},
    "eeg": lambda folder: {"board": "SIMULATED"},
    "context": lambda folder: {},
    "can": lambda folder: {"source": "simulated"},
    "truth": lambda folder: {},
    "replay": recorded,
    "lsl": lambda folder: {"source": "simulated"},
    "osc": lambda folder: {"source": "simulated"},
    "websocket": lambda folder: {"source": "simulated"},
}
"""How each driver is run with nothing plugged in; a driver without such a way is not finished."""


def test_every_driver_can_run_without_hardware() -> None:
    assert DRIVERS.keys() == WITHOUT_HARDWARE.keys(), "add the new driver's way to run without hardware here"


def build(name: str, folder: Path, clock: FakeClock) -> Driver:
    config = msgspec.convert(WITHOUT_HARDWARE[name](folder), drivers.config_class(name))
    return drivers.build(name, config, Setting(stream=name, start_ns=clock.now_ns(), clock=clock))


@pytest.mark.parametrize("name", DRIVERS)
def test_config_loads_no_hardware_library_and_names_its_driver(name: str) -> None:
    code = ("import sys; from sensors import driver; c = driver.config_class(sys.argv[1]); "
            "heavy = {'cv2', 'mediapipe', 'torch', 'torchaudio', 'brainflow', 'sounddevice', 'onnxruntime', 'numba', "
            "'can', 'cantools', 'pylsl', 'pythonosc', 'websockets', 'asyncio'}; "
            "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
            "import msgspec; f = {x.name: x.default for x in msgspec.structs.fields(c)}; "
            "assert f['driver'] == sys.argv[1], f")
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", DRIVERS)
def test_life_of_a_driver(name: str, tmp_path: Path, clock: FakeClock) -> None:
    driver = build(name, tmp_path, clock)
    driver.close()  # before open, and later twice: always safe
    info = driver.open()
    assert info.stream == name
    assert info.kind in CHUNK_TOPICS
    assert DRIVERS[name].kind in (info.kind, ""), "the registry tells the same kind, or leaves it to the source"
    assert info.columns
    assert all(column.name and column.unit for column in info.columns)
    assert len(set(info.names)) == len(info.columns)
    assert info.meta.get("simulated") == "yes" or info.meta.get("replayed") == "yes", "an unreal source says so"
    seen = read_for(driver, clock, seconds=1.0)
    times = np.concatenate([samples.times_ns for samples in seen])
    assert len(times) >= 0.6 * info.rate_hz, "about a second of samples came in a second"
    assert bool(np.all(np.diff(times) > 0)), "time only goes forward"
    for samples in seen:
        assert samples.values.dtype == np.float32
        assert samples.times_ns.dtype == np.int64
        assert samples.values.shape == (len(samples.times_ns), len(info.columns))
        assert samples.values.flags.c_contiguous
    assert int(times[-1]) <= clock.now_ns(), "nothing is stamped in the future"
    assert driver.lost() == 0
    driver.close()
    driver.close()


def read_for(driver: Driver, clock: FakeClock, seconds: float) -> list[Samples]:
    end, seen = clock.now_ns() + round(seconds * SECOND), []
    while clock.now_ns() < end:
        before = clock.now_ns()
        samples = driver.read(0.1)
        assert samples is not None, "the source ended within its first second"
        assert clock.now_ns() - before <= 0.2 * SECOND, "read() returns in time, with or without samples"
        seen.append(samples)
    return seen
