"""Importers on real recordings: what the files hold, exactly, and what is wrong with them, told."""

import gzip

import numpy as np
import pytest

from sensors import importers
from sensors.errors import ForeignFileError
from sensors.importers import Options


def read(path, **options):
    return importers.read(path, importers.sniff(path), Options(**options))


def test_a_cyton_file_of_the_gui(shared_data):
    path = shared_data / "eeg" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz"
    with gzip.open(path, "rt") as file:
        fields = [line.split(",") for line in file if line[:1].isdigit()]
    contents = read(path)
    stream = contents.streams[0]
    assert np.array_equal(stream.values, np.array([row[1:9] for row in fields], np.float64).astype(np.float32))
    assert np.array_equal(stream.device_ns, np.array([int(row[22]) for row in fields]) * 1_000_000)
    assert (stream.placed.lost, stream.placed.holes_s().size) == (0, 0)
    steps = np.diff(stream.placed.times_ns) / 1e6
    assert steps.min() > 3.98, "the bursts are spread"
    assert steps.max() < 4.02
    assert stream.placed.irregular_ns < 30e6
    assert contents.began_utc == "2019-05-15T16:00:53+00:00"


def test_a_file_of_2016_without_stamps_loses_what_its_numbers_show(shared_data):
    contents = read(shared_data / "eeg" / "OpenBCI_2016-02-13_Jordan_focus.txt.gz", columns=(*"AB", *"-" * 6))
    stream = contents.streams[0]
    assert stream.placed.lost == 1 + 16 + 82 + 51 + 106 + 109
    assert stream.placed.holes_s() == pytest.approx(np.array([1, 16, 82, 51, 106, 109]) / 250)
    assert [column.name for column in stream.columns] == ["A", "B"]
    assert any("no time stamps" in text for text in contents.warnings)


