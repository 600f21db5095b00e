"""The context driver: the simulated world outside, on an exact grid of session time."""

import numpy as np

from sensors.driver import Samples, Setting
from sensors.drivers.context_config import ContextConfig
from sensors.messages import Column, StreamInfo
from sensors.simulated.grid import Grid
from sensors.simulated.participant import Participant

COLUMNS = (Column("speed_kmh", "km/h"), Column("demand", "1"))
"""Vehicle speed, and how much the outside asks of the person, 0..1."""


class Context:
    """The speed and the demand that the simulated participant meets.

    Parameters
    ----------
    config
        The rig's ``[context]`` table.
    setting
        Session start, clock and participant.
    """

    def __init__(self, config: ContextConfig, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._grid = Grid(setting.clock, setting.start_ns, config.rate_hz)
        self._participant = Participant(setting.participant)

    def open(self) -> StreamInfo:
        """Begin at the present moment of the grid."""
        self._grid.begin()
        return StreamInfo(t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, kind="context",
                          driver="context", rate_hz=self._config.rate_hz, columns=COLUMNS,
                          device=f"simulated world @ {self._config.rate_hz:g} Hz",
                          meta={"simulated": "yes", "seed": str(self._setting.participant.seed)})

    def read(self, timeout_s: float) -> Samples:
        """Return the grid points that became due, waiting at most `timeout_s` for one; it is never over."""
        times_ns = self._grid.due(timeout_s)
        values = np.empty((len(times_ns), len(COLUMNS)), np.float32)
        for row, t_s in enumerate(self._grid.seconds(times_ns)):
            moment = self._participant.at(t_s)
            values[row] = moment.speed_kmh, moment.demand
        return Samples(values, times_ns)

    def close(self) -> None:
        """Nothing to release."""

    def lost(self) -> int:
        """Return 0: nothing is lost on the way."""
        return 0
