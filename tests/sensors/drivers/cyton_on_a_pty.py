"""An OpenBCI Cyton behind a pseudo-terminal: the board's serial protocol, spoken from a thread.

Protocol (OpenBCI documentation, "Cyton Data Format" and "Cyton Board SDK"): 'v' resets and answers with a banner that
ends in "$$$"; 'd' restores the default channel settings and answers in text that ends in "$$$"; other commands of
letters are answered likewise; 'b' starts and 's' stops packets of 33 bytes: 0xA0, sample number, eight 24-bit
big-endian counts, six auxiliary bytes, 0xC0.
"""

import os
import threading
import tty

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND, now_ns

UV_PER_COUNT = 4.5 / 24 / (2**23 - 1) * 1e6
"""ADS1299 with 4.5 V reference at gain 24."""

BANNER = (b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\nLIS3DH Device ID: 0x33\r\n"
          b"Firmware: v3.1.2\r\n$$$")


def packet(number: int, counts: NDArray[np.int32]) -> bytes:
    """Return one packet: sample number and eight 24-bit counts."""
    channels = b"".join(int(count).to_bytes(3, "big", signed=True) for count in counts)
    return b"\xa0" + bytes([number % 256]) + channels + bytes(6) + b"\xc0"


class CytonOnAPty:
    """A Cyton that sends `counts` once it is told to start, then falls silent.

    Parameters
    ----------
    counts
        (time, 8) int32 ADC counts.
    dropped
        Rows that never leave the board.
    first_number
        Sample number of the first row; they run to 255 and on from 0.
    rate_hz
        Packets a second.
    """

    def __init__(self, counts: NDArray[np.int32], dropped: frozenset[int] = frozenset(), first_number: int = 0,
                 rate_hz: float = 250.0) -> None:
        self._counts, self._dropped, self._first, self._rate_hz = counts, dropped, first_number, rate_hz
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        self._theirs = theirs
        self.commands = b""
        self._streaming, self._ended = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True),
                         threading.Thread(target=self._send, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                heard = os.read(self._ours, 1)
            except OSError:  # the last one to hold the other end closed it
                return
            self.commands += heard
            if heard == b"v":
                os.write(self._ours, BANNER)
            elif heard == b"b":
                self._streaming.set()
            elif heard == b"s":
                self._streaming.clear()
            elif heard != b"\x00":
                os.write(self._ours, b"updating channel settings to default$$$" if heard == b"d" else b"Success$$$")

    def _send(self) -> None:
        self._streaming.wait()
        start_ns = now_ns()
        # Ten packets at a time, as the dongle's radio hands them on.
        for first in range(0, len(self._counts), 10):
            due_s = (first + 10) / self._rate_hz - (now_ns() - start_ns) / SECOND
            if self._ended.wait(max(0.0, due_s)) or not self._streaming.is_set():
                return
            rows = [row for row in range(first, min(first + 10, len(self._counts))) if row not in self._dropped]
            os.write(self._ours, b"".join(packet(self._first + row, self._counts[row]) for row in rows))

    def close(self) -> None:
        """Unplug it."""
        self._ended.set()
        self._streaming.set()
        self._threads[1].join(2.0)
        os.write(self._theirs, b"\x00")  # wakes the listener out of its read
        self._threads[0].join(2.0)
        os.close(self._ours)
        os.close(self._theirs)
