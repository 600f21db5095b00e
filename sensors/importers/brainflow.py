"""Files of BrainFlow's DataFilter.write_file and of the GUI's BrainFlow-RAW_*.csv: rows of numbers, parted by tabs.

Such a file does not say which board made it. The user names it; otherwise the number of columns, the stamps and the
package numbers leave a few candidates, and the likeliest is taken and told. What each column is, is BrainFlow's own
description of the board, as for the live driver.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.clock import utc_text
from sensors.drivers import eeg_boards as boards
from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options, choose, eeg
from sensors.importers.plain import damage, lines, numbers
from sensors.importers.stamps import as_ns, place
from sensors.importers.units import agreed

USUAL = ("CYTON_BOARD", "CYTON_DAISY_BOARD", "GANGLION_BOARD", "MUSE_2_BOARD", "MUSE_S_BOARD", "MUSE_2016_BOARD",
         "UNICORN_BOARD")
"""Boards that many people have, most first: a guess between equals falls on them."""
STAMPS_S = (1e9, 1e10)
"""Stamps of a board lie in this span of seconds since 1970 (2001 to 2286)."""
NEAR = 0.1
"""Share by which the stamps' rate may differ from a board's to be taken for its."""
PACKAGES = 65_535
"""Largest package number of any board."""
LINE = re.compile(rb"\s*-?\d+(?:\.\d+)?(?:[\t,]\s*-?[\d.naeE+-]+){3,}[\t,]?\r?")


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this can be BrainFlow's: a line of four numbers or more."""
    return LINE.fullmatch(head.partition(b"\n")[0]) is not None


def read(path: Path, options: Options) -> Contents:
    """Return the EEG of a BrainFlow file.

    Raises
    ------
    ForeignFileError
        If the file is of no board, or not of the one that was named.
    DeviceError
        If BrainFlow is not installed, or knows no such board.
    """
    rows = [_fields(line) for line in lines(path) if line.strip()]
    if not rows:
        raise ForeignFileError(f"{path.name} holds no sample.", "Was it copied whole?")
    width = len(rows[0])
    table, _, bad = numbers(rows, list(range(width)), width)
    contents = Contents(warnings=damage(bad, len(rows), path.name))
    board = options.board
    if not board:
        board, told = _guess(table, path.name)
        contents.warnings.append(told)
    known = boards.describe(board)
    if known["num_rows"] != width:
        raise ForeignFileError(f"{path.name} has {width} columns, and a recording of {board} has {known['num_rows']}.",
                               "Name the board that made it with --board; attnflow devices lists them.")
    stamps = table[:, known["timestamp_channel"]]
    legible = np.isfinite(stamps)
    if not legible.any():
        raise ForeignFileError(f"No sample of {path.name} has a stamp where {board} has them.",
                               "Name the board that made it with --board.")
    if not legible.all():
        contents.warnings.append(f"{int((~legible).sum())} samples have no legible stamp and were left out.")
        table, stamps = table[legible], stamps[legible]
    stamps_ns = as_ns(stamps)
    package = known.get("package_num_channel")
    placed = place(stamps_ns, len(table), options.rate_hz or float(known["sampling_rate"]), board=board,
                   numbers=table[:, package] if package is not None else None, fixed_rate=options.rate_hz > 0)
    channels = list(known["eeg_channels"])
    named = tuple(known["eeg_names"].split(",")) if known.get("eeg_names") else ()
    chosen = choose(boards.electrode_names((), named, len(channels), board), options, path.name)
    factor, told = agreed("uV", options.unit, path.name)
    contents.warnings += [*placed.warnings, *([told] if told else [])]
    contents.began_utc = utc_text(float(stamps[0])) if STAMPS_S[0] < stamps[0] < STAMPS_S[1] else ""
    meta = {"board": board, "simulated": "yes" if board == boards.SYNTHETIC else "no",
            **({"gain": str(boards.GAIN[board])} if board in boards.GAIN else {}),
            **({"full_scale_uv": str(boards.FULL_SCALE_UV[board])} if board in boards.FULL_SCALE_UV else {})}
    contents.streams.append(eeg(chosen, table[:, channels] * factor, placed, meta=meta, device_ns=stamps_ns,
                                device=f"{known['name']} in {path.name}, {len(chosen.names)} electrodes @ "
                                       f"{placed.rate_hz:g} Hz"))
    return contents


def _fields(line: str) -> list[str]:
    line = line.rstrip("\r\n")
    return [value.strip() for value in line.split("\t" if "\t" in line else ",") if value.strip()]


def _guess(table: NDArray[np.float64], where: str) -> tuple[str, str]:
    """Return the likeliest board and the sentence that says so."""
    fitting = [board.name for board in boards.list_boards()
               if board.channels and board.name != boards.SIMULATED and _fits(table, boards.describe(board.name))]
    if not fitting:
        raise ForeignFileError(f"{where} has {table.shape[1]} columns, and its stamps and package numbers fit no board "
                               "that BrainFlow knows.",
                               "Name the board that made it with --board, or another --format.")
    board = next((name for name in USUAL if name in fitting), fitting[0])
    others = ", ".join(name for name in fitting if name != board)
    return board, (f"The file does not say which board made it; {board} was guessed from its {table.shape[1]} columns "
                   f"and its stamps{f' (others that fit: {others})' if others else ''}. Name it with --board.")


def _fits(table: NDArray[np.float64], known: dict[str, Any]) -> bool:
    if known["num_rows"] != table.shape[1]:
        return False
    stamps = table[:, known["timestamp_channel"]]
    if not (np.isfinite(stamps).all() and stamps.min() > STAMPS_S[0] and stamps.max() < STAMPS_S[1]):
        return False
    package = known.get("package_num_channel")
    if package is not None:
        counts = table[:, package]
        if not (np.isfinite(counts).all() and (counts == np.rint(counts)).all() and counts.min() >= 0
                and counts.max() <= PACKAGES):
            return False
    steps = np.diff(stamps)
    # Stamps in bursts tell their rate only on average; holes must not count into it.
    usual = steps[steps < 1.0]
    mean_s = float(usual.mean()) if usual.size else 0.0
    return len(stamps) < 2 or abs(mean_s * float(known["sampling_rate"]) - 1) < NEAR
