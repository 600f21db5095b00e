"""The recorder: everything it was given, in order, bit for bit; and it never holds the session up."""

import json
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader

from sensors import recording, recording_file
from sensors.clock import SECOND, FakeClock
from sensors.errors import RecordingError
from sensors.messages import Chunk, Marker, decode, encode
from sensors.recording import Recorder, Recording
from sensors.recording_format import FLUSH_S
from sensors.topics import TOPICS


def chunk(t_ns: int, seq: int) -> bytes:
    values = np.full((2, 3), seq, np.float32)
    values[0, 0] = np.nan
    return encode(Chunk(t_ns=t_ns, seq=seq, sent_ns=t_ns + 7, stream="eeg", values=values,
                        times_ns=np.array([t_ns - 5, t_ns])))


def written(path: Path, clock: FakeClock, count: int = 50) -> list[tuple[int, str, bytes]]:
    recorder = Recorder(path, clock=clock, attachments={"rig.toml": b"[camera]\n"}, metadata={"rig": "bench"})
    recorder.start()
    given = []
    for number in range(count):
        clock.advance(0.04)
        topic = ("eeg", "marker")[number % 5 == 4]
        payload = (chunk(clock.now_ns(), number) if topic == "eeg"
                   else encode(Marker(t_ns=clock.now_ns(), source="test", name=f"m{number}")))
        # Received times need not increase: the order of the file is the order of the calls.
        given.append((clock.now_ns() - (number % 3) * 1000, topic, payload))
        recorder.write(topic, payload, given[-1][0])
    recorder.close()
    assert recorder.error == ""
    assert recorder.dropped == 0
    assert recorder.bytes_written == path.stat().st_size
    return given


def test_what_was_written_comes_back_bit_for_bit_and_in_order(tmp_path: Path, clock: FakeClock) -> None:
    given = written(tmp_path / "s.mcap", clock)
    back = Recording(tmp_path / "s.mcap")
    assert list(back.messages()) == given
    assert list(back.messages({"marker"})) == [row for row in given if row[1] == "marker"]
    assert back.complete
    assert not back.salvaged
    assert back.lost_seconds == 0.0
    assert back.count == {"eeg": 40, "marker": 10}
    assert (back.start_ns, back.end_ns) == (min(row[0] for row in given), max(row[0] for row in given))
    assert back.duration_s == pytest.approx((back.end_ns - back.start_ns) / SECOND)


def test_facts_and_documents_of_the_session_are_in_the_file(tmp_path: Path, clock: FakeClock) -> None:
    written(tmp_path / "s.mcap", clock)
    back = Recording(tmp_path / "s.mcap")
    assert back.attachments == {"rig.toml": b"[camera]\n"}
    assert back.metadata["rig"] == "bench"
    assert back.metadata["privacy"] == "features-only"
    assert {"attnflow", "python", "numba", "numpy", "start_utc", "start_ns", "messages"} <= set(back.metadata)


