from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from fusion import devices
from fusion.devices import Section, as_json, sections, table
from sensors.drivers.webcam_source import Camera
from sensors.errors import DeviceError
from sensors.rig import rig_names


def text(found: tuple[Section, ...]) -> str:
    out = StringIO()
    Console(file=out, width=120).print(table(found))
    return out.getvalue()


def test_brainflow_boards_and_all_rigs_are_named() -> None:
    found = {section.key: section for section in sections()}
    boards = {entry["board"] for entry in found["eeg_boards"].entries}
    assert {"SYNTHETIC_BOARD", "CYTON_BOARD", "MUSE_2_BOARD", "PLAYBACK_FILE_BOARD", "STREAMING_BOARD",
            "SIMULATED"} <= boards
    assert tuple(entry["rig"] for entry in found["rigs"].entries) == rig_names()
    assert all(entry["description"] for entry in found["rigs"].entries)


def test_cameras_and_microphones_are_listed_as_a_rig_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.drivers.webcam_source.list_cameras",
                        lambda: (Camera(2, "Front [hd]", "/dev/video2"),))
    monkeypatch.setattr("sensors.drivers.microphone_device.list_microphones", lambda: ("4: USB: Headset",))
    found = sections()
    told = as_json(found)
    assert told["cameras"] == [{"source": 2, "name": "Front [hd]"}]
    assert told["microphones"] == [{"source": 4, "name": "USB: Headset"}]
    assert "cameras" not in told["reasons"]
    assert "Front [hd]" in text(found), "brackets are not markup"


def test_a_kind_that_fails_says_why_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise DeviceError("PortAudio is missing.", "Run: sudo apt install libportaudio2")

    def missing() -> None:
        raise ModuleNotFoundError("No module named 'cv2'", name="cv2")

    monkeypatch.setattr(devices, "_microphones", broken)
    monkeypatch.setattr(devices, "_cameras", missing)
    found = sections()
    told = as_json(found)
    assert told["microphones"] == []
    assert told["reasons"]["microphones"] == "PortAudio is missing. Run: sudo apt install libportaudio2"
    assert "'cv2'" in told["reasons"]["cameras"]
    assert told["rigs"]
    assert "sudo apt install libportaudio2" in text(found)


def test_no_camera_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.drivers.webcam_source.list_cameras", lambda: ())
    assert "no camera" in as_json(sections())["reasons"]["cameras"]


def test_can_buses_are_those_whose_device_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sensors.drivers.can_devices.NETWORK", tmp_path)
    assert "sudo ip link set can0 up" in as_json(sections())["reasons"]["can_buses"]
    for name, kind in (("eth0", "1"), ("vcan0", "280"), ("can0", "280")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(kind + "\n")
    (tmp_path / "can0" / "operstate").write_text("up\n")
    assert as_json(sections())["can_buses"] == [{"channel": "can0", "state": "up"}, {"channel": "vcan0", "state": ""}]
