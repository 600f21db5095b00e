"""The cabin as its driver sees it: named zones over all directions, and how likely each is for a direction seen.

The map is a grid of one degree. A gaze is known up to an error, so what a zone gets is a probability: the share of a
Gaussian of that error, around the direction, that falls into it. Angles are degrees within this file and rad outside.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from math import degrees, radians
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from sensors.errors import RigError
from sensors.rig_driving import CabinConfig

FOLDER = Path(__file__).parent / "cabins"
LEFT, RIGHT, LOW, HIGH = -100, 100, -90, 90
"""What the map covers, in degrees; a direction beyond is taken for the nearest one on it."""
AHEAD = -LOW * (RIGHT - LEFT) - LEFT
"""The square straight ahead."""
REACH = 3.0
"""Standard deviations after which the Gaussian is cut."""
OTHER_SIDE = {"left": "right", "right": "left"}

Box = tuple[float, float, float, float]


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One zone of a cabin file."""

    boxes: Annotated[tuple[Box, ...], msgspec.Meta(min_length=1)]
    """Each [left, right, low, high] in degrees."""
    target: tuple[float, float]
    """Yaw and pitch in degrees of where one who looks at it usually looks."""


class CabinFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cabin's TOML file."""

    title: str
    zones: dict[str, Zone]


