"""Where frames come from: what every source offers, and a bus through python-can."""

from typing import Protocol

import can

from sensors.can_bus import TROUBLE, is_off, open_bus, said
from sensors.clock import SECOND
from sensors.driver import Setting
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_frames import Frame
from sensors.errors import DeviceError

AT_ONCE = 1000
"""Most frames of one read, so that a flood or a log's pause made good does not starve the heartbeat."""
SILENT_S = 5.0
"""Silence of every wanted message after which the bus is opened anew."""
FAILURES = 3
"""Failed reads in a row that mean the interface is gone; one is a malformed packet."""
ERROR_FRAMES = 100
"""Error frames in a row, without one good frame, that mean the bus is not usable."""


class Source(Protocol):
    """A sequence of frames."""

    lost: int
    """Frames that the source itself knows to have lost, since `open`."""

    def open(self) -> tuple[str, dict[str, str]]:
        """Open it and return how it names itself, and what else is worth knowing; raises DeviceError."""
        ...

    def read(self, timeout_s: float) -> list[Frame] | None:
        """Return new frames in order, waiting at most `timeout_s` for one; None when it is over."""
        ...

    def trouble(self) -> str:
        """Return one sentence about what is wrong though it goes on, or ""."""
        ...

    def close(self) -> None:
        """Release it; safe to call twice."""
        ...


class BusSource:
    """A bus, heard and never spoken to."""

    def __init__(self, config: CanConfig, setting: Setting, wanted: list[tuple[int, bool]], messages: str) -> None:
        self._config, self._clock = config, setting.clock
        self._wanted, self._messages = wanted, messages
        self._name = f"{config.interface} {config.channel}"
        self._bus: can.BusABC | None = None
        self._heard_ns = 0
        self._errors = self._failures = 0
        self.lost = 0

    def open(self) -> tuple[str, dict[str, str]]:
        """Open the bus, and let only the wanted messages through."""
        config = self._config
        self._bus = open_bus(config.interface, config.channel, config.bitrate, config.options)
        self._bus.set_filters([{"can_id": number, "can_mask": 0x1FFFFFFF if extended else 0x7FF, "extended": extended}
                               for number, extended in self._wanted])
        self._heard_ns = self._clock.now_ns()
        self._errors = self._failures = self.lost = 0
        rate = f", {config.bitrate / 1000:g} kbit/s" if config.bitrate else ""
        return self._name + rate, {"interface": config.interface, "channel": str(config.channel)}

    def read(self, timeout_s: float) -> list[Frame]:
        """Return the frames that came, stamped as they are taken from the bus."""
        if self._bus is None:
            raise DeviceError(f"The CAN bus {self._name} is not open.", "Call open() first.")
        frames: list[Frame] = []
        message = self._receive(self._bus, timeout_s)
        while message is not None:
            now_ns = self._clock.now_ns()
            if message.is_error_frame:
                self._note_error()
            elif not message.is_remote_frame:
                self._errors, self._heard_ns = 0, now_ns
                stamp_ns = round(message.timestamp * SECOND) if message.timestamp > 0 else -1
                frames.append(Frame(now_ns, message.arbitration_id, message.is_extended_id, bytes(message.data),
                                    stamp_ns))
            message = self._receive(self._bus, 0.0) if len(frames) < AT_ONCE else None
        if not frames and self._clock.now_ns() - self._heard_ns > SILENT_S * SECOND:
            raise DeviceError(f"No frame of {self._messages} came on {self._name} for {SILENT_S:g} s.",
                              "Check ignition, cable and bitrate, and whether the DBC is this vehicle's "
                              f"(candump {self._config.channel} shows what comes).")
        return frames

    def trouble(self) -> str:
        """Return that error frames come, while they do."""
        return f"Error frames come on {self._name}; check bitrate, termination and cable." if self._errors else ""

    def close(self) -> None:
        """Leave the bus."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.shutdown()

    def _receive(self, bus: can.BusABC, timeout_s: float) -> can.Message | None:
        try:
            message = bus.recv(timeout_s)
        except TROUBLE as error:
            self._failures += 1
            self.lost += 1
            if self._failures >= FAILURES:
                raise DeviceError(f"The CAN bus {self._name} is gone: {said(error)}.",
                                  "Check its cable and power, and bring it up; it is being opened anew.") from error
            return None
        self._failures = 0
        if is_off(bus, message):
            raise DeviceError(f"The CAN bus {self._name} is off: its controller left after too many errors.",
                              "Check bitrate, termination and cable; for a restart by itself: "
                              f"sudo ip link set {self._config.channel} type can restart-ms 100")
        return message

    def _note_error(self) -> None:
        self._errors += 1
        if self._errors >= ERROR_FRAMES:
            raise DeviceError(f"The CAN bus {self._name} brings nothing but error frames ({self._errors} in a row).",
                              "Check that the bitrate is the vehicle's, that the bus is terminated, and the cable.")
