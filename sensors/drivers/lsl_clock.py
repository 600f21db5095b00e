"""From the stamps of an LSL stream to session time: three clocks, two measured offsets, both kept beside the samples.

A sample carries the time its sender's LSL clock showed. LSL measures ``time_correction`` between that clock and this
machine's LSL clock, by round trips as NTP does; we measure the bridge from this machine's LSL clock to the session's by
reading both. A sample's session time is its stamp plus the correction less the bridge. The sender's own stamp travels
as ``device_ns``; both offsets and their uncertainties stand in ``StreamInfo.meta``, measured again every five seconds.
"""

import ctypes
from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.lib import lib
from pylsl.util import handle_error

from sensors.clock import SECOND, Clock
from sensors.messages import TimeArray

AGAIN_S = 5.0
"""LSL itself measures about this often."""
READINGS = 8
"""Readings of the bridge, of which the quickest counts."""

lib.lsl_time_correction_ex.restype = ctypes.c_double


class LslClock:
    """The measured offsets of one stream.

    Parameters
    ----------
    inlet
        An open `pylsl.StreamInlet`.
    clock
        The session clock.
    """

    def __init__(self, inlet: Any, clock: Clock) -> None:
        self._inlet, self._clock = inlet, clock
        self.correction_s = 0.0
        """This machine's LSL clock less the sender's."""
        self.uncertainty_s = 0.0
        """Half the round trip of that measurement: it cannot be further off."""
        self.bridge_ns = 0
        """This machine's LSL clock less the session's."""
        self.bridge_uncertainty_ns = 0
        self._again_ns = 0

    def measure(self, timeout_s: float) -> float:
        """Measure both offsets; return by how much a sample's session time moves because of it, in s.

        Raises
        ------
        RuntimeError
            If the sender does not answer in time, or is gone.
        """
        before = self.correction_s - self.bridge_ns / SECOND
        self.correction_s, self.uncertainty_s = correction(self._inlet, timeout_s)
        self.bridge_ns, self.bridge_uncertainty_ns = bridge(self._clock)
        self._again_ns = self._clock.now_ns() + round(AGAIN_S * SECOND)
        return self.correction_s - self.bridge_ns / SECOND - before

    def due(self) -> bool:
        """Return whether the offsets are old."""
        return self._clock.now_ns() >= self._again_ns

    def session_ns(self, stamps: NDArray[np.float64]) -> TimeArray:
        """Return session times of the sender's stamps (n,), s."""
        return as_ns(stamps + self.correction_s) - self.bridge_ns

    def meta(self) -> dict[str, str]:
        """Return the offsets as text, for `StreamInfo.meta`."""
        return {"lsl_offset_s": f"{self.correction_s:.9f}", "lsl_offset_uncertainty_s": f"{self.uncertainty_s:.9f}",
                "lsl_bridge_ns": str(self.bridge_ns), "lsl_bridge_uncertainty_ns": str(self.bridge_uncertainty_ns)}


def correction(inlet: Any, timeout_s: float) -> tuple[float, float]:
    """Return LSL's time correction of a stream and its uncertainty, s; the Python binding hides the latter.

    Raises
    ------
    RuntimeError
        If the sender does not answer in time, or is gone.
    """
    remote, uncertainty, code = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    value = lib.lsl_time_correction_ex(inlet.obj, ctypes.byref(remote), ctypes.byref(uncertainty),
                                       ctypes.c_double(timeout_s), ctypes.byref(code))
    handle_error(code)
    return float(value), float(uncertainty.value)


def bridge(clock: Clock) -> tuple[int, int]:
    """Return this machine's LSL clock less the session's, and half the time that reading them took, ns."""
    best = (0, 1 << 62)
    for _ in range(READINGS):
        before = clock.now_ns()
        theirs = round(pylsl.local_clock() * SECOND)
        after = clock.now_ns()
        half = (after - before + 1) // 2
        if half < best[1]:
            best = theirs - (before + after) // 2, half
    return best


def as_ns(seconds: NDArray[np.float64]) -> TimeArray:
    """Return seconds as ns; the stamps of LSL are float64, exact to 0.1 us for 30 years."""
    whole = np.floor(seconds)
    return whole.astype(np.int64) * SECOND + np.rint((seconds - whole) * SECOND).astype(np.int64)
