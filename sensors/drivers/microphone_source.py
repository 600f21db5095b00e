"""Where sound comes from: the source contract, the pace of sources that have no device, and the simulated voice."""

from typing import NamedTuple, Protocol

import numpy as np

from sensors.clock import SECOND, Clock
from sensors.driver import Setting
from sensors.messages import FloatArray, TimeArray

RATE_HZ = 16_000
FRAME = 512
"""Samples of a row, 32 ms: what Silero VAD takes at once at 16 kHz."""
SAMPLE_NS = SECOND // RATE_HZ
"""62500 ns, exactly."""
AT_ONCE = 16 * FRAME
"""Most samples that one read takes from a source without a device: half a second."""
CATCH_UP_S = 2.0
"""A source opened this much after the session began is taken to be a restart and joins at the present; opened less
late it catches up, so that a slow start loses nothing."""


class Pcm(NamedTuple):
    """A block of sound at 16 kHz mono; an empty one means "nothing new, still alive"."""

    samples: FloatArray
    """(n,) float32, full scale 1.0."""
    times_ns: TimeArray
    """(n,) session time of each sample, strictly increasing."""
    device_ns: TimeArray | None = None
    """(n,) the device's own time of each sample, if it tells one."""


class Source(Protocol):
    """One kind of source."""

    simulated: bool

    def open(self) -> tuple[str, dict[str, str]]:
        """Open it and return how it names itself, and what else is worth knowing."""
        ...

    def read(self, timeout_s: float) -> Pcm | None:
        """Return new sound, waiting at most `timeout_s`; None when it is over."""
        ...

    def close(self) -> None:
        """Release it; safe to call twice."""
        ...

    def lost(self) -> int:
        """Return how many samples at 16 kHz were lost since `open`."""
        ...


def empty() -> Pcm:
    """Return a block without samples."""
    return Pcm(np.empty(0, np.float32), np.empty(0, np.int64))


class Pace:
    """Lets the samples of a source without a device become due, a frame at a time.

    Sample n is true at ``start_ns + n * 62500``, whether or not the source is paced.

    Parameters
    ----------
    clock, start_ns
        Session clock and the time of sample 0.
    realtime
        Whether samples become due as the clock reaches them; otherwise they always are.
    """

    def __init__(self, clock: Clock, start_ns: int, realtime: bool) -> None:
        self._clock, self._start_ns, self._realtime = clock, start_ns, realtime

    def first(self) -> int:
        """Return the sample to begin with: 0, or the present one if the session began long ago."""
        late = self._due() if self._realtime else 0
        return late if late > CATCH_UP_S * RATE_HZ else 0

    def grant(self, position: int, timeout_s: float) -> int:
        """Return how many samples from `position` on are due, waiting at most `timeout_s` for a frame of them."""
        if not self._realtime:
            return AT_ONCE
        if self._due() <= position:
            last_ns = self._start_ns + (position + FRAME - 1) * SAMPLE_NS
            self._clock.sleep(min(timeout_s, (last_ns - self._clock.now_ns()) / SECOND))
        return max(0, min(self._due() - position, AT_ONCE))

    def times_ns(self, position: int, count: int) -> TimeArray:
        """Return the times of `count` samples from `position` on."""
        return self._start_ns + np.arange(position, position + count, dtype=np.int64) * SAMPLE_NS

    def _due(self) -> int:
        passed = (self._clock.now_ns() - self._start_ns) // SAMPLE_NS + 1
        return max(0, passed // FRAME * FRAME)


class SimulatedSource:
    """The simulated participant's voice and room, a function of time alone."""

    simulated = True

    def __init__(self, setting: Setting, realtime: bool) -> None:
        self._setting = setting
        self._pace = Pace(setting.clock, setting.start_ns, realtime)
        self._position = 0

    def open(self) -> tuple[str, dict[str, str]]:
        """Build the voice."""
        from sensors.simulated.voice import Voice

        self._voice = Voice(self._setting.participant)
        self._position = self._pace.first()
        return "simulated voice, 16000 Hz mono", {"seed": str(self._setting.participant.seed)}

    def read(self, timeout_s: float) -> Pcm | None:
        """Return what is due; a simulation is never over."""
        start, count = self._position, self._pace.grant(self._position, timeout_s)
        if not count:
            return empty()
        self._position += count
        return Pcm(self._voice.samples(start, count), self._pace.times_ns(start, count))

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def lost(self) -> int:
        """Return 0."""
        return 0
