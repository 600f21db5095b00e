"""Opening a CAN bus through python-can, for whoever listens and whoever speaks."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import can

from sensors.errors import DeviceError

Option: TypeAlias = bool | int | float | str
"""What an interface of python-can may be given beyond its channel."""

TROUBLE = (can.CanError, OSError, ValueError, NotImplementedError, ImportError, AttributeError, TypeError)
"""What python-can's interfaces raise at what they cannot do: most leave their vendor library's errors as they are."""

BUS_OFF = 0x40
ERROR_BYTES = 8
"""The class "bus off" in the number of an error frame, and the length of those that have classes (Linux:
include/uapi/linux/can/error.h, CAN_ERR_BUSOFF and CAN_ERR_DLC)."""


def open_bus(interface: str, channel: str | int, bitrate: int, options: Mapping[str, Option]) -> can.BusABC:
    """Return an open bus, with nothing taken from python-can's own configuration files.

    Raises
    ------
    DeviceError
        If there is no such interface or channel, or it may not be opened.
    """
    extra: dict[str, Any] = dict(options) | ({"bitrate": bitrate} if bitrate else {})
    try:
        return can.Bus(channel, interface, ignore_config=True, **extra)
    except TROUBLE as error:
        known = sorted(can.VALID_INTERFACES)
        if interface not in known:
            raise DeviceError(f"There is no CAN interface '{interface}'.",
                              f"python-can knows: {', '.join(known)}.") from error
        step = "Check its cable, its driver, and the names python-can has for its channels."
        if interface == "socketcan":
            step = ("Bring it up (sudo ip link set can0 up type can bitrate 500000), or look for its name with: "
                    "ip -details link show type can")
        raise DeviceError(f"The CAN bus {interface} '{channel}' cannot be opened: {said(error)}.", step) from error


def said(error: BaseException) -> str:
    """Return what an error says, on one line; its type where it says nothing."""
    return " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__


def is_off(bus: can.BusABC, message: can.Message | None) -> bool:
    """Return whether the bus is off, as its interface or an error frame of Linux says.

    Parameters
    ----------
    bus
        The open bus.
    message
        What was just received from it, if anything.
    """
    if message is not None and message.is_error_frame:
        return message.dlc == ERROR_BYTES and bool(message.arbitration_id & BUS_OFF)
    return message is None and bus.state is can.BusState.ERROR
