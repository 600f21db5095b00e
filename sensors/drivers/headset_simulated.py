"""A simulated headset: the seeded participant's gaze, lids and head, without noise, at a headset's rate."""

from sensors.driver import Setting
from sensors.drivers.headset_columns import Arrived, Head, Lids, row
from sensors.simulated.grid import Grid
from sensors.simulated.participant import Moment, Participant

USUAL_HZ = 120.0
"""Where the table names no rate."""


class SimulatedHeadset:
    """The participant's headset, as a receiver of `headset_driver.Headset`.

    Parameters
    ----------
    setting
        Session start, clock and participant.
    rate_hz
        Rows a second; 0 takes `USUAL_HZ`.
    """

    def __init__(self, setting: Setting, rate_hz: float) -> None:
        self.rate_hz = rate_hz or USUAL_HZ
        self._grid = Grid(setting.clock, setting.start_ns, self.rate_hz)
        self._participant = Participant(setting.participant)
        self._seed = setting.participant.seed

    def open(self) -> tuple[str, dict[str, str]]:
        """Begin at the present moment; return the device and what its info says besides."""
        self._grid.begin()
        return f"simulated headset @ {self.rate_hz:g} Hz", {"simulated": "yes", "seed": str(self._seed)}

    def receive(self, timeout_s: float) -> list[Arrived]:
        """Return the rows that became due."""
        times = self._grid.due(timeout_s)
        return [Arrived(seen(self._participant.at(t_s)), t_ns)
                for t_ns, t_s in zip(times.tolist(), self._grid.seconds(times), strict=True)]

    def close(self) -> None:
        """Nothing to release."""

    def lost(self) -> int:
        """Return 0: nothing is lost on the way."""
        return 0

    def trouble(self) -> str:
        """Return "": nothing goes wrong."""
        return ""


def seen(moment: Moment) -> tuple[float, ...]:
    """Return the row of one moment: the gaze against straight ahead, as the content lies; none while it is not worn."""
    if not moment.present:
        return row(float("nan"), float("nan"), Lids(), Head(), 0.0)
    lid = 1.0 - moment.lid
    head = Head(moment.head_yaw, moment.head_pitch, moment.head_roll)
    # The tracker sees no pupil behind a lid that is all but shut.
    nothing = float("nan") if lid < 0.1 else 0.0
    return row(moment.gaze_yaw + nothing, moment.gaze_pitch + nothing, Lids(lid, lid), head, 1.0)
