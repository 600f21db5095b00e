"""The house rules, held by reading the source: who may import whom, one door a library, small files."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("sensors", "kernels", "models", "fusion")

MAY_IMPORT = {
    "kernels": {"kernels"},
    "sensors": {"sensors"},
    "models": {"models", "kernels.layout"},
    "fusion": {"fusion", "sensors", "kernels", "models"},
}
"""Which of our packages each package may import. Below this table: drivers may also reduce at the edge with kernels."""

DOORS = {
    "zmq": ("sensors/bus.py", "sensors/bus_hop.py"),
    "cv2": ("sensors/drivers/webcam", "sensors/simulated/"),
    "mediapipe": ("sensors/drivers/webcam", "sensors/simulated/portrait.py"),
    "skimage": ("sensors/simulated/",),
    "sounddevice": ("sensors/drivers/microphone",),
    "soundfile": ("sensors/drivers/microphone",),
    "torchaudio": ("sensors/drivers/microphone",),
    "onnxruntime": ("sensors/drivers/microphone", "models/"),
    "onnx": ("models/",),
    "safetensors": ("models/",),
    "sklearn": ("models/",),
    "captum": ("models/",),
    "pyxdf": ("sensors/importers/",),
    "silero_vad": ("sensors/drivers/microphone",),
    "torch": ("models/", "sensors/drivers/microphone"),
    "brainflow": ("sensors/drivers/eeg", "fusion/bench_peers_brainflow.py", "fusion/peer_mindfulness.py"),
    "neurokit2": ("fusion/bench_peers_neurokit.py",),
    "antropy": ("fusion/bench_peers_antropy.py",),
    "numba": ("kernels/",),
    "mcap": ("sensors/recording",),
    "mne": ("fusion/export", "fusion/bench_peers_mne.py", "sensors/importers/"),
    "pyarrow": ("fusion/export",),
    "pylsl": ("fusion/bench", "sensors/drivers/lsl", "fusion/outputs/"),
    "can": ("sensors/can_bus.py", "sensors/drivers/can", "fusion/outputs/can"),
    "cantools": ("sensors/drivers/can", "fusion/outputs/can"),
    "pythonosc": ("sensors/drivers/osc", "fusion/outputs/osc", "fusion/bench"),
    "websockets": ("sensors/drivers/websocket", "fusion/outputs/websocket", "fusion/bench"),
    "time": ("sensors/clock.py",),
    "datetime": ("sensors/clock.py", "fusion/export_mne.py"),  # the latter turns the recorded text into MNE's type
    "pickle": (),
    "random": (),
}
"""Each library has one door: path prefixes of the only files that may import it."""

LONGEST = 400
MEDIAN = 160
"""Lines a file may have, and the middle file; a ratchet: it only ever goes down."""


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def broken_rules(path: str, source: str) -> list[str]:
    """Return the broken rules of one file, given as repository path and text."""
    room = path.split("/")[0]
    tree = ast.parse(source)
    broken = []
    for name in imports(tree):
        top = name.split(".")[0]
        if top in ROOMS:
            allowed = MAY_IMPORT[room] | ({"kernels"} if path.startswith("sensors/drivers/") else set())
            if not any(name == rule or name.startswith(rule + ".") for rule in allowed):
                broken.append(f"{path} imports {name}")
            if room == "fusion" and name.startswith("sensors.drivers.") and path not in DRIVER_READERS:
                broken.append(f"{path} imports the driver {name} past the registry")
        elif top in DOORS and not any(path.startswith(door) for door in DOORS[top]):
            broken.append(f"{path} imports {top}, whose door is {', '.join(DOORS[top]) or 'closed'}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" \
                and path != "fusion/cli.py":
            broken.append(f"{path}:{node.lineno} prints")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            broken.append(f"{path}:{node.lineno} catches everything")
    return broken


DRIVER_READERS = ("fusion/devices.py", "fusion/doctor.py", "fusion/doctor_rig.py")
"""Files that ask drivers what hardware there is, without opening any."""


def test_every_file_keeps_the_house_rules() -> None:
    broken = [line for path in sources() for line in broken_rules(str(path.relative_to(ROOT)), path.read_text())]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(("path", "source"), [
    ("kernels/spectral.py", "from sensors.clock import now_ns"),
    ("sensors/bus.py", "import fusion.session"),
    ("sensors/rig.py", "from kernels import audio"),
    ("models/net.py", "from kernels import spectral"),
    ("fusion/session.py", "import zmq"),
    ("fusion/session.py", "from time import perf_counter"),
    ("fusion/session.py", "from sensors.drivers.eeg import Eeg"),
    ("sensors/recording.py", "import pickle"),
    ("fusion/live.py", "print('hello')"),
    ("fusion/live.py", "try:\n    pass\nexcept:\n    pass"),
])
def test_a_planted_offence_is_found(path: str, source: str) -> None:
    assert broken_rules(path, source)


@pytest.mark.parametrize(("path", "source"), [
    ("sensors/drivers/microphone.py", "from kernels import audio\nimport torchaudio"),
    ("models/net.py", "from kernels.layout import FEATURES"),
    ("fusion/cli.py", "print('hello')"),
])
def test_what_is_allowed_is_not_blamed(path: str, source: str) -> None:
    assert not broken_rules(path, source)


def test_files_are_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources() if path.name != "__init__.py"}
    too_long = [f"{path.relative_to(ROOT)}: {count}" for path, count in lengths.items() if count > LONGEST]
    assert not too_long, f"over {LONGEST} lines: {too_long}"
    assert sorted(lengths.values())[len(lengths) // 2] <= MEDIAN


HEAVY = ("cv2", "mediapipe", "torch", "torchaudio", "brainflow", "sounddevice", "onnxruntime", "mne", "pyarrow", "can",
         "cantools")


@pytest.mark.parametrize("module", [*ROOMS, "fusion.cli", "sensors.driver", "sensors.rig", "fusion.session"])
def test_importing_loads_no_hardware_library(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_two_test_files_share_a_name() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
