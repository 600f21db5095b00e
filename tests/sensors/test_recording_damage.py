"""Recordings that are cut, damaged or not ours: everything whole comes out, everything else is a sentence."""

import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mcap.writer import Writer

from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.messages import Column, StreamInfo, encode
from sensors.recording import Recording, salvage
from sensors.recording_file import RecordingFile

PER_CHUNK = 12
CHUNKS = 8
STEP_NS = 40_000_000
START_NS = 3600 * SECOND
HEADER_END = 8 + 9 + 2 * (4 + len("attnflow"))
"""Magic, record head, and the two texts of the header: the least that makes a file ours."""
WHERE = st.floats(0, 1, exclude_max=True)
RIG = b"[camera]\nsource = 'simulated'\n"


class Made(NamedTuple):
    whole: bytes
    rows: list[tuple[int, str, bytes]]
    heads: list[int]
    """File size after the documents, then after each chunk: everything before it is on disk."""
    folder: Path

    def __repr__(self) -> str:
        return f"Made({len(self.whole)} bytes, {len(self.rows)} messages)"  # Hypothesis prints it with every failure

    def at(self, content: bytes) -> Recording:
        path = self.folder / "cut.mcap"
        path.write_bytes(content)
        return Recording(path)

    def kept(self, size: int) -> int:
        """Return how many messages the first `size` bytes hold whole."""
        return PER_CHUNK * sum(head <= size for head in self.heads[1:])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("damage")
    file = RecordingFile(folder / "s.mcap", metadata={"rig": "bench", "start_ns": str(START_NS - STEP_NS)},
                         attachments={"rig.toml": RIG})
    heads, rows = [file.bytes_written], []
    for number in range(PER_CHUNK * CHUNKS):
        topic = ("eeg", "camera", "state")[number % 3]
        payload = b"%05d" % number + bytes([(number * 37 + i * i) % 251 for i in range(150)])
        rows.append((START_NS + number * STEP_NS, topic, payload))
        file.add(topic, payload, rows[-1][0], number + 1)
        if number % PER_CHUNK == PER_CHUNK - 1:
            file.flush()
            heads.append(file.bytes_written)
    # As the recorder ends a file: without the end's time, the loss of the last chunk could not be told in seconds.
    file.finish({"messages": str(len(rows)), "dropped": "0", "complete": "yes", "last_number": str(len(rows)),
                 "end_ns": str(rows[-1][0])})
    return Made((folder / "s.mcap").read_bytes(), rows, heads, folder)


def check_cut(made: Made, size: int) -> None:
    if size < HEADER_END:
        with pytest.raises(RecordingError) as told:
            made.at(made.whole[:size])
        assert told.value.next_step
        return
    cut = made.at(made.whole[:size])
    kept = made.kept(size)
    assert list(cut.messages()) == made.rows[:kept], f"cut at {size}"
    assert sum(cut.count.values()) == kept
    assert cut.salvaged
    assert not cut.complete
    assert cut.lost_ranges == ()
    if size >= made.heads[0]:
        assert cut.attachments == {"rig.toml": RIG}
        assert cut.metadata["rig"] == "bench"
    if kept < len(made.rows):
        assert cut.lost_seconds >= PER_CHUNK * STEP_NS / SECOND
        assert cut.lost_seconds <= 1.0


def test_a_file_cut_at_or_beside_each_border_yields_every_whole_message(made: Made) -> None:
    borders = {0, 7, 8, 9, 17, 30, HEADER_END, len(made.whole), *made.heads}
    for size in sorted({border + step for border in borders for step in (-1, 0, 1)} & set(range(len(made.whole)))):
        check_cut(made, size)


@settings(max_examples=250, deadline=None)
@given(where=WHERE)
def test_a_file_cut_anywhere_yields_every_whole_message(made: Made, where: float) -> None:
    check_cut(made, int(where * len(made.whole)))


def test_a_file_that_lacks_only_its_footer_lost_nothing(made: Made) -> None:
    cut = made.at(made.whole[:-3])
    assert list(cut.messages()) == made.rows
    assert cut.salvaged
    assert cut.lost_seconds == 0.0


