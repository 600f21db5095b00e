"""What a stream says of its channels, and EEG channels in uV."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.drivers.lsl_config import LslConfig
from sensors.errors import DeviceError
from sensors.importers.units import microvolts
from sensors.messages import Column, FloatArray

MOST = 1024
"""Channels that are read; a description that names more is wrong."""
PREFIXES = ("EEG_", "EEG-", "EEG ", "EEG:")
"""What some senders put before an electrode's name."""


class Channel(NamedTuple):
    """One channel as its stream describes it."""

    label: str
    unit: str
    type: str


def channels(info: Any) -> list[Channel]:
    """Return every channel of a stream's full description; ch1, ch2 ... where it names none, or too few or many."""
    found: list[Channel] = []
    one = info.desc().child("channels").child("channel")
    while not one.empty() and len(found) < MOST:
        found.append(Channel(*(one.child_value(key).strip() for key in ("label", "unit", "type"))))
        one = one.next_sibling("channel")
    count = info.channel_count()
    if len(found) != count:
        found = [Channel("", "", "")] * count
    return [channel._replace(label=channel.label or f"ch{at + 1}") for at, channel in enumerate(found)]


class EegReader:
    """Electrodes in uV.

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
        If a channel has no unit of voltage, a wanted one is not there, or a name comes twice.
    """

    kind = "eeg"

    def __init__(self, config: LslConfig, told: list[Channel], stream: str) -> None:
        names = [electrode(channel.label) for channel in told]
        self._kept = [at for at, channel in enumerate(told) if is_eeg(channel)] or list(range(len(told)))
        if config.channels:
            here = ", ".join(channel.label for channel in told)
            missing = [name for name in config.channels if name not in names]
            if missing:
                raise DeviceError(f"'{stream}' wants channel {missing[0]}, and its LSL stream has: {here}.",
                                  f"Name some of these: --set '{stream}.channels=[...]'")
            self._kept = [names.index(name) for name in config.channels]
        kept = [names[at] for at in self._kept]
        if len(set(kept)) < len(kept):
            raise DeviceError(f"The LSL stream of '{stream}' has a channel name twice: {', '.join(kept)}.",
                              "Give each channel a label of its own where it is sent.")
        scales = [_scale(told[at], config.unit, stream) for at in self._kept]
        self._scales = np.array(scales, np.float64)
        self.columns = tuple(Column(name, "uV") for name in kept)
        self.told = ""
        said = {told[at].unit for at in self._kept if told[at].unit}
        if config.unit and any(microvolts(unit) != microvolts(config.unit) for unit in said):
            self.told = f"The stream says its unit is {', '.join(sorted(said))}; the rig's {config.unit} was taken."

    def convert(self, values: NDArray[Any]) -> FloatArray:
        """Return samples (n, channel) as (n, column) float32 in uV; NaN where they are no number."""
        out = np.asarray(values[:, self._kept], np.float64) * self._scales
        return np.where(np.isfinite(out), out, np.nan).astype(np.float32)


def electrode(label: str) -> str:
    """Return an electrode's name without what only says that it is one."""
    for prefix in PREFIXES:
        if label.upper().startswith(prefix) and len(label) > len(prefix):
            return label[len(prefix):].strip()
    return label


def is_eeg(channel: Channel) -> bool:
    """Return whether a channel is an electrode by its type, and no auxiliary input or counter by its name."""
    words = channel.label.upper().replace("_", " ").replace("-", " ").split()
    return channel.type.upper() in ("", "EEG") and not {"AUX", "COUNTER", "TIMESTAMP", "TRIGGER", "MARKER"} & set(words)


def _scale(channel: Channel, given: str, stream: str) -> float:
    scale = microvolts(given or channel.unit)
    if scale is None:
        said = f"the unit '{given or channel.unit}'" if given or channel.unit else "no unit"
        raise DeviceError(f"Channel {channel.label} of '{stream}' has {said}, expected V, mV, uV or nV.",
                          f"Say what its values are: --set {stream}.unit=uV")
    return scale
