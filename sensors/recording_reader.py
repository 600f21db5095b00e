"""Reading a recording: whole or cut, in file order, in flat memory."""

from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, Header, Metadata

from sensors import recording_format as form
from sensors import recording_scan as scan
from sensors.clock import SECOND
from sensors.errors import RecordingError, WireError
from sensors.messages import AnyMessage, StreamInfo, decode
from sensors.recording_survey import Survey, Surveyor

_MADE_BY = "Recordings are made with: attnflow live --record FILE.mcap"


class Recording:
    """A recording on disk.

    Opening reads metadata and attachments and walks over the chunks' heads; `count`, `complete`, `lost_ranges`,
    `lost_messages`, `lost_seconds` and `streams` read the whole file once, when first asked, unless its messages have
    been read to the end before.

    Parameters
    ----------
    path
        An MCAP file of ours, closed cleanly or cut anywhere behind its header.

    Raises
    ------
    RecordingError
        If the file is missing, empty, no MCAP, somebody else's MCAP, or cut before its header ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.metadata: dict[str, str] = {}
        """Versions, rig, start time, privacy; and, of a closed file, message and drop counts."""
        self.attachments: dict[str, bytes] = {}
        """Rig TOML, versions, model card, consent record, by name."""
        self.start_ns = 0
        """When its first message was received; 0 when it has none."""
        self.end_ns = 0
        """When its last whole message was received."""
        self._channels: dict[int, str] = {}
        self._encodings: set[str] = set()
        self._data_end: scan.Record | None = None
        self._ended = self._cut = False
        self._tail_ns: int | None = None
        self._surveyor: Surveyor | None = None
        try:
            with self.path.open("rb") as file:
                self._size = file.seek(0, 2)
                self._open(file)
        except FileNotFoundError:
            raise RecordingError(f"There is no recording {self.path}.", _MADE_BY) from None
        except IsADirectoryError:
            raise RecordingError(f"{self.path} is a folder, expected an .mcap file.", f"ls {self.path}") from None
        except OSError as error:
            raise RecordingError(f"{self.path} cannot be read: {error.strerror}.", f"ls -l {self.path}") from None

    def _open(self, file: BinaryIO) -> None:
        self._check(file)
        closed = False
        for record in scan.walk(file, self._size):
            if record.opcode == Opcode.CHUNK:
                self._span(scan.chunk_times(file, record))
            elif record.opcode == Opcode.FOOTER:
                file.seek(record.at + scan.RECORD.size + record.length)
                closed = file.read(8) == scan.MAGIC
            elif record.opcode in (Opcode.METADATA, Opcode.ATTACHMENT, Opcode.CHANNEL):
                self._enter(scan.parse(record.opcode, scan.body(file, record)))
            elif record.opcode == Opcode.DATA_END:
                self._data_end = record
            elif record.opcode == 0 and record.at + record.length == self._size:
                self._tail(file, record)
        self._cut = not closed
        if self._encodings and form.ENCODING not in self._encodings:
            raise RecordingError(f"{self.path} holds messages encoded as {', '.join(sorted(self._encodings))}, "
                                 f"expected {form.ENCODING}.", _MADE_BY)

    def _check(self, file: BinaryIO) -> None:
        """Raise RecordingError unless the file starts as a recording of ours does."""
        file.seek(0)
        magic = file.read(len(scan.MAGIC))
        if not magic:
            raise RecordingError(f"{self.path} is empty (0 bytes).", _MADE_BY)
        if magic != scan.MAGIC[:len(magic)]:
            raise RecordingError(f"{self.path} is no MCAP file: it starts with {magic!r}.", _MADE_BY)
        first = next(scan.walk(file, self._size), None)
        header = scan.parse(first.opcode, scan.body(file, first)) if first and first.at == len(scan.MAGIC) else None
        if not isinstance(header, Header):
            raise RecordingError(f"{self.path} ends or is damaged within its header ({self._size} bytes), so nothing "
                                 "can be saved from it.", "Take an earlier copy of the file.")
        if header.profile != form.PROFILE:
            raise RecordingError(
                f"{self.path} is an MCAP file of profile '{header.profile}' (made by '{header.library}'), expected "
                f"'{form.PROFILE}'.", _MADE_BY)

    def _enter(self, found: Header | Metadata | Channel | Attachment | None) -> None:
        if isinstance(found, Attachment):
            self.attachments[found.name] = found.data
        elif isinstance(found, Channel):
            # The summary's word counts least: the metadata and the chunks have checksums that are looked at.
            self._encodings.add(found.message_encoding)
            self._channels.setdefault(found.id, found.topic)
        elif isinstance(found, Metadata) and found.name == form.CHANNELS:
            self._channels |= {int(number): topic for number, topic in found.metadata.items() if number.isdecimal()}
        elif isinstance(found, Metadata) and found.name in (form.START, form.END):
            self._ended = self._ended or found.name == form.END
            self.metadata |= found.metadata

    def _span(self, times: tuple[int, int] | None) -> None:
        if times and times[0] <= times[1]:
            self.start_ns = min(self.start_ns, times[0]) if self.end_ns else times[0]
            self.end_ns = max(self.end_ns, times[1])

    def _tail(self, file: BinaryIO, record: scan.Record) -> None:
        """Note until when the chunk reached that the end of the file cut, if that can still be read."""
        file.seek(record.at)
        times = scan.chunk_times(file, record) if file.read(1) == bytes([Opcode.CHUNK]) else None
        if times and times[0] <= times[1] and self.end_ns <= times[1] < self.end_ns + 3600 * SECOND:
            self._tail_ns = times[1]

    @property
    def salvaged(self) -> bool:
        """Whether the end of the file was cut off, now or before it was mended by `sensors.salvage`."""
        return self._cut or self.metadata.get("salvaged") == "yes"

    @property
    def duration_s(self) -> float:
        """Seconds from the first received message to the last."""
        return (self.end_ns - self.start_ns) / SECOND

    @property
    def count(self) -> dict[str, int]:
        """Messages per topic; topics without any are left out."""
        return self._survey.counts

    @property
    def lost_ranges(self) -> tuple[tuple[int, int], ...]:
        """(from, to) in ns of the session clock, around each hole in the running numbers: dropped or damaged."""
        survey = self._survey
        if not survey.damaged_end and (not self._ended or self.metadata.get("last_number") == str(survey.last_number)):
            return survey.lost_ranges
        ended_ns = int(_number(self.metadata.get("end_ns", ""), self.end_ns))
        return *survey.lost_ranges, (survey.last_ns, max(survey.last_ns, ended_ns))

    @property
    def lost_messages(self) -> int:
        """How many messages before the last whole one are missing, by their running number: dropped or damaged."""
        return self._survey.lost_messages

    @property
    def lost_seconds(self) -> float:
        """At most so many seconds are missing; 0.0 for a file that was closed cleanly and is undamaged.

        For a file whose recorder was killed the bound is the flush interval and what a flush may take, see
        `recording_format.LOSS_BOUND_S`. A *copy* of a file that stopped early may lack more: no file can tell.
        """
        damaged = sum(end - start for start, end in self.lost_ranges) / SECOND
        if self._ended:
            return damaged + _number(self.metadata.get("lost_seconds", "0"), form.LOSS_BOUND_S)
        span = (self._tail_ns - self.end_ns) / SECOND if self._tail_ns is not None else 0.0
        return damaged + max(span, form.FLUSH_S) + form.LOSS_BOUND_S - form.FLUSH_S

    @property
    def complete(self) -> bool:
        """Whether it was closed cleanly, nothing was dropped, and every byte is as it was written."""
        return (not self.salvaged and self._ended and self.metadata.get("complete") == "yes"
                and self._intact and not self.lost_ranges and not self.lost_messages
                and self.metadata.get("messages") == str(sum(self.count.values())))

    def decoded(self, payload: bytes) -> AnyMessage:
        """Return the message in one of its payloads.

        Raises
        ------
        RecordingError
            If the payload is no message of this version.
        """
        try:
            return decode(payload)
        except WireError as error:
            raise RecordingError(f"{self.path} holds a message that cannot be read: {error.message}",
                                 "Export it with the attnflow version named in its metadata.") from error

    def streams(self) -> dict[str, StreamInfo]:
        """Return what each stream said last about itself, by stream name."""
        return dict(self._survey.streams)

    def messages(self, topics: Collection[str] | None = None, *, from_ns: int = 0) -> Iterator[tuple[int, str, bytes]]:
        """Yield (received_ns, topic, payload) in the order in which they were recorded.

        Parameters
        ----------
        topics
            Only these; all when None.
        from_ns
            Only messages received at this time or later; chunks before it are skipped unread.
        """
        for _, received_ns, topic, payload in self.numbered(topics, from_ns=from_ns):
            yield received_ns, topic, payload

    def numbered(self, topics: Collection[str] | None = None, *,
                 from_ns: int = 0) -> Iterator[tuple[int, int, str, bytes]]:
        """Yield (sequence, received_ns, topic, payload); see `messages`."""
        surveyor = self._new_surveyor() if from_ns <= 0 else None
        with self.path.open("rb") as file:
            for rows in self._chunks(file, from_ns):
                if surveyor is not None:
                    surveyor.take(rows)
                wanted = {channel: topic for channel, topic in self._channels.items()
                          if topics is None or topic in topics}
                for channel, sequence, log_ns, payload in rows or ():
                    topic = wanted.get(channel)
                    if topic and log_ns >= from_ns:
                        yield sequence, log_ns, topic, payload
        self._surveyor = surveyor or self._surveyor

    def _new_surveyor(self) -> Surveyor:
        return Surveyor(int(_number(self.metadata.get("start_ns", ""), self.start_ns)), self._channels)

    def _chunks(self, file: BinaryIO, from_ns: int = 0) -> Iterator[list[scan.Row] | None]:
        """Yield the messages of each chunk, and None for each damaged stretch."""
        for record in scan.walk(file, self._size):
            if record.opcode == 0:
                if record.at + record.length < self._size:
                    yield None
            elif record.opcode == Opcode.CHUNK:
                times = scan.chunk_times(file, record)
                if times and times[1] >= from_ns:
                    data = scan.unpacked(scan.body(file, record))
                    yield None if data is None else scan.rows(data, self._channels)

    @cached_property
    def _survey(self) -> Survey:
        surveyor = self._surveyor
        if surveyor is None:
            surveyor = self._new_surveyor()
            with self.path.open("rb") as file:
                for rows in self._chunks(file):
                    surveyor.take(rows)
        return surveyor.survey()

    @cached_property
    def _intact(self) -> bool:
        with self.path.open("rb") as file:
            return self._data_end is not None and scan.data_intact(file, self._data_end)


def _number(text: str, otherwise: float) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return otherwise