def test_a_long_chunk_that_was_cut_raises_the_stated_loss(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "s.mcap", metadata={}, attachments={})
    file.add("tick", b"a", START_NS, 1)
    file.flush()
    for number in range(100):
        file.add("tick", bytes(100), START_NS + number * SECOND, number + 2)
    file.flush()
    size = file.bytes_written
    file.abandon()
    (tmp_path / "s.mcap").write_bytes((tmp_path / "s.mcap").read_bytes()[:size - 1])
    assert Recording(tmp_path / "s.mcap").lost_seconds == pytest.approx(99.5)


def subsequence(found: list[tuple[int, str, bytes]], whole: list[tuple[int, str, bytes]]) -> bool:
    rest: Iterator[tuple[int, str, bytes]] = iter(whole)
    return all(row in rest for row in found)


@settings(max_examples=250, deadline=None)
@given(where=WHERE, bits=st.integers(1, 255))
@example(where=0.8901722742257979, bits=1)  # the kind of the last chunk's record, so the chunk is not even seen
def test_a_wrong_byte_never_changes_a_message_and_never_passes_for_complete(
        made: Made, where: float, bits: int) -> None:
    # Behind the end metadata stands MCAP's own summary, which decides nothing here.
    position = int(where * made.heads[-1])
    content = bytearray(made.whole)
    content[position] ^= bits
    try:
        harmed = made.at(bytes(content))
    except RecordingError:
        assert position < made.heads[0]
        return
    found = list(harmed.messages())
    assert subsequence(found, made.rows), f"byte {position}"
    assert len(found) >= len(made.rows) - PER_CHUNK
    assert not harmed.complete
    if len(found) < len(made.rows):
        assert harmed.lost_ranges or harmed.salvaged
        assert harmed.lost_seconds > 0


@settings(max_examples=100, deadline=None)
@given(where=WHERE, bits=st.integers(1, 255))
def test_a_wrong_byte_in_the_summary_never_changes_a_message(made: Made, where: float, bits: int) -> None:
    content = bytearray(made.whole)
    content[made.heads[-1] + int(where * (len(content) - made.heads[-1]))] ^= bits
    assert list(made.at(bytes(content)).messages()) == made.rows


def test_a_damaged_last_chunk_of_a_cut_file_is_a_hole_too(made: Made) -> None:
    content = bytearray(made.whole[:made.heads[-1]])
    middle = (made.heads[-2] + made.heads[-1]) // 2
    content[middle:middle + 4] = bytes(4)
    harmed = made.at(bytes(content))
    assert list(harmed.messages()) == made.rows[:-PER_CHUNK]
    assert len(harmed.lost_ranges) == 1


@pytest.mark.parametrize("chunk", [0, 3, CHUNKS - 1])
def test_a_damaged_chunk_is_a_named_hole_and_the_rest_is_read(made: Made, chunk: int) -> None:
    content = bytearray(made.whole)
    middle = (made.heads[chunk] + made.heads[chunk + 1]) // 2
    content[middle:middle + 4] = bytes(4)
    harmed = made.at(bytes(content))
    first, last = chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK
    assert list(harmed.messages()) == made.rows[:first] + made.rows[last:]
    ((start, end),) = harmed.lost_ranges
    assert start <= made.rows[first][0]
    assert end >= made.rows[last - 1][0]
    assert harmed.lost_seconds == pytest.approx((end - start) / SECOND)
    assert not harmed.salvaged
    assert not harmed.complete
    unread = Recording(harmed.path)
    for name in ("count", "lost_ranges", "lost_messages", "lost_seconds", "complete"):
        assert getattr(unread, name) == getattr(harmed, name), "the figures do not depend on who read the file first"


def test_a_destroyed_stretch_costs_no_chunk_behind_it(made: Made) -> None:
    content = bytearray(made.whole)
    content[made.heads[2] - 5:made.heads[3] + 20] = b"\xff" * (made.heads[3] + 25 - made.heads[2])
    found = list(made.at(bytes(content)).messages())
    assert found == made.rows[:PER_CHUNK] + made.rows[4 * PER_CHUNK:]


def test_a_wrong_length_that_swallows_the_next_chunk_costs_nothing(made: Made) -> None:
    content = bytearray(made.whole)
    length = slice(made.heads[2] + 1, made.heads[2] + 9)
    content[length] = (int.from_bytes(content[length], "little") + 100).to_bytes(8, "little")
    assert list(made.at(bytes(content)).messages()) == made.rows


