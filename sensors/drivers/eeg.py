"""The EEG driver: any BrainFlow board by name, a recording, another process's stream, or the simulated brain."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND, Clock
from sensors.driver import Samples, Setting
from sensors.drivers.eeg_boards import PLAYBACK, SIMULATED
from sensors.drivers.eeg_config import EegConfig
from sensors.drivers.eeg_packets import PackageCounter
from sensors.drivers.eeg_session import BoardSession, Granted
from sensors.errors import DeviceError
from sensors.messages import Column, StreamInfo, TimeArray
from sensors.timing import SampleClock

SILENT_S = 2.0
"""Silence after which a board that was sending has stopped."""
FIRST_S = 5.0
"""Silence after which a board that was only just started will not begin: Bluetooth boards take a few seconds."""
LATE_S = 0.5
"""Burstiness that is allowed for when a loss is checked against the time that has passed."""


class Source(Protocol):
    """Where EEG comes from: a board, or the simulated brain."""

    @property
    def lost(self) -> int:
        """Samples lost on the way so far."""
        ...

    def open(self) -> Granted:
        """Open it and say what it granted; DeviceError if it cannot be."""
        ...

    def take(self) -> Samples:
        """Return what is new, without waiting."""
        ...

    def over(self) -> bool:
        """Return whether nothing more will come."""
        ...

    def close(self) -> None:
        """Release it; safe to call twice."""
        ...


class Eeg:
    """EEG in uV on the session clock.

    Parameters
    ----------
    config
        The rig's ``[eeg]`` table.
    setting
        Stream name, session clock, and the participant for board SIMULATED.
    """

    def __init__(self, config: EegConfig, setting: Setting) -> None:
        self._config, self._setting, self._clock = config, setting, setting.clock
        self._source: Source = _source(config, setting)
        self._columns = 0
        self._begun = False
        self._last_ns = self._due_ns = 0

    def open(self) -> StreamInfo:
        """Open the board, start it and say what it granted.

        Raises
        ------
        DeviceError
            If it cannot be opened; nothing stays half open.
        """
        granted = self._source.open()
        self._columns, self._begun = len(granted.electrodes), False
        self._last_ns = self._due_ns = self._clock.now_ns()
        return StreamInfo(
            t_ns=self._last_ns, stream=self._setting.stream, kind="eeg", driver="eeg", rate_hz=granted.rate_hz,
            columns=tuple(Column(name, "uV") for name in granted.electrodes), device=granted.device, meta=granted.meta)

    def read(self, timeout_s: float) -> Samples | None:
        """Return new samples: uV as the board gives them, NaN and railed values included.

        Raises
        ------
        DeviceError
            If the board has stopped sending.
        """
        until_ns = self._clock.now_ns() + round(timeout_s * SECOND)
        while True:
            now_ns = self._clock.now_ns()
            wake_ns = min(self._due_ns, until_ns)
            if wake_ns > now_ns:
                self._clock.sleep((wake_ns - now_ns) / SECOND)
                now_ns = self._clock.now_ns()
            if now_ns < self._due_ns:
                return self._nothing()
            self._due_ns = now_ns + round(self._config.poll_ms * SECOND / 1000)
            samples = self._source.take()
            if len(samples.times_ns):
                self._begun, self._last_ns = True, now_ns
                return samples
            if self._source.over():
                return None
            self._check_silence(now_ns)
            if now_ns >= until_ns:
                return self._nothing()

    def close(self) -> None:
        """Release the board; safe to call twice, and after a failed `open`."""
        self._source.close()

    def lost(self) -> int:
        """Return how many samples the board lost since `open`, by its package numbers."""
        return self._source.lost

    def _nothing(self) -> Samples:
        return Samples(np.empty((0, self._columns), np.float32), np.empty(0, np.int64))

    def _check_silence(self, now_ns: int) -> None:
        silent_s = (now_ns - self._last_ns) / SECOND
        # A playback file waits out its own holes, and a brain that starts later is silent until then.
        if self._config.board in (PLAYBACK, SIMULATED) or silent_s < (SILENT_S if self._begun else FIRST_S):
            return
        said = "stopped sending" if self._begun else "opened, but sends nothing"
        raise DeviceError(f"{self._config.board} {said} ({silent_s:.1f} s of silence).",
                          "Check its battery, cable, dongle and distance; it is opened again.")


class StampedBoard:
    """A board's samples with session times: arrivals smoothed by a `SampleClock`, losses left as holes.

    Attributes
    ----------
    clock : SampleClock
        The board's measured rate, drift and jitter.
    """

    def __init__(self, config: EegConfig, clock: Clock) -> None:
        self._config, self._session_clock = config, clock
        self._session = BoardSession(config)
        self._counter = PackageCounter(config.master_board or config.board)
        self.clock = SampleClock(1.0)
        self._last_ns = 0
        self._device_ns = 0

    @property
    def lost(self) -> int:
        """Samples lost on the way so far."""
        return self._counter.lost

    def open(self) -> Granted:
        """Open the board and begin to count."""
        granted = self._session.open()
        self._counter = PackageCounter(self._config.master_board or self._config.board)
        self.clock = SampleClock(granted.rate_hz)
        self._last_ns, self._device_ns = self._session_clock.now_ns(), 0
        return granted

    def take(self) -> Samples:
        """Return what is new, without waiting."""
        values, device_ns, numbers = self._session.drain()
        now_ns = self._session_clock.now_ns()
        if not device_ns.size:
            return Samples(values, device_ns)
        room = round(((now_ns - self._last_ns) / SECOND + LATE_S) * self.clock.nominal_hz)
        gaps = self._gaps(device_ns, numbers, room)
        self._last_ns, self._device_ns = now_ns, int(device_ns[-1])
        return Samples(values, self.clock.stamp(device_ns.size, now_ns, gaps), device_ns)

    def _gaps(self, device_ns: TimeArray, numbers: NDArray[np.float64], room: int) -> TimeArray:
        """Return the samples lost before each new one; where the device's time runs back, a file began anew."""
        backward = np.flatnonzero(device_ns[1:] < device_ns[:-1]) + 1
        if device_ns[0] < self._device_ns:
            self._counter.restart()
        if not backward.size:
            return self._counter.skipped(numbers, room)
        gaps = []
        for part in np.split(numbers, backward):
            gaps.append(self._counter.skipped(part, room))
            if len(gaps) <= len(backward):
                self._counter.restart()
        return np.concatenate(gaps)

    def over(self) -> bool:
        """Return whether a playback file is at its end."""
        return self._session.over()

    def close(self) -> None:
        """Release the board; safe to call twice."""
        self._session.close()


def _source(config: EegConfig, setting: Setting) -> Source:
    if config.board == SIMULATED:
        from sensors.drivers.eeg_simulated import SimulatedBrain

        return SimulatedBrain(config, setting)
    return StampedBoard(config, setting.clock)
