"""Where frames come from: what every source offers, which one a rig's ``camera.source`` means, and which cameras exist.

OpenCV is imported only when a source is opened.
"""

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.driver import Setting
from sensors.drivers.webcam_config import WebcamConfig
from sensors.errors import DeviceError

# Linux keeps its cameras listed here; other systems have no /sys/class.
VIDEO4LINUX = Path("/sys/class/video4linux")
INDICES_TO_TRY = 6
"""Cameras looked for one by one where the system keeps no list of them."""

SIMULATED = "simulated"


class Frame(NamedTuple):
    """One image and when it was taken."""

    image: NDArray[np.uint8]
    """(height, width, 3) BGR."""
    t_ns: int
    """Session clock: the moment of the grab, or for what is not live the session's start plus the frame's own time."""
    device_ns: int
    """The source's own time of the frame, counted from its first; -1 where it has none."""


class Granted(NamedTuple):
    """What a source turned out to be."""

    device: str
    """How it names itself, with size and rate."""
    rate_hz: float
    meta: dict[str, str]


class Source(Protocol):
    """A sequence of frames."""

    ended: bool
    """True once there will be no more frames."""
    lost: int
    """Frames that existed and were not handed out, since `open`."""

    def open(self) -> Granted:
        """Open it; raises DeviceError, and then nothing stays half open."""
        ...

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame, or None when none came in time or `ended` became true."""
        ...

    def close(self) -> None:
        """Release it; safe to call twice."""
        ...


class Camera(NamedTuple):
    """One camera of this machine."""

    number: int
    """What ``camera.source`` takes."""
    name: str
    path: str


def make_source(config: WebcamConfig, setting: Setting) -> Source:
    """Return the source that ``camera.source`` means, not yet opened.

    A number, or text that is one, is a device; "simulated" is the simulated participant; text with :// is a stream;
    anything else is a path, a folder of images or a video file.

    Raises
    ------
    DeviceError
        If a path does not exist.
    """
    from sensors.drivers import webcam_files, webcam_live

    text = str(config.source).strip()
    if text.isdigit():
        return webcam_live.LiveSource(int(text), config, setting)
    if text == SIMULATED:
        return webcam_files.SimulatedSource(config, setting)
    if "://" in text:
        return webcam_live.LiveSource(text, config, setting)
    if text.startswith("/dev/video") and text.removeprefix("/dev/video").isdigit():
        return webcam_live.LiveSource(int(text.removeprefix("/dev/video")), config, setting)
    path = Path(text).expanduser()
    if path.is_dir():
        return webcam_files.FolderSource(path, config, setting)
    if path.is_file():
        return webcam_files.VideoSource(path, config, setting)
    raise DeviceError(f"The camera source '{text}' is no file, no folder, no address and no device number.",
                      "Check the path, or run attnflow devices to see the cameras.")


def list_cameras() -> tuple[Camera, ...]:
    """Return the cameras of this machine without opening them where the system can tell (Linux), else by trying.

    A Linux camera often shows several nodes; those that only carry metadata have a higher ``index`` and are left out.
    """
    if VIDEO4LINUX.parent.is_dir():
        found = []
        for folder in VIDEO4LINUX.glob("video*"):
            number = folder.name.removeprefix("video")
            if number.isdigit() and _text(folder / "index") in ("", "0"):
                found.append(Camera(int(number), _text(folder / "name") or folder.name, f"/dev/{folder.name}"))
        return tuple(sorted(found))
    from sensors.drivers.webcam_live import answers

    return tuple(Camera(index, f"camera {index}", str(index)) for index in range(INDICES_TO_TRY) if answers(index))


def known_cameras() -> str:
    """Return one phrase that names the cameras of this machine, for error messages."""
    cameras = list_cameras()
    if not cameras:
        return "This machine shows no camera"
    return "Cameras here: " + ", ".join(f"{camera.number} ({camera.name})" for camera in cameras)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
