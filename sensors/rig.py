"""Rigs: one TOML file of hw-configs/ is one set-up of sensors, checked whole before anything is opened."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from sensors.driver import DRIVERS, Config, config_class
from sensors.errors import RigError
from sensors.rig_driving import DrivingConfig
from sensors.rig_outputs import OUTPUTS, OutputConfig
from sensors.rig_xr import XrConfig
from sensors.simulated.story import ParticipantConfig
from sensors.topics import CHUNK_TOPICS

RIG_FOLDER = Path(__file__).resolve().parent.parent / "hw-configs"
"""Where named rigs live: beside the packages, in a checkout and in an installed wheel alike."""

USUAL_DRIVER = {"camera": "webcam"}
"""The driver a table means when it does not say one; other tables are named after theirs."""

STREAM_NAME = re.compile(r"[A-Za-z0-9_-]+")

STALE_MS = {"camera": 400.0, "microphone": 1000.0, "eeg": 2000.0, "context": 2000.0}
"""Usual `SessionConfig.stale_ms`."""

T = TypeVar("T", bound=msgspec.Struct)


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rig's ``[session]`` table."""

    tick_hz: float = 10.0
    """States a second, on a grid of event time."""
    watermark_ms: float = 50.0
    """How long a tick waits in event time for slower sensors; 50 for local ones, more for Bluetooth."""
    calibration_s: float = 20.0
    """Time until the personal baselines are trusted; until then the status is "calibrating"."""
    stale_ms: dict[str, float] = msgspec.field(default_factory=lambda: dict(STALE_MS))
    """Per topic, the input age above which the state no longer leans on it; a topic left out keeps the usual one."""
    estimator: str = "network"
    """"network" is trained, "rules" is a table that anyone can read."""
    person: str = ""
    """Pseudonym of the person, whose own network is used if `attnflow personalise` has made one."""
    spectrum: Literal["welch", "multitaper"] = "welch"
    """How EEG spectra are estimated: multitaper is steadier and leaks less, for nearly three times the work."""
    target_yaw_deg: float = 0.0
    """Centre of the attended target, + to the person's right."""
    target_pitch_deg: float = 0.0
    """Centre of the attended target, + up."""
    target_radius_deg: float = 15.0

    def __post_init__(self) -> None:
        if not 1 <= self.tick_hz <= 100 or 1000 % self.tick_hz:
            raise ValueError(f"tick_hz is {self.tick_hz}, expected a divisor of 1000 from 1 to 100")
        if not 0 <= self.watermark_ms <= 5000:
            raise ValueError(f"watermark_ms is {self.watermark_ms}, expected 0 to 5000")
        if not 0 <= self.calibration_s <= 3600:
            raise ValueError(f"calibration_s is {self.calibration_s}, expected 0 to 3600")
        if not 0 < self.target_radius_deg <= 180:
            raise ValueError(f"target_radius_deg is {self.target_radius_deg}, expected over 0 to 180")
        for topic, limit in self.stale_ms.items():
            if not limit > 0:
                raise ValueError(f"stale_ms.{topic} is {limit}, expected a positive number")
        unknown = set(self.stale_ms) - set(CHUNK_TOPICS)
        if unknown:
            raise ValueError(f"stale_ms names '{unknown.pop()}', expected topics: {', '.join(STALE_MS)}")
        for topic, usual in STALE_MS.items():
            self.stale_ms.setdefault(topic, usual)


class BusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rig's ``[bus]`` table; empty endpoints mean private ipc sockets in a temporary folder."""

    publish: str = ""
    """Endpoint that drivers publish to, e.g. "tcp://127.0.0.1:5561"."""
    subscribe: str = ""
    """Endpoint that consumers subscribe to."""
    keys: str = ""
    """Folder of CURVE keys; required before anything but loopback or ipc is bound."""


class Rig(msgspec.Struct, frozen=True, kw_only=True):
    """A checked rig."""

    name: str
    description: str
    session: SessionConfig
    bus: BusConfig
    participant: ParticipantConfig
    sensors: dict[str, Config]
    """Stream name to driver config."""
    driving: DrivingConfig | None = None
    """The warning ladders, if any run."""
    xr: XrConfig | None = None
    """Gaze events and hints, if any are wanted."""
    outputs: dict[str, OutputConfig] = msgspec.field(default_factory=dict)
    """By name: "osc", "lsl", "websocket", "can"."""
    toml: str
    """The rig as TOML text with every override applied, for the recording."""


def rig_names() -> tuple[str, ...]:
    """Return the names of the rigs that ship with the product."""
    return tuple(sorted(path.stem for path in RIG_FOLDER.glob("*.toml")))


def load(name: str, overrides: Sequence[str] = ()) -> Rig:
    """Return the rig `name` (a name from hw-configs/ or a path), checked.

    Parameters
    ----------
    name
        "bench", "desk", ... or the path of a TOML file.
    overrides
        ``table.key=value`` texts, applied on top; a value is read as TOML, and as plain text where it is none.

    Raises
    ------
    RigError
        If the file is missing or no TOML, a key is unknown, or a value has the wrong type or range.
    """
    path = Path(name) if name.endswith(".toml") else RIG_FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RigError(f"There is no rig '{name}' ({path} is missing).",
                       f"Known rigs: {', '.join(rig_names())}; or give the path of a .toml file.")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RigError(f"{path} is not valid TOML: {error}.", "Mend that line and run it again.") from None
    texts: dict[tuple[str, ...], str] = {}
    for override in overrides:
        _apply(tables, override, texts)
    return parse(tables, path.stem, texts)


