"""Stream faults on request: what cables, radios and drivers do to any sensor, seeded and repeatable.

Faults of the signal itself (a lost face, a popping electrode, a clipped microphone, lost radio packets) are the
simulated sources' own.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND, SECOND
from sensors.driver import Aside, Driver, Samples, Setting, aside_of
from sensors.errors import DeviceError
from sensors.messages import StreamInfo, TimeArray
from sensors.simulated.story import Fault

STREAM_FAULTS = ("drop", "jitter", "stall", "crash")
"""The kinds that strike any stream, and the only ones that this file knows."""


class Faulty:
    """A driver with the rig's stream faults applied to what it reads.

    "drop" and "stall" take away the samples whose own time lies in the fault, "jitter" delays their stamps; which
    samples are struck depends on seed and stamp alone, not on how they were read. "crash" strikes when session time
    first passes its moment while the driver runs; a driver that is built anew after it, in another process too, does
    not crash again.

    Parameters
    ----------
    driver
        The driver underneath.
    setting
        Names the stream and the participant whose `faults` apply.
    """

    def __init__(self, driver: Driver, setting: Setting) -> None:
        self._driver, self._setting = driver, setting
        self._faults = tuple(fault for fault in setting.participant.faults
                             if fault.stream == setting.stream and fault.kind in STREAM_FAULTS)
        self._built_s = self._now_s()
        self._struck: set[int] = set()
        self._lost = 0
        self._last_ns: int | None = None

    def open(self) -> StreamInfo:
        """Open the driver underneath."""
        return self._driver.open()

    def close(self) -> None:
        """Close the driver underneath."""
        self._driver.close()

    def lost(self) -> int:
        """Return the samples lost by the device and by injected faults."""
        return self._driver.lost() + self._lost

    def aside(self) -> Aside:
        """Return what the driver underneath says beside its samples; faults do not strike it."""
        return aside_of(self._driver)

    def read(self, timeout_s: float) -> Samples | None:
        """Return the driver's samples as the faults leave them; wholly stalled ones come back empty.

        Raises
        ------
        DeviceError
            Once for each "crash" fault, at its time.
        """
        samples = self._driver.read(timeout_s)
        if not self._faults:
            return samples
        self._crash()
        if samples is None or not len(samples.times_ns):
            return samples
        samples = self._lose(samples)
        return self._jitter(samples)

    def _now_s(self) -> float:
        return (self._setting.clock.now_ns() - self._setting.start_ns) / SECOND

    def _of(self, *kinds: str) -> Iterator[tuple[int, Fault]]:
        return ((number, fault) for number, fault in enumerate(self._faults) if fault.kind in kinds)

    def _crash(self) -> None:
        for number, fault in self._of("crash"):
            if self._built_s <= fault.at_s <= self._now_s() and number not in self._struck:
                self._struck.add(number)
                raise DeviceError(f"'{self._setting.stream}' crashed, as the rig asked for at {fault.at_s:g} s.",
                                  "Take that fault out of [participant] to keep it running.")

    def _lose(self, samples: Samples) -> Samples:
        kept = np.ones(samples.times_ns.shape, np.bool_)
        for number, fault in self._of("stall", "drop"):
            share = 1.0 if fault.kind == "stall" else fault.amount
            kept &= ~(self._inside(samples.times_ns, fault) & (self._chance(samples.times_ns, number) < share))
        if kept.all():
            return samples
        self._lost += int(np.count_nonzero(~kept))
        device = None if samples.device_ns is None else samples.device_ns[kept]
        return Samples(samples.values[kept], samples.times_ns[kept], device)

    def _jitter(self, samples: Samples) -> Samples:
        times = samples.times_ns
        for number, fault in self._of("jitter"):
            late = self._chance(samples.times_ns, number) * fault.amount * MILLISECOND
            times = times + np.where(self._inside(samples.times_ns, fault), late, 0.0).astype(np.int64)
        if len(times) and any(self._of("jitter")):
            # A stamp never goes back and never repeats: each is at least one nanosecond after the one before.
            steps = np.arange(len(times))
            floor = times[0] if self._last_ns is None else max(times[0], self._last_ns + 1)
            times = np.maximum.accumulate(np.maximum(times - steps, floor)) + steps
            self._last_ns = int(times[-1])
        return Samples(samples.values, times, samples.device_ns)

    def _inside(self, times_ns: TimeArray, fault: Fault) -> NDArray[np.bool_]:
        first = self._setting.start_ns + math.ceil(fault.at_s * SECOND)
        end = self._setting.start_ns + math.ceil((fault.at_s + fault.for_s) * SECOND)
        return (times_ns >= first) & (times_ns < end)

    def _chance(self, times_ns: TimeArray, number: int) -> NDArray[np.float64]:
        """Return a uniform number in [0, 1) for each stamp: the splitmix64 finaliser of session time and seed."""
        key = (self._setting.participant.seed * 1_000_003 + number) * 0x9E3779B97F4A7C15 % 2**64
        mixed = (times_ns - self._setting.start_ns).astype(np.uint64) + np.uint64(key)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53
