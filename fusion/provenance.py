"""Where a recording comes from: what is written beside its messages."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version

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


def metadata(rig: Rig) -> dict[str, str]:
    """Return the short facts of a recording."""
    return {"rig": rig.name, "layout": layout_hash(), "privacy": "features-only",
            "estimator": rig.session.estimator}


def attachments(rig: Rig) -> dict[str, bytes]:
    """Return the documents of a recording: the rig as it ran, and the versions it ran with."""
    return {"rig.toml": rig.toml.encode(), "versions.json": json.dumps(versions(), indent=1).encode()}
