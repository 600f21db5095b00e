"""The commands on real parts: a real recording of the simulated minute, and real sessions with real processes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Call

from sensors.recording import Recording

LIGHT = """
description = "simulated brain and world, no camera: light enough for any machine"
[session]
calibration_s = 1.0
[eeg]
board = "SIMULATED"
[context]
[truth]
"""


@pytest.fixture
def light(tmp_path: Path) -> Path:
    path = tmp_path / "light.toml"
    path.write_text(LIGHT)
    return path


def test_a_recording_is_verified_exported_and_reported(minute_file: Path, call: Call, tmp_path: Path) -> None:
    verified = call("replay", str(minute_file), "--verify", "--json")
    assert verified.code == 0
    figures = json.loads(verified.out)
    assert figures["verified"] is True
    assert figures["states"] >= 590
    assert figures["lost_seconds"] == 0.0
    assert len(figures["hash"]) == 64

    assert call("export", str(minute_file), "--to", "parquet", "--out", str(tmp_path / "tables")).code == 0
    tables = {f"minute-{name}.parquet" for name in ("camera", "eeg", "microphone", "states", "alerts", "health")}
    assert tables <= {path.name for path in (tmp_path / "tables").iterdir()}
    assert call("export", str(minute_file), "--to", "mne-fif").code == 0

    assert call("report", str(minute_file), "--out", str(tmp_path / "report.html")).code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page), "a report fetches nothing"
    assert "simulated" in page.lower()
    assert "distracted" in page


def test_a_damaged_middle_is_told_not_smoothed_over(minute_file: Path, call: Call) -> None:
    data = bytearray(minute_file.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 64] = bytes(64)
    minute_file.write_bytes(bytes(data))
    told = call("replay", str(minute_file), "--verify", "--json")
    assert told.code == 1
    assert json.loads(told.out)["verified"] is False


def start_live(light: Path, record: Path, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "fusion.cli", "live", "--rig", str(light), "--record", str(record),
                             "--json", *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def read_states(live: "subprocess.Popen[str]", count: int) -> list[dict[str, object]]:
    assert live.stdout is not None
    return [json.loads(live.stdout.readline()) for _ in range(count)]


def test_a_live_session_tells_states_then_its_accounts(light: Path, call: Call, tmp_path: Path) -> None:
    record = tmp_path / "s.mcap"
    live = start_live(light, record, "--seconds", "2")
    told, _ = live.communicate()
    assert live.returncode == 0
    *states, summary = [json.loads(line) for line in told.splitlines()]
    assert len(states) >= 15
    assert {"state", "status", "reason", "probabilities", "inputs"} <= states[-1].keys()
    assert summary["streams"]["eeg"]["messages"] >= 30
    assert {"messages", "gaps", "rate_hz", "quality"} <= summary["streams"]["eeg"].keys()
    assert json.loads(call("replay", str(record), "--verify", "--json").out)["hash"] == summary["hash"]


def test_a_killed_session_loses_at_most_a_second_and_verifies(light: Path, call: Call, tmp_path: Path) -> None:
    record = tmp_path / "s.mcap"
    live = start_live(light, record)
    last = read_states(live, 35)[-1]
    live.kill()
    live.wait()
    assert live.stdout is not None
    live.stdout.close()
    figures = json.loads(call("replay", str(record), "--verify", "--json").out)
    assert figures["verified"] is True
    assert figures["lost_seconds"] <= 1.0
    on_disk = [received for received, topic, _ in Recording(record).messages(["state"])]
    assert isinstance(last["t_ns"], int)
    assert last["t_ns"] - on_disk[-1] <= 1_000_000_000


def test_ctrl_c_closes_the_recording_whole(light: Path, call: Call, tmp_path: Path) -> None:
    record = tmp_path / "s.mcap"
    live = start_live(light, record)
    read_states(live, 10)
    live.send_signal(2)
    assert live.stdout is not None
    rest = live.stdout.read().splitlines()
    live.stdout.close()
    assert live.wait() == 0
    assert json.loads(rest[-1])["type"] == "summary"
    recording = Recording(record)
    assert (recording.complete, recording.salvaged) == (True, False)
