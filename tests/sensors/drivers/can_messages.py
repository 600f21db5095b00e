"""Frames of the DBC that ships, for tests: on a virtual bus, or in a log."""

from collections.abc import Iterator
from contextlib import contextmanager

import can

from sensors.clock import FakeClock
from sensors.driver import Setting
from sensors.drivers import can_dbc
from sensors.drivers.can import Can
from sensors.drivers.can_config import CanConfig

DATABASE = can_dbc.load("vehicle")


def frame(name: str, t_s: float = 0.0, **signals: float | str) -> can.Message:
    """Return one message of the vehicle as a frame; signals left out are 0."""
    message = DATABASE.get_message_by_name(name)
    told = {signal.name: 0 for signal in message.signals} | signals
    return can.Message(timestamp=t_s, arbitration_id=message.frame_id, is_extended_id=False,
                       data=message.encode(told, strict=False))


def driver(config: CanConfig, clock: FakeClock, **keys: object) -> Can:
    """Return the driver of a session that begins now, not yet open."""
    return Can(config, Setting(stream="context", start_ns=clock.now_ns(), clock=clock, **keys))  # type: ignore[arg-type]


@contextmanager
def on_a_bus(name: str, clock: FakeClock, **keys: object) -> Iterator[tuple[Can, can.BusABC]]:
    """Yield an open driver on the virtual bus `name`, and the vehicle's end of that bus."""
    config = CanConfig(interface="virtual", channel=name, **keys)  # type: ignore[arg-type]
    vehicle = can.Bus(name, "virtual", ignore_config=True)
    listening = driver(config, clock)
    try:
        listening.open()
        yield listening, vehicle
    finally:
        listening.close()
        vehicle.shutdown()
