"""What every driver that waits for a headset's gaze does: rows in, samples out, stamps that only go forward."""

from typing import Protocol

import numpy as np

from sensors.driver import Aside, Samples, Setting
from sensors.drivers.headset_columns import COLUMNS, Arrived
from sensors.drivers.headset_config import HeadsetConfig
from sensors.drivers.headset_simulated import SimulatedHeadset
from sensors.messages import StreamInfo, TimeArray


class Receiver(Protocol):
    """Where rows come from: a port, or the simulated participant."""

    def open(self) -> tuple[str, dict[str, str]]:
        """Listen; return the device and what its info says besides. DeviceError if it cannot."""
        ...

    def receive(self, timeout_s: float) -> list[Arrived]:
        """Return the rows that came, waiting at most `timeout_s` for the first."""
        ...

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        ...

    def lost(self) -> int:
        """Return how many messages could not be used since `open`."""
        ...

    def trouble(self) -> str:
        """Return one sentence about what is wrong at present, or ""."""
        ...


class Headset:
    """Gaze on the session clock, stamped at arrival; the sender's own stamps travel beside.

    Parameters
    ----------
    config
        The driver's table.
    setting
        Stream name, clock, and the participant for source "simulated".
    receiver
        Where rows come from, unless the table says simulated.
    """

    def __init__(self, config: HeadsetConfig, setting: Setting, receiver: Receiver) -> None:
        self._config, self._setting = config, setting
        simulated = SimulatedHeadset(setting, config.rate_hz) if config.source == "simulated" else None
        self._receiver: Receiver = simulated or receiver
        self._rate_hz = simulated.rate_hz if simulated else config.rate_hz
        self._newest_ns = -1

    def open(self) -> StreamInfo:
        """Listen and say where.

        Raises
        ------
        DeviceError
            If the port cannot be opened.
        """
        device, meta = self._receiver.open()
        self._newest_ns = -1
        # Silence is the sender's own: the port stays open, so that an app can come and go.
        return StreamInfo(t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, kind="camera",
                          driver=self._config.driver, rate_hz=self._rate_hz, columns=COLUMNS, device=device,
                          meta={"simulated": "no", "holes": "kept", "frame": "headset"} | meta)

    def read(self, timeout_s: float) -> Samples:
        """Return the rows that came, waiting at most `timeout_s` for the first; it is never over."""
        arrived = self._receiver.receive(timeout_s)
        if not arrived:
            return Samples(np.empty((0, len(COLUMNS)), np.float32), np.empty(0, np.int64))
        times = increasing([one.t_ns for one in arrived], self._newest_ns)
        self._newest_ns = int(times[-1])
        stamps = [one.device_ns for one in arrived if one.device_ns is not None]
        return Samples(np.array([one.row for one in arrived], np.float32), times,
                       np.array(stamps, np.int64) if len(stamps) == len(arrived) else None)

    def aside(self) -> Aside:
        """Return what is wrong although rows may flow."""
        return Aside(detail=self._receiver.trouble())

    def close(self) -> None:
        """Stop listening; safe to call twice, and before `open`."""
        self._receiver.close()

    def lost(self) -> int:
        """Return how many messages could not be used since `open`."""
        return self._receiver.lost()


def increasing(times_ns: list[int], after_ns: int) -> TimeArray:
    """Return arrival stamps, each at least a nanosecond after the one before and after `after_ns`."""
    out = []
    for t_ns in times_ns:
        after_ns = max(t_ns, after_ns + 1)
        out.append(after_ns)
    return np.array(out, np.int64)


def exposed(config: HeadsetConfig) -> str:
    """Return the sentence that has to be told where others than this machine can reach the port; "" otherwise."""
    if config.private:
        return ""
    return (f"Port {config.port} listens on {config.host}: gaze travels there neither encrypted nor signed, and any "
            "machine of that network can send it.")
