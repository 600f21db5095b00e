"""The two public EEG sets that the network is judged on, read as they lie: takes of people, in uV, with their labels.

A take is one file. Clocks are kept: a hole in the stamps and lost packets stay holes, so that no feature is worked out
across one. Nothing here is trained into released weights; both sets are for evaluation only.
"""

import csv
import gzip
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from sensors.errors import RecordingError

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Take:
    """One file of one person under one label."""

    person: str
    name: str
    """The file's own name, unique in the set."""
    label: str
    channels: tuple[str, ...]
    rate_hz: float
    times_s: Doubles
    """(n,) increasing, from 0; a hole where the stamps have one or packets were lost."""
    values_uv: Doubles
    """(n, channel)"""

    @property
    def seconds(self) -> float:
        """Return how long was recorded, holes left out."""
        return len(self.times_s) / self.rate_hz


@dataclass(frozen=True)
class RealSet:
    """How to read a set, and what is known about it."""

    name: str
    folder: str
    """Name of its folder, looked for under the root that the user gives."""
    pattern: str
    labels: tuple[str, ...]
    """In the order of their numbers."""
    excluded: tuple[str, ...]
    """Channels left out, because they tell the label by being broken."""
    why_excluded: str
    rail_uv: float
    """The amplifier's full scale."""
    read: Callable[[Path], Take]


def takes(which: RealSet, root: Path) -> list[Take]:
    """Read every take of a set, excluded channels left out, in order of file names; see `recorded` for errors."""
    return [without(take, which.excluded) for take in recorded(which, root)]


def recorded(which: RealSet, root: Path) -> list[Take]:
    """Read every take of a set with all of its channels, in order of file names.

    Raises
    ------
    RecordingError
        If the folder is not there, or holds none of its files.
    """
    places = (root / which.folder, root / "eeg" / which.folder, root)
    for folder in places:
        paths = sorted([*folder.glob(which.pattern), *folder.glob(which.pattern + ".gz")])
        if paths:
            return [which.read(path) for path in paths]
    raise RecordingError(f"{root}: no files of the set {which.name} ({which.folder}/{which.pattern}) are here.",
                         "Give the folder that holds them with --root.")


def without(take: Take, excluded: Collection[str]) -> Take:
    """Return a take without these channels."""
    kept = [number for number, channel in enumerate(take.channels) if channel not in excluded]
    return Take(take.person, take.name, take.label, tuple(take.channels[number] for number in kept), take.rate_hz,
                take.times_s, take.values_uv[:, kept])


def _rows(path: Path) -> Iterator[list[str]]:
    with _text(path) as lines:
        for row in csv.reader(lines):
            if row and row[0][:1].isdigit():
                yield row


def _text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _numbers(path: Path, columns: slice) -> tuple[Doubles, Doubles]:
    """Return the first column and the wanted ones of a table of numbers, (n,) and (n, k)."""
    first, values = [], []
    width = columns.stop - columns.start
    for row in _rows(path):
        if len(row) < columns.stop:
            continue  # a last line that was cut off
        try:
            first.append(float(row[0]))
            values.append([float(cell) for cell in row[columns]])
        except ValueError:
            raise RecordingError(f"{path}: the line '{','.join(row)[:60]}' is no row of numbers.") from None
    if not first:
        raise RecordingError(f"{path}: there is no row of numbers in it.")
    return np.array(first), np.array(values).reshape(-1, width)


def read_muse(path: Path) -> Take:
    """Read a take of the mental state set: "subjecta-relaxed-1.csv", stamps in s, TP9 AF7 AF8 TP10 in uV."""
    person, label, _ = path.name.split(".")[0].split("-")
    stamps, values = _numbers(path, slice(1, 5))
    keep = np.concatenate(([True], np.diff(stamps) > 0))
    return Take(person, path.name.split(".")[0], label, ("TP9", "AF7", "AF8", "TP10"), 256.0,
                stamps[keep] - stamps[0], values[keep])


def read_innopolis(path: Path) -> Take:
    """Read a take of the eyes set: "subject01_open.txt", an OpenBCI file of which Fp1 and Fp2 were connected.

    Its wall clock comes in bursts; time is counted in samples at 250 Hz instead, with a hole where the packet number
    (0 to 255) jumps.
    """
    person, label = path.name.split(".")[0].split("_")
    numbers, values = _numbers(path, slice(1, 3))
    steps = np.diff(numbers) % 256
    # The same number again is a packet after a loss of just 256, or a doubled line: neither may stop the clock.
    counted = np.concatenate(([0.0], np.cumsum(np.where(steps == 0, 256, steps))))
    return Take(person, path.name.split(".")[0], label, ("Fp1", "Fp2"), 250.0, counted / 250.0, values)


MUSE = RealSet("muse-mental-state", "muse_mental_state", "subject*-*-*.csv", ("relaxed", "neutral", "concentrating"),
               ("AF8",), "AF8 lost contact in most concentrating takes, so that its noise alone tells the label",
               1000.0, read_muse)
INNOPOLIS = RealSet("innopolis-eyes", "innopolis_12", "subject*_*.txt", ("open", "closed"), (), "",
                    187_500.0, read_innopolis)
REAL_SETS = {which.name: which for which in (MUSE, INNOPOLIS)}
"""The sets by name."""