def test_a_foreign_reader_finds_channels_schemas_times_and_running_numbers(tmp_path: Path, clock: FakeClock) -> None:
    given = written(tmp_path / "s.mcap", clock)
    with (tmp_path / "s.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        rows = list(reader.iter_messages(log_time_order=False))
        summary = reader.get_summary()
    assert summary is not None
    assert {channel.topic for channel in summary.channels.values()} == set(TOPICS)
    assert all(channel.message_encoding == "msgpack" for channel in summary.channels.values())
    assert [message.sequence for _, _, message in rows] == list(range(1, 51))
    assert [(message.log_time, channel.topic, message.data) for _, channel, message in rows] == given
    first = decode(rows[0][2].data)
    assert rows[0][2].publish_time == first.sent_ns
    schema = rows[0][0]
    assert schema is not None
    described = json.loads(schema.data)["$defs"][schema.name]["properties"]
    assert schema.name == "Chunk"
    assert set(described) == {"type", *Chunk.__struct_fields__}
    assert [part["title"] for part in described["values"]["prefixItems"]] == ["dtype", "shape", "data"]


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "s.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(RecordingError, match="exists and is not overwritten"):
        Recorder(path, clock=clock).start()
    assert path.read_bytes() == b"precious"
    recorder = Recorder(path, clock=clock, overwrite=True)
    recorder.start()
    recorder.close()
    assert Recording(path).complete


@pytest.mark.parametrize(("name", "says"), [("none/s.mcap", "does not exist"), (".", "is a folder")])
def test_a_place_that_cannot_be_written_is_told_before_the_session(
        tmp_path: Path, clock: FakeClock, name: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says) as told:
        Recorder(tmp_path / name, clock=clock).start()
    assert told.value.next_step


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_at_the_start_is_told_before_the_session(clock: FakeClock) -> None:
    with pytest.raises(RecordingError, match="No space left"):
        Recorder(Path("/dev/full"), clock=clock, overwrite=True).start()


def test_mistakes_of_the_caller_are_told(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path / "s.mcap", clock=clock)
    with pytest.raises(RecordingError, match="was not started"):
        recorder.write("eeg", b"", 0)
    recorder.close()
    recorder.start()
    with pytest.raises(RecordingError, match="is no topic"):
        recorder.write("eegx", b"", 0)
    recorder.close()
    recorder.close()
    recorder.write("eeg", b"late", 0)
    assert recorder.dropped == 1


def test_little_free_space_is_warned_of(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_file, "LOW_SPACE", 1 << 62)
    recorder = Recorder(tmp_path / "s.mcap", clock=clock)
    recorder.start()
    recorder.close()
    assert "MB are free" in recorder.warning


class Stuck(recording_file.Sink):
    """A disk that takes the head of the file and then nothing until it is released."""

    reached = threading.Event()
    released = threading.Event()

    def write(self, data: bytes | memoryview) -> int:
        if threading.current_thread().name == "recorder":
            Stuck.reached.set()
            assert Stuck.released.wait(30)
        return super().write(data)


def test_a_stuck_disk_never_blocks_and_what_it_cost_is_counted_and_marked(
        tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_file, "Sink", Stuck)
    monkeypatch.setattr(recording, "QUEUE_BYTES", 10_000)
    Stuck.reached.clear()
    Stuck.released.clear()
    recorder = Recorder(tmp_path / "s.mcap", clock=clock)
    recorder.start()
    recorder.write("marker", b"first", clock.now_ns())
    clock.advance(1.0)
    assert Stuck.reached.wait(30)
    for number in range(100):  # returns although the disk stands still: this loop would hang otherwise
        recorder.write("marker", bytes([number]) * 1000, clock.now_ns())
    assert recorder.dropped == 90
    Stuck.released.set()
    recorder.close()
    back = Recording(tmp_path / "s.mcap")
    assert [payload[:1] for _, _, payload in back.messages()] == [b"f", *(bytes([number]) for number in range(10))]
    assert back.metadata["dropped"] == "90"
    assert not back.complete
    assert not back.salvaged


def test_a_hole_in_the_middle_shows_in_the_running_numbers(
        tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path / "s.mcap", clock=clock)
    recorder.start()
    recorder.write("marker", b"a", 1)
    monkeypatch.setattr(recording, "QUEUE_BYTES", -1)
    recorder.write("marker", b"b", 2)
    monkeypatch.undo()
    recorder.write("marker", b"c", 3)
    recorder.close()
    back = Recording(tmp_path / "s.mcap")
    assert [payload for _, _, payload in back.messages()] == [b"a", b"c"]
    assert back.lost_messages == 1
    assert not back.complete


def test_a_session_in_virtual_time_is_chunked_by_its_own_time(tmp_path: Path, clock: FakeClock) -> None:
    recorder = Recorder(tmp_path / "s.mcap", clock=clock)
    recorder.start()
    for number in range(100):
        recorder.write("tick", b"x", number * SECOND // 10)
    recorder.close()
    with (tmp_path / "s.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    spans = [index.message_end_time - index.message_start_time for index in summary.chunk_indexes]
    assert max(spans) <= FLUSH_S * SECOND


FULL = textwrap.dedent("""
    import os, resource, signal, sys
    from pathlib import Path
    from sensors.clock import FakeClock
    from sensors.recording import Recorder, Recording

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    recorder = Recorder(Path(sys.argv[1]), clock=FakeClock(), metadata={"rig": "x"})
    recorder.start()
    for number in range(300):
        recorder.write("marker", number.to_bytes(2, "little") + os.urandom(9_998), number + 1)
    recorder.close()
    assert "stopped after" in recorder.error and "File too large" in recorder.error, recorder.error
    back = Recording(Path(sys.argv[1]))
    kept = [int.from_bytes(payload[:2], "little") for _, _, payload in back.messages()]
    assert kept == list(range(len(kept))), kept
    assert len(kept) + recorder.dropped == 300, (len(kept), recorder.dropped)
    assert back.salvaged and not back.complete
    print("told")
""")


def test_a_disk_that_fills_up_ends_the_recording_with_a_sentence_and_not_the_session(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "s.mcap")], capture_output=True, text=True,
                          timeout=60, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "told\n"


LIVE = textwrap.dedent("""
    import sys
    from pathlib import Path
    from sensors.clock import SystemClock
    from sensors.messages import Marker, encode
    from sensors.recording import Recorder

    clock = SystemClock()
    recorder = Recorder(Path(sys.argv[1]), clock=clock, attachments={"rig.toml": b"[eeg]"})
    recorder.start()
    while True:
        now = clock.now_ns()
        recorder.write("marker", encode(Marker(t_ns=now, source="child", name="beat")), now)
        sys.stdout.write(f"{now}\\n")
        sys.stdout.flush()
        clock.sleep(0.01)
""")


def test_kill_9_loses_at_most_a_second(tmp_path: Path) -> None:
    path = tmp_path / "s.mcap"
    with subprocess.Popen([sys.executable, "-c", LIVE, str(path)], stdout=subprocess.PIPE, text=True,
                          cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline())]
        while said[-1] - said[0] < 1.75 * SECOND:
            said.append(int(child.stdout.readline()))
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    back = Recording(path)
    got = [received for received, _, _ in back.messages()]
    assert got == said[:len(got)]
    assert (said[-1] - got[-1]) / SECOND <= back.lost_seconds <= 1.0
    assert back.salvaged
    assert not back.complete
    assert back.attachments == {"rig.toml": b"[eeg]"}
