"""The wire: what goes out comes back equal, and what is malformed is refused with a sentence."""

from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sensors.errors import WireError
from sensors.messages import (
    Alert,
    Answer,
    AnyMessage,
    Chunk,
    Column,
    GazeEvent,
    Health,
    Hint,
    InputAge,
    Marker,
    Proof,
    State,
    StreamInfo,
    Target,
    Tick,
    decode,
    encode,
)
from sensors.topics import TOPICS, frame, read, split

EXAMPLES: list[AnyMessage] = [
    StreamInfo(t_ns=1, stream="eeg", kind="eeg", driver="eeg", rate_hz=250.0, columns=(Column("Fp1", "uV"),)),
    Marker(t_ns=2, source="app", name="start"),
    Health(t_ns=3, stream="eeg", status="ok"),
    Tick(t_ns=4),
    State(t_ns=5, state="focused", probabilities={"focused": 1.0}, inputs={"eeg": InputAge(3.0, 0.5, "ok")}),
    Alert(t_ns=6, rule="sleep", level="critical", reason="Eyes closed.", onset_ns=1, evidence_ns=(1, 6)),
    Proof(t_ns=7, profile="eu-addw", rule="visual_distraction", step="start", value=0.0, limit=6.0, unit="s",
          because="lap P 0.93, 30 km/h"),
    GazeEvent(t_ns=8, kind="dwell", onset_ns=1, end_ns=8, target="button"),
    Hint(t_ns=9, hint="take_break", active=True, reason="Drowsy for 20 s.", number=1, onset_ns=2, confidence=0.8),
    Target(t_ns=10, name="button", yaw=0.1, pitch=-0.2, width=0.05, height=0.05),
    Answer(t_ns=11, hint="take_break", number=1, answer="dismissed", source="page"),
]


def chunk(values: np.ndarray, times: np.ndarray, device: np.ndarray | None = None) -> Chunk:
    return Chunk(t_ns=0, stream="eeg", values=values, times_ns=times, device_ns=device)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_survives_the_wire(message: AnyMessage) -> None:
    assert repr(decode(encode(message))) == repr(message)


def test_every_type_of_the_topic_table_is_in_the_examples() -> None:
    assert {topic.carries for topic in TOPICS.values()} == {type(message) for message in EXAMPLES} | {Chunk}


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=20)))
def test_a_chunk_survives_bit_for_bit(values: np.ndarray) -> None:
    times = np.arange(len(values), dtype=np.int64) + 2**62
    back = decode(encode(chunk(values, times, times - 5)))
    assert isinstance(back, Chunk)
    assert back.values.tobytes() == values.tobytes()
    assert back.values.shape == values.shape
    assert back.device_ns is not None
    np.testing.assert_array_equal(back.times_ns, times)
    np.testing.assert_array_equal(back.device_ns, times - 5)


@pytest.mark.parametrize(("values", "times"), [
    (np.zeros((3, 2), np.float32), np.zeros(2, np.int64)),
    (np.zeros(3, np.float32), np.zeros(3, np.int64)),
    (np.zeros((3, 2), np.float64), np.zeros(3, np.int64)),
    (np.zeros((3, 2), np.float32), np.zeros(3, np.float64)),
], ids=["lengths", "one axis", "float64", "float times"])
def test_a_chunk_that_does_not_fit_cannot_exist(values: np.ndarray, times: np.ndarray) -> None:
    with pytest.raises(ValueError, match="chunk of 'eeg'"):
        chunk(values, times)


GOOD = encode(chunk(np.ones((2, 2), np.float32), np.arange(2, dtype=np.int64)))


@given(st.binary(max_size=200))
def test_garbage_is_a_wire_error_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(WireError, match="malformed"):
        decode(garbage)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_flipped_byte_never_escapes_as_another_error(position: int, byte: int) -> None:
    bent = GOOD[:position] + bytes([byte]) + GOOD[position + 1:]
    with suppress(WireError):
        decode(bent)


