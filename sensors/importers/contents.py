"""What a reader of foreign files hands over: streams on the file's own clock, marks, and what must be told."""

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sensors.errors import ForeignFileError
from sensors.importers.stamps import Placed
from sensors.messages import HIGHEST_RATE_HZ, Column, FloatArray, TimeArray


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the user adds where the file is silent."""

    columns: tuple[str, ...] = ()
    """Names for the EEG channels of the file, in its order; "-" leaves one out. Empty keeps the file's names."""
    unit: str = ""
    """Unit of the EEG values, where the file names none."""
    rate_hz: float = 0.0
    """Sampling rate, where the file names none or a wrong one; 0 takes the file's."""
    board: str = ""
    """BrainFlow's name of the board that made a BrainFlow file."""

    def __post_init__(self) -> None:
        if not 0 <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(f"the rate is {self.rate_hz:g} Hz, expected more than 0 and at most {HIGHEST_RATE_HZ}")


class Mark(NamedTuple):
    """A moment or a stretch that the file names."""

    t_ns: int
    """On the clock of the streams beside it."""
    source: str
    name: str
    value: str = ""
    """For a stretch, how long it lasts: "2.5 s"."""


@dataclass
class Stream:
    """One stream of a foreign file, in our columns and units."""

    name: str
    """"eeg", "camera" or "microphone": what the live stream would be called."""
    kind: str
    """The topic."""
    columns: tuple[Column, ...]
    rate_hz: float
    values: FloatArray
    """(time, column) float32."""
    placed: Placed
    """When each sample was, on the file's clock."""
    device_ns: TimeArray | None = None
    """(time,) the file's own stamps, ns."""
    device: str = ""
    meta: dict[str, str] = field(default_factory=dict)


@dataclass
class Contents:
    """Everything that one file holds for us."""

    streams: list[Stream] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    began_utc: str = ""
    """When the file's first sample was, as the file says; never used for arithmetic."""
    warnings: list[str] = field(default_factory=list)
    """Sentences about what is wrong, guessed or lost."""
    left_out: list[str] = field(default_factory=list)
    """What the file holds and our streams have no place for."""


class Chosen(NamedTuple):
    """Which channels of a file become columns, and what they are called."""

    positions: list[int]
    names: tuple[str, ...]


def choose(names: tuple[str, ...], options: Options, where: str, unwanted: tuple[int, ...] = ()) -> Chosen:
    """Return the channels to keep and their names.

    Parameters
    ----------
    names
        The channels as the file calls them.
    options
        `Options.columns` names each of them anew; "-" leaves one out.
    where
        The file, for the error.
    unwanted
        Positions that are left out unless the user names them.

    Raises
    ------
    ForeignFileError
        If the user gave another number of names, a name twice, or left out every channel.
    """
    given = options.columns
    if not given:
        index = [at for at in range(len(names)) if at not in unwanted]
        return Chosen(index, tuple(names[at] for at in index))
    if len(given) != len(names):
        raise ForeignFileError(f"--columns names {len(given)} channels, and {where} has {len(names)}: "
                               f"{', '.join(names)}.", "Name each of them in this order; - leaves one out.")
    index = [at for at, name in enumerate(given) if name != "-"]
    kept = tuple(given[at] for at in index)
    if not kept or len(set(kept)) < len(kept):
        raise ForeignFileError(f"--columns {','.join(given)} leaves no channel or has a name twice.",
                               "Give every channel a name of its own.")
    return Chosen(index, kept)


def eeg(chosen: Chosen, values: NDArray[np.float64], placed: Placed, *, device: str, meta: dict[str, str],
        device_ns: TimeArray | None = None) -> Stream:
    """Return an EEG stream as the live driver would publish it.

    Parameters
    ----------
    chosen
        The electrodes.
    values
        (time, channel of the file) in uV.
    placed
        The samples' times.
    device, meta, device_ns
        As in `sensors.messages`.
    """
    return Stream("eeg", "eeg", tuple(Column(name, "uV") for name in chosen.names), placed.rate_hz,
                  np.ascontiguousarray(values[:, chosen.positions], np.float32), placed, device_ns, device,
                  {"montage": "10-20", "simulated": "no", "holes": "kept", **meta})
