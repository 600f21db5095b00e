"""The commands `attnflow dataset`: the same bytes whatever the jobs, and one sentence for each bad table."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import Call

from models.labels import NOT_LABELLED, STATES
from models.windows import load


def test_simulated_people_are_the_same_bytes_whatever_the_jobs(call: Call, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        done = call("dataset", "simulate", "--people", "2", "--minutes", "2", "--seed", "5", "--jobs", jobs,
                    "--out", jobs, "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["people"] == 2
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert names == ["sim-5-0.windows", "sim-5-1.windows"]
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names)
    refused = call("dataset", "simulate", "--people", "1", "--minutes", "2", "--seed", "6", "--out", "1")
    assert refused.code == 1
    assert "already holds other windows" in refused.err


def test_a_recording_and_its_labels_become_windows(call: Call, minute_file: Path, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("start_s,end_s,state,attention\n0,10,focused,0.9\n20,30,away,\n")
    done = call("dataset", "build", str(minute_file), "--labels", "l.csv", "--person", "anna", "--out", "out")
    assert done.code == 0, done.err
    windows = load(tmp_path / "out" / "anna-minute.windows")
    assert len(windows) > 100
    assert windows.source == "recording"
    assert (windows.state[windows.times_s < 10] == 0).all()
    assert (windows.state[(windows.times_s >= 10) & (windows.times_s < 20)] == NOT_LABELLED).all()
    assert (windows.state == STATES.index("away")).any()
    assert np.isnan(windows.lapse_in_s).all()


@pytest.mark.parametrize(("table", "told"), [
    ("", "missing"), ("start_s,end_s,state\n", "no label"),
    ("start_s,end_s,state\n0,10,focused\n5,15,away\n", "overlap"),
    ("start_s,end_s,state\n0,10,happy\n", "happy"),
    ("start_s,end_s,state\n0,900,focused\n", "ends at"),
    ("start_s,end_s,state\n9,3,focused\n", "start_s < end_s"),
    ("start_s,end_s,state\nsoon,3,focused\n", "expected a number"),
])
def test_a_bad_table_is_one_sentence_and_writes_nothing(call: Call, minute_file: Path, tmp_path: Path, table: str,
                                                        told: str) -> None:
    (tmp_path / "l.csv").write_text(table)
    done = call("dataset", "build", str(minute_file), "--labels", "l.csv", "--person", "anna", "--out", "out")
    assert done.code == 1
    assert told in done.err
    assert "itself broke" not in done.err
    assert not (tmp_path / "out").exists()