@pytest.mark.parametrize("change", [
    {"values": ["<f8", [2, 2], b"\0" * 32]},
    {"values": ["<f4", [9, 9], b"\0" * 16]},
    {"values": ["<f4", [2, 2], "text"]},
    {"values": ["O", [1], b"\0" * 8]},
    {"extra": 1},
    {"type": "pickle"},
], ids=["float64", "shape", "text for bytes", "object array", "unknown field", "unknown type"])
def test_a_well_formed_lie_is_refused(change: dict[str, object]) -> None:
    fields = msgspec.msgpack.decode(GOOD) | change
    with pytest.raises(WireError):
        decode(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize("change", [
    {"values": ["<f4", [3, 2], b"\0" * 24]},
    {"values": ["<f4", [-1, 2], b"\0" * 16]},
    {"values": ["<f4", [2, 2], b"\0" * 20]},
    {"values": ["<f4", [4], b"\0" * 16]},
    {"values": ["<i8", [2, 1], b"\0" * 16]},
    {"times_ns": ["<i8", [2], b"\0" * 8]},
    {"device_ns": ["<i8", [1], b"\0" * 8]},
    {"device_ns": ["<i8", [2], b"\0" * 8]},
    {"device_ns": ["<i8", [2], b"\0" * 24]},
    {"stream": 3},
    {"extra": 1},
    {"type": "tick"},
], ids=["rows", "negative shape", "too long", "one axis", "wrong type", "times too short", "device rows",
        "device too short", "device too long", "stream", "unknown field", "other type"])
def test_the_quick_way_refuses_a_lie_with_the_general_sentence(change: dict[str, object]) -> None:
    payload = msgspec.msgpack.encode(msgspec.msgpack.decode(GOOD) | change)
    with pytest.raises(WireError) as general:
        decode(payload)
    with pytest.raises(WireError) as quick:
        read("eeg", payload)
    assert str(quick.value) == str(general.value)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_the_quick_way_reads_what_the_general_way_reads(position: int, byte: int) -> None:
    bent = GOOD[:position] + bytes([byte]) + GOOD[position + 1:]
    try:
        general = decode(bent)
    except WireError:
        with pytest.raises(WireError):
            read("eeg", bent)
        return
    assert repr(read("eeg", bent)) == repr(general)


def test_a_message_on_a_topic_that_carries_another_is_refused() -> None:
    with pytest.raises(WireError, match="A Tick does not belong on topic 'eeg'"):
        read("eeg", encode(Tick(t_ns=1)))
    with pytest.raises(WireError, match="A Tick does not belong on topic ''"):
        read("", encode(Tick(t_ns=1)))


def test_a_chunk_is_on_disk_what_it_always_was() -> None:
    there = Chunk(t_ns=2**33, seq=7, sent_ns=300, stream="eeg", values=np.array([[1, 2], [3, -4]], np.float32),
                  times_ns=np.array([5, 6]), device_ns=np.array([-1, 8]))
    stored = bytes.fromhex(
        "88a474797065a56368756e6ba4745f6e73cf0000000200000000a373657107a773656e745f6e73cd012ca673747265616da3656567"
        "a676616c75657393a33c6634920202c4100000803f0000004000004040000080c0a874696d65735f6e7393a33c69389102c410"
        "05000000000000000600000000000000a96465766963655f6e7393a33c69389102c410ffffffffffffffff0800000000000000")
    assert encode(there) == stored
    assert repr(read("eeg", stored)) == repr(there)
    without = {"seq": 0, "sent_ns": 0, "device_ns": None}
    fields = {name: value for name, value in msgspec.msgpack.decode(stored).items() if name not in without}
    back = read("eeg", msgspec.msgpack.encode(fields))
    assert {name: getattr(back, name) for name in without} == without, "what has a default may be left out"


def test_a_topic_is_matched_whole() -> None:
    assert split(frame("eeg", b"x")) == ("eeg", b"x")
    assert split(b"eegx\0x")[0] == ""
    assert split(b"no zero byte")[0] == ""
    assert not frame("eeg", b"").startswith(frame("ee", b""))
