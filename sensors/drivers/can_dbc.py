"""DBC files: the ones that ship or anybody's own, and finding a signal in one by its name."""

from difflib import get_close_matches
from pathlib import Path

import cantools
from cantools.database import Database
from cantools.database.can import Message, Signal
from cantools.database.errors import Error as DbcError

from sensors.can_bus import said
from sensors.errors import DeviceError

SHIPPED = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.dbc"))}
"""The DBCs that ship, by name."""


def load(name: str) -> Database:
    """Return the DBC `name`, one that ships or a path.

    Raises
    ------
    DeviceError
        If there is no such file, or it is no DBC.
    """
    path = SHIPPED.get(name, Path(name).expanduser())
    if not path.is_file():
        raise DeviceError(f"There is no DBC '{name}'.",
                          f"Give the path of a .dbc file, or the name of one that ships: {', '.join(SHIPPED)}.")
    try:
        # Not strict: overlapping signals are common in the field, and hurt only whoever reads both.
        found = cantools.database.load_file(path, strict=False)
    except (DbcError, OSError, ValueError, ArithmeticError, LookupError) as error:
        raise DeviceError(f"The DBC '{path}' cannot be read: {said(error)}.",
                          "Check it with: cantools dump FILE.dbc") from error
    if not isinstance(found, Database) or not any(message.signals for message in found.messages):
        raise DeviceError(f"The DBC '{path}' holds no signal of any CAN message.",
                          "Choose the file that describes this bus.")
    return found


def find(database: Database, name: str, where: str) -> tuple[Message, Signal]:
    """Return the message and the signal that `name` ("Message.Signal" or "Signal") means.

    Parameters
    ----------
    database
        The DBC.
    name
        What to look for, letter case included.
    where
        The rig's key, for the error.

    Raises
    ------
    DeviceError
        If there is none, or several; it names the close ones.
    """
    found = [(message, signal) for message in database.messages for signal in message.signals
             if name in (signal.name, f"{message.name}.{signal.name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise DeviceError(f"{where} is '{name}', which {len(found)} messages of the DBC have.",
                          f"Say which: {', '.join(f'{message.name}.{signal.name}' for message, signal in found[:5])}.")
    close = close_names(database, name)
    raise DeviceError(f"{where} is '{name}', which the DBC does not have.",
                      f"Close to it: {', '.join(close)}." if close else
                      f"It has {len(_all_names(database))} signals, such as {', '.join(_all_names(database)[:6])}.")


def close_names(database: Database, name: str) -> list[str]:
    """Return at most four of the DBC's signals, as "Message.Signal", that look like `name`."""
    wanted = name.lower()
    full = {one.lower(): one for one in _all_names(database)}
    by_signal: dict[str, list[str]] = {}
    for lower, one in full.items():
        by_signal.setdefault(lower.partition(".")[2], []).append(one)
    close = [full[lower] for lower in get_close_matches(wanted, full, 4, 0.75)]
    for lower in get_close_matches(wanted.rpartition(".")[2], by_signal, 4, 0.6):
        close += [one for one in by_signal[lower] if one not in close]
    return close[:4]


def _all_names(database: Database) -> list[str]:
    return [f"{message.name}.{signal.name}" for message in database.messages for signal in message.signals]
