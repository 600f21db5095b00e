"""Video files as a camera: every frame goes through the webcam driver, and no pixel is kept."""

from pathlib import Path

from sensors.drivers.webcam_config import WebcamConfig
from sensors.importers.contents import Contents, Options
from sensors.importers.through_driver import run

BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""What a MOV or MP4 begins with, behind four bytes of length."""


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is MP4, MOV, AVI, Matroska or WebM."""
    return (head[4:8] in BOXES or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
            or head.startswith(b"\x1a\x45\xdf\xa3"))


def read(path: Path, options: Options) -> Contents:
    """Return the camera columns of a video.

    Raises
    ------
    DeviceError
        If the model or the library is missing, or the video cannot be read.
    ForeignFileError
        If it has no frame.
    """
    return run("webcam", WebcamConfig(source=str(path), realtime=False), "camera", path)
