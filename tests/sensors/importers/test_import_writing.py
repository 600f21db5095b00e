"""The recording that an import makes: what a live session would have received, whole or not there at all."""

import msgspec
import numpy as np
import pytest
from foreign_files import muse, openbci

from sensors import importers
from sensors.clock import SECOND
from sensors.errors import ForeignFileError, RecordingError
from sensors.importers import labels, writing
from sensors.importers.contents import Mark
from sensors.messages import Chunk, Health, Marker, StreamInfo, Tick, decode
from sensors.recording import Recording

RNG = np.random.default_rng(11)
VALUES = np.round(RNG.normal(0, 30, (1024, 5)), 3)


@pytest.fixture
def source(tmp_path):
    """Four seconds of a Muse with a hole of five in the middle, and a mark before the first sample."""
    seconds = np.arange(1024) / 256 + np.where(np.arange(1024) >= 512, 5.0, 0.0)
    path = muse(tmp_path / "m.csv", 1533222559.839 + seconds, VALUES)
    contents = importers.read(path, "muse", importers.Options())
    contents.marks = [Mark(int(contents.streams[0].placed.times_ns[0]) - SECOND, "keys", "early")]
    made = importers.Source(path, "muse", contents)
    writing.name_apart([made])
    return made


def write(source, path, **more):
    importers.write([source], path, importers.summarise([source]), **more)
    return Recording(path)


def test_the_recording_holds_the_file_s_samples_and_stamps(source, tmp_path):
    recording = write(source, tmp_path / "o.mcap")
    chunks = [decode(payload) for _, _, payload in recording.messages(("eeg",))]
    assert np.array_equal(np.concatenate([chunk.values for chunk in chunks]), VALUES[:, :4].astype(np.float32))
    times = np.concatenate([chunk.times_ns for chunk in chunks])
    assert times[0] == writing.START_NS
    assert np.diff(times).max() == pytest.approx(5 * SECOND + SECOND / 256, abs=1e6)
    device = np.concatenate([chunk.device_ns for chunk in chunks])
    assert np.array_equal(device - device[0], times - times[0])
    assert recording.complete
    assert recording.lost_messages == 0
    assert recording.metadata["start_utc"] == "2018-08-02T15:09:19+00:00"


def test_order_and_metronome_are_those_of_a_live_session(source):
    sent = list(writing.messages([source]))
    received = [received for received, _, _ in sent]
    assert received == sorted(received)
    assert isinstance(sent[0][2], Tick), "a session's time begins with a tick"
    assert isinstance(sent[1][2], StreamInfo)
    ticks = [message.t_ns for _, _, message in sent if isinstance(message, Tick)]
    assert set(np.diff(ticks)) == {SECOND // 10}, "ticks go on through the hole"
    assert ticks[-1] >= max(message.t_ns for _, _, message in sent if isinstance(message, Chunk)) + 0.1 * SECOND
    numbers = [message.seq for _, _, message in sent if isinstance(message, Chunk)]
    assert numbers == list(range(len(numbers)))
    assert max(len(message.times_ns) for _, _, message in sent if isinstance(message, Chunk)) <= 11
    early = next((at, message) for at, _, message in sent if isinstance(message, Marker))
    assert early[0] >= writing.START_NS > early[1].t_ns


def test_heartbeats_count_samples_and_losses_up_to_them(tmp_path):
    kept = np.delete(np.arange(2000), np.arange(700, 720))
    path = openbci(tmp_path / "a.txt", RNG.normal(0, 9, (1980, 4)), kept % 256, 1557936053329 + kept * 4)
    made = importers.Source(path, "openbci", importers.read(path, "openbci", importers.Options()))
    writing.name_apart([made])
    beats = [message for _, _, message in writing.messages([made]) if isinstance(message, Health)]
    assert [beat.lost for beat in beats[:5]] == [0, 0, 0, 20, 20]
    assert beats[2].samples == 501
    assert beats[-1].status == "ended"
    assert {beat.status for beat in beats[:-1]} == {"ok"}
    assert beats[2].rate_hz == pytest.approx(250.0, rel=1e-3)


def test_the_summary_stands_in_the_recording(source, tmp_path):
    recording = write(source, tmp_path / "o.mcap")
    summary = msgspec.json.decode(recording.attachments["import.json"], type=importers.Summary)
    assert summary.streams[0].holes == 1
    assert summary.streams[0].hole_s == pytest.approx(5.0, abs=0.002)
    assert "hole" in recording.metadata["imported_warnings"]
    assert recording.metadata["imported_format"] == "muse"


def test_nothing_half_written_stays_behind(source, tmp_path):
    def broken(topic, message):
        if topic == "eeg":
            raise RuntimeError("broken")
        return ()

    with pytest.raises(RuntimeError):
        write(source, tmp_path / "o.mcap", fold=broken)
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_a_recording_is_replaced_only_when_asked_and_survives_a_failure(source, tmp_path):
    path = tmp_path / "o.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(RecordingError, match="not overwritten"):
        write(source, path)
    with pytest.raises(ZeroDivisionError):
        write(source, path, overwrite=True, fold=lambda topic, message: 1 / 0)
    assert path.read_bytes() == b"precious"
    assert write(source, path, overwrite=True).complete


def test_two_files_of_one_session_keep_their_offset_and_get_names_apart(source, tmp_path):
    other = importers.Source(source.path, "muse", importers.read(source.path, "muse", importers.Options()), 2.5)
    writing.name_apart([source, other])
    summary = importers.summarise([source, other])
    assert [one.name for one in summary.streams] == ["eeg", "eeg-2"]
    assert [one.start_s for one in summary.streams] == [0.0, 2.5]


def test_labels_become_markers_and_come_back(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("start_s,end_s,state\n10,25.5,drowsy\n0, 10, focused\n")
    made = labels.markers(labels.read(table, 25.0), 7 * SECOND)
    assert labels.stretches(made) == [(7 * SECOND, 17 * SECOND, "focused"), (17 * SECOND, 32_500_000_000, "drowsy")]
    assert made[0].source == "labels"


@pytest.mark.parametrize(("text", "message"), [
    ("start_s,end_s,state\n0,10,focused\n9,12,away\n", "overlap"),
    ("start_s,end_s,state\n0,90,focused\n", "outside the recording"),
    ("start_s,end_s,state\n-1,9,focused\n", "outside the recording"),
    ("start_s,end_s,state\n5,5,focused\n", "no stretch"),
    ("start_s,end_s,state\n0,5,\n", "no stretch"),
    ("start_s,end_s,state\nnan,5,away\n", "no stretch"),
    ("start_s,end_s,state\nzero,5,away\n", "no two numbers"),
    ("start_s,end_s,state\n", "no row"),
    ("from,to,state\n0,5,away\n", "no column start_s, end_s"),
])
def test_wrong_labels_are_one_sentence(tmp_path, text, message):
    table = tmp_path / "labels.csv"
    table.write_text(text)
    with pytest.raises(ForeignFileError, match=message):
        labels.read(table, 20.0)
