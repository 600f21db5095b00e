"""A log of a bus, played at its own pace: candump, Vector ASC or BLF, through python-can's readers."""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import can
from can.io.blf import BLFParseError

from sensors.can_bus import said
from sensors.clock import SECOND
from sensors.driver import Setting
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_frames import Frame
from sensors.drivers.can_source import AT_ONCE
from sensors.errors import DeviceError

READERS: dict[str, Any] = {".log": can.CanutilsLogReader, ".asc": can.ASCReader, ".blf": can.BLFReader}
CATCH_UP_S = 2.0
"""A log opened this much after the session began is taken to be a restart and joins at the present."""
LAP_PAUSE_S = 0.01
"""Pause between two laps of a looped log."""
DAMAGE = (ValueError, LookupError, ArithmeticError, TypeError, OSError, EOFError, struct.error, zlib.error,
          BLFParseError, can.CanError)
"""What python-can's readers raise at bytes that they cannot read."""


class LogSource:
    """Frames at ``session start + (their stamp - the log's first stamp)``; the recorded stamps travel beside ours."""

    def __init__(self, path: Path, config: CanConfig, setting: Setting) -> None:
        self._path, self._loop = path, config.loop
        self._clock, self._start_ns = setting.clock, setting.start_ns
        self._frames: Iterator[Frame] | None = None
        self._waiting: Frame | None = None
        self._from_ns = 0
        self._seconds = 0.0
        self.lost = 0

    def open(self) -> tuple[str, dict[str, str]]:
        """Open the log and read its first frame."""
        if not self._path.is_file():
            raise DeviceError(f"There is no CAN log '{self._path}'.", "Check the path in source.")
        self._check_size()
        self._frames = self._play()
        self._waiting = next(self._frames, None)
        if self._waiting is None:
            self.close()
            raise DeviceError(f"The CAN log '{self._path}' holds no frame.",
                              "Choose another; candump must write it with -L, Vector with its text or BLF logging.")
        now_ns = self._clock.now_ns()
        self._from_ns = now_ns if now_ns - self._start_ns > CATCH_UP_S * SECOND else self._start_ns
        return self._path.name, {"file": self._path.name, "holes": "kept"}

    def read(self, timeout_s: float) -> list[Frame] | None:
        """Return the frames that are due; None at the end of a log that does not loop."""
        if self._frames is None or self._waiting is None:
            return None
        wait_s = (self._waiting.t_ns - self._clock.now_ns()) / SECOND
        self._clock.sleep(min(wait_s, timeout_s))
        now_ns, due = self._clock.now_ns(), []
        for _ in range(AT_ONCE):
            if self._waiting is None or self._waiting.t_ns > now_ns:
                break
            if self._waiting.t_ns >= self._from_ns:
                due.append(self._waiting)
            self._waiting = next(self._frames, None)
        return due

    def trouble(self) -> str:
        """Return ""."""
        return ""

    def close(self) -> None:
        """Close the log."""
        self._frames = self._waiting = None

    def _play(self) -> Iterator[Frame]:
        base_ns, last_ns = self._start_ns, self._start_ns - 1
        while True:
            first_ns, some = 0, False
            for message in self._messages():
                stamp_ns = round(message.timestamp * SECOND)
                first_ns, some = first_ns if some else stamp_ns, True
                # Merged logs step back now and then; time here never does.
                last_ns = max(last_ns + 1, base_ns + stamp_ns - first_ns)
                self._seconds = (last_ns - base_ns) / SECOND
                yield Frame(last_ns, message.arbitration_id, message.is_extended_id, bytes(message.data), stamp_ns)
            if not (self._loop and some):
                return
            base_ns = last_ns + round(LAP_PAUSE_S * SECOND)

    def _messages(self) -> Iterator[can.Message]:
        """Yield the data frames of one lap."""
        try:
            with self._opened() as file:
                try:
                    for message in READERS[self._path.suffix.lower()](file):
                        if not math.isfinite(message.timestamp):
                            raise ValueError("a frame without a time")
                        if not (message.is_error_frame or message.is_remote_frame):
                            yield message
                except ValueError:
                    # candump that was ended leaves half a line, and nothing after it.
                    if self._path.suffix.lower() != ".log" or file.read(1):
                        raise
        except DAMAGE as error:
            raise DeviceError(f"The CAN log '{self._path}' is damaged after {self._seconds:.1f} s: {said(error)}.",
                              "Record it again, or cut it there.") from error

    def _opened(self) -> IO[Any]:
        # Opened here and not by the reader, which leaves its file open when it does not like it.
        if self._path.suffix.lower() == ".blf":
            return self._path.open("rb")
        return self._path.open(encoding="utf-8", errors="replace")

    def _check_size(self) -> None:
        size = self._path.stat().st_size
        if self._path.suffix.lower() != ".blf" or not size:
            return
        # A BLF that was cut off reads as a shorter one without any error; only its header knows.
        try:
            with self._path.open("rb") as file:
                told = can.BLFReader(file).file_size
        except DAMAGE as error:
            raise DeviceError(f"The CAN log '{self._path}' is no BLF: {said(error)}.",
                              "Choose another file.") from error
        if told > size:
            raise DeviceError(f"The CAN log '{self._path}' is cut off: {size} bytes of {told}.",
                              "Copy it again from where it was recorded.")
