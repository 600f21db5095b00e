"""`attnflow import`: from a foreign file to states, on the path that live data takes."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import Call

from fusion.replaying import fold, session_of, verify
from kernels.layout import INDEX
from sensors.clock import SECOND
from sensors.messages import Marker, State, decode
from sensors.recording import Recording

CYTON = "Fp1,Fp2,C3,C4,P7,P8,O1,O2"


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Eight seconds of a Muse with a hole of four."""
    rng = np.random.default_rng(2)
    seconds = 1533222559.839 + np.arange(2048) / 256 + np.where(np.arange(2048) >= 1024, 4.0, 0.0)
    alpha = 20 * np.sin(2 * np.pi * 10 * np.arange(2048) / 256)
    rows = [f"{at:.4f}," + ",".join(f"{value:.3f}" for value in wave + rng.normal(0, 5, 4))
            for at, wave in zip(seconds, alpha, strict=True)]
    path = tmp_path / "take.csv"
    path.write_text("\n".join(["timestamps,TP9,AF7,AF8,TP10", *rows]) + "\n")
    return path


def test_an_import_is_a_session_with_states_that_verify(call: Call, take: Path, tmp_path: Path) -> None:
    done = call("import", str(take), "--person", "p07", "--calibration", "2", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["file"] == str(take.with_suffix(".mcap"))
    assert told["formats"] == ["muse"]
    stream, = told["streams"]
    assert (stream["samples"], stream["lost"], stream["holes"]) == (2048, 0, 1)
    assert stream["hole_s"] == pytest.approx(4.0, abs=0.002)
    assert told["seconds"] == pytest.approx(12.0, abs=0.01)
    recording = Recording(take.with_suffix(".mcap"))
    assert recording.metadata["person"] == "p07"
    assert recording.metadata["rig"] == "import"
    assert recording.metadata["start_utc"] == "2018-08-02T15:09:19+00:00"
    proof = verify(recording.path)
    assert proof.verified, proof.first_difference
    assert proof.states >= 119
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take.csv", "take.mcap"]


def test_the_hole_is_told_by_the_session_and_nothing_is_made_up_in_it(call: Call, take: Path) -> None:
    assert call("import", str(take), "--calibration", "1").code == 0
    states = [output for _, outputs in fold(Recording(take.with_suffix(".mcap"))) for output in outputs
              if isinstance(output, State)]
    within = [state for state in states if 1_006.5 < state.t_ns / SECOND < 1_007.9]
    assert within
    assert {state.inputs["eeg"].status for state in within} == {"stale"}
    assert {state.state for state in within} == {"unknown"}


def test_a_recording_without_states_says_so_when_it_is_verified(call: Call, take: Path) -> None:
    assert call("import", str(take), "--no-states").code == 0
    done = call("replay", str(take.with_suffix(".mcap")), "--verify", "--json")
    assert done.code == 1
    assert "imported without states" in json.loads(done.out)["first_difference"]
    replayed = call("replay", str(take.with_suffix(".mcap")), "--speed", "max", "--json")
    assert replayed.code == 0
    assert json.loads(replayed.out.splitlines()[-1])["states"] >= 119


def test_labels_travel_as_markers_and_as_their_table(call: Call, take: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("start_s,end_s,state\n0,5,focused\n5,12,drowsy\n")
    done = call("import", str(take), "--labels", str(table), "--no-states")
    assert done.code == 0, done.err
    assert "2 markers" in done.out
    recording = Recording(take.with_suffix(".mcap"))
    markers = [decode(payload) for _, _, payload in recording.messages(("marker",))]
    assert [(one.name, one.value) for one in markers if isinstance(one, Marker)] == [("focused", "5 s"),
                                                                                    ("drowsy", "7 s")]
    assert recording.attachments["labels.csv"] == table.read_bytes()


def test_nothing_is_overwritten_without_force(call: Call, take: Path) -> None:
    assert call("import", str(take), "--no-states").code == 0
    before = take.with_suffix(".mcap").read_bytes()
    again = call("import", str(take), "--no-states")
    assert again.code == 1
    assert "exists and is not overwritten" in again.err
    assert "--force" in again.err
    assert take.with_suffix(".mcap").read_bytes() == before
    assert call("import", str(take), "--no-states", "--force").code == 0


@pytest.mark.parametrize(("arguments", "message"), [
    (("--columns", "A,B"), "names 2 channels"),
    (("--unit", "kg"), "no unit of voltage"),
    (("--format", "minidisc"), "no format 'minidisc'"),
    (("--format", "xdf"), "cannot be read as XDF"),
    (("--out", "nowhere/o.mcap"), "folder nowhere does not exist"),
    (("--labels", "none.csv"), "no file none.csv"),
])
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(call: Call, take: Path, tmp_path: Path,
                                                          arguments: tuple[str, ...], message: str) -> None:
    done = call("import", str(take), *arguments)
    assert done.code == 1
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["take.csv"]


def test_closed_eyes_and_blinks_are_seen_in_an_imported_cyton_file(call: Call, shared_data: Path) -> None:
    """Eyes open and blinking until 20 s, closed from 30 to 75 s; no camera."""
    source = shared_data / "eeg" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz"
    assert call("import", str(source), "--out", "c.mcap", "--columns", CYTON, "--no-states").code == 0
    recording = Recording(Path("c.mcap"))
    session = session_of(recording)
    at, vectors = [], []
    for received_ns, topic, payload in recording.messages():
        if topic in ("state", "alert"):
            continue
        for output in session.update(decode(payload)):
            if isinstance(output, State):
                at.append(output.t_ns / SECOND - 1000)
                vectors.append(session.vector.copy())
        assert received_ns
    seconds, table = np.array(at), np.array(vectors)
    alpha, blinks = table[:, INDEX["alpha_ratio"]], table[:, INDEX["eeg_blinks_60s"]]
    opened, closed = (seconds > 15) & (seconds < 28), (seconds > 34) & (seconds < 75)
    assert np.nanmedian(alpha[closed]) > 1.5 * np.nanmedian(alpha[opened])
    assert np.nanmax(blinks[seconds < 25]) > 5


def test_an_imported_recording_reports_and_exports(call: Call, take: Path) -> None:
    pytest.importorskip("mne")
    pytest.importorskip("pyarrow")
    assert call("import", str(take), "--calibration", "1").code == 0
    file = str(take.with_suffix(".mcap"))
    assert call("report", file).code == 0
    page = take.with_suffix(".html").read_text()
    assert "imported_from" in page
    assert "take.csv" in page
    for form in ("parquet", "mne-fif"):
        done = call("export", file, "--to", form, "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["files"]
