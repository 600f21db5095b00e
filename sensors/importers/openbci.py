"""Text files of the OpenBCI GUI, version 2 of 2016 to version 6: one line a sample, values in uV.

Newer files name their columns in a line of their own; older ones hold the sample number, the channels, three values of
the accelerometer, and sometimes a time of day. The stamps are those of the computer that wrote the file, so they come
in bursts; the sample number, which starts again after 255, tells what the radio lost.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND, SECOND, utc_text
from sensors.drivers.eeg_boards import FULL_SCALE_UV, GAIN
from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options, choose, eeg
from sensors.importers.plain import damage, lines, numbers
from sensors.importers.stamps import as_ns, place
from sensors.importers.units import agreed
from sensors.messages import TimeArray

ACCELEROMETER = 3
"""Values behind the channels in a file that names no columns."""
BOARDS = {4: "GANGLION_BOARD", 8: "CYTON_BOARD", 16: "CYTON_DAISY_BOARD"}
"""OpenBCI's boards by their channels."""
DAY_S = 86_400.0
MILLISECONDS = 1e11
"""A number of seconds since 1970 that is larger counts milliseconds."""
CLOCK = re.compile(r"(?:\S+ )?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")
"""A time of day, with or without a date before it."""


class _Layout(NamedTuple):
    """Where things stand in a line."""

    width: int
    number: int
    channels: list[int]
    epoch: int | None
    """Seconds or milliseconds since 1970."""
    clock: int | None
    """A time of day."""


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is of the OpenBCI GUI."""
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"%OpenBCI")


def read(path: Path, options: Options) -> Contents:
    """Return the EEG of an OpenBCI file.

    Raises
    ------
    ForeignFileError
        If there is no header, no sample, or the lines are of no known layout.
    """
    text = lines(path)
    said = [line for line in text if line.startswith("%")]
    body = [line for line in text if line.strip() and not line.startswith("%")]
    named = [field.strip() for field in body[0].split(",")] if body and not body[0].lstrip()[:1].isdigit() else []
    rows = [[field.strip() for field in line.split(",")] for line in body[1 if named else 0:]]
    if not rows:
        raise ForeignFileError(f"{path.name} holds no sample.", "Was it copied whole?")
    layout = _named(named, path.name) if named else _counted(rows[0], said, path.name)
    wanted = [layout.number, *layout.channels, *([layout.epoch] if layout.epoch is not None else [])]
    table, whole, bad = numbers(rows, wanted, layout.width)
    contents = Contents(warnings=damage(bad, len(rows), path.name))
    values = table[:, 1:1 + len(layout.channels)]
    board, simulated = _board(_header(said, "Board"), len(layout.channels))
    factor, told = agreed("uV", options.unit, path.name)
    stamps_ns = _stamps(layout, table, [row for row, good in zip(rows, whole, strict=True) if good])
    rate_hz = options.rate_hz or _rate(_header(said, "Sample Rate"))
    # Only the Cyton's numbering is the same in every version of the GUI; any other is learned from the file.
    placed = place(stamps_ns, len(table), rate_hz, numbers=table[:, 0], fixed_rate=options.rate_hz > 0,
                   board=board if board == "CYTON_BOARD" else "")
    names = tuple(named[at] for at in layout.channels) if named else tuple(
        f"ch{at + 1}" for at in range(len(layout.channels)))
    chosen = choose(names, options, path.name)
    contents.warnings += [*placed.warnings, *([told] if told else [])]
    if not options.columns:
        contents.warnings.append("The file names no electrodes, so nothing is known of where they sit: name them with "
                                 "--columns, e.g. Fp1,Fp2,C3,C4,P7,P8,O1,O2.")
    if stamps_ns is not None and layout.epoch is not None:
        contents.began_utc = utc_text(int(stamps_ns[0]) / SECOND)
    meta = {"board": board, **({"gain": str(GAIN[board])} if board in GAIN else {}),
            **({"full_scale_uv": str(FULL_SCALE_UV[board])} if board in FULL_SCALE_UV else {}),
            **({"simulated": "yes"} if simulated else {})}
    contents.streams.append(eeg(chosen, values * factor, placed, meta=meta, device_ns=stamps_ns,
                                device=f"{board or 'OpenBCI board'} in {path.name}, {len(chosen.names)} electrodes @ "
                                       f"{placed.rate_hz:g} Hz"))
    contents.left_out.append("accelerometer, digital and analogue inputs")
    return contents


def _header(said: list[str], key: str) -> str:
    for line in said:
        name, _, value = line.lstrip("%").partition("=")
        if name.strip() == key:
            return value.strip()
    return ""


def _rate(text: str) -> float:
    found = re.match(r"[\d.]+", text)
    return float(found.group()) if found else 0.0


def _board(told: str, channels: int) -> tuple[str, bool]:
    """Return BrainFlow's name of the board, "" if unknown, and whether it was a synthetic one."""
    name = told.lower()
    if "synthetic" in name:
        return "SYNTHETIC_BOARD", True
    for word, board in (("daisy", "CYTON_DAISY_BOARD"), ("ganglion", "GANGLION_BOARD"), ("cyton", "CYTON_BOARD")):
        if word in name:
            return board, False
    return ("" if told else BOARDS.get(channels, "")), False


