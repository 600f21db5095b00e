"""Walking through an MCAP file that may be cut or damaged anywhere.

MCAP's own reader stops at the first record that is not whole. Here the walk goes on at the next chunk that is, and a
decompressed chunk is cut into messages with one `struct` call each, which takes about 2 us a message where the
library's reader takes 6 (both with decompression, same file, same run). Rare records (header, metadata, attachments,
channels) are parsed by the library.

Record layout, from https://mcap.dev/spec: opcode uint8, length uint64, body. Body of a message: channel uint16,
sequence uint32, log time uint64, publish time uint64, data. All little-endian.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple, TypeAlias

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, Chunk, Header, Metadata
from mcap.writer import MCAP0_MAGIC

MAGIC = MCAP0_MAGIC
"""The eight bytes at both ends of an MCAP file."""

RECORD = struct.Struct("<BQ")
TIMES = struct.Struct("<QQ")
MESSAGE = struct.Struct("<BQHIQQ")

# As plain numbers, for the loop over messages.
_RECORD_BYTES, _MESSAGE_BYTES, _IS_MESSAGE = RECORD.size, MESSAGE.size, int(Opcode.MESSAGE)

CHUNK_LIMIT = 256_000_000
"""Bytes of one decompressed chunk that are believed; ours are about one megabyte, so more is a damaged length."""

# A chunk names its compression 37 bytes into the record; with the length before it that is a mark to find it by.
_MARK = struct.pack("<I", 4) + b"zstd"
_MARK_AT = RECORD.size + 28
_CHUNK_FIXED = 44
_WINDOW = 1 << 16

Row: TypeAlias = tuple[int, int, int, bytes]
"""Channel id, sequence, log time in ns, data."""


class Record(NamedTuple):
    """Where one whole record stands; `opcode` 0 is a stretch that holds none."""

    opcode: int
    at: int
    """Position of its first byte."""
    length: int
    """Bytes of its body, or of the whole stretch when there is no record."""


def walk(file: BinaryIO, size: int) -> Iterator[Record]:
    """Yield each whole record up to the footer, and a `Record` of opcode 0 for each stretch that is none.

    Bodies are not read. A stretch that reaches `size` is the cut end of the file; any other is damage, after which
    the walk goes on at the next chunk.
    """
    at = before = len(MAGIC)
    while at < size:
        file.seek(at)
        head = file.read(RECORD.size)
        if len(head) == RECORD.size:
            opcode, length = RECORD.unpack(head)
            # 0x01..0x0F are MCAP's, 0x80 and up are anybody's; all others are refused by the format.
            if (0 < opcode <= 0x0F or opcode >= 0x80) and length <= size - at - RECORD.size:
                yield Record(opcode, at, length)
                before, at = at + 1, at + RECORD.size + length
                if opcode == Opcode.FOOTER:
                    return
                continue
        # What led here may be a wrong length in the record before, which then swallowed the start of whole chunks.
        following = _next_chunk(file, before, size)
        yield Record(0, min(at, following), max(0, following - at))
        before, at = following + 1, following


def _next_chunk(file: BinaryIO, at: int, size: int) -> int:
    """Return where the next whole chunk record after `at` starts, or `size`."""
    while at < size:
        file.seek(at)
        window = file.read(_WINDOW)
        found = window.find(_MARK, _MARK_AT)
        while found >= 0:
            start = at + found - _MARK_AT
            if window[found - _MARK_AT] == Opcode.CHUNK and _fits(file, start, size):
                return start
            found = window.find(_MARK, found + 1)
        if len(window) < _WINDOW:
            break
        at += _WINDOW - _MARK_AT - len(_MARK)
    return size


def _fits(file: BinaryIO, start: int, size: int) -> bool:
    file.seek(start)
    head = file.read(RECORD.size + _CHUNK_FIXED)
    if len(head) < RECORD.size + _CHUNK_FIXED:
        return False
    length = RECORD.unpack_from(head)[1]
    data_length = struct.unpack_from("<Q", head, len(head) - 8)[0]
    return bool(length == _CHUNK_FIXED + data_length and start + RECORD.size + length <= size)


def body(file: BinaryIO, record: Record) -> bytes:
    """Return the bytes of a record's body."""
    file.seek(record.at + RECORD.size)
    return file.read(record.length)


def chunk_times(file: BinaryIO, record: Record) -> tuple[int, int] | None:
    """Return the first and last log time of a chunk from its head, without reading the rest; None if that is cut."""
    file.seek(record.at + RECORD.size)
    head = file.read(TIMES.size)
    return TIMES.unpack(head) if len(head) == TIMES.size else None


def data_intact(file: BinaryIO, end: Record) -> bool:
    """Return whether everything before the data-end record `end` has the checksum written there."""
    stated = int.from_bytes(body(file, end), "little")
    file.seek(0)
    found, left = 0, end.at
    while left > 0 and (window := file.read(min(left, _WINDOW))):
        found = zlib.crc32(window, found)
        left -= len(window)
    return stated in (0, found)


def parse(opcode: int, content: bytes) -> Header | Metadata | Channel | Attachment | None:
    """Return the header, metadata, channel or attachment in a record's body; None if it is damaged or none of these."""
    reader = {Opcode.HEADER: Header.read, Opcode.METADATA: Metadata.read, Opcode.CHANNEL: Channel.read,
              Opcode.ATTACHMENT: Attachment.read}.get(Opcode(opcode)) if opcode in Opcode.__members__.values() else None
    if reader is None:
        return None
    if opcode == Opcode.ATTACHMENT and zlib.crc32(content[:-4]).to_bytes(4, "little") != content[-4:]:
        return None
    try:
        found: Header | Metadata | Channel | Attachment = reader(ReadDataStream(BytesIO(content)))
    except (McapError, struct.error, ValueError, OverflowError):
        return None
    return found


def unpacked(content: bytes) -> bytes | None:
    """Return the decompressed records of a chunk's body; None if it is damaged or of another compression than ours."""
    try:
        chunk = Chunk.read(ReadDataStream(BytesIO(content)))
        data: bytes = chunk.data
        if chunk.compression == "zstd" and chunk.uncompressed_size <= CHUNK_LIMIT:
            if zstandard.frame_content_size(data) not in (-1, chunk.uncompressed_size):
                return None
            data = zstandard.decompress(data, max_output_size=chunk.uncompressed_size)
        elif chunk.compression:
            return None
    except (McapError, struct.error, ValueError, OverflowError, zstandard.ZstdError):
        return None
    if len(data) != chunk.uncompressed_size or (chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc):
        return None
    return data


def rows(data: bytes, channels: dict[int, str]) -> list[Row]:
    """Return the messages of a decompressed chunk; its channel records are entered into `channels`."""
    found: list[Row] = []
    at, size, unpack = 0, len(data), MESSAGE.unpack_from
    while at + _RECORD_BYTES <= size:
        opcode = data[at]
        if opcode == _IS_MESSAGE and at + _MESSAGE_BYTES <= size:
            _, length, channel, sequence, log_ns, _ = unpack(data, at)
            following = at + _RECORD_BYTES + length
            if following > size:
                break
            found.append((channel, sequence, log_ns, data[at + _MESSAGE_BYTES:following]))
            at = following
            continue
        length = RECORD.unpack_from(data, at)[1]
        if opcode == Opcode.CHANNEL:
            channel_record = parse(opcode, data[at + _RECORD_BYTES:at + _RECORD_BYTES + length])
            if isinstance(channel_record, Channel):
                channels[channel_record.id] = channel_record.topic
        at += _RECORD_BYTES + length
    return found
