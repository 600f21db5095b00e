"""Text files of the OpenBCI GUI, of Muse recorders and of BrainFlow, made here."""

import gzip

import numpy as np
import pytest
from foreign_files import muse, openbci

from sensors import importers
from sensors.errors import ForeignFileError
from sensors.importers import Options

RNG = np.random.default_rng(3)


def read(path, **options):
    return importers.read(path, importers.sniff(path), Options(**options))


def test_openbci_values_are_the_text_of_the_file(tmp_path):
    values = np.round(RNG.normal(30_000, 100, (600, 8)), 2)
    stamps = 1557936053329 + np.arange(600) * 4
    contents = read(openbci(tmp_path / "a.txt", values, np.arange(600) % 256, stamps))
    stream, = contents.streams
    assert np.array_equal(stream.values, values.astype(np.float32))
    assert [column.unit for column in stream.columns] == ["uV"] * 8
    assert stream.columns[0].name == "EXG Channel 0"
    assert stream.rate_hz == 250.0
    assert stream.meta["board"] == "CYTON_BOARD"
    assert stream.meta["full_scale_uv"] == "187500"
    assert stream.meta["simulated"] == "no"
    assert np.array_equal(stream.device_ns, stamps * 1_000_000)
    assert contents.began_utc == "2019-05-15T16:00:53+00:00"
    assert any("--columns" in text for text in contents.warnings)


def test_openbci_lost_packages_and_cut_lines_are_counted(tmp_path):
    kept = np.delete(np.arange(600), [100, 300, 301])
    path = openbci(tmp_path / "a.txt", RNG.normal(0, 9, (597, 8)), kept % 256, 1557936053329 + kept * 4)
    with path.open("a") as file:
        file.write("88, 12.0, 13")
    contents = read(path)
    assert contents.streams[0].placed.lost == 3
    assert contents.streams[0].placed.holes_s() == pytest.approx([0.004, 0.008])
    assert any("One of 598 lines" in text for text in contents.warnings)


def test_an_illegible_stamp_is_that_of_the_next_line(tmp_path):
    path = openbci(tmp_path / "a.txt", RNG.normal(0, 9, (600, 4)), np.arange(600) % 256,
                   1557936053329 + np.arange(600) // 5 * 20)
    whole = read(path).streams[0].placed.times_ns
    path.write_text(path.read_text().replace(f", {1557936053329 + 400}, ", ", , ", 1))
    assert np.array_equal(read(path).streams[0].placed.times_ns, whole)


def test_columns_rename_and_leave_out(tmp_path):
    values = np.round(RNG.normal(0, 9, (300, 4)), 2)
    path = openbci(tmp_path / "a.txt", values, np.arange(300) % 256, 1557936053329 + np.arange(300) * 4)
    stream = read(path, columns=("Fp1", "-", "O1", "-")).streams[0]
    assert [column.name for column in stream.columns] == ["Fp1", "O1"]
    assert np.array_equal(stream.values, values[:, [0, 2]].astype(np.float32))
    with pytest.raises(ForeignFileError, match="names 2 channels"):
        read(path, columns=("Fp1", "Fp2"))
    with pytest.raises(ForeignFileError, match="twice"):
        read(path, columns=("Fp1", "Fp1", "-", "-"))


def test_openbci_of_2016_with_a_time_of_day_past_midnight(tmp_path):
    rows = [f"{at % 256}, 1.50, 2.50, 3.50, 4.50, 5.50, 6.50, 7.50, 8.50, 0.01, 0.02, 0.03, "
            f"{'23:59:59' if at < 250 else '00:00:00'}.{at % 250 * 4:03d}" for at in range(500)]
    path = tmp_path / "old.txt"
    path.write_text("\n".join(["%OpenBCI Raw EEG Data", "%", "%Sample Rate = 250.0 Hz", "%First Column = SampleIndex",
                               *rows]) + "\n")
    stream = read(path).streams[0]
    assert len(stream.columns) == 8
    assert np.diff(stream.placed.times_ns) == pytest.approx(np.full(499, 4e6))
    assert stream.values[7].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]


