"""The truth driver: the simulated participant's hidden state, recorded for judging and never read by the session."""

import numpy as np

from sensors.driver import Samples, Setting
from sensors.drivers.truth_config import TruthConfig
from sensors.messages import Column, StreamInfo
from sensors.simulated.grid import Grid
from sensors.simulated.participant import Participant
from sensors.simulated.story import STATES

COLUMNS = (
    Column("state_code", "1"),
    Column("vigilance", "1"),
    Column("load", "1"),
    Column("gaze_yaw", "rad"),
    Column("gaze_pitch", "rad"),
    Column("lid", "1"),
    Column("blinking", "1"),
    Column("speaking", "1"),
    Column("present", "1"),
)
"""Fields of `participant.Moment`; state_code counts in the list that the stream's meta carries as "states"."""


class Truth:
    """What is true of the simulated participant, on an exact grid.

    Parameters
    ----------
    config
        The rig's ``[truth]`` table.
    setting
        Session start, clock and participant.
    """

    def __init__(self, config: TruthConfig, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._grid = Grid(setting.clock, setting.start_ns, config.rate_hz)
        self._participant = Participant(setting.participant)

    def open(self) -> StreamInfo:
        """Begin at the present moment of the grid."""
        self._grid.begin()
        return StreamInfo(t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, kind="truth",
                          driver="truth", rate_hz=self._config.rate_hz, columns=COLUMNS,
                          device=f"simulated participant, seed {self._setting.participant.seed}",
                          meta={"simulated": "yes", "seed": str(self._setting.participant.seed),
                                "states": ",".join(STATES)})

    def read(self, timeout_s: float) -> Samples:
        """Return the grid points that became due, waiting at most `timeout_s` for one; it is never over."""
        times_ns = self._grid.due(timeout_s)
        values = np.empty((len(times_ns), len(COLUMNS)), np.float32)
        for row, t_s in enumerate(self._grid.seconds(times_ns)):
            moment = self._participant.at(t_s)
            values[row] = [getattr(moment, column.name) for column in COLUMNS]
        return Samples(values, times_ns)

    def close(self) -> None:
        """Nothing to release."""

    def lost(self) -> int:
        """Return 0: nothing is lost on the way."""
        return 0
