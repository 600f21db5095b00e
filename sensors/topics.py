r"""The whole bus on one screen: each topic, its nominal rate, what a slow reader does, and what it carries.

A frame on the wire is ``topic + b"\0" + msgpack``; the zero byte ends the topic, so that a subscription to "eeg" never
matches "eegx".
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sensors import messages
from sensors.errors import WireError


class Keep(Enum):
    """What a reader that falls behind does with a backlog."""

    ALL = "all"
    """Read every message, in order; what the queue could not hold is counted as a gap by its `seq`."""
    LATEST = "latest"
    """Read the newest and drop the older ones, per stream; for displays and outputs."""


@dataclass(frozen=True)
class Topic:
    """One row of the table."""

    carries: type[messages.Message]
    rate_hz: float
    keep: Keep
    session: bool
    """Whether the session reads it. The truth of a simulation is recorded, never read."""
    what: str


TOPICS: dict[str, Topic] = {
    #                    carries               rate   keep         session what
    "camera":     Topic(messages.Chunk,        30.0,  Keep.ALL,    True,  "gaze, head, eyes and face of one frame"),
    "microphone": Topic(messages.Chunk,        31.25, Keep.ALL,    True,  "speech, loudness, pitch of one 32 ms frame"),
    "eeg":        Topic(messages.Chunk,        25.0,  Keep.ALL,    True,  "electrodes, uV, at the board's rate"),
    "context":    Topic(messages.Chunk,        10.0,  Keep.ALL,    True,  "the world outside: speed, task demand"),
    "truth":      Topic(messages.Chunk,        10.0,  Keep.ALL,    False, "a simulation's hidden true state"),
    "info":       Topic(messages.StreamInfo,   1.0,   Keep.ALL,    True,  "what a stream is: columns, units, device"),
    "health":     Topic(messages.Health,       1.0,   Keep.ALL,    True,  "a driver's heartbeat"),
    "marker":     Topic(messages.Marker,       0.0,   Keep.ALL,    True,  "named moments"),
    "tick":       Topic(messages.Tick,         10.0,  Keep.ALL,    True,  "the metronome"),
    "target":     Topic(messages.Target,       0.0,   Keep.ALL,    True,  "where an app's areas of interest are"),
    "answer":     Topic(messages.Answer,       0.0,   Keep.ALL,    True,  "what became of a hint"),
    "state":      Topic(messages.State,        10.0,  Keep.LATEST, False, "the attention state"),
    "alert":      Topic(messages.Alert,        0.0,   Keep.ALL,    False, "what a person should be told now"),
    "proof":      Topic(messages.Proof,        0.0,   Keep.ALL,    False, "the steps of the driving ladders' rules"),
    "event":      Topic(messages.GazeEvent,    5.0,   Keep.ALL,    False, "what the eyes did"),
    "hint":       Topic(messages.Hint,         0.0,   Keep.ALL,    False, "what an app may adapt"),
}

CHUNK_TOPICS = tuple(name for name, topic in TOPICS.items() if topic.carries is messages.Chunk)
"""Topics that carry sensor columns; also the legal values of `StreamInfo.kind`, beside "marker"."""

SESSION_TOPICS = tuple(name for name, topic in TOPICS.items() if topic.session)
"""What the session folds over."""

SAID_TOPICS = tuple(name for name, topic in TOPICS.items() if topic.carries in messages.SAID)
"""What the session says."""

TOPIC_OF: dict[type[messages.Message], str] = {TOPICS[name].carries: name for name in SAID_TOPICS}
"""The topic of each thing a session says."""

RECORDED_TOPICS = (*SESSION_TOPICS, "truth")
"""What the recorder takes from the bus; it is handed what the session says by the session itself."""


def frame(topic: str, payload: bytes) -> bytes:
    """Return the single wire frame of one message."""
    return topic.encode() + b"\0" + payload


OUTPUT = "output-"
"""How the stream begins under which an output tells its health, which says nothing about any input."""

HEADS = {name: frame(name, b"") for name in TOPICS}
"""How the frames of each topic begin."""

DECODERS: dict[str, Callable[[bytes], messages.AnyMessage]] = {
    name: messages.decoder(topic.carries) for name, topic in TOPICS.items()}
"""The quickest decoder of each topic, so that no reader has to find out what a message is."""

ROUTES = {name.encode(): (name, decoder) for name, decoder in DECODERS.items()}
"""Topic and decoder by the first part of a frame."""

REFUSALS = (KeyError, WireError, *messages.MALFORMED)
"""What taking a frame's quick way may raise; `read` then reads it, or says what is wrong."""


def split(wire: bytes) -> tuple[str, bytes]:
    """Return the topic and the payload of a wire frame; the topic is "" when the frame has none of the table's."""
    name, _, payload = wire.partition(b"\0")
    return (ROUTES[name][0], payload) if name in ROUTES and len(name) < len(wire) else ("", wire)


def read(topic: str, payload: bytes) -> messages.AnyMessage:
    """Return the message in a payload of `topic`.

    Raises
    ------
    WireError
        If it is malformed, or of another type than the topic carries; "" is no topic and carries nothing.
    """
    try:
        return DECODERS[topic](payload)
    except REFUSALS:
        message = messages.decode(payload)
    if topic not in TOPICS or type(message) is not TOPICS[topic].carries:
        raise WireError(f"A {type(message).__name__} does not belong on topic '{topic}'.")
    return message
