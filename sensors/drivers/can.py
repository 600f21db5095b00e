"""The CAN driver: a vehicle's speed, steering, indicator, gear and brake from its bus, from a log, or simulated.

Every frame that carries a mapped signal makes one row: its own values, and the last known ones of the other columns
until they are older than `timeout_s`. Live frames are stamped as they are taken from the bus; the interface's own
stamps travel beside ours.
"""

from pathlib import Path

import numpy as np

from sensors.driver import Aside, Samples, Setting
from sensors.drivers import can_dbc
from sensors.drivers.can_config import COLUMNS, CanConfig
from sensors.drivers.can_frames import Rows
from sensors.drivers.can_log import LogSource
from sensors.drivers.can_simulated import MESSAGES, SimulatedSource
from sensors.drivers.can_source import BusSource, Source
from sensors.errors import DeviceError
from sensors.messages import Column, StreamInfo


class Can:
    """A vehicle's bus; implements `sensors.driver.Driver`.

    Parameters
    ----------
    config
        Which bus, log or simulation, and which of its signals are meant.
    setting
        Stream name, clock and start of the session; who is simulated, for the simulated vehicle.
    """

    def __init__(self, config: CanConfig, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._rows: Rows | None = None
        self._source: Source | None = None
        self._last_ns = -1

    def open(self) -> StreamInfo:
        """Read the DBC, find its signals, and open the source.

        Raises
        ------
        DeviceError
            If the DBC or a signal is not there, or the source cannot be opened.
        """
        self.close()
        config, setting = self._config, self._setting
        rows = Rows(config, can_dbc.load(config.dbc))
        source = _source(config, setting, rows)
        try:
            device, meta = source.open()
        except BaseException:
            source.close()
            raise
        self._rows, self._source, self._last_ns = rows, source, -1
        # Frames of a bus come when they like: only the simulated one has a rate.
        rate = config.rate_hz * len(rows.names & set(MESSAGES)) if config.source == "simulated" else 0.0
        return StreamInfo(t_ns=setting.clock.now_ns(), stream=setting.stream, kind="context", driver="can",
                          rate_hz=rate, columns=tuple(Column(name, COLUMNS[name]) for name in rows.columns),
                          device=f"{device}, {Path(config.dbc).stem}.dbc",
                          meta=meta | {"signals": ", ".join(f"{column} = {' and '.join(names)}"
                                                            for column, names in config.mapped.items())})

    def read(self, timeout_s: float) -> Samples | None:
        """Return a row for each frame that came and is wanted; None when a log is over.

        Raises
        ------
        DeviceError
            If the bus is off, gone or silent, or the log is damaged.
        """
        if self._rows is None or self._source is None:
            raise DeviceError(f"[{self._setting.stream}] was not opened.", "Call open() first.")
        frames = self._source.read(timeout_s)
        if frames is None:
            return None
        values, times, device = [], [], []
        for frame in frames:
            row = self._rows.push(frame)
            if row is not None:
                self._last_ns = max(frame.t_ns, self._last_ns + 1)
                values.append(row)
                times.append(self._last_ns)
                device.append(frame.device_ns)
        own = np.array(device, np.int64) if device and min(device) >= 0 else None
        return Samples(np.array(values, np.float32).reshape(len(values), len(self._rows.columns)),
                       np.array(times, np.int64), own)

    def aside(self) -> Aside:
        """Return one sentence about values that are not believed at present, or about the bus, if there is one."""
        if self._rows is None or self._source is None:
            return Aside()
        return Aside(detail=self._rows.trouble() or self._source.trouble())

    def close(self) -> None:
        """Leave the bus or close the log; what was lost is still known."""
        if self._source is not None:
            self._source.close()

    def lost(self) -> int:
        """Return how many wanted frames could not be read since `open`."""
        return (self._rows.undecodable if self._rows else 0) + (self._source.lost if self._source else 0)


def check(config: CanConfig) -> str:
    """Return what a rig's table will be opened on, without opening any bus.

    Raises
    ------
    DeviceError
        If the DBC, a signal of it or the log is not there.
    """
    Rows(config, can_dbc.load(config.dbc))
    if config.is_log and not Path(config.source).expanduser().is_file():
        raise DeviceError(f"There is no CAN log '{config.source}'.", "Check the path in source.")
    told = {"bus": f"{config.interface} {config.channel} (not tried: only a session opens it)",
            "simulated": "simulated vehicle"}.get(config.source, config.source)
    return f"{told}, {Path(config.dbc).stem}.dbc"


def _source(config: CanConfig, setting: Setting, rows: Rows) -> Source:
    if config.source == "bus":
        return BusSource(config, setting, rows.identifiers, rows.messages)
    if config.source == "simulated":
        return SimulatedSource(config, setting)
    return LogSource(Path(config.source).expanduser(), config, setting)

