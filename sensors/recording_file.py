"""The file under a recorder: one MCAP being written, synchronously, by one thread.

Writes go straight to the operating system, without a buffer of ours: what was flushed survives the process.
"""

import os
import shutil
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, cast

import msgspec
from mcap.writer import CompressionType, IndexType, Writer

from sensors import recording_format as form
from sensors.errors import RecordingError
from sensors.topics import TOPICS

LOW_SPACE = 200_000_000
"""Free bytes below which a recording starts with a warning; about two hours of a three-sensor session."""

MEDIA_TYPES = {".toml": "application/toml", ".json": "application/json", ".md": "text/markdown", ".txt": "text/plain"}


class _Sent(msgspec.Struct):
    """The one field of a message that MCAP wants beside it; all other fields are skipped unread."""

    sent_ns: int = 0


_SENT = msgspec.msgpack.Decoder(_Sent)


class Sink:
    """An unbuffered file that counts what it took; MCAP's writer needs no more of a stream.

    Parameters
    ----------
    path
        Where to write.
    overwrite
        Replace a file that is there; otherwise its presence is a FileExistsError.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
        self._handle = os.open(path, flags, 0o644)
        self.count = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write all of `data`; raises OSError when the disk does not take it."""
        view = memoryview(data)
        while view:
            taken = os.write(self._handle, view)
            self.count += taken
            view = view[taken:]
        return len(data)

    def tell(self) -> int:
        """Return the position, in bytes from the start."""
        return self.count

    def flush(self) -> None:
        """Nothing is held back, so there is nothing to do."""

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)


class RecordingFile:
    """One recording being written.

    Parameters
    ----------
    path
        The file to create.
    metadata
        Written first, under the name `recording_format.START`.
    attachments
        Name to content, written before any message.
    overwrite
        Replace a file that is there.
    topics
        The channels to declare; one that is not in `sensors.topics.TOPICS` has no schema.

    Raises
    ------
    RecordingError
        If the file exists, its folder does not, or the disk does not take the first records.
    """

    def __init__(self, path: Path, *, metadata: Mapping[str, str], attachments: Mapping[str, bytes],
                 overwrite: bool = False, topics: Collection[str] = tuple(TOPICS)) -> None:
        if path.is_dir():
            raise RecordingError(f"{path} is a folder, expected the name of a file to write.",
                                 "Give a file name that ends in .mcap.")
        try:
            self._sink = Sink(path, overwrite)
        except FileExistsError:
            raise RecordingError(f"{path} exists and is not overwritten.",
                                 "Choose another name, or delete it first.") from None
        except FileNotFoundError:
            if path.parent.is_dir():
                raise RecordingError(f"{path} cannot be written.", "Choose another folder.") from None
            raise RecordingError(f"The folder {path.parent} does not exist.", f"mkdir -p {path.parent}") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be written: {error.strerror}.",
                                 "Check the folder's permissions, or choose another one.") from None
        # Message indexes would cost 16 bytes a message on disk and a dictionary a chunk in memory, for a file that is
        # read front to back. Chunks end only at `flush`, so what a failing disk cost can be counted exactly.
        self._mcap = Writer(cast(IO[bytes], self._sink), compression=CompressionType.ZSTD, chunk_size=sys.maxsize,
                            index_types=IndexType.ALL & ~IndexType.MESSAGE, enable_data_crcs=True)
        self.pending = 0
        """Messages in the chunk in progress, which is not on disk."""
        self.pending_bytes = 0
        try:
            self._begin(metadata, attachments, topics)
        except OSError as error:
            self._sink.close()
            if path.is_file():
                path.unlink()
            raise RecordingError(f"{path} cannot be written: {error.strerror}.",
                                 f"Free space on that disk (df -h {path.parent}), or choose another one.") from None

    def _begin(self, metadata: Mapping[str, str], attachments: Mapping[str, bytes], topics: Collection[str]) -> None:
        self._mcap.start(profile=form.PROFILE, library="attnflow")
        self._mcap.add_metadata(form.START, dict(metadata))
        schemas = {"": 0}
        self._channels: dict[str, int] = {}
        for topic in topics:
            name, text = form.schema(topic) if topic in TOPICS else ("", b"")
            if name not in schemas:
                schemas[name] = self._mcap.register_schema(name, "jsonschema", text)
            self._channels[topic] = self._mcap.register_channel(topic, form.ENCODING, schemas[name])
        self._mcap.add_metadata(form.CHANNELS, {str(number): topic for topic, number in self._channels.items()})
        for name, data in attachments.items():
            media = MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
            self._mcap.add_attachment(0, 0, name, media, data)

    @property
    def bytes_written(self) -> int:
        """How many bytes the operating system has taken."""
        return self._sink.count

    def add(self, topic: str, payload: bytes, received_ns: int, sequence: int) -> None:
        """Append one message to the chunk in progress; nothing reaches the disk before `flush`."""
        try:
            sent_ns = _SENT.decode(payload).sent_ns
        except msgspec.MsgspecError:
            sent_ns = 0
        # MCAP's times are unsigned; a clock that starts at zero may stamp a first sample just before it.
        self._mcap.add_message(self._channels[topic], max(0, received_ns), payload,
                               publish_time=sent_ns if sent_ns > 0 else max(0, received_ns),
                               sequence=sequence & 0xFFFFFFFF)
        self.pending += 1
        self.pending_bytes += len(payload)

    def flush(self) -> None:
        """Finish the chunk in progress and hand it to the operating system; raises OSError if that fails."""
        self._mcap.flush()
        self.pending = self.pending_bytes = 0

    def finish(self, metadata: Mapping[str, str]) -> None:
        """Write the last chunk, the end metadata and MCAP's summary, and close; raises OSError if that fails."""
        try:
            # MCAP's writer puts metadata before a chunk that is still open, so the chunk goes first.
            self._mcap.flush()
            self._mcap.add_metadata(form.END, dict(metadata))
            self._mcap.finish()
        finally:
            self._sink.close()

    def abandon(self) -> None:
        """Close the file as it is; what was flushed stays readable."""
        self._sink.close()


def space_warning(folder: Path) -> str:
    """Return a sentence when little space is left in `folder`, else ""."""
    free = shutil.disk_usage(folder).free
    if free >= LOW_SPACE:
        return ""
    return (f"Only {free / 1e6:.0f} MB are free in {folder}, expected {LOW_SPACE / 1e6:.0f} MB or more; "
            f"the recording may not fit.")
