"""Parquet: one table per sensor stream, and one each for states, alerts, health and markers.

Rows are written in groups as they are read, so memory does not grow with the recording. Stream tables hold ``time_ns``
(session clock), ``device_ns`` (null where the device has no stamps) and the columns; each column's unit is in its field
metadata, the stream's own description in the schema metadata.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sensors.errors import RecordingError
from sensors.messages import Chunk, StreamInfo
from sensors.recording import Recording
from sensors.topics import CHUNK_TOPICS

ROWS = 16_384
"""Rows of a group; about a minute of EEG."""

TABLES = {"state": "states", "alert": "alerts", "health": "health", "marker": "markers"}
"""Topics that become one table each, and the table's name."""

_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def write(recording: Recording, folder: Path) -> list[Path]:
    """Write every stream and table of `recording` that is not empty into `folder` and return the files."""
    about = {f"attnflow.{key}": text for key, text in recording.metadata.items()}
    written = _streams(recording, folder, about)
    for topic, table in TABLES.items():
        if recording.count.get(topic):
            written.append(_table(recording, topic, folder / f"{recording.path.stem}-{table}.parquet", about))
    if not written:
        raise RecordingError(f"{recording.path} holds no message that could be exported.", "Record a longer session.")
    return written


class _StreamTable:
    """One stream's file, and the rows that are waiting for their group."""

    def __init__(self, path: Path, info: StreamInfo | None, columns: int, about: dict[str, str]) -> None:
        named = [(column.name, column.unit) for column in info.columns] if info else []
        # A stream whose description is lost, or no longer fits, still has its numbers.
        if len(named) != columns:
            named = [(f"column_{number}", "") for number in range(columns)]
        described = {"attnflow.stream": msgspec.json.encode(info).decode()} if info else {}
        self.schema = pa.schema(
            [pa.field("time_ns", pa.int64(), metadata={"unit": "ns"}),
             pa.field("device_ns", pa.int64(), metadata={"unit": "ns"}),
             *(pa.field(name, pa.float32(), metadata={"unit": unit}) for name, unit in named)],
            metadata=about | described)
        self.path = path
        self._writer = pq.ParquetWriter(path, self.schema, compression="zstd")
        self._chunks: list[Chunk] = []
        self._rows = 0
        self._columns = columns

    def add(self, chunk: Chunk) -> None:
        """Take the rows of a chunk."""
        if chunk.values.shape[1] != self._columns:
            raise RecordingError(f"Stream '{chunk.stream}' changed from {self._columns} to {chunk.values.shape[1]} "
                                 "columns within the recording.", "Export the parts before and after apart.")
        self._chunks.append(chunk)
        self._rows += len(chunk.times_ns)
        if self._rows >= ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the waiting rows as one group."""
        if not self._rows:
            return
        values = np.concatenate([chunk.values for chunk in self._chunks])
        device = pa.concat_arrays([
            pa.nulls(len(chunk.times_ns), pa.int64()) if chunk.device_ns is None else pa.array(chunk.device_ns)
            for chunk in self._chunks])
        arrays = [pa.array(np.concatenate([chunk.times_ns for chunk in self._chunks])), device,
                  *(pa.array(np.ascontiguousarray(values[:, number])) for number in range(self._columns))]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self._chunks, self._rows = [], 0

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _streams(recording: Recording, folder: Path, about: dict[str, str]) -> list[Path]:
    infos = recording.streams()
    tables: dict[str, _StreamTable] = {}
    try:
        for _, _, payload in recording.messages(CHUNK_TOPICS):
            chunk = recording.decoded(payload)
            if not isinstance(chunk, Chunk):
                continue
            if chunk.stream not in tables:
                tables[chunk.stream] = _StreamTable(
                    folder / f"{recording.path.stem}-{chunk.stream}.parquet", infos.get(chunk.stream),
                    chunk.values.shape[1], about)
            tables[chunk.stream].add(chunk)
        for table in tables.values():
            table.flush()
    finally:
        for table in tables.values():
            table.close()
    return [table.path for table in tables.values()]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return a message as one row: nested names are joined by "_", tuples become text joined by spaces."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        row: dict[str, Any] = {}
        for key, item in value.items():
            row |= _flat(item, f"{name}_{key}" if name else str(key))
        return row
    return {name: " ".join(map(str, value)) if isinstance(value, tuple) else value}


def _table(recording: Recording, topic: str, path: Path, about: dict[str, str]) -> Path:
    # States name their modalities in dictionaries, so the columns are known only after all of them were seen.
    fields: dict[str, Any] = {}
    for _, _, payload in recording.messages((topic,)):
        for name, value in _flat(recording.decoded(payload)).items():
            fields.setdefault(name, _TYPES[type(value)])
    schema = pa.schema([pa.field(name, kind) for name, kind in fields.items()], metadata=about)
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _, _, payload in recording.messages((topic,)):
            rows.append(_flat(recording.decoded(payload)))
            if len(rows) == ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return path
