"""The proof of the spine: one simulated minute with faults gives one hash, however cut, paced, stored or killed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from recorded import digest, record

from fusion import replaying
from sensors.clock import SECOND, FakeClock
from sensors.messages import AnyMessage, Chunk, State
from sensors.rig import Rig

Sequence = list[tuple[int, str, AnyMessage]]


def recut(sequence: Sequence, size: Callable[[int], int]) -> Iterator[tuple[int, str, AnyMessage]]:
    """Cut every chunk, in its place, into pieces of ``size(piece number)`` rows; 0 makes an empty chunk."""
    seq: dict[str, int] = {}
    piece = 0
    for received, topic, message in sequence:
        if not isinstance(message, Chunk):
            yield received, topic, message
            continue
        first = 0
        while first < len(message.times_ns):
            rows = size(piece)
            piece += 1
            times = message.times_ns[first:first + rows]
            seq[message.stream] = seq.get(message.stream, -1) + 1
            yield received, topic, msgspec.structs.replace(
                message, seq=seq[message.stream], values=message.values[first:first + rows], times_ns=times,
                t_ns=int(times[-1]) if len(times) else int(message.times_ns[max(first - 1, 0)]),
                device_ns=None if message.device_ns is None else message.device_ns[first:first + rows])
            first += rows


@pytest.fixture(scope="module")
def whole(minute: Sequence, faulty_rig: Rig) -> str:
    return digest(minute, faulty_rig).hex()


@pytest.mark.parametrize("size", [
    lambda piece: 1,
    lambda piece: 3,
    lambda piece: (7, 1, 4, 2)[piece % 4],
    lambda piece: (0, 2, 0, 5)[piece % 4],
], ids=["single-sample", "uniform", "irregular", "empty between"])
def test_how_streams_are_cut_changes_nothing(minute: Sequence, faulty_rig: Rig, whole: str,
                                             size: Callable[[int], int]) -> None:
    assert digest(list(recut(minute, size)), faulty_rig).hex() == whole


def test_one_changed_frame_changes_the_hash(minute: Sequence, faulty_rig: Rig, whole: str) -> None:
    bent = list(minute)
    index = next(i for i, (_, topic, m) in enumerate(bent) if topic == "camera" and isinstance(m, Chunk) and i > 2000)
    received, topic, chunk = bent[index]
    assert isinstance(chunk, Chunk)
    bent[index] = received, topic, msgspec.structs.replace(chunk, values=chunk.values + np.float32(1e-3))
    assert digest(bent, faulty_rig).hex() != whole


def test_the_session_tells_the_truth_about_its_faults(minute: Sequence, faulty_rig: Rig) -> None:
    told = digest(minute, faulty_rig)
    assert told.states == pytest.approx(60 * faulty_rig.session.tick_hz, abs=faulty_rig.session.tick_hz)
    assert told.alerts >= 2


def test_the_recording_verifies_at_any_speed(minute_file: Path, whole: str) -> None:
    verification = replaying.verify(minute_file)
    assert verification.first_difference == ""
    assert (verification.verified, verification.hash, verification.lost_seconds) == (True, whole, 0.0)
    clock = FakeClock()
    assert replaying.replay(minute_file, speed=1.0, clock=clock).hash == whole
    assert clock.now_ns() == pytest.approx(60 * SECOND, rel=0.02), "1x takes a minute, of virtual time here"
    assert replaying.replay(minute_file, speed=None).hash == whole


@pytest.mark.parametrize("share", [0.3, 0.55, 0.9])
def test_a_cut_recording_verifies_for_the_part_on_disk(minute_file: Path, tmp_path: Path, share: float) -> None:
    data = minute_file.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(data[:round(len(data) * share)])
    verification = replaying.verify(cut)
    assert verification.first_difference == ""
    assert verification.verified
    assert verification.salvaged
    assert verification.lost_seconds <= 1.0
    assert 0 < verification.states < 1200


def test_a_forged_state_is_found_and_named(minute: Sequence, faulty_rig: Rig, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    import recorded

    true_encode = recorded.encode

    def forge(message: AnyMessage) -> bytes:
        if isinstance(message, State) and message.t_ns == 1_020 * SECOND:
            message = msgspec.structs.replace(message, attention=0.123)
        return true_encode(message)

    monkeypatch.setattr(recorded, "encode", forge)
    path = record(minute[:4000], faulty_rig, tmp_path / "forged.mcap")
    verification = replaying.verify(path)
    assert not verification.verified
    assert verification.first_difference.startswith("Recorded state")
    assert "attention" in verification.first_difference
