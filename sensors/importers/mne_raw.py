"""What MNE's readers give, as our EEG and marks; shared by the formats that it reads."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sensors.clock import SECOND
from sensors.errors import ForeignFileError
from sensors.importers.contents import Chosen, Contents, Mark, eeg
from sensors.importers.stamps import Placed

SKIPPED = "BAD_ACQ_SKIP"
"""MNE's name for a stretch in which nothing was acquired, and which it fills with zeros."""
DAMAGE = (ValueError, OSError, RuntimeError, NotImplementedError, IndexError, KeyError, TypeError, AssertionError)
"""What MNE's readers raise at files that are cut or of another kind."""


@contextmanager
def reading(path: Path, kind: str) -> Iterator[list[str]]:
    """Turn what MNE raises into a sentence, and give the list of what it warns of.

    Raises
    ------
    ForeignFileError
        If MNE is not installed, or cannot read the file.
    """
    told: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield told
        told += sorted({f"MNE says: {str(warning.message).strip()}" for warning in caught
                        if issubclass(warning.category, RuntimeWarning)})
    except ModuleNotFoundError as error:
        if error.name != "mne":
            raise
        raise ForeignFileError(f"Reading {kind} files needs MNE, which is not installed.",
                               "Run: pip install 'attnflow[import]'") from error
    except DAMAGE as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ForeignFileError(f"{path.name} cannot be read as {kind}: {why}.", "Was it copied whole?") from error


def fill(contents: Contents, raw: Any, chosen: Chosen, picks: list[str], scales: list[float], device: str,
         rate_hz: float) -> None:
    """Add the EEG and the annotations of an MNE Raw to `contents`.

    Parameters
    ----------
    contents
        What is added to.
    raw
        MNE's Raw.
    chosen, picks
        The electrodes; `picks` are all candidates by the file's names.
    scales
        What turns the Raw's values into uV, per pick.
    device
        For the stream's description.
    rate_hz
        The sampling rate.
    """
    values = raw.get_data(picks=picks).T * np.array(scales)
    times_ns = np.rint(np.arange(len(values)) * (SECOND / rate_hz)).astype(np.int64)
    kept = np.ones(len(values), bool)
    for note in raw.annotations:
        onset_s = float(note["onset"]) - _first_s(raw)
        length_s = float(note["duration"])
        if str(note["description"]).upper().startswith(SKIPPED):
            kept &= (times_ns < round(onset_s * SECOND)) | (times_ns >= round((onset_s + length_s) * SECOND))
        else:
            contents.marks.append(Mark(round(onset_s * SECOND), "annotations", str(note["description"]),
                                       f"{length_s:g} s" if length_s else ""))
    if not kept.any():
        raise ForeignFileError("The file holds no sample of EEG.", "Was it copied whole?")
    if not kept.all():
        contents.warnings.append(f"{(~kept).sum() / rate_hz:.1f} s in which nothing was acquired are left as holes.")
    placed = Placed(times_ns[kept], rate_hz, np.zeros(int(kept.sum()), np.int64), 0)
    contents.streams.append(eeg(chosen, values[kept], placed, device=device, meta={}))
    began = raw.info["meas_date"]
    if began is not None:
        contents.began_utc = began.isoformat(timespec="seconds")


def listed(names: list[str], why: Callable[[str], str]) -> list[str]:
    """Return what was left out, as "A, B (reason)" for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name in names:
        by_reason.setdefault(why(name), []).append(name)
    return [f"{', '.join(group)} ({reason})" for reason, group in by_reason.items()]


def _first_s(raw: Any) -> float:
    # MNE counts onsets from the start of the measurement where that is dated, else from the first sample.
    return float(raw.first_time) if raw.annotations.orig_time is not None else 0.0
