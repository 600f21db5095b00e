"""The stamp of each sample of an LSL stream: where its sender says, unless that cannot be; nothing is mended unsaid."""

import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND, SECOND
from sensors.drivers.headset_notice import Notice
from sensors.errors import DeviceError
from sensors.messages import TimeArray
from sensors.timing import SampleClock

BUFFER_S = 10
"""Seconds of samples that wait in the inlet."""
AHEAD_S, BEHIND_S = 0.5, BUFFER_S + 5.0
"""How far a stamp may lie ahead of its arrival, and behind it, before it is not of LSL's clock."""
TOLD_S = 0.001
"""A stamp that was moved by more than this is told."""


class Stamps:
    """Stamps samples on the session clock.

    By "lsl", a sample has the session time of its sender's stamp, never after its arrival and always after the sample
    before. By "arrival", a stream with a rate has its arrivals smoothed, and one without has them as they are.

    Parameters
    ----------
    stream
        For the sentences.
    rate_hz
        Nominal; 0 for none.
    by
        "lsl" or "arrival"; a stream whose first stamps are not of LSL's clock goes by arrival, which is told.
    notice
        Where trouble is told.
    """

    def __init__(self, stream: str, rate_hz: float, by: str, notice: Notice) -> None:
        self._stream, self._notice = stream, notice
        self._smooth = SampleClock(rate_hz) if rate_hz > 0 else None
        self._decided = by == "arrival"
        self.by = by
        self._off_s = 0.0  # how far the stamps lay from their arrival where they were not believed
        self._newest_ns = -1

    def stamp(self, mapped_ns: TimeArray, now_ns: int) -> TimeArray:
        """Return the samples' stamps (n,).

        Parameters
        ----------
        mapped_ns
            Session times by the senders' stamps and the measured offsets; n is 1 or more.
        now_ns
            When the last of them was there.

        Raises
        ------
        DeviceError
            If the sender's clock leapt after it was believed.
        """
        behind_s = (now_ns - mapped_ns) / SECOND
        astray = bool(((behind_s < -AHEAD_S) | (behind_s > BEHIND_S)).any())
        if self.by == "lsl" and astray:
            worst = float(behind_s[np.argmax(np.abs(behind_s))])
            if self._decided:
                raise DeviceError(f"The clock of LSL stream '{self._stream}' leapt: a sample came {worst:.1f} s after "
                                  "its own stamp.", "It is opened again, and its offset measured anew.")
            self.by = "arrival"
            self._off_s = worst
        self._decided = True
        times = self._believed(mapped_ns, now_ns) if self.by == "lsl" else self._arrived(len(mapped_ns), now_ns)
        self._newest_ns = int(times[-1])
        return times

    def trouble(self) -> str:
        """Return the sentence about stamps that were not believed, or ""."""
        if not self._off_s:
            return ""
        return (f"The stamps of '{self._stream}' lie {self._off_s:.1f} s from LSL's clock: samples are stamped when "
                "they arrive.")

    def _believed(self, mapped_ns: TimeArray, now_ns: int) -> TimeArray:
        times = in_order(np.minimum(mapped_ns, now_ns), self._newest_ns)
        moved = np.abs(times - mapped_ns)
        worst = int(moved.max())
        if worst > TOLD_S * SECOND:
            count = int((moved > TOLD_S * SECOND).sum())
            self._notice.tell(f"{count} of {len(times)} stamps of '{self._stream}' ran back or lay ahead of their "
                              f"arrival and were moved by up to {worst / MILLISECOND:.1f} ms.")
        return times

    def _arrived(self, count: int, now_ns: int) -> TimeArray:
        if self._smooth is not None:
            return self._smooth.stamp(count, now_ns)
        return in_order(np.full(count, now_ns, np.int64), self._newest_ns)


def in_order(times_ns: NDArray[np.int64], after_ns: int) -> TimeArray:
    """Return stamps (n,), each raised to a nanosecond after the one before and after `after_ns` where it is not."""
    steps = np.arange(len(times_ns), dtype=np.int64)
    ordered: TimeArray = np.maximum(np.maximum.accumulate(times_ns - steps), after_ns + 1) + steps
    return ordered
