"""XDF, made here: every stream on the recorder's clock, holes kept, units demanded."""

import numpy as np
import pytest
from foreign_files import xdf

from sensors import importers
from sensors.errors import ForeignFileError
from sensors.importers import Options

pytest.importorskip("pyxdf")
RNG = np.random.default_rng(9)
VALUES = np.round(RNG.normal(0, 20, (512, 3)), 3)


def eeg(**changes):
    return {"name": "Muse", "type": "EEG", "rate": 256, "format": "float32", "labels": ["TP9", "AF7", "AUX_RIGHT"],
            "unit": "microvolts", "stamps": 50.0 + np.arange(512) / 256, "values": VALUES,
            "offsets": [(50.0, -10.0), (55.0, -10.0)]} | changes


def read(path, **options):
    return importers.read(path, importers.sniff(path), Options(**options))


def test_eeg_lies_on_the_recorder_s_clock_and_keeps_its_own_stamps(tmp_path):
    contents = read(xdf(tmp_path / "a.xdf", [eeg()]))
    stream = contents.streams[0]
    assert np.array_equal(stream.values, VALUES[:, :2].astype(np.float32))
    assert stream.placed.times_ns[0] / 1e9 == pytest.approx(40.0, abs=1e-6)
    assert stream.device_ns[0] == 50_000_000_000
    assert [column.name for column in stream.columns] == ["TP9", "AF7"]
    assert any("AUX_RIGHT" in text for text in contents.left_out)


def test_a_short_hole_is_not_smoothed_over(tmp_path):
    """The smoothing of pyxdf would spread a hole of under a second over the whole stream."""
    stamps = 50.0 + np.arange(512) / 256 + np.where(np.arange(512) >= 300, 0.5, 0.0)
    stream = read(xdf(tmp_path / "a.xdf", [eeg(stamps=stamps)])).streams[0]
    assert stream.placed.holes_s() == pytest.approx([0.5], abs=1e-4)


def test_markers_come_with_their_source_and_an_empty_stream_is_told(tmp_path):
    keys = {"name": "keys", "type": "Markers", "rate": 0, "format": "string", "stamps": [50.5, 51.0],
            "values": [["go"], ["stop"]], "offsets": [(50.0, -10.0), (55.0, -10.0)]}
    contents = read(xdf(tmp_path / "a.xdf", [eeg(), keys, eeg(name="PPG", type="PPG", stamps=[], values=[])]))
    assert [(mark.source, mark.name) for mark in contents.marks] == [("keys", "go"), ("keys", "stop")]
    assert contents.marks[0].t_ns / 1e9 == pytest.approx(40.5, abs=1e-6)
    assert "PPG (PPG): empty" in contents.left_out


def test_a_unit_that_the_file_does_not_say_is_asked_for(tmp_path):
    path = xdf(tmp_path / "a.xdf", [eeg(unit="")])
    with pytest.raises(ForeignFileError, match="no unit") as caught:
        read(path)
    assert "--unit" in caught.value.next_step
    assert read(path, unit="nV").streams[0].values == pytest.approx(VALUES[:, :2] * 1e-3, rel=1e-5)


def test_a_gaze_stream_with_our_columns_becomes_the_camera(tmp_path):
    gaze = eeg(name="tracker", type="Gaze", rate=0, labels=["gaze_yaw", "gaze_pitch", "por_x"], unit="deg")
    stream = read(xdf(tmp_path / "a.xdf", [gaze])).streams[0]
    assert (stream.kind, [(column.name, column.unit) for column in stream.columns]) == (
        "camera", [("gaze_yaw", "rad"), ("gaze_pitch", "rad")])
    assert stream.values == pytest.approx(np.radians(VALUES[:, :2]), rel=1e-5)


def test_a_stream_without_offsets_is_told(tmp_path):
    contents = read(xdf(tmp_path / "a.xdf", [eeg(offsets=[])]))
    assert any("no clock offset was recorded" in text for text in contents.warnings)


def test_nothing_for_us_and_a_cut_file_are_one_sentence(tmp_path):
    path = xdf(tmp_path / "a.xdf", [eeg(type="PPG")])
    with pytest.raises(ForeignFileError, match="no stream of EEG and no marker"):
        read(path)
    cut = tmp_path / "cut.xdf"
    cut.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ForeignFileError):
        read(cut)
