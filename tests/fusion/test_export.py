"""Exports: what other tools read is what was recorded, with units, holes and events."""

import sys
from pathlib import Path

import mne
import numpy as np
import pyarrow.parquet as pq
import pytest

from fusion import export_parquet
from fusion.export import EXPORTS, export
from fusion.regular import regular
from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.messages import Alert, AnyMessage, Chunk, Column, Health, InputAge, Marker, State, StreamInfo, encode
from sensors.recording import Recording
from sensors.recording_file import RecordingFile

START_NS = 500 * SECOND
RATE_HZ = 250.0
SAMPLES = 1000
HOLE = slice(400, 450)
ELECTRODES = ("Fz", "Pz", "O1")


def eeg_samples() -> tuple[np.ndarray, np.ndarray]:
    """Four seconds at 250 Hz with 0.2 ms of jitter, a hole of 50 samples, and ten samples of O1 not measured."""
    random = np.random.default_rng(1)
    number = np.delete(np.arange(SAMPLES), HOLE)
    times = START_NS + np.rint(number / RATE_HZ * SECOND).astype(np.int64) + random.integers(-200_000, 200_000,
                                                                                              len(number))
    values = np.stack([20 * np.sin(2 * np.pi * (8 + k) * number / RATE_HZ) for k in range(3)], 1).astype(np.float32)
    values[100:110, 2] = np.nan
    return times, values