def parse(tables: Mapping[str, Any], name: str, texts: Mapping[tuple[str, ...], str] | None = None) -> Rig:
    """Return the rig in already parsed TOML tables; see `load`.

    Parameters
    ----------
    tables
        The whole rig as `tomllib` gives it.
    name
        What to call it.
    texts
        The literal text of values that came from the command line, by (table, key): they are what was meant where a
        field is text and the value reads as a number, as in ``eeg.serial_number=0110``.
    """
    tables = {key: dict(table) if isinstance(table, dict) else table for key, table in tables.items()}
    for (where, *keys), text in (texts or {}).items():
        if len(keys) == 1 and keys[0] in _text_fields(where, tables):
            tables[where][keys[0]] = text
    rest = dict(tables)
    description = rest.pop("description", "")
    session = _convert(rest.pop("session", {}), SessionConfig, "session")
    bus = _convert(rest.pop("bus", {}), BusConfig, "bus")
    participant = _convert(rest.pop("participant", {}), ParticipantConfig, "participant")
    driving = _convert(rest.pop("driving"), DrivingConfig, "driving") if "driving" in rest else None
    xr = _convert(rest.pop("xr"), XrConfig, "xr") if "xr" in rest else None
    outputs = _outputs(rest.pop("outputs", {}))
    sensors: dict[str, Config] = {}
    for stream, table in rest.items():
        if not isinstance(table, dict):
            raise RigError(f"Rig '{name}': '{stream}' stands outside a table.", "Known keys there: description.")
        if not STREAM_NAME.fullmatch(stream):
            raise RigError(f"Rig '{name}': '{stream}' is no name for a stream.", "Use letters, digits, - and _.")
        driver = table.get("driver", USUAL_DRIVER.get(stream, stream))
        if driver not in tuple(DRIVERS):
            raise RigError(f"Rig '{name}': table [{stream}] asks for driver '{driver}', which does not exist.",
                           f"Known drivers: {', '.join(sorted(DRIVERS))}.")
        sensors[stream] = _convert(table, config_class(driver), stream)
    if not sensors:
        raise RigError(f"Rig '{name}' has no sensor.", "Add a table such as [camera], [microphone] or [eeg].")
    return Rig(name=name, description=str(description), session=session, bus=bus, participant=participant,
               sensors=sensors, driving=driving, xr=xr, outputs=outputs, toml=to_toml(tables))


def _outputs(tables: Any) -> dict[str, OutputConfig]:
    unknown = sorted(set(tables) - set(OUTPUTS)) if isinstance(tables, dict) else ["its value"]
    if unknown:
        raise RigError(f"Rig table [outputs]: there is no output '{unknown[0]}'.",
                       f"Known outputs: {', '.join(OUTPUTS)}, each a table of its own, such as [outputs.osc].")
    return {name: _convert(table, OUTPUTS[name], f"outputs.{name}") for name, table in tables.items()}


def _convert(table: Any, target: type[T], where: str) -> T:
    try:
        return msgspec.convert(table, target)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(target))
        raise RigError(f"Rig table [{where}]: {error}.", f"Known keys: {known}.") from None


def _text_fields(where: str, tables: Mapping[str, Any]) -> set[str]:
    """Return the keys of a table that hold plain text; none if the table is unknown, which `parse` will say."""
    known: dict[str, type[Any]] = {"session": SessionConfig, "bus": BusConfig, "participant": ParticipantConfig,
                                    "driving": DrivingConfig, "xr": XrConfig}
    if where not in known:
        driver = tables[where].get("driver", USUAL_DRIVER.get(where, where))
        if driver not in tuple(DRIVERS):
            return set()
        known[where] = config_class(driver)
    return {field.name for field in msgspec.structs.fields(known[where]) if field.type is str}


def _apply(tables: dict[str, Any], override: str, texts: dict[tuple[str, ...], str]) -> None:
    path, equals, raw = override.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or len(keys) < 2 or not all(keys):
        raise RigError(f"Override '{override}' is not table.key=value.", "Example: --set camera.source=clip.mp4")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
        if not isinstance(value, str):
            texts[keys] = raw
    except tomllib.TOMLDecodeError:
        value = raw
    table = tables
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise RigError(f"Override '{override}': '{key}' is a value, not a table.")
    table[keys[-1]] = value


def to_toml(tables: Mapping[str, Any]) -> str:
    """Return plain tables as TOML text; strings, numbers, booleans, lists and nested tables are all a rig has."""
    lines = [f"{key} = {_literal(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]"] + [f"{key} = {_literal(value)}" for key, value in table.items()]
    return "\n".join(lines).strip() + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    # JSON's texts, numbers and booleans are TOML's as well.
    return msgspec.json.encode(value).decode()
