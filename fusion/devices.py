"""What could be plugged into a session here: cameras, microphones, EEG boards, and the rigs that use them."""

import tomllib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sensors.errors import AttnflowError

Entry = dict[str, str | int | float]


class Section(NamedTuple):
    """One kind of device."""

    key: str
    """Its name in the JSON."""
    title: str
    entries: tuple[Entry, ...]
    reason: str = ""
    """Why there are no entries, with the next step; empty when there are some."""


def sections() -> tuple[Section, ...]:
    """Return every kind of device; one that cannot be listed says why and never stops the others."""
    return (_section("cameras", "Cameras", _cameras, "This machine shows no camera; on Linux it would appear as "
                     "/dev/video*."),
            _section("microphones", "Microphones", _microphones, "This machine shows no microphone."),
            _section("eeg_boards", "EEG boards that BrainFlow knows", _boards, "BrainFlow names no board."),
            _section("can_buses", "CAN buses of Linux (interface socketcan)", _buses, "This machine shows no CAN bus; "
                     "on Linux it would appear after: sudo ip link set can0 up type can bitrate 500000"),
            _section("rigs", "Rigs (attnflow live --rig NAME)", _rigs, "No rig ships with this installation."))


def _section(key: str, title: str, find: Callable[[], Sequence[Entry]], none: str) -> Section:
    try:
        entries = tuple(find())
    except AttnflowError as error:
        return Section(key, title, (), str(error))
    except ImportError as error:
        return Section(key, title, (), f"The library '{error.name}' is missing. Run: pip install 'attnflow[all]'")
    return Section(key, title, entries, "" if entries else none)


def _cameras() -> Sequence[Entry]:
    from sensors.drivers.webcam_source import list_cameras

    return [{"source": camera.number, "name": camera.name} for camera in list_cameras()]


def _microphones() -> Sequence[Entry]:
    from sensors.drivers.microphone_device import list_microphones

    found = list_microphones()
    if isinstance(found, str):
        raise AttnflowError(found)
    return [{"source": int(number), "name": name.strip()} for number, _, name in
            (line.partition(":") for line in found)]


def _boards() -> Sequence[Entry]:
    from sensors.drivers.eeg_boards import list_boards

    return [{"board": board.name, "channels": board.channels, "rate_hz": board.rate_hz} for board in list_boards()]


def _buses() -> Sequence[Entry]:
    from sensors.drivers.can_devices import list_devices

    return [{"channel": device.channel, "state": device.state} for device in list_devices()]


def _rigs() -> Sequence[Entry]:
    from sensors.rig import RIG_FOLDER, rig_names

    entries: list[Entry] = []
    for name in rig_names():
        try:
            # Only the description is wanted; a rig that asks for a file is still listed before the file is there.
            text = (RIG_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
            description = str(tomllib.loads(text).get("description", ""))
        except (OSError, tomllib.TOMLDecodeError) as error:
            description = f"cannot be read: {error}"
        entries.append({"rig": name, "description": description})
    return entries


def as_json(found: Sequence[Section]) -> dict[str, Any]:
    """Return the sections as one JSON object: a list per kind, and the reasons of the empty ones."""
    lists: dict[str, Any] = {section.key: list(section.entries) for section in found}
    return lists | {"reasons": {section.key: section.reason for section in found if section.reason}}


def table(found: Sequence[Section]) -> Group:
    """Return the sections for a terminal."""
    parts: list[Text | Table] = []
    for section in found:
        parts.append(Text(f"\n{section.title}", style="bold"))
        if section.reason:
            parts.append(Text(f"  {section.reason}"))
            continue
        grid = Table(box=None, padding=(0, 2), header_style="dim")
        for name in section.entries[0]:
            grid.add_column(name.replace("_hz", " Hz"), justify="right" if name in ("channels", "rate_hz") else "left")
        for entry in section.entries:
            grid.add_row(*(Text(f"{value:g}" if isinstance(value, float) else str(value)) for value in entry.values()))
        parts.append(grid)
    return Group(*parts)
