"""Sound files as a microphone: every 32 ms go through the microphone driver, and no sound is kept."""

from pathlib import Path

from sensors.drivers.microphone_config import MicrophoneConfig
from sensors.importers.contents import Contents, Options
from sensors.importers.through_driver import run

UNKNOWN = 0xFFFF_0000
"""Lengths from here on were written by a program that did not know the length yet."""


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is WAV, FLAC, OGG or AIFF."""
    return ((head.startswith((b"RIFF", b"RF64")) and head[8:12] == b"WAVE") or head.startswith((b"fLaC", b"OggS"))
            or (head.startswith(b"FORM") and head[8:11] == b"AIF"))


def read(path: Path, options: Options) -> Contents:
    """Return the microphone columns of a sound file.

    Raises
    ------
    DeviceError
        If a library is missing or the file cannot be read.
    ForeignFileError
        If it is shorter than one row.
    """
    contents = run("microphone", MicrophoneConfig(source=str(path), realtime=False), "microphone", path)
    with path.open("rb") as file:
        first, length = file.read(8), file.seek(0, 2)
    told = int.from_bytes(first[4:], "little") + len(first)
    if first.startswith(b"RIFF") and UNKNOWN > told > length:
        contents.warnings.append(f"The file should have {told} bytes and has {length}: it was cut.")
    return contents
