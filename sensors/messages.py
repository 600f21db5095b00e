"""The messages of the bus: typed structs, and the one way they become bytes.

Contracts held here: time is int64 nanoseconds of the session clock in fields named `_ns`; every sensor stream is a
`Chunk` of ``values`` (time, column) float32 with ``t_ns`` (time,) int64, described by a `StreamInfo`; decoding is
strict and never unpickles anything.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from sensors.errors import WireError
from sensors.message import Message
from sensors.messages_app import Answer, Target
from sensors.messages_said import SAID, Alert, GazeEvent, Hint, InputAge, Proof, Said, State

__all__ = ["FLOAT32", "INT64", "MALFORMED", "SAID", "Alert", "Answer", "AnyMessage", "Chunk", "Column", "FloatArray",
           "GazeEvent", "Health", "Hint", "InputAge", "Marker", "Message", "Proof", "Said", "State", "StreamInfo",
           "Target", "Tick", "TimeArray", "decode", "decoder", "encode", "encode_as"]

FloatArray: TypeAlias = NDArray[np.float32]
TimeArray: TypeAlias = NDArray[np.int64]

FLOAT32: np.dtype[np.float32] = np.dtype("<f4")
INT64: np.dtype[np.int64] = np.dtype("<i8")
WIRE_DTYPES: dict[str, np.dtype[Any]] = {"<f4": FLOAT32, "<i8": INT64}
"""The array types that may travel: float32 values and int64 times."""

HIGHEST_RATE_HZ = 100_000
"""No stream of ours is faster; a larger nominal rate is a mistake, and would size buffers."""


class Column(msgspec.Struct, frozen=True):
    """One named column of a stream."""

    name: str
    unit: str
    """SI or field unit: "rad", "m", "uV", "LUFS", "Hz", "1" for a plain number or share."""


class StreamInfo(Message, tag="info", frozen=True, kw_only=True):
    """What a stream is; sent when a driver opens and again with every heartbeat, for late joiners."""

    stream: str
    """The stream's own name: the table name in the rig ("camera", "microphone", "eeg", ...)."""
    kind: str
    """The topic its chunks travel on ("camera", "microphone", "eeg", "context", "truth"); "marker" for a source that
    only names moments, and has no columns."""
    driver: str
    """Registry name of the driver."""
    rate_hz: float
    """Nominal sampling rate; 0 means irregular."""
    columns: tuple[Column, ...]
    device: str = ""
    """The device as it names itself, with what it granted ("640x480 @ 30 fps")."""
    meta: dict[str, str] = msgspec.field(default_factory=dict)
    """Anything else a reader needs: montage, gain, "simulated": "yes" or "no"; "holes": "kept" where silence can be the
    source's own, as in a recording."""

    def __post_init__(self) -> None:
        if not 0 <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(f"stream '{self.stream}': rate_hz is {self.rate_hz}, expected 0 to {HIGHEST_RATE_HZ}")

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


class Chunk(Message, tag="chunk", frozen=True, kw_only=True, eq=False):
    """Consecutive samples of one stream; `t_ns` of the message is the newest sample's time."""

    stream: str
    values: FloatArray
    """(time, column) float32, C order; NaN where a value was not measured."""
    times_ns: TimeArray
    """(time,) int64, strictly increasing, session clock, stamped at the grab."""
    device_ns: TimeArray | None = None
    """(time,) int64, the device's own stamps if it has any; they travel beside ours and never replace them."""

    def __post_init__(self) -> None:
        values, times, device = self.values, self.times_ns, self.device_ns
        # What nearly every chunk is passes in a few steps: the caches are cold when one arrives, so each step counts.
        if (values.dtype is FLOAT32 and times.dtype is INT64 and values.ndim == 2 and times.ndim == 1
                and len(values) == len(times)
                and (device is None or (device.dtype is INT64 and device.shape == times.shape))):
            return
        rows = self.times_ns.shape
        if self.values.ndim != 2 or rows != self.values.shape[:1]:
            raise ValueError(f"chunk of '{self.stream}': values {self.values.shape} and times {rows} do not match")
        if self.values.dtype != np.float32 or self.times_ns.dtype != np.int64:
            raise ValueError(f"chunk of '{self.stream}': got {self.values.dtype}/{self.times_ns.dtype}, "
                             "expected float32 values and int64 times")
        if self.device_ns is not None and (self.device_ns.shape != rows or self.device_ns.dtype != np.int64):
            raise ValueError(f"chunk of '{self.stream}': device times {self.device_ns.shape} do not match {rows}")


class Marker(Message, tag="marker", frozen=True, kw_only=True):
    """A moment that somebody named: a stimulus, a key press, a fault switched on."""

    source: str
    name: str
    value: str = ""


