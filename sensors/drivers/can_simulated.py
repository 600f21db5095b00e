"""The simulated vehicle as a bus: its frames are written and read with the DBC that ships."""

import math

from sensors.clock import SECOND
from sensors.driver import Setting
from sensors.drivers import can_dbc
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_frames import Frame
from sensors.simulated.grid import Grid
from sensors.simulated.vehicle import Vehicle, VehicleMoment

MESSAGES = ("VehicleSpeed", "VehicleSteering", "VehiclePedals", "VehicleLamps", "VehicleGear", "VehicleRoad")
"""What is sent in turn, at even distances; no bus stands between, which would add nothing but real time."""


class SimulatedSource:
    """Frames of the simulated vehicle, each with what is true at its own moment."""

    def __init__(self, config: CanConfig, setting: Setting) -> None:
        self._grid = Grid(setting.clock, setting.start_ns, config.rate_hz * len(MESSAGES))
        self._start_ns, self._rate_hz = setting.start_ns, config.rate_hz * len(MESSAGES)
        self._vehicle = Vehicle(setting.participant, config.drive)
        self._database = can_dbc.load("vehicle")
        self._told = f"simulated vehicle ({config.drive}), {config.rate_hz:g} Hz"
        self._seed = setting.participant.seed
        self.lost = 0

    def open(self) -> tuple[str, dict[str, str]]:
        """Begin at the present moment of the grid."""
        self._grid.begin()
        return self._told, {"simulated": "yes", "seed": str(self._seed)}

    def read(self, timeout_s: float) -> list[Frame]:
        """Return the frames that became due; it is never over."""
        times_ns = self._grid.due(timeout_s).tolist()
        return [self._frame(t_ns) for t_ns in times_ns]

    def trouble(self) -> str:
        """Return ""."""
        return ""

    def close(self) -> None:
        """Nothing to release."""

    def _frame(self, t_ns: int) -> Frame:
        since_s = (t_ns - self._start_ns) / SECOND
        name = MESSAGES[round(since_s * self._rate_hz) % len(MESSAGES)]
        message = self._database.get_message_by_name(name)
        told = signals(name, self._vehicle.at(since_s))
        return Frame(t_ns, message.frame_id, message.is_extended_frame, message.encode(told, strict=True))


def signals(message: str, moment: VehicleMoment) -> dict[str, float | str]:
    """Return the signals of one message in the units of the DBC that ships."""
    match message:
        case "VehicleSpeed":
            return {"Speed": moment.speed_kmh, "Acceleration": moment.acceleration}
        case "VehicleSteering":
            return {"SteeringAngle": math.degrees(moment.steering)}
        case "VehiclePedals":
            return {"Brake": 100 * moment.brake}
        case "VehicleLamps":
            return {"Indicator": ("off", "right", "left")[moment.indicator]}
        case "VehicleGear":
            gear = "reverse" if moment.gear < 0 else f"forward_{moment.gear}" if moment.gear else "park"
            return {"Gear": gear}
        case _:
            return {"Demand": moment.demand}
