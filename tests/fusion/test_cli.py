import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from commands import Call
from fake_feed import session

from fusion import cli, live, replaying
from fusion.replaying import Verification
from fusion.summary import Spread, StreamSummary, Summary
from sensors.clock import FakeClock
from sensors.errors import DeviceError
from sensors.messages import encode
from sensors.recording import Recorder


def summary() -> Summary:
    spread = Spread(1.0, 2.0, 3.0, 10)
    stream = StreamSummary(messages=600, gaps=0, samples=600, rate_hz=30.0, quality=0.9, status="ok", age_ms=spread)
    return Summary(rig="bench", seconds=20.0, states=400, alerts=2, hash="ab" * 32, record="s.mcap", malformed=0,
                   record_dropped=0, record_error="", state_seconds={"focused": 15.0, "away": 5.0},
                   streams={"camera": stream}, sample_to_state_ms=spread, frame_to_state_ms=Spread(), bus_ms=spread,
                   session_cpu_percent=8.0, drivers_cpu_percent=20.0, rss_mb=120.0, simulated=True)


def proof(*, verified: bool = True) -> Verification:
    return Verification(verified=verified, states=400, alerts=2, hash="ab" * 32,
                        recorded_hash=("ab" if verified else "cd") * 32, seconds=20.0, lost_seconds=0.0,
                        x_realtime=300.0, salvaged=False,
                        first_difference="" if verified else "Recorded state 'drowsy' at 3.000 s differs.")


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Replace the live session by the fake feed, and return what it was asked for."""
    asked: dict[str, object] = {}

    def run(rig: object, *, on_output: Callable[[object], None], record: Path | None = None, **options: object,
            ) -> Summary:
        asked.update(options, rig=rig, record=record)
        for _, topic, message in session(20.0, ("truth",)):
            if topic in ("state", "alert"):
                on_output(message)
        return summary()

    monkeypatch.setattr(live, "run", run)
    return asked


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path / "s.mcap", clock=FakeClock(), metadata={"rig": "bench"})
    recorder.start()
    for received, topic, message in session(3.0):
        recorder.write(topic, encode(message), received)
    recorder.close()
    return tmp_path / "s.mcap"


def test_help_and_version_load_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "msgspec", "zmq", "mcap", "torch", "cv2", "mediapipe", "brainflow", "rich.live")
    code = (f"import sys; sys.argv = ['attnflow', '--help']\nfrom fusion import cli\ntry: cli.main()\n"
            f"except SystemExit as end: assert not end.code\n"
            f"bad = [name for name in {heavy} if name in sys.modules]; assert not bad, bad")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("devices", "doctor", "live", "replay", "export", "report", "bench", "demo"):
        assert command in done.stdout


def test_version(call: Call) -> None:
    assert call("--version").out.startswith("attnflow 0.")


@pytest.mark.parametrize("arguments", [("nonsense",), ("live", "--seconds", "-1"), ("live", "--bogus"), ("replay",),
                                       ("replay", "missing.mcap")])
def test_wrong_usage_is_code_2(call: Call, arguments: tuple[str, ...]) -> None:
    outcome = call(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_a_speed_that_is_none_is_code_2(call: Call, recording: Path) -> None:
    outcome = call("replay", str(recording), "--speed", "fast")
    assert outcome.code == 2
    assert "fast" in outcome.err


def test_an_error_is_a_sentence_and_the_next_step(call: Call) -> None:
    outcome = call("live", "--rig", "nowhere")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "There is no rig 'nowhere'" in outcome.err
    assert "Known rigs: bench" in outcome.err
    assert "Traceback" not in outcome.err


def test_debug_shows_the_traceback_wherever_it_stands(call: Call) -> None:
    for arguments in (("--debug", "live", "--rig", "nowhere"), ("live", "--rig", "nowhere", "--debug")):
        outcome = call(*arguments)
        assert outcome.code == 1
        assert "Traceback" in outcome.err
        assert "There is no rig 'nowhere'" in outcome.err


def test_a_defect_is_a_sentence_too(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(live, "run", broken)
    outcome = call("live")
    assert outcome.code == 1
    assert "attnflow itself broke: ZeroDivisionError: oops." in outcome.err
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_second_interrupt_is_code_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "run", interrupted)
    assert call("live").code == 130


def test_live_json_is_one_state_a_line_and_then_the_summary(call: Call, fake_run: dict[str, object]) -> None:
    outcome = call("live", "--rig", "bench", "--seconds", "20", "--record", "s.mcap", "--json")
    assert outcome.code == 0
    assert outcome.err == ""
    *states, last = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(states) == 400
    assert all(state["type"] == "state" and "state" in state and state["t_ns"] for state in states)
    assert states[0]["active_alerts"] == []
    assert states[-1]["active_alerts"] == ["glance_long"]
    assert last["type"] == "summary"
    assert last["streams"]["camera"].items() >= {"messages": 600, "gaps": 0, "rate_hz": 30.0, "quality": 0.9}.items()
    assert [alert["rule"] for alert in last["alert_log"]] == ["glance_long"]
    assert fake_run["seconds"] == 20.0
    assert fake_run["record"] == Path("s.mcap")


def test_nan_is_null_in_json(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "run", lambda rig, **_: summary())
    outcome = call("live", "--json")
    assert json.loads(outcome.out, parse_constant=lambda name: pytest.fail(name))["frame_to_state_ms"]["p50"] is None


def test_live_for_a_person_tells_changes_and_accounts(call: Call, fake_run: dict[str, object]) -> None:
    outcome = call("live", "--seconds", "20")
    assert outcome.code == 0
    for wanted in ("distracted visual", "Eyes off target", "of a simulated person", "400 states", "hash abab", "30.00"):
        assert wanted in outcome.out


def test_overrides_and_estimator_reach_the_rig(call: Call, fake_run: dict[str, object]) -> None:
    call("live", "--set", "camera.rate_hz=15", "--set", "session.tick_hz=10", "--estimator", "rules", "--json")
    toml = msgspec.toml.decode(fake_run["rig"].toml)  # type: ignore[attr-defined]  # it is the Rig
    assert toml["camera"]["rate_hz"] == 15
    assert toml["session"] == toml["session"] | {"tick_hz": 10, "estimator": "rules"}


@pytest.mark.parametrize("verified", [True, False])
def test_verify_exits_0_only_if_verified(call: Call, recording: Path, monkeypatch: pytest.MonkeyPatch, verified: bool,
                                         ) -> None:
    monkeypatch.setattr(replaying, "verify", lambda path: proof(verified=verified))
    outcome = call("replay", str(recording), "--verify", "--json")
    assert outcome.code == (0 if verified else 1)
    told = json.loads(outcome.out)
    assert told["verified"] is verified
    assert {"states", "alerts", "hash", "seconds", "lost_seconds"} <= told.keys()
    spoken = call("replay", str(recording), "--verify")
    assert spoken.code == outcome.code
    assert ("recomputed bit for bit" in spoken.out) is verified
    assert ("Recorded state 'drowsy' at 3.000 s differs." in spoken.out) is not verified


@pytest.mark.parametrize(("given", "speed"), [("max", None), ("4", 4.0)])
def test_replay_speed(call: Call, recording: Path, monkeypatch: pytest.MonkeyPatch, given: str, speed: float | None,
                      ) -> None:
    asked: dict[str, object] = {}

    def replay(path: Path, **options: object) -> Summary:
        asked.update(options)
        return summary()

    monkeypatch.setattr(replaying, "replay", replay)
    assert call("replay", str(recording), "--speed", given).code == 0
    assert asked["speed"] == speed


def test_report_is_written_beside_the_recording(call: Call, recording: Path) -> None:
    outcome = call("report", str(recording))
    assert outcome.code == 0
    assert Path(outcome.out.strip()) == recording.with_suffix(".html")
    assert recording.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>")
    as_json = call("report", str(recording), "--json", "--out", "other.html")
    assert json.loads(as_json.out) == {"files": ["other.html"]}


def test_a_foreign_file_is_a_sentence(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.mcap").write_bytes(b"not a recording")
    for command in (("report",), ("export",), ("replay", "--verify")):
        outcome = call(command[0], str(tmp_path / "x.mcap"), *command[1:])
        assert outcome.code == 1
        assert "x.mcap" in outcome.err
        assert "Traceback" not in outcome.err


def test_devices_json_has_every_kind(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise DeviceError("No door.", "Buy one.")

    monkeypatch.setattr("fusion.devices._boards", none)
    outcome = call("devices", "--json")
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert {"cameras", "microphones", "eeg_boards", "can_buses", "rigs", "reasons"} == found.keys()
    assert found["reasons"]["eeg_boards"] == "No door. Buy one."


def test_demo_shows_and_proves_and_says_it_is_simulated(call: Call, recording: Path, fake_run: dict[str, object],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "verify", lambda path: proof())
    monkeypatch.setattr(cli, "_report", lambda file, out, quiet: file.with_suffix(".html"))
    outcome = call("demo", "--seconds", "5", "--out", "made")
    assert outcome.code == 0
    record = fake_run["record"]
    assert isinstance(record, Path)
    assert record.parent == Path("made")
    assert record.suffix == ".mcap"
    for wanted in ("Shown", "Proven", "bit for bit", str(record), str(record.with_suffix(".html")),
                   "the person was simulated"):
        assert wanted in outcome.out


def test_demo_fails_when_the_proof_fails(call: Call, fake_run: dict[str, object], monkeypatch: pytest.MonkeyPatch,
                                         ) -> None:
    monkeypatch.setattr(replaying, "verify", lambda path: proof(verified=False))
    monkeypatch.setattr(cli, "_report", lambda file, out, quiet: file.with_suffix(".html"))
    outcome = call("demo")
    assert outcome.code == 1
    assert "nothing, the replay differs" in outcome.out
