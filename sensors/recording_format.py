"""What an attnflow recording is on disk: an MCAP file with these names, records and schemas.

Order in the file: magic, header (profile "attnflow"), metadata "attnflow", metadata "attnflow.channels", attachments,
then zstd chunks of messages in the order the session saw them, then metadata "attnflow.end" and MCAP's own summary.
Everything a reader needs stands before the first chunk, so a file that is cut anywhere behind it is still whole up to
its last chunk. Format reference: https://mcap.dev/spec.
"""

from functools import cache
from typing import Any

import msgspec
import numpy as np

from sensors.topics import TOPICS

PROFILE = "attnflow"
"""The MCAP profile by which a recording of ours is known."""

ENCODING = "msgpack"
"""Message encoding of every channel; see `sensors.messages`."""

START = "attnflow"
"""Metadata record written first: versions, rig, start time, privacy."""

CHANNELS = "attnflow.channels"
"""Metadata record with channel id -> topic, so that a damaged first chunk does not orphan the later ones."""

END = "attnflow.end"
"""Metadata record written last; only a recorder that was closed has written it."""

FLUSH_S = 0.5
"""How often a chunk is finished and handed to the operating system, in seconds."""

LOSS_BOUND_S = 1.0
"""What a killed recorder may lose at most: one flush interval, and as much again for the writing itself."""


def _array_schema(kind: Any) -> dict[str, Any]:
    if kind is not np.ndarray:
        raise TypeError(f"no schema for {kind}")
    return {
        "title": "array",
        "description": "dtype, shape and data of an array: [\"<f4\" or \"<i8\", [rows, columns], little-endian bytes]",
        "type": "array",
        "prefixItems": [
            {"title": "dtype", "enum": ["<f4", "<i8"]},
            {"title": "shape", "type": "array", "items": {"type": "integer", "minimum": 0}},
            {"title": "data", "type": "string", "contentEncoding": "binary"},
        ],
    }


@cache
def schema(topic: str) -> tuple[str, bytes]:
    """Return the name and the JSON schema of the message that `topic` carries."""
    carries = TOPICS[topic].carries
    return carries.__name__, msgspec.json.encode(msgspec.json.schema(carries, schema_hook=_array_schema))
