"""EDF, EDF+, BDF and FIF, made here: values in uV whatever the unit, annotations as marks."""

import numpy as np
import pytest
from foreign_files import edf

from sensors import importers
from sensors.errors import ForeignFileError
from sensors.importers import Options

mne = pytest.importorskip("mne")
RNG = np.random.default_rng(5)
DIGITS = RNG.integers(-2000, 2000, 512)


def read(path, **options):
    return importers.read(path, importers.sniff(path), Options(**options))


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1.0), ("mV", 1e3), ("V", 1e6), ("nV", 1e-3)])
def test_every_unit_of_voltage_becomes_microvolts(tmp_path, unit, factor):
    path = edf(tmp_path / "a.edf", [("EEG Fp1", unit, DIGITS), ("EEG O1", unit, -DIGITS)], [256, 256])
    stream = read(path).streams[0]
    assert stream.values[:, 0] == pytest.approx(DIGITS * 0.1 * factor, rel=1e-3, abs=0.06 * factor)
    assert stream.values[:, 1] == pytest.approx(-DIGITS * 0.1 * factor, rel=1e-3, abs=0.06 * factor)
    assert [column.name for column in stream.columns] == ["EEG Fp1", "EEG O1"]
    assert stream.rate_hz == 256.0
    assert np.diff(stream.placed.times_ns) == pytest.approx(np.full(511, 1e9 / 256), abs=1)


def test_an_unknown_unit_is_an_error_until_the_user_says_it(tmp_path):
    path = edf(tmp_path / "a.edf", [("EEG Fp1", "", DIGITS)], [256])
    with pytest.raises(ForeignFileError, match="no unit"):
        read(path)
    assert read(path, unit="mV").streams[0].values[:, 0] == pytest.approx(DIGITS * 100.0, rel=1e-3, abs=60)


def test_other_signals_and_slower_ones_are_left_out_and_told(tmp_path):
    path = edf(tmp_path / "a.edf", [("EEG Fp1", "uV", DIGITS), ("EEG O1", "uV", DIGITS), ("ECG", "mV", DIGITS),
                                    ("EEG slow", "uV", DIGITS[:256]), ("SpO2", "%", DIGITS)], [256, 256, 256, 128, 256])
    contents = read(path)
    assert [column.name for column in contents.streams[0].columns] == ["EEG Fp1", "EEG O1"]
    left = " ".join(contents.left_out)
    assert "ECG" in left
    assert "EEG slow (sampled at 128 Hz" in left
    assert "SpO2" in left


def test_annotations_become_marks_and_the_date_stays_text(tmp_path):
    path = edf(tmp_path / "a.edf", [("EEG Fp1", "uV", DIGITS)], [256], [(0.5, 0.25, "eyes closed"), (1.0, 0, "key")])
    contents = read(path)
    assert [(mark.t_ns, mark.name, mark.value) for mark in contents.marks] == [
        (500_000_000, "eyes closed", "0.25 s"), (1_000_000_000, "key", "")]
    assert contents.began_utc == "2020-03-02T10:20:30+00:00"


def test_bdf_has_24_bits(tmp_path):
    digits = DIGITS * 200
    path = edf(tmp_path / "a.bdf", [("Fp1", "uV", digits)], [256], bits=24, plus="BDF+C")
    stream = read(path).streams[0]
    assert stream.values[:, 0] == pytest.approx(digits * 3276.8 / 2**23, abs=0.01)


def test_an_edf_with_gaps_or_cut_in_its_header_is_refused(tmp_path):
    whole = edf(tmp_path / "a.edf", [("EEG Fp1", "uV", DIGITS)], [256], plus="EDF+D")
    with pytest.raises(ForeignFileError, match="gaps"):
        read(whole)
    cut = tmp_path / "cut.edf"
    cut.write_bytes(whole.read_bytes()[:400])
    with pytest.raises(ForeignFileError, match="header"):
        read(cut)


def fif(path, kinds, skipped=False):
    info = mne.create_info([f"{kind}{at}" for at, kind in enumerate(kinds)], 100.0, kinds, verbose="error")
    data = RNG.normal(0, 2e-5, (len(kinds), 1000))
    raw = mne.io.RawArray(data, info, verbose="error")
    notes = [(1.5, 0.2, "blink"), *([(4.0, 2.0, "BAD_ACQ_SKIP")] if skipped else [])]
    raw.set_annotations(mne.Annotations(*(list(part) for part in zip(*notes, strict=True))))
    raw.save(path, verbose="error")
    return data


def test_fif_gives_its_eeg_in_microvolts_and_its_annotations(tmp_path):
    data = fif(tmp_path / "a_raw.fif", ["eeg", "eog", "eeg"])
    contents = read(tmp_path / "a_raw.fif")
    stream = contents.streams[0]
    assert stream.values == pytest.approx(data[[0, 2]].T * 1e6, rel=1e-5)
    assert [(mark.t_ns, mark.name, mark.value) for mark in contents.marks] == [(1_500_000_000, "blink", "0.2 s")]
    assert any("eog1 (eog, no EEG)" in text for text in contents.left_out)


def test_a_stretch_that_was_not_acquired_is_a_hole_and_no_zeros(tmp_path):
    fif(tmp_path / "a_raw.fif", ["eeg"], skipped=True)
    contents = read(tmp_path / "a_raw.fif")
    assert contents.streams[0].placed.holes_s() == pytest.approx([2.0])
    assert len(contents.streams[0].values) == 800
    assert any("2.0 s in which nothing was acquired" in text for text in contents.warnings)


def test_a_fif_without_eeg_or_cut_is_refused(tmp_path):
    fif(tmp_path / "a_raw.fif", ["eog"])
    with pytest.raises(ForeignFileError, match="no EEG channel"):
        read(tmp_path / "a_raw.fif")
    cut = tmp_path / "cut_raw.fif"
    cut.write_bytes((tmp_path / "a_raw.fif").read_bytes()[:300])
    with pytest.raises(ForeignFileError, match="cannot be read as FIF"):
        read(cut)
