"""Where a recording comes from: what is written beside its messages."""

import hashlib
import json
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kernels.layout import layout_hash
from sensors.rig import Rig

LIBRARIES = ("attnflow", "numpy", "numba", "msgspec", "pyzmq", "mcap", "mediapipe", "opencv-python", "brainflow",
             "torch", "torchaudio", "silero-vad", "onnxruntime")


def versions() -> dict[str, str]:
    """Return the installed version of every library that can change a result."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def code_hash() -> str:
    """Return a short hash of what turns messages into states and alerts: code, shipped weights and driving profiles.

    Another of these may rightly give other states.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for package in ("kernels", "fusion", "models"):
        for path in sorted(path for kind in ("*.py", "*.onnx", "*.toml") for path in (root / package).rglob(kind)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def metadata(rig: Rig) -> dict[str, str]:
    """Return the short facts of a recording."""
    return {"rig": rig.name, "code": code_hash(), "layout": layout_hash(), "privacy": "features-only",
            "estimator": rig.session.estimator}


def attachments(rig: Rig) -> dict[str, bytes]:
    """Return the documents of a recording: the rig as it ran, without passwords, and the versions it ran with."""
    shown = re.sub(r"(://)[^/@\s\"]+@", r"\1***@", rig.toml)
    return {"rig.toml": shown.encode(), "versions.json": json.dumps(versions(), indent=1).encode()}