def test_muse_leaves_the_auxiliary_input_out_unless_it_is_named(tmp_path):
    values = np.round(RNG.normal(0, 30, (512, 5)), 3)
    path = muse(tmp_path / "m.csv", 1533222559.839 + np.arange(512) / 256, values)
    contents = read(path)
    stream = contents.streams[0]
    assert [column.name for column in stream.columns] == ["TP9", "AF7", "AF8", "TP10"]
    assert np.array_equal(stream.values, values[:, :4].astype(np.float32))
    assert stream.rate_hz == 256.0
    assert stream.meta["full_scale_uv"] == "1000"
    assert any("Right AUX" in text for text in contents.left_out)
    assert len(read(path, columns=("TP9", "AF7", "AF8", "TP10", "Fpz")).streams[0].columns) == 5


def test_a_muse_clock_hole_stays_and_gzip_is_read_alike(tmp_path):
    seconds = np.arange(1024) / 256
    seconds[600:] += 700.0
    path = muse(tmp_path / "m.csv", 1533222559.839 + seconds, RNG.normal(0, 30, (1024, 5)))
    packed = tmp_path / "m.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    plain, again = read(path), read(packed)
    assert plain.streams[0].placed.holes_s() == pytest.approx([700.0], abs=0.002)
    assert np.array_equal(plain.streams[0].placed.times_ns, again.streams[0].placed.times_ns)


def brainflow_file(path, rows=1000, separator="\t"):
    table = np.zeros((rows, 24))
    table[:, 0] = np.arange(rows) % 256
    table[:, 1:9] = np.round(RNG.normal(0, 20, (rows, 8)), 6)
    table[:, 22] = 1557936053.329 + np.arange(rows) * 0.004
    np.savetxt(path, table, fmt="%.6f", delimiter=separator)
    return table


@pytest.mark.parametrize("separator", ["\t", ","])
def test_brainflow_takes_the_board_s_own_description(tmp_path, separator):
    pytest.importorskip("brainflow")
    table = brainflow_file(tmp_path / "b.csv", separator=separator)
    contents = read(tmp_path / "b.csv")
    stream = contents.streams[0]
    assert [column.name for column in stream.columns] == ["Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2"]
    assert np.array_equal(stream.values, table[:, 1:9].astype(np.float32))
    assert any("CYTON_BOARD was guessed" in text for text in contents.warnings)
    with pytest.raises(ForeignFileError, match="24 columns"):
        read(tmp_path / "b.csv", board="GANGLION_BOARD")


@pytest.mark.parametrize(("text", "message"), [
    (b"", "is empty"),
    (b"hello world, this is a letter\n", "is of no format"),
    (b"\x89MCAP0\r\n", "needs no import"),
    (b"%OpenBCI Raw EEG Data\n%Sample Rate = 250.0 Hz\n", "holds no sample"),
    (b"timestamps,TP9,AF7,AF8,TP10\n", "holds no sample"),
    (b"timestamps,TP9,AF7,AF8,TP10\n1,2\n2,x,y,z,u\n", "damaged or of another length"),
    (gzip.compress(b"timestamps,TP9" * 5000, mtime=0)[:60], "breaks off"),
])
def test_what_cannot_be_read_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "file"
    path.write_bytes(text)
    with pytest.raises(ForeignFileError, match=message) as caught:
        read(path)
    assert caught.value.next_step


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    with pytest.raises(ForeignFileError, match="no file"):
        importers.sniff(tmp_path / "none.csv")
    with pytest.raises(ForeignFileError, match="is a folder"):
        importers.sniff(tmp_path)


def test_a_unit_that_is_none_of_voltage_is_refused(tmp_path):
    path = muse(tmp_path / "m.csv", np.arange(300) / 256, np.ones((300, 5)))
    with pytest.raises(ForeignFileError, match="--unit furlong"):
        read(path, unit="furlong")
    scaled = read(path, unit="mV")
    assert scaled.streams[0].values.max() == 1000.0
    assert any("--unit mV was taken" in text for text in scaled.warnings)
