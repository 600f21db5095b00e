"""Every foreign format by name, which one a file is, and the one door to reading it."""

import importlib
from pathlib import Path
from typing import NamedTuple

from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options
from sensors.importers.plain import head, unpacked

RECORDING = b"\x89MCAP0\r\n"


class Format(NamedTuple):
    """One row of the registry."""

    module: str
    """It has ``looks_like(head)`` and ``read(path, options)``."""
    what: str


FORMATS: dict[str, Format] = {
    "openbci": Format("sensors.importers.openbci", "text of the OpenBCI GUI, version 2 to 6"),
    "muse": Format("sensors.importers.muse", "CSV of a Muse recorder: timestamps,TP9,AF7,AF8,TP10"),
    "brainflow": Format("sensors.importers.brainflow", "rows of numbers as BrainFlow writes them"),
    "xdf": Format("sensors.importers.xdf", "XDF of LSL's LabRecorder: EEG, gaze, markers"),
    "edf": Format("sensors.importers.edf", "EDF, EDF+ and BDF"),
    "fif": Format("sensors.importers.fif", "raw FIF of MNE"),
    "video": Format("sensors.importers.video", "a video of the person, through the webcam driver"),
    "audio": Format("sensors.importers.audio", "a sound file, through the microphone driver"),
}
"""Formats in the order in which a file is held against them. A new one is a row here and a file."""


def sniff(path: Path) -> str:
    """Return the format of a file by its first bytes, packed with gzip or not.

    Raises
    ------
    ForeignFileError
        If it is of none, or a recording of ours already.
    """
    first = head(path)
    if first.startswith(RECORDING):
        raise ForeignFileError(f"{path.name} is an MCAP recording, which needs no import.",
                               f"attnflow replay {path}")
    for name, row in FORMATS.items():
        if importlib.import_module(row.module).looks_like(first):
            return name
    raise ForeignFileError(f"{path.name} is of no format that can be imported.",
                           f"Known formats: {', '.join(FORMATS)}; name one with --format.")


def read(path: Path, name: str, options: Options) -> Contents:
    """Return what a file of the format `name` holds.

    Raises
    ------
    ForeignFileError
        If there is no such format, or the file is damaged or of another one.
    DeviceError
        If a driver or library that it needs is missing.
    """
    if name not in FORMATS:
        raise ForeignFileError(f"There is no format '{name}'.", f"Known formats: {', '.join(FORMATS)}.")
    with unpacked(path) as plain:
        contents: Contents = importlib.import_module(FORMATS[name].module).read(plain, options)
    return contents
