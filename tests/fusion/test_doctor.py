import hashlib
import json
import sys
from pathlib import Path

import pytest

from fusion import cli, doctor, doctor_libraries, doctor_rig
from fusion.doctor import Check
from kernels import jit
from sensors import bus_hop, facemodel
from sensors.errors import BusError, DeviceError
from sensors.rig import RIG_FOLDER, parse


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def rig_file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_this_machine_can_run_and_each_failure_has_a_next_step() -> None:
    checks = doctor.examine()
    assert doctor.healthy(checks)
    assert all(check.next for check in checks if not check.ok)
    assert all(check.detail for check in checks)
    assert {"python", "clock", "disk", "kernel cache", "bus", "camera libraries", "cameras", "microphones",
            "face model", "serial ports"} <= by_name(checks).keys()


def test_every_shipped_rig_can_be_examined() -> None:
    for path in RIG_FOLDER.glob("*.toml"):
        _, checks = doctor_rig.rig_checks(path.stem)
        assert checks[0]["ok"], checks[0]
        assert len(checks) > 1
        assert all(check["next"] for check in checks if not check["ok"])


def test_missing_hardware_fails_only_the_rig_that_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.drivers.webcam_source.list_cameras", lambda: ())
    assert doctor.healthy(doctor.examine())
    checks = doctor.examine(rig_file(tmp_path, "[camera]\nsource = 3\n"))
    assert not doctor.healthy(checks)
    failed = next(check for check in checks if check.name.endswith("camera"))
    assert "There is no camera 3" in failed.detail
    assert "--set camera.source=clip.mp4" in failed.next


def test_a_rig_that_does_not_load_fails_with_its_own_sentence(tmp_path: Path) -> None:
    checks = doctor.examine(rig_file(tmp_path, "[camera]\nsauce = 3\n"))
    assert not doctor.healthy(checks)
    assert "sauce" in checks[-1].detail
    assert "Known keys" in checks[-1].next


def test_a_missing_file_of_a_rig_is_found(tmp_path: Path) -> None:
    toml = '[camera]\nsource = "gone.mp4"\n[microphone]\nsource = "gone.wav"\n[eeg]\nboard = "CYTON_BOARD"\n'
    _, checks = doctor_rig.rig_checks(rig_file(tmp_path, toml))
    assert [check["ok"] for check in checks] == [True, False, False, False]
    assert "gone.mp4" in checks[1]["detail"]
    assert "gone.wav" in checks[2]["detail"]
    assert "serial" in checks[3]["detail"]


def test_a_url_is_not_tried_and_says_so(tmp_path: Path) -> None:
    _, checks = doctor_rig.rig_checks(rig_file(tmp_path, '[camera]\nsource = "rtsp://10.0.0.1/x"\n'))
    assert checks[1]["ok"]
    assert "not tried" in checks[1]["detail"]


def test_microphones_are_matched_by_number_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.drivers.microphone_device.list_microphones", lambda: ("2: USB Headset", "5: Webcam"))
    for source, ok in (('"default"', True), ("5", True), ('"headset"', True), ("3", False), ('"studio"', False)):
        _, checks = doctor_rig.rig_checks(rig_file(tmp_path, f"[microphone]\nsource = {source}\n"))
        assert checks[1]["ok"] is ok, source


def test_a_vehicles_signals_are_looked_up_without_its_bus(tmp_path: Path) -> None:
    for keys, ok, said in (("", True, "socketcan can0 (not tried: only a session opens it), vehicle.dbc"),
                           ('source = "simulated"', True, "simulated vehicle, vehicle.dbc"),
                           ('source = "gone.log"', False, "There is no CAN log 'gone.log'."),
                           ('signals = { gear = "Gearr" }', False, "signals.gear is 'Gearr'")):
        needed, checks = doctor_rig.rig_checks(rig_file(tmp_path, f'[context]\ndriver = "can"\n{keys}\n'))
        assert needed == {"can"}
        assert checks[1]["ok"] is ok
        assert said in checks[1]["detail"]
    assert "VehicleGear.Gear" in checks[1]["next"]
    assert "can" in doctor_rig.rig_checks(rig_file(tmp_path, "[eeg]\nboard = 'SIMULATED'\n[outputs.can]\n"))[0]


