"""Which optional libraries are here, found without importing them."""

import importlib.util
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

EXTRAS: dict[str, tuple[tuple[str, str], ...]] = {
    "camera": (("cv2", "opencv-python"), ("mediapipe", "mediapipe")),
    "microphone": (("sounddevice", "sounddevice"), ("soundfile", "soundfile"), ("torch", "torch"),
                   ("torchaudio", "torchaudio"), ("silero_vad", "silero-vad"), ("onnxruntime", "onnxruntime")),
    "eeg": (("brainflow", "brainflow"), ("pkg_resources", "setuptools")),
    "simulated": (("skimage", "scikit-image"), ("scipy", "scipy")),
    "export": (("pyarrow", "pyarrow"), ("mne", "mne")),
    "lsl": (("pylsl", "pylsl"),),
    "can": (("can", "python-can"), ("cantools", "cantools")),
    "osc": (("pythonosc", "python-osc"),),
    "websocket": (("websockets", "websockets"),),
}
"""Extra of pyproject.toml to its (module, distribution) pairs."""

IMPORT_TIMEOUT_S = 120.0


def libraries(needed: Collection[str], *, deep: bool = False) -> Iterator[dict[str, Any]]:
    """Yield one check per extra, as the fields of a `doctor.Check`.

    Parameters
    ----------
    needed
        Extras without which the asked rig cannot run.
    deep
        Import each module in a process of its own.
    """
    for extra, pairs in EXTRAS.items():
        found, missing = [], []
        for module, distribution in pairs:
            trouble = _trouble(module, deep=deep)
            if trouble:
                missing.append(trouble)
            else:
                found.append(f"{distribution} {_version(distribution)}")
        # setuptools 81 removed pkg_resources, which brainflow imports.
        step = "Run: pip install 'setuptools<81'" if missing == ["pkg_resources is missing"] else \
            f"Run: pip install 'attnflow[{extra}]'"
        yield {"name": f"{extra} libraries", "ok": not missing, "detail": "; ".join(missing) or ", ".join(found),
               "next": step if missing else "", "required": extra in needed}


def _trouble(module: str, *, deep: bool) -> str:
    """Return why a module cannot be used, or "" if it can."""
    if importlib.util.find_spec(module) is None:
        return f"{module} is missing"
    if not deep:
        return ""
    try:
        # In a process of its own: a library that crashes on import must not take the doctor with it.
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {module}"], capture_output=True,
                              text=True, timeout=IMPORT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{module} does not finish importing within {IMPORT_TIMEOUT_S:g} s"
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return f"{module} is installed but does not load: {last}" if done.returncode else ""


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(version unknown)"
