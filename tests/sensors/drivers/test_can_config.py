"""A rig's CAN table is checked whole before anything is opened."""

import re

import pytest

from sensors import rig
from sensors.drivers.can_config import CanConfig
from sensors.errors import RigError


@pytest.mark.parametrize(("text", "said"), [
    ("source = 'drive.txt'",
     r"source is 'drive\.txt', expected bus, simulated, or a log that ends in \.log, \.asc, \.blf"),
    ("interface = ''", r"interface is empty.*socketcan"),
    ("bitrate = -1", r"bitrate is -1, expected bit/s such as 500000"),
    ("timeout_s = 0", r"timeout_s is 0\.0, expected 0\.05 to 3600"),
    ("disagree_kmh = -3", r"disagree_kmh is -3\.0"),
    ("signals = { speed = 'a.b' }", r"signals names 'speed', expected columns: speed_kmh, steering"),
    ("units = { gears = 'x' }", r"units names 'gears'"),
    ("flip = ['gaze']", r"flip names 'gaze'"),
    ("dbc = 'car.dbc'", r"signals is empty, and which signals of 'car\.dbc' are meant cannot be guessed"),
    ("dbc = 'car.dbc'\nsource = 'simulated'\nsignals = { gear = 'x' }",
     r"simulated vehicle speaks only the one that ships"),
    ("signals = { steering = ['a', 'b'] }", r"signals\.steering is \['a', 'b'\], expected 1 at most"),
    ("signals = { speed_kmh = ['a', ''] }",
     r"signals\.speed_kmh is \['a', ''\], expected 3 at most, none of them empty"),
    ("units = { speed_kmh = 'furlongs' }", r"units\.speed_kmh is 'furlongs', expected km/h.*or a factor"),
    ("units = { brake = 0.0 }", r"units\.brake is 0\.0, expected a factor other than 0"),
    ("values = { brake = { on = 1 } }", r"values\.brake: only indicator and gear"),
    ("values = { gear = { 'a b' = 1 } }", r"values\.gear names 'a b'.*give the value's number"),
    ("values = { indicator = { left = -2 } }", r"values\.indicator\.left is -2, expected -1 to 1"),
    ("signals = { speed_kmh = '', steering = '', indicator = '', gear = '', brake = '', demand = '' }",
     r"takes every column out"),
    ("drive = 'rally'", r"drive"),
    ("busrate = 3", r"unknown field `busrate`.*Known keys: .*bitrate"),
])
def test_a_wrong_table_is_refused_with_the_place(text: str, said: str, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[context]\ndriver = 'can'\n{text}\n")
    with pytest.raises(RigError) as caught:
        rig.load(str(path))
    assert re.search(r"\[context\].*" + said, str(caught.value), re.DOTALL), str(caught.value)


def test_the_whole_table_survives_its_own_toml(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("""
description = "x"
[context]
driver = "can"
channel = 0
options = { fd = true, port = 43114, app_name = "x" }
signals = { speed_kmh = ["A.Speed", "B.Speed"], gear = "Gear" }
units = { speed_kmh = "mph", gear = 1.0 }
values = { gear = { reverse = -1, "7" = -1 } }
flip = ["steering"]
[outputs.can]
interface = "pcan"
channel = "PCAN_USBBUS1"
bitrate = 250000
options = { fd = false }
""")
    loaded = rig.load(str(path))
    context = loaded.sensors["context"]
    assert isinstance(context, CanConfig)
    assert context.mapped["speed_kmh"] == ("A.Speed", "B.Speed")
    assert context.channel == 0
    path.write_text(loaded.toml)
    again = rig.load(str(path))
    assert (again.sensors, again.outputs) == (loaded.sensors, loaded.outputs)


def test_the_shipped_signals_are_the_default_and_one_can_be_replaced() -> None:
    mapped = CanConfig(signals={"speed_kmh": "SatelliteSpeed", "demand": ""}).mapped
    assert mapped["speed_kmh"] == ("SatelliteSpeed",)
    assert mapped["gear"] == ("VehicleGear.Gear",)
    assert list(mapped) == ["speed_kmh", "steering", "indicator", "gear", "brake"]


@pytest.mark.parametrize(("text", "said"), [
    ("interface = ''", "interface is empty"), ("bitrate = -5", "bitrate is -5"),
    ("speed = 1", "unknown field `speed`")])
def test_a_wrong_output_table_is_refused(text: str, said: str, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[context]\n[outputs.can]\n{text}\n")
    with pytest.raises(RigError, match=rf"\[outputs\.can\].*{said}"):
        rig.load(str(path))