def test_a_missing_library_is_required_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_libraries, "EXTRAS", {"eeg": (("no_such_module_here", "x"),)})
    (check,) = doctor_libraries.libraries(set())
    assert not check["ok"]
    assert not check["required"]
    assert check["next"] == "Run: pip install 'attnflow[eeg]'"
    (check,) = doctor_libraries.libraries({"eeg"})
    assert check["required"]


def test_deep_finds_a_library_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_lib.py").write_text("raise OSError('libportaudio.so.2: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor_libraries, "EXTRAS", {"microphone": (("broken_lib", "x"),)})
    (shallow,) = doctor_libraries.libraries(set())
    (deep,) = doctor_libraries.libraries(set(), deep=True)
    assert shallow["ok"]
    assert not deep["ok"]
    assert "libportaudio.so.2: cannot open" in deep["detail"]


def test_a_dead_bus_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise BusError("Port 5561 is taken.", "Stop the other session.")

    monkeypatch.setattr(bus_hop, "OurHop", broken)
    checks = doctor.examine()
    assert not doctor.healthy(checks)
    assert by_name(checks)["bus"].next == "Stop the other session."


def test_the_face_model_is_never_fetched_and_its_hash_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                 ) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(facemodel, "package_path", lambda: None)
    monkeypatch.setattr(facemodel, "_https", lambda url: pytest.fail("the doctor went online"))
    assert not by_name(doctor.examine())["face model"].ok
    model = facemodel.cache_path()
    model.parent.mkdir(parents=True)
    model.write_bytes(b"something else")
    wrong = by_name(doctor.examine())["face model"]
    assert not wrong.ok
    assert hashlib.sha256(b"something else").hexdigest()[:16] in wrong.detail


def test_a_cache_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "FOLDER", "")
    check = by_name(doctor.examine())["kernel cache"]
    assert not check.ok
    assert "NUMBA_CACHE_DIR" in check.next


def test_warm_goes_through_all_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    from kernels import warm

    def compile_all(say: object) -> None:
        for name in warm.PARTS:
            say(name)  # type: ignore[operator]  # it is a function

    monkeypatch.setattr(warm, "warm", compile_all)
    shares: list[float] = []
    doctor.warm(shares.append)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len(shares) == len(warm.PARTS) + 1


@pytest.mark.parametrize("works", [True, False])
def test_the_command_exits_by_what_is_required(works: bool, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    checks = [Check(name="python", ok=works, detail="Python 2", next="Upgrade.", required=True),
              Check(name="cameras", ok=False, detail="none", next="Plug one in.")]
    monkeypatch.setattr(doctor, "examine", lambda rig, settings, deep: checks)
    for arguments in (["doctor", "--json"], ["doctor"]):
        monkeypatch.setattr(sys, "argv", ["attnflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert (ended.value.code or 0) == (0 if works else 1)
    first, _, rest = capsys.readouterr().out.partition("\n")
    told = json.loads(first)
    assert [set(check) >= {"name", "ok", "detail", "next"} for check in told["checks"]] == [True, True]
    assert "Plug one in." in rest
    assert ("Upgrade." in rest) is not works


def test_an_unknown_library_error_of_a_sensor_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(config: object) -> None:
        raise DeviceError("BrainFlow is missing.", "Install it.")

    monkeypatch.setattr("sensors.drivers.eeg_boards.parameters", fails)
    _, checks = doctor_rig.rig_checks(rig_file(tmp_path, '[eeg]\nboard = "SYNTHETIC_BOARD"\n'))
    assert (checks[1]["detail"], checks[1]["next"]) == ("BrainFlow is missing.", "Install it.")


@pytest.mark.parametrize(("table", "extra", "detail"), [
    ({"driver": "osc"}, "osc", "port 9020 on 127.0.0.1 (not tried: only a session listens)"),
    ({"driver": "websocket", "source": "simulated"}, "websocket", "simulated"),
    ({"driver": "lsl", "type": "EEG"}, "lsl", "an LSL stream (not tried: only a session looks for it)"),
])
def test_what_comes_by_a_port_is_named_and_not_opened(table: dict[str, str], extra: str, detail: str) -> None:
    config = parse({"x": table}, "x").sensors["x"]
    assert doctor_rig.extras(config) == {extra}
    assert doctor_rig.find(config) == detail
    assert extra in doctor_libraries.EXTRAS