def _named(named: list[str], where: str) -> _Layout:
    channels = [at for at, name in enumerate(named) if name.startswith(("EXG Channel", "EEG Channel"))]
    if not channels or "Sample Index" not in named:
        raise ForeignFileError(f"{where} names no 'Sample Index' or no 'EXG Channel' in its line of columns.",
                               "Is it a recording of the OpenBCI GUI?")
    epoch = named.index("Timestamp") if "Timestamp" in named else None
    return _Layout(len(named), named.index("Sample Index"), channels, epoch, None)


def _counted(first: list[str], said: list[str], where: str) -> _Layout:
    """Return the layout of a file that names no columns: number, channels, accelerometer, stamps."""
    clock = next((at for at, field in enumerate(first) if CLOCK.fullmatch(field)), None)
    epoch = next((at for at in range(max(0, len(first) - 2), len(first))
                  if at != clock and re.fullmatch(r"\d{10,}(?:\.\d+)?", first[at])), None)
    ends = [at for at in (clock, epoch) if at is not None]
    told = re.match(r"\d+", _header(said, "Number of channels"))
    channels = int(told.group()) if told else min([*ends, len(first)]) - 1 - ACCELEROMETER
    if not 1 <= channels <= min([*ends, len(first)]) - 1:
        raise ForeignFileError(f"The first line of {where} has {len(first)} values, too few for EEG.",
                               "Is it a recording of the OpenBCI GUI?")
    return _Layout(len(first), 0, list(range(1, channels + 1)), epoch, clock)


def _stamps(layout: _Layout, table: NDArray[np.float64], rows: list[list[str]]) -> TimeArray | None:
    """Return the stamps in ns, since 1970 or since a midnight; None where there are none."""
    if layout.epoch is not None:
        stamps = _legible(table[:, -1])
        if stamps is None:
            return None
        if stamps[0] > MILLISECONDS:
            return np.rint(stamps).astype(np.int64) * MILLISECOND
        return as_ns(stamps)
    if layout.clock is None:
        return None
    seconds = np.empty(len(rows))
    for at, row in enumerate(rows):
        found = CLOCK.fullmatch(row[layout.clock])
        hours, minutes, rest = found.groups() if found else ("nan", "nan", "nan")
        seconds[at] = float(hours) * 3600 + float(minutes) * 60 + float(rest)
    times = _legible(seconds)
    if times is None:
        return None
    midnights = np.concatenate(([0], np.cumsum(np.diff(times) < -DAY_S / 2)))
    return as_ns(times + midnights * DAY_S)


def _legible(stamps: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return stamps with each illegible one as the next legible one; None if all are illegible.

    A sample is there when a later one arrives, so that stamp can be late, which `stamps.place` allows for, and never
    early, which it does not.
    """
    legible = np.flatnonzero(np.isfinite(stamps))
    if not legible.size:
        return None
    following = np.searchsorted(legible, np.arange(len(stamps)))
    return stamps[legible[np.minimum(following, legible.size - 1)]]