class Cabin:
    """Zones over all directions.

    Parameters
    ----------
    zones
        By name; their boxes tile the whole map.
    where
        What to call it in an error.
    changes
        Boxes that are painted over the zones', by zone.

    Raises
    ------
    RigError
        If the zones leave a hole, overlap, lie outside, or are smaller than a degree; or a change names no zone.
    """

    def __init__(self, zones: Mapping[str, Zone], where: str, changes: Mapping[str, Box] | None = None) -> None:
        self.names = tuple(zones)
        self._targets = {name: zone.target for name, zone in zones.items()}
        self._where = where
        self._owner = np.full((HIGH - LOW, RIGHT - LEFT), -1, np.int16)
        for name, zone in zones.items():
            for box in zone.boxes:
                self._place(name, box, over=())
        holes = np.argwhere(self._owner < 0)
        if len(holes):
            pitch, yaw = holes[0]
            raise RigError(f"{where}: {len(holes)} square degrees lie in no zone, the first at yaw {yaw + LEFT}, pitch "
                           f"{pitch + LOW}.", "Let a zone's box reach there: every direction must lie in one zone.")
        for name, box in (changes or {}).items():
            if name not in self.names:
                raise RigError(f"{where}: there is no zone '{name}' to change.", f"Zones: {', '.join(self.names)}.")
            self._place(name, box, over=self.names)
            self._targets[name] = ((box[0] + box[1]) / 2, (box[2] + box[3]) / 2)
        self._maps: dict[float, NDArray[np.float32]] = {}

    @classmethod
    def load(cls, config: CabinConfig) -> "Cabin":
        """Return the cabin that a rig wants; one that ships is made only once.

        Raises
        ------
        RigError
            If the file is missing, malformed, or no whole map.
        """
        key = msgspec.json.encode(config)
        if key not in _SHIPPED:
            made = cls._read(config)
            if config.zones.endswith(".toml"):
                return made  # a user's file may have changed when it is asked for again
            _SHIPPED[key] = made
        return _SHIPPED[key]

    @classmethod
    def _read(cls, config: CabinConfig) -> "Cabin":
        path = Path(config.zones) if config.zones.endswith(".toml") else FOLDER / f"{config.zones}.toml"
        if not path.is_file():
            known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.toml")))
            raise RigError(f"There is no cabin '{config.zones}' ({path} is missing).",
                           f"Known cabins: {known}; or give the path of a .toml file.")
        try:
            told = msgspec.toml.decode(path.read_bytes(), type=CabinFile)
        except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RigError(f"Cabin {path.name}: {error}.", "Compare it with fusion/driving/cabins/car.toml.") from None
        zones = told.zones
        if config.drive == "right":
            zones = {mirrored_name(name): mirrored(zone) for name, zone in zones.items()}
        changes = {}
        for name, change in config.changes.items():
            if set(change) != {"yaw_deg", "pitch_deg"} or any(len(ends) != 2 for ends in change.values()):
                raise RigError(f"Rig table [driving.cabin.changes]: '{name}' is {change}.",
                               "Expected: name = { yaw_deg = [left, right], pitch_deg = [low, high] }.")
            (left, right), (low, high) = change["yaw_deg"], change["pitch_deg"]
            changes[name] = left, right, low, high
        return cls(zones, f"Cabin {path.name}", changes)

    def _place(self, name: str, box: Box, over: Iterable[str]) -> None:
        left, right, low, high = box
        if not (LEFT <= left < right <= RIGHT and LOW <= low < high <= HIGH):
            raise RigError(f"{self._where}: zone '{name}' has the box {list(box)}.",
                           f"Expected [left, right, low, high] in degrees, rising, within {LEFT} to {RIGHT} of yaw and "
                           f"{LOW} to {HIGH} of pitch.")
        if round(left) == round(right) or round(low) == round(high):
            raise RigError(f"{self._where}: zone '{name}' has the box {list(box)}, which holds no whole degree.",
                           "The map is a grid of one degree: make the box larger.")
        part = self._owner[round(low) - LOW:round(high) - LOW, round(left) - LEFT:round(right) - LEFT]
        taken = part[part >= 0]
        if len(taken) and not over:
            raise RigError(f"{self._where}: zones '{name}' and '{self.names[int(taken[0])]}' overlap in {len(taken)} "
                           f"square degrees within yaw {left:g} to {right:g}, pitch {low:g} to {high:g}.",
                           "Let their boxes only touch: every direction must lie in one zone.")
        part[:] = self.names.index(name)

    def centre(self, zone: str) -> tuple[float, float]:
        """Return yaw and pitch in rad of where one who looks at a zone usually looks."""
        yaw, pitch = self._targets[zone]
        return radians(yaw), radians(pitch)

    def cell(self, yaw: NDArray[np.float64], pitch: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the (n,) squares of the map that (n,) directions in rad lie in; NaN gives the square ahead."""
        column = np.minimum(np.maximum(np.floor(np.degrees(yaw)) - LEFT, 0), RIGHT - LEFT - 1)
        row = np.minimum(np.maximum(np.floor(np.degrees(pitch)) - LOW, 0), HIGH - LOW - 1)
        square = row * (RIGHT - LEFT) + column
        return np.where(np.isnan(square), AHEAD, square).astype(np.intp)

    def zone_at(self, yaw: float, pitch: float) -> str:
        """Return the zone that a direction in rad lies in."""
        return self.names[int(self._owner.ravel()[self.cell(np.array([yaw]), np.array([pitch]))[0]])]

    def probabilities(self, error: float) -> NDArray[np.float32]:
        """Return how likely each zone is for a direction seen in each square: (square, zone), rows add up to 1.

        Parameters
        ----------
        error
            Standard deviation of the direction in rad, the same in yaw and pitch.
        """
        key = round(degrees(error), 3)
        if key not in self._maps:
            owned = (self._owner[..., None] == np.arange(len(self.names))).astype(float)
            rows, columns = _blur(HIGH - LOW, key), _blur(RIGHT - LEFT, key)
            blurred = np.einsum("pq,qyz->pyz", rows, np.einsum("yx,pxz->pyz", columns, owned, optimize=True),
                                optimize=True)
            self._maps[key] = blurred.reshape(-1, len(self.names)).astype(np.float32)
        return self._maps[key]

    def mask(self, zones: Iterable[str]) -> NDArray[np.float32]:
        """Return (zone,) 1 for each of `zones` and 0 for every other."""
        chosen = set(zones)
        return np.array([name in chosen for name in self.names], np.float32)

    @cached_property
    def square_degrees(self) -> dict[str, int]:
        """How large each zone is."""
        return {name: int((self._owner == k).sum()) for k, name in enumerate(self.names)}


_SHIPPED: dict[bytes, Cabin] = {}
"""Cabins that ship, by the config that asked for them."""


def _blur(size: int, sd_deg: float) -> NDArray[np.float64]:
    """Return (size, size): what a Gaussian around each degree takes from every other; the map's edge goes on."""
    reach = max(1, int(np.ceil(REACH * sd_deg)))
    taps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (taps / sd_deg) ** 2)
    out = np.zeros((size, size))
    for place in range(size):
        np.add.at(out[place], np.clip(place + taps, 0, size - 1), weights / weights.sum())
    return out


def mirrored(zone: Zone) -> Zone:
    """Return a zone with left and right exchanged."""
    return Zone(tuple((-right, -left, low, high) for left, right, low, high in zone.boxes),
                (-zone.target[0], zone.target[1]))


def mirrored_name(name: str) -> str:
    """Return the name that a zone has in the mirrored cabin: the left mirror is on the left in every car."""
    for side, other in OTHER_SIDE.items():
        if name.startswith(f"{side}_"):
            return other + name.removeprefix(side)
        if name.endswith(f"_{side}"):
            return name.removesuffix(side) + other
    return name