def state(at_s: float, name: str, camera: float | None = None) -> State:
    return State(t_ns=START_NS + int(at_s * SECOND), state=name, probabilities={name: 0.75}, attention=0.5,
                 conformal=("focused", "away"),
                 inputs={} if camera is None else {"camera": InputAge(camera, 1.0, "ok")})


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    times, values = eeg_samples()
    rows: list[tuple[str, AnyMessage]] = [
        ("info", StreamInfo(t_ns=START_NS, stream="eeg", kind="eeg", driver="eeg", rate_hz=RATE_HZ, device="board",
                            columns=tuple(Column(name, "uV") for name in ELECTRODES))),
        ("marker", Marker(t_ns=START_NS + SECOND, source="test", name="flash", value="7")),
        ("state", state(0.5, "focused")), ("state", state(1.0, "focused", camera=12.5)), ("state", state(2.0, "away")),
        ("alert", Alert(t_ns=START_NS + 2 * SECOND, rule="away", level="info", reason="x",
                        onset_ns=START_NS + SECOND * 3 // 2)),
        ("health", Health(t_ns=START_NS, stream="eeg", status="ok"))]
    rows += [("eeg", Chunk(t_ns=int(times[at:at + 10][-1]), stream="eeg", values=values[at:at + 10],
                           times_ns=times[at:at + 10], device_ns=times[at:at + 10] + 5 if at < 500 else None))
             for at in range(0, len(times), 10)]
    path = tmp_path_factory.mktemp("export") / "s.mcap"
    file = RecordingFile(path, metadata={"rig": "bench", "start_utc": "2026-01-02T03:04:05+00:00",
                                         "start_ns": str(START_NS)}, attachments={})
    for number, (topic, message) in enumerate(rows):
        file.add(topic, encode(message), max(START_NS, message.t_ns), number + 1)
    file.finish({"messages": str(len(rows)), "complete": "yes", "last_number": str(len(rows))})
    return Recording(path)


def test_parquet_holds_every_sample_with_its_stamps_and_units(recording: Recording, tmp_path: Path) -> None:
    files = {path.name: path for path in export(recording, "parquet", tmp_path)}
    assert set(files) == {"s-eeg.parquet", "s-states.parquet", "s-alerts.parquet", "s-health.parquet",
                          "s-markers.parquet"}
    table = pq.read_table(files["s-eeg.parquet"])
    times, values = eeg_samples()
    assert np.array_equal(table["time_ns"].to_numpy(), times)
    for number, name in enumerate(ELECTRODES):
        assert np.array_equal(table[name].to_numpy(), values[:, number], equal_nan=True)
        assert table.schema.field(name).metadata == {b"unit": b"uV"}
    device = table["device_ns"].to_pylist()
    assert device[:500] == (times[:500] + 5).tolist()
    assert device[500:] == [None] * (len(times) - 500)
    assert table.schema.metadata[b"attnflow.rig"] == b"bench"
    assert b'"stream":"eeg"' in table.schema.metadata[b"attnflow.stream"]


def test_parquet_tables_have_a_column_for_every_key_that_ever_appears(recording: Recording, tmp_path: Path) -> None:
    files = {path.name: path for path in export(recording, "parquet", tmp_path)}
    rows = pq.read_table(files["s-states.parquet"]).to_pylist()
    assert [row["state"] for row in rows] == ["focused", "focused", "away"]
    assert [row["probabilities_away"] for row in rows] == [None, None, 0.75]
    assert [row["inputs_camera_age_ms"] for row in rows] == [None, 12.5, None]
    assert rows[0]["conformal"] == "focused away"
    assert pq.read_table(files["s-markers.parquet"]).to_pylist()[0]["name"] == "flash"


def test_parquet_is_written_in_groups(
        recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_parquet, "ROWS", 100)
    path = next(path for path in export(recording, "parquet", tmp_path) if path.name == "s-eeg.parquet")
    assert pq.ParquetFile(path).num_row_groups == 10
    assert np.array_equal(pq.read_table(path)["time_ns"].to_numpy(), eeg_samples()[0])


def test_fif_holds_the_samples_in_volts_at_their_measured_rate_with_places(recording: Recording) -> None:
    (path,) = export(recording, "mne-fif")
    assert path == recording.path.with_name("s-mne-fif") / "s-eeg_raw.fif"
    raw = mne.io.read_raw_fif(path, preload=True, verbose="error")
    times, values = eeg_samples()
    assert raw.ch_names == list(ELECTRODES)
    assert raw.info["sfreq"] == pytest.approx(RATE_HZ, rel=1e-3)
    assert len(raw.times) == SAMPLES
    kept = np.delete(np.arange(SAMPLES), HOLE)
    measured = np.isfinite(values)
    assert np.allclose(raw.get_data().T[kept][measured], values[measured] * 1e-6, atol=1e-12)
    assert np.isfinite(raw.get_data()).all()
    assert all(np.linalg.norm(channel["loc"][:3]) > 0.01 for channel in raw.info["chs"])
    assert "placed on the grid unchanged" in raw.info["description"]
    assert raw.info["meas_date"].isoformat().startswith("2026-01-02T03:04:0")
    assert times[0] - START_NS < SECOND


def test_fif_annotates_holes_markers_states_and_alerts_at_their_times(recording: Recording, tmp_path: Path) -> None:
    raw = mne.io.read_raw_fif(export(recording, "mne-fif", tmp_path)[0], verbose="error")
    first_s = (eeg_samples()[0][0] - START_NS) / SECOND
    notes = {note["description"]: (note["onset"] - raw.first_time + first_s, note["duration"], note["ch_names"])
             for note in raw.annotations}
    assert set(notes) == {"BAD_gap", "BAD_nan", "flash=7", "state/focused", "state/away", "alert/away/info"}
    assert notes["BAD_gap"][0] == pytest.approx(399 / RATE_HZ, abs=0.005)
    assert notes["BAD_gap"][1] == pytest.approx(51 / RATE_HZ, abs=0.002)
    assert notes["BAD_nan"][0] == pytest.approx(100 / RATE_HZ, abs=0.005)
    assert notes["BAD_nan"][1] == pytest.approx(10 / RATE_HZ, abs=0.002)
    assert notes["BAD_nan"][2] == ("O1",)
    assert notes["flash=7"][0] == pytest.approx(1.0, abs=0.005)
    assert notes["state/focused"][:2] == pytest.approx((0.5, 1.5), abs=0.005)
    assert notes["alert/away/info"][0] == pytest.approx(1.5, abs=0.005)


def test_irregular_samples_are_interpolated_and_that_is_told() -> None:
    random = np.random.default_rng(2)
    at = np.sort(random.uniform(0, 4, 400))
    times = np.unique(np.rint(at * SECOND).astype(np.int64))
    grid = regular(times, (times / SECOND).astype(np.float32)[:, None], 100.0)
    assert grid.resampled
    grid_s = np.arange(len(grid.values)) / grid.rate_hz + times[0] / SECOND
    inside = grid_s <= times[-1] / SECOND
    assert np.allclose(grid.values[inside, 0], grid_s[inside], atol=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_a_stream_of_hardly_any_samples_still_has_a_grid(count: int) -> None:
    grid = regular(np.arange(count) * 4_000_000, np.ones((count, 1), np.float32), RATE_HZ)
    assert grid.rate_hz == pytest.approx(RATE_HZ)
    assert np.array_equal(grid.values, np.ones((count, 1)))
    assert not grid.resampled


def test_unknown_formats_and_missing_libraries_are_told_in_a_sentence(
        recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordingError, match="no export format 'xlsx'") as told:
        export(recording, "xlsx", tmp_path)
    assert all(name in told.value.next_step for name in EXPORTS)
    monkeypatch.delitem(sys.modules, "fusion.export_parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RecordingError, match="needs pyarrow, which is not installed") as told:
        export(recording, "parquet", tmp_path)
    assert told.value.next_step == "pip install 'attnflow[export]'"


def test_a_recording_without_eeg_and_a_folder_that_is_a_file_are_told(recording: Recording, tmp_path: Path) -> None:
    empty = RecordingFile(tmp_path / "empty.mcap", metadata={}, attachments={})
    empty.finish({})
    with pytest.raises(RecordingError, match="holds no EEG"):
        export(Recording(tmp_path / "empty.mcap"), "mne-fif", tmp_path)
    with pytest.raises(RecordingError, match="holds no message"):
        export(Recording(tmp_path / "empty.mcap"), "parquet", tmp_path)
    (tmp_path / "taken").write_text("x")
    with pytest.raises(RecordingError, match="failed"):
        export(recording, "parquet", tmp_path / "taken")