def test_brainflow_s_file_equals_the_gui_s(shared_data):
    pytest.importorskip("brainflow")
    ours = read(shared_data / "eeg" / "brainflow_playback_cyton_blinks_jaw_alpha.csv.gz").streams[0]
    theirs = read(shared_data / "eeg" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz").streams[0]
    assert np.array_equal(ours.values, theirs.values)
    assert ours.meta["board"] == "CYTON_BOARD"
    assert np.abs(ours.placed.times_ns - theirs.placed.times_ns - (
        ours.placed.times_ns - theirs.placed.times_ns).mean()).max() < 80e6


def test_all_muse_takes_and_the_hole_of_one(shared_data):
    paths = sorted((shared_data / "eeg" / "muse_mental_state").glob("*.csv.gz"))
    assert len(paths) == 24
    holes = {}
    for path in paths:
        stream = read(path).streams[0]
        assert [column.name for column in stream.columns] == ["TP9", "AF7", "AF8", "TP10"]
        assert stream.rate_hz == 256.0
        assert np.array_equal(stream.device_ns, stream.placed.times_ns), "regular stamps are kept"
        if stream.placed.holes_s().size:
            holes[path.name] = stream.placed.holes_s()
    assert list(holes) == ["subjectb-relaxed-2.csv.gz"]
    found, = holes.values()
    assert (found.size, found.max(), found.sum()) == (9, pytest.approx(700.0, abs=0.1), pytest.approx(916.1, abs=0.1))


def test_innopolis_takes_have_no_hole_but_for_lost_packages(shared_data):
    lost = {}
    for path in sorted((shared_data / "eeg" / "innopolis_12").glob("*.txt*")):
        stream = read(path).streams[0]
        gaps = stream.placed.lost_before
        assert stream.placed.holes_s() == pytest.approx(gaps[gaps > 0] / 250, abs=1e-3), path.name
        lost[path.name[:-7]] = stream.placed.lost
    assert len(lost) == 24
    assert {name: count for name, count in lost.items() if count > 3} == {"subject42_closed": 182,
                                                                          "subject42_open": 144}


def test_the_minimal_xdf_to_the_value(shared_data):
    pytest.importorskip("pyxdf")
    path = shared_data / "xdf" / "minimal.xdf"
    with pytest.raises(ForeignFileError, match="no unit"):
        read(path)
    contents = read(path, unit="uV")
    stream = contents.streams[0]
    assert stream.values.tolist() == [[192, 255, 238], *[[12 + at, 22 + at, 32 + at] for at in (0, 1, 2, 3)],
                                      *[[12 + at, 22 + at, 32 + at] for at in (0, 1, 2, 3)]]
    assert stream.device_ns / 1e9 == pytest.approx(np.arange(51, 60) / 10), "as sent"
    assert stream.placed.times_ns / 1e9 == pytest.approx(np.arange(50, 59) / 10), "less the recorded offset of 0.1 s"
    assert stream.rate_hz == 10.0
    assert [mark.name for mark in contents.marks[1:5]] == ["Hello", "World", "from", "LSL"]
    assert contents.marks[1].t_ns / 1e9 == pytest.approx(5.2)


def test_clock_resets_bad_offsets_and_empty_streams_are_told(shared_data):
    pytest.importorskip("pyxdf")
    reset = read(shared_data / "xdf" / "clock_resets.xdf", unit="uV")
    assert any("BioSemi" in text and "reset 1 time" in text for text in reset.warnings)
    assert reset.streams[0].placed.holes_s().max() == pytest.approx(273.5, abs=0.2)
    assert any("100 Hz" in text and "92.94" in text for text in reset.warnings)
    assert len(reset.marks) == 175
    bad = read(next((shared_data / "xdf").glob("sub-P003*")))
    assert any("last clock offset" in text for text in bad.warnings)
    assert len(bad.streams[0].values) == 2687
    assert sum("empty" in text for text in bad.left_out) == 3
    with pytest.raises(ForeignFileError, match="no stream of EEG"):
        read(shared_data / "xdf" / "empty_streams.xdf")


def test_every_muse_xdf(shared_data):
    pytest.importorskip("pyxdf")
    for path in sorted((shared_data / "xdf").glob("sub-P0*.xdf")):
        stream = read(path).streams[0]
        assert [column.name for column in stream.columns] == ["TP9", "AF7", "AF8", "TP10"], path.name
        assert stream.rate_hz == 256.0
    gaze = read(shared_data / "xdf" / "muse_beamgaze_gsr_hr_10s.xdf", unit="uV")
    assert len(gaze.streams[0].values) == 2744
    assert any("GazeHead" in text and "not ours" in text for text in gaze.left_out)


def test_the_blinks_of_a_fif_become_marks(shared_data):
    mne = pytest.importorskip("mne")
    path = shared_data / "blinks" / "ear_eog_first900s_raw.fif"
    contents = read(path, columns=("Fp2",))
    assert contents.streams[0].values[:, 0] == pytest.approx(
        mne.io.read_raw_fif(path, verbose="error").get_data(picks=["EEG-E8"])[0] * 1e6, rel=1e-5)
    assert len(contents.marks) == 31
    assert contents.marks[0].t_ns / 1e9 == pytest.approx(11.73)
    assert contents.marks[0].value == "0.27 s"
    assert any("EAR-avg_ear" in text for text in contents.left_out)


def test_a_fif_that_was_cut_is_told(shared_data, tmp_path):
    pytest.importorskip("mne")
    cut = tmp_path / "cut_raw.fif"
    cut.write_bytes((shared_data / "blinks" / "ear_eog_first900s_raw.fif").read_bytes()[:11_018])
    assert any("may have been cut" in text for text in read(cut).warnings)


def test_a_video_comes_through_the_webcam_driver(shared_data):
    pytest.importorskip("mediapipe")
    stream = read(shared_data / "face" / "single_face.mp4").streams[0]
    names = [column.name for column in stream.columns]
    assert (stream.name, len(stream.values)) == ("camera", 72)
    assert np.diff(stream.placed.times_ns) / 1e6 == pytest.approx(np.full(71, 1000 / 30), abs=0.5)
    assert np.nanmean(stream.values[:, names.index("face")] >= 0.5) >= 0.97
    shut = stream.values[26:29, names.index("ear_left")].mean()
    assert shut < 0.6 * np.nanmedian(stream.values[:, names.index("ear_left")])


def test_sound_comes_through_the_microphone_driver(shared_data):
    pytest.importorskip("silero_vad")
    contents = read(shared_data / "audio" / "trn00.wav")
    assert contents.streams[0].kind == "microphone"
    assert len(contents.streams[0].values) == pytest.approx(30 * 31.25, abs=2)
