"""Recordings in other people's formats. Each format is one row of `EXPORTS` and one module, imported when asked for."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sensors.errors import RecordingError
from sensors.recording import Recording


class Format(NamedTuple):
    """One row of the registry."""

    path: str
    """``module:function``; the function takes (recording, folder) and returns the files it wrote."""
    library: str
    """What it needs of the extra "export"."""
    what: str


EXPORTS: dict[str, Format] = {
    "parquet": Format("fusion.export_parquet:write", "pyarrow", "one table per stream, and states, alerts, health"),
    "mne-fif": Format("fusion.export_mne:write", "mne", "each EEG stream as an MNE Raw with annotations"),
}
"""Every export format by its name on the command line."""


def export(recording: Recording, to: str, out: Path | None = None) -> list[Path]:
    """Write a recording in another format and return the files, replacing earlier exports of the same names.

    Parameters
    ----------
    recording
        What to export; of a cut or damaged one, everything whole.
    to
        A name of `EXPORTS`.
    out
        Folder for the files; by default one beside the recording, named after it and the format.

    Raises
    ------
    RecordingError
        If the format is unknown, its library is missing, the recording has nothing for it, or writing fails.
    """
    if to not in EXPORTS:
        raise RecordingError(f"There is no export format '{to}'.", f"Known formats: {', '.join(sorted(EXPORTS))}.")
    entry = EXPORTS[to]
    module, _, name = entry.path.partition(":")
    try:
        write: Callable[[Recording, Path], list[Path]] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != entry.library:
            raise
        raise RecordingError(f"The export '{to}' needs {entry.library}, which is not installed.",
                             "pip install 'attnflow[export]'") from error
    folder = out if out is not None else recording.path.with_name(f"{recording.path.stem}-{to}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write(recording, folder)
    except OSError as error:
        raise RecordingError(f"The export to {folder} failed: {error}.",
                             f"Check the folder and its free space (df -h {folder.parent}).") from error