class Health(Message, tag="health", frozen=True, kw_only=True):
    """A driver's heartbeat, at least once a second, sent also (and above all) when it is blind."""

    stream: str
    status: str
    """"starting", "ok", "stalled" (open but silent), "failed" (could not open, or died) or "ended" (a file is over)."""
    detail: str = ""
    """One sentence: what is wrong, and what to do next."""
    rate_hz: float = 0.0
    """Rate measured over the stamps of the last ten seconds."""
    samples: int = 0
    """Samples published since it opened."""
    lost: int = 0
    """Samples the device itself lost (package numbers, dropped frames), since it opened."""
    restarts: int = 0
    offset_ns: int = 0
    """Measured offset of the sender's clock to the hub's clock; 0 on one machine up to the spread."""
    offset_spread_ns: int = 0
    drift_ppm: float = 0.0
    """How far the measured rate is from the nominal one, in parts per million; lost samples count into it."""
    cpu_percent: float = 0.0
    """Processor use of the driver's process over the last second; 100 is one core."""
    device: str = ""


class Tick(Message, tag="tick", frozen=True, kw_only=True):
    """The session's metronome: time has reached `t_ns`, whether or not any sensor spoke."""


AnyMessage: TypeAlias = (StreamInfo | Chunk | Marker | Health | Tick | Target | Answer
                         | State | Alert | Proof | GazeEvent | Hint)


class _ChunkOnWire(msgspec.Struct, tag_field="type", tag="chunk", forbid_unknown_fields=True):
    """The fields of a `Chunk` as they travel, an array as (type, shape, bytes); read and written by msgspec alone."""

    t_ns: int
    seq: int
    sent_ns: int
    stream: str
    values: tuple[Literal["<f4"], tuple[int, int], bytes]
    times_ns: tuple[Literal["<i8"], tuple[int], bytes]
    device_ns: tuple[Literal["<i8"], tuple[int], bytes] | None


def _to_wire(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} cannot travel on the bus")


def _from_wire(kind: Any, value: Any) -> Any:
    # Arrays are the only foreign type of the structs above; a ValueError raised here becomes msgspec's ValidationError.
    code, shape, data = value
    if code not in WIRE_DTYPES or not isinstance(data, bytes):
        raise ValueError(f"array type {code!r} is not one of {sorted(WIRE_DTYPES)}")
    array = np.frombuffer(data, WIRE_DTYPES[code]).reshape(tuple(shape))
    if list(array.shape) != shape:  # reshape takes -1 for "whatever fits"
        raise ValueError(f"array shape {shape} holds a negative number")
    return array


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_to_wire)
_DECODER = msgspec.msgpack.Decoder(AnyMessage, dec_hook=_from_wire)
_array = np.ndarray
_CHUNKS = msgspec.msgpack.Decoder(_ChunkOnWire)
MALFORMED = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
"""What a decoder may raise at bytes that are no message of its own."""


def encode(message: AnyMessage) -> bytes:
    """Return the msgpack bytes of a message."""
    return encode_as(message, message.seq, message.sent_ns)


def encode_as(message: AnyMessage, seq: int, sent_ns: int) -> bytes:
    """Return the msgpack bytes of a message with another running number and sending time."""
    if type(message) is not Chunk:
        return _ENCODER.encode(msgspec.structs.replace(message, seq=seq, sent_ns=sent_ns))
    values, times, device = message.values, message.times_ns, message.device_ns
    # tobytes writes C order, whatever the strides.
    return _ENCODER.encode(_ChunkOnWire(
        message.t_ns, seq, sent_ns, message.stream, ("<f4", values.shape, values.tobytes()),
        ("<i8", times.shape, times.tobytes()), None if device is None else ("<i8", device.shape, device.tobytes())))


def decode(payload: bytes) -> AnyMessage:
    """Return the message in `payload`.

    Raises
    ------
    WireError
        If the bytes are not msgpack, are of no known type, carry an unknown field, or hold arrays that do not fit.
    """
    try:
        message: AnyMessage = _DECODER.decode(payload)
    except MALFORMED as error:
        raise WireError(f"A message of {len(payload)} bytes is malformed: {error}.") from error
    return message


def decoder(kind: type[Message]) -> Callable[[bytes], AnyMessage]:
    """Return the quickest decoder of one type of message.

    It raises one of `MALFORMED` for whatever it does not take; `decode` then says what is wrong.
    """
    if kind is Chunk:
        return _decode_chunk
    quick: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode
    return quick


def _decode_chunk(payload: bytes) -> AnyMessage:
    wire = _CHUNKS.decode(payload)
    _, shape, values = wire.values
    _, rows, times = wire.times_ns
    if len(values) != 4 * shape[0] * shape[1] or len(times) != 8 * rows[0]:
        return decode(payload)
    device_ns = None
    if wire.device_ns is not None:
        _, device_rows, device = wire.device_ns
        if len(device) != 8 * device_rows[0]:
            return decode(payload)
        device_ns = _array(device_rows, INT64, device)
    return Chunk(t_ns=wire.t_ns, seq=wire.seq, sent_ns=wire.sent_ns, stream=wire.stream,
                 values=_array(shape, FLOAT32, values), times_ns=_array(rows, INT64, times),
                 device_ns=device_ns)
