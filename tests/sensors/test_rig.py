"""Rigs: every shipped one loads, and a wrong one is refused with a sentence that says what and where."""

import re
from pathlib import Path

import pytest

from sensors import rig
from sensors.drivers.eeg_config import EegConfig
from sensors.drivers.webcam_config import WebcamConfig
from sensors.errors import RigError


@pytest.fixture
def toml(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("name", rig.rig_names())
def test_every_shipped_rig_loads_and_survives_its_own_toml(name: str, toml):
    loaded = rig.load(name)
    again = rig.load(toml(loaded.toml))
    assert loaded.sensors
    assert loaded.description
    assert (again.sensors, again.session, again.participant) == (loaded.sensors, loaded.session, loaded.participant)


@pytest.mark.parametrize("name", rig.rig_names())
def test_every_shipped_rig_is_commented(name: str):
    assert (rig.RIG_FOLDER / f"{name}.toml").read_text(encoding="utf-8").startswith("# ")


def test_the_promised_rigs_are_there():
    promised = {"bench", "files", "desk", "cyton", "ganglion", "muse2", "unicorn", "playback", "streaming", "car",
                "car-simulated"}
    assert promised <= set(rig.rig_names())


@pytest.mark.parametrize(("name", "watermark_ms"), [("cyton", 50.0), ("ganglion", 150.0), ("muse2", 150.0),
                                                    ("unicorn", 150.0), ("desk", 50.0)])
def test_bluetooth_boards_are_waited_for_longer(name: str, watermark_ms: float):
    assert rig.load(name).session.watermark_ms == watermark_ms


def test_overrides_reach_their_fields():
    loaded = rig.load("files", ["camera.source=clip one.mp4", "eeg.file=a=b.csv", "eeg.loop=true",
                                'eeg.channels=["a", "b"]', "session.stale_ms.eeg=inf"])
    camera, eeg = loaded.sensors["camera"], loaded.sensors["eeg"]
    assert isinstance(camera, WebcamConfig)
    assert isinstance(eeg, EegConfig)
    assert (camera.source, eeg.file, eeg.loop, eeg.channels) == ("clip one.mp4", "a=b.csv", True, ("a", "b"))
    assert loaded.session.stale_ms["eeg"] == float("inf")


def test_an_override_is_in_the_recorded_toml(toml):
    loaded = rig.load("files", ["eeg.serial_number=0110", "camera.source=2", "session.stale_ms.eeg=inf"])
    again = rig.load(toml(loaded.toml))
    assert again.sensors == loaded.sensors
    assert again.session == loaded.session


@pytest.mark.parametrize("text", ["0110", "1.10", "1_000", "true", "2026-01-01", "1e3"])
def test_what_reads_as_a_number_stays_the_text_it_was_in_a_text_field(text: str):
    eeg = rig.load("unicorn", [f"eeg.serial_number={text}"]).sensors["eeg"]
    assert isinstance(eeg, EegConfig)
    assert eeg.serial_number == text


def test_a_topic_left_out_of_stale_ms_keeps_the_usual_limit():
    stale_ms = rig.load("desk", ["session.stale_ms.eeg=99"]).session.stale_ms
    assert stale_ms == {**rig.STALE_MS, "eeg": 99.0}


@pytest.mark.parametrize(("text", "said"), [
    ("[eeg]\nfil = 'x'", r"\[eeg\].*unknown field `fil`.*Known keys: .*file"),
    ("[eeg]\npoll_ms = 'fast'", r"\[eeg\].*Expected `float`, got `str`.*poll_ms"),
    ("[eeg]\npoll_ms = 1", r"\[eeg\].*poll_ms is 1.0, expected 5\.\.500"),
    ("[eeg]\nserial_number = 1234", r"\[eeg\].*Expected `str`, got `int`.*serial_number"),
    ("[session]\ntick_hz = 7\n[eeg]", r"\[session\].*tick_hz is 7"),
    ("[session]\nstale_ms = { egg = 1 }\n[eeg]", r"\[session\].*stale_ms names 'egg'.*camera, microphone, eeg"),
    ("[participant]\nscript = [{ at_s = 0, state = 'happy' }]\n[eeg]", r"\[participant\].*'happy', expected one of"),
    ("[lidar]", r"\[lidar\] asks for driver 'lidar'.*Known drivers: .*webcam"),
    ("[eeg]\ndriver = ['eeg']", r"\[eeg\] asks for driver"),
    ("['my cam']\ndriver = 'webcam'", r"'my cam' is no name for a stream"),
    ("rate = 3\n[eeg]", r"'rate' stands outside a table"),
    ("[session]\ntick_hz = 10", r"has no sensor.*\[camera\]"),
    ("[eeg\nfile = 1", r"not valid TOML: .*line 1"),
    ("session = 3\n[eeg]", r"\[session\].*Expected `object`, got `int`"),
])
def test_a_wrong_rig_is_refused_with_the_place(text: str, said: str, toml):
    with pytest.raises(RigError) as caught:
        rig.load(toml(text))
    assert re.search(said, str(caught.value), re.DOTALL), str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize("name", ["nonsense", "nowhere/mine.toml"])
def test_a_missing_rig_names_the_known_ones(name: str):
    with pytest.raises(RigError, match=rf"There is no rig '{name}'.*bench, car, car-simulated, cyton, desk"):
        rig.load(name)


@pytest.mark.parametrize("override", ["eeg", "eeg.file", "file=x", "eeg.=x", ".file=x"])
def test_an_override_without_table_key_or_value_is_refused(override: str):
    with pytest.raises(RigError, match=r"is not table\.key=value.*--set camera\.source=clip\.mp4"):
        rig.load("files", [override])


def test_an_override_cannot_make_a_table_of_a_value():
    with pytest.raises(RigError, match="'description' is a value, not a table"):
        rig.load("files", ["description.x=1"])


def test_an_override_may_add_a_sensor():
    assert "microphone" in rig.load("playback", ["microphone.source=simulated"]).sensors