def test_salvage_writes_a_clean_file_with_everything_whole(made: Made, tmp_path: Path) -> None:
    size = made.heads[5] + 10
    broken = made.at(made.whole[:size])
    mended = salvage(broken.path, tmp_path / "mended.mcap")
    assert list(mended.messages()) == made.rows[:5 * PER_CHUNK]
    assert list(mended.numbered()) == list(broken.numbered())
    assert mended.attachments == {"rig.toml": RIG}
    assert mended.salvaged
    assert not mended.complete
    assert mended.lost_seconds == pytest.approx(broken.lost_seconds)
    with pytest.raises(RecordingError, match="exists"):
        salvage(broken.path, tmp_path / "mended.mcap")


def test_salvage_of_a_whole_file_is_a_whole_file(made: Made, tmp_path: Path) -> None:
    mended = salvage(made.folder / "s.mcap", tmp_path / "copy.mcap")
    assert list(mended.messages()) == made.rows
    assert mended.complete
    assert not mended.salvaged
    assert mended.lost_seconds == 0.0


@pytest.mark.parametrize(("content", "says"), [
    (b"", "is empty"), (b"RIFF....WAVE", "is no MCAP file"), (b"\x89MC", "within its header"),
    (b"\x89MCAP0\r\n", "within its header")])
def test_what_is_no_recording_is_told_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "s.mcap").write_bytes(content)
    with pytest.raises(RecordingError, match=says) as told:
        Recording(tmp_path / "s.mcap")
    assert str(tmp_path) in told.value.message
    assert told.value.next_step


def test_missing_files_and_folders_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="There is no recording"):
        Recording(tmp_path / "none.mcap")
    with pytest.raises(RecordingError, match="is a folder"):
        Recording(tmp_path)


@pytest.mark.parametrize(("profile", "encoding", "says"), [
    ("ros2", "cdr", "profile 'ros2'.*made by 'other'"), ("attnflow", "protobuf", "encoded as protobuf")])
def test_a_foreign_mcap_is_told_in_a_sentence(tmp_path: Path, profile: str, encoding: str, says: str) -> None:
    with (tmp_path / "s.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start(profile=profile, library="other")
        writer.add_message(writer.register_channel("/imu", encoding, 0), 1, b"x", 1)
        writer.finish()
    with pytest.raises(RecordingError, match=says) as told:
        Recording(tmp_path / "s.mcap")
    assert "attnflow live --record" in told.value.next_step


def test_streams_says_what_each_stream_said_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = RecordingFile(tmp_path / "s.mcap", metadata={}, attachments={})
    infos = [StreamInfo(t_ns=i, stream=("eeg", "face")[i % 2], kind="eeg", driver="eeg", rate_hz=250.0 + i,
                        columns=(Column("Fz", "uV"),)) for i in range(4)]
    for number, info in enumerate(infos):
        file.add("info", encode(info), number, number + 1)
    file.add("info", b"garbage", 9, 5)
    file.finish({"messages": "5", "complete": "yes"})
    with caplog.at_level(logging.WARNING):
        assert Recording(tmp_path / "s.mcap").streams() == {"eeg": infos[2], "face": infos[3]}


def test_reading_from_a_later_moment_gives_the_same_messages_as_filtering(made: Made) -> None:
    whole = Recording(made.folder / "s.mcap")
    from_ns = made.rows[30][0]
    assert list(whole.messages(from_ns=from_ns)) == made.rows[30:]
    assert list(whole.messages({"eeg"}, from_ns=from_ns)) == [row for row in made.rows[30:] if row[1] == "eeg"]


def long_file(path: Path, chunks: int) -> Path:
    file = RecordingFile(path, metadata={}, attachments={})
    noise = np.random.default_rng(5)
    for number in range(chunks * 60):
        file.add("eeg", noise.bytes(200), START_NS + number * 8_000_000, number + 1)
        if number % 60 == 59:
            file.flush()
    file.finish({"messages": str(chunks * 60), "complete": "yes", "last_number": str(chunks * 60)})
    return path


def peak(path: Path) -> int:
    tracemalloc.start()
    try:
        recording = Recording(path)
        assert sum(1 for _ in recording.messages()) == sum(recording.count.values())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_reading_takes_no_more_memory_for_a_ten_times_longer_recording(tmp_path: Path) -> None:
    short, long = long_file(tmp_path / "short.mcap", 40), long_file(tmp_path / "long.mcap", 400)
    peak(short)  # imports and caches
    assert peak(long) < peak(short) + 50_000
