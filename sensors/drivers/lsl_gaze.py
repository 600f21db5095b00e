"""Any gaze or head stream in the camera's columns: by our names, by the rig's table, by frames and screens."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensors.drivers import headset_geometry as geometry
from sensors.drivers.headset_columns import EAR_OPEN, EAR_SHUT
from sensors.drivers.lsl_channels import Channel
from sensors.drivers.lsl_config import ANGLES, MAPPED, OPENNESS, PLACES, SHARES, SURE, LslConfig, ScreenConfig
from sensors.errors import DeviceError
from sensors.messages import Column, FloatArray

Array: TypeAlias = NDArray[np.float64]
Make: TypeAlias = Callable[[Array], Array]
"""From all channels (n, channel) to one column (n,)."""

RADIANS = {**dict.fromkeys(("rad", "radian", "radians"), 1.0),
           **dict.fromkeys(("deg", "degree", "degrees", "°"), float(np.pi / 180))}
METRES = {**dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0), "cm": 0.01, "mm": 0.001}
PIXELS = ("px", "pixel", "pixels")
SHARE = ("share", "1", "norm", "normalized", "normalised")
ORDER = (*ANGLES, *PLACES, *SHARES)
LEAST_SURE = 0.5
SEEN_BY = (*ANGLES[:4], "ear_left", "ear_right", *ANGLES[4:], *PLACES)
"""Where a stream says no confidence, a row with any of these saw a face."""


class GazeReader:
    """The camera's columns of a gaze stream.

    Parameters
    ----------
    config
        The table.
    told
        The stream's channels.
    stream
        The table's name, for the sentences.

    Raises
    ------
    DeviceError
        If nothing of the stream is a column of ours, a label is not there, or a unit is unknown.
    """

    kind = "camera"
    told = ""

    def __init__(self, config: LslConfig, told: list[Channel], stream: str) -> None:
        self._config, self._channels, self._stream = config, told, stream
        self._places = {channel.label: at for at, channel in reversed(list(enumerate(told)))}
        wanted = {name: name for name in MAPPED if name in self._places} | config.columns
        self._made: dict[str, Make] = {}
        for name in wanted:
            self._meet(name, wanted)
        self._meet_frames()
        if not set(self._made) - {SURE}:
            here = ", ".join(channel.label for channel in told)
            raise DeviceError(f"No channel of the LSL stream of '{stream}' is a column of ours; it has: {here}.",
                              f"Say which is which: --set {stream}.columns.gaze_yaw=LABEL, with units and screen.")
        names = [name for name in ORDER if name in self._made or name == "face"]
        self.columns = tuple(Column(name, "rad" if name in ANGLES else "m" if name in PLACES else "1")
                             for name in names)

    def convert(self, values: NDArray[Any]) -> FloatArray:
        """Return samples (n, channel) as (n, column) float32; NaN where they are no number."""
        all_of = np.asarray(values, np.float64)
        out = {name: make(all_of) for name, make in self._made.items()}
        if SURE in out:
            for name in ANGLES[:4]:
                if name in out:
                    out[name] = np.where(out[SURE] >= LEAST_SURE, out[name], np.nan)
        if "face" not in out:
            seen = [np.isfinite(out[name]) for name in SEEN_BY if name in out]
            out["face"] = np.any(seen, axis=0).astype(np.float64) if seen else np.ones(len(all_of))
        table = np.stack([out[column.name] for column in self.columns], axis=1)
        return np.where(np.isfinite(table), table, np.nan).astype(np.float32)

    def _meet(self, name: str, wanted: dict[str, str]) -> None:
        at = self._at(wanted[name])
        unit = self._unit(name, at)
        scale = self._config.scales.get(name, 1.0)
        if name in ANGLES and (unit in PIXELS or unit in SHARE):
            self._meet_point(name, wanted, unit)
        elif name in ANGLES:
            self._made[name] = _column(at, scale * self._factor(name, at, unit, RADIANS, "rad, deg, px or share"))
        elif name in PLACES:
            self._made[name] = _column(at, scale * self._factor(name, at, unit, METRES, "m, cm or mm"))
        elif name in OPENNESS:
            side = name.removeprefix("openness_")
            self._made[f"ear_{side}"] = lambda v: EAR_SHUT + (EAR_OPEN - EAR_SHUT) * np.clip(scale * v[:, at], 0, 1)
            self._made[f"blink_{side}"] = lambda v: 1.0 - np.clip(scale * v[:, at], 0, 1)
        else:
            self._made[name] = _column(at, scale * (0.01 if unit in ("%", "percent") else 1.0))

    def _meet_point(self, name: str, wanted: dict[str, str], unit: str) -> None:
        screen = self._config.screen
        if name not in ("gaze_yaw", "gaze_pitch"):
            raise DeviceError(f"'{self._stream}': {name} is in {unit}, which is no unit of an angle.",
                              f"Say another: --set {self._stream}.units.{name}=deg")
        if screen is None or not {"gaze_yaw", "gaze_pitch"} <= set(wanted):
            raise DeviceError(f"'{self._stream}': {name} is a point on a screen ({unit}), and the rig says no "
                              "screen, or only one of gaze_yaw and gaze_pitch.",
                              f"Add its size: --set '{self._stream}.screen={{width_m=0.6,height_m=0.34,distance_m=0.7,"
                              "width_px=1920,height_px=1080}'")
        if unit in PIXELS and not (screen.width_px and screen.height_px):
            raise DeviceError(f"'{self._stream}': {name} is in pixels, and its screen has no width_px and height_px.",
                              f"Add them to [{self._stream}.screen].")
        x, y = self._at(wanted["gaze_yaw"]), self._at(wanted["gaze_pitch"])
        scales = self._config.scales.get("gaze_yaw", 1.0), self._config.scales.get("gaze_pitch", 1.0)
        axis = ("gaze_yaw", "gaze_pitch").index(name)
        self._made[name] = lambda v: on_screen(v[:, x] * scales[0], v[:, y] * scales[1], screen, unit in PIXELS)[axis]

    def _meet_frames(self) -> None:
        config = self._config
        if config.direction:
            at = [self._at(label) for label in config.direction]
            self._made["gaze_yaw"] = lambda v: geometry.angles(geometry.in_ours(v[:, at], config.frame))[0]
            self._made["gaze_pitch"] = lambda v: geometry.angles(geometry.in_ours(v[:, at], config.frame))[1]
        if config.head_rotation:
            cells = [self._at(label) for label in config.head_rotation]
            for k, name in enumerate(("head_yaw", "head_pitch", "head_roll")):
                self._made[name] = _turned(cells, config.frame, k)
        if config.head_position:
            place = [self._at(label) for label in config.head_position]
            for k, name in enumerate(PLACES):
                self._made[name] = _column(place[k], geometry.SIGNS[config.frame][k])

    def _at(self, label: str) -> int:
        try:
            return self._places[label]
        except KeyError:
            here = ", ".join(channel.label for channel in self._channels)
            raise DeviceError(f"The LSL stream of '{self._stream}' has no channel '{label}'; it has: {here}.",
                              f"Mend the labels in [{self._stream}].") from None

    def _unit(self, name: str, at: int) -> str:
        return (self._config.units.get(name) or self._channels[at].unit).strip().lower()

    def _factor(self, name: str, at: int, unit: str, known: dict[str, float], expected: str) -> float:
        if unit not in known:
            said = f"the unit '{unit}'" if unit else "no unit"
            raise DeviceError(f"Channel {self._channels[at].label} of '{self._stream}' has {said}, expected {expected} "
                              f"for {name}.", f"Say what it is: --set {self._stream}.units.{name}=...")
        return known[unit]


def _column(at: int, scale: float) -> Make:
    return lambda v: v[:, at] * scale


def _turned(cells: list[int], frame: str, axis: int) -> Make:
    return lambda v: geometry.head_angles(v[:, cells].reshape(-1, 3, 3), frame)[axis]


def on_screen(x: Array, y: Array, screen: ScreenConfig, pixels: bool) -> tuple[Array, Array]:
    """Return yaw and pitch in rad of points (n,) on a screen, in its pixels or in shares of its width and height."""
    across = (x - screen.left_px) / screen.width_px if pixels else x
    along = (y - screen.top_px) / screen.height_px if pixels else y
    up = 0.5 - along if screen.y_down else along - 0.5
    return geometry.on_screen((across - 0.5) * screen.width_m, up * screen.height_m + screen.up_m, screen.distance_m)
