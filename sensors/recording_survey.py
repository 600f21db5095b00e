"""What one reading of a whole recording shows: how much of what is there, what is missing, and what each stream is."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sensors.errors import WireError
from sensors.messages import StreamInfo, decode
from sensors.recording_scan import Row

_NUMBERS = 0xFFFFFFFF
"""Running numbers start at 1 and are 32 bits wide on disk."""


class Survey(NamedTuple):
    """What reading every byte once showed."""

    counts: dict[str, int]
    """Messages per topic."""
    lost_ranges: tuple[tuple[int, int], ...]
    """(from, to) in ns of the session clock, around each hole in the running numbers."""
    lost_messages: int
    streams: dict[str, StreamInfo]
    """What each stream said last about itself."""
    last_number: int
    last_ns: int
    """Running number and time of the last whole message."""
    damaged_end: bool
    """Whether no whole chunk follows the last damaged stretch."""


class Surveyor:
    """Takes in the chunks of a recording one by one, in file order.

    Parameters
    ----------
    start_ns
        When the recording began, for a hole before its first message.
    channels
        Channel id to topic; may grow while the file is read.
    """

    def __init__(self, start_ns: int, channels: dict[int, str]) -> None:
        self._channels = channels
        self._counts: Counter[int] = Counter()
        self._ranges: list[tuple[int, int]] = []
        self._streams: dict[str, StreamInfo] = {}
        self._number = 0
        self._last_ns = start_ns
        self._damaged = False

    def take(self, rows: Sequence[Row] | None) -> None:
        """Take in the messages of the next chunk; None is a stretch of the file that is damaged."""
        self._damaged = rows is None
        if not rows:
            return
        numbers = [row[1] for row in rows]
        first = self._number + 1
        if numbers != list(range(first, first + len(numbers))):
            self._find_holes(rows)
        self._number, self._last_ns = numbers[-1], rows[-1][2]
        channels = [row[0] for row in rows]
        self._counts.update(channels)
        for channel in set(channels):
            if self._channels.get(channel) == "info":
                self._note([row[3] for row in rows if row[0] == channel])

    def _find_holes(self, rows: Sequence[Row]) -> None:
        number, good_ns = self._number, self._last_ns
        for _, sequence, log_ns, _ in rows:
            if sequence != (number + 1) & _NUMBERS:
                self._ranges.append((good_ns, max(good_ns, log_ns)))
            number, good_ns = sequence, log_ns

    def _note(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            try:
                info = decode(payload)
            except WireError:
                continue  # counted like any other message; whoever decodes the recording is told
            if isinstance(info, StreamInfo):
                self._streams[info.stream] = info

    def survey(self) -> Survey:
        """Return what the chunks so far have shown."""
        counts: Counter[str] = Counter()
        for channel, count in self._counts.items():
            counts[self._channels.get(channel, "")] += count
        total = counts.total()
        del counts[""]
        return Survey(dict(counts), tuple(self._ranges), (self._number - total) & _NUMBERS if total else 0,
                      self._streams, self._number, self._last_ns, self._damaged)
