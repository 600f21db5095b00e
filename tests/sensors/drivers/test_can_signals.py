"""A DBC's own units, signs, names and multiplexers, as our numbers."""

import math
from pathlib import Path

import can
import pytest
from can_messages import driver

from sensors.clock import FakeClock
from sensors.drivers import can_dbc
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_frames import Frame, Rows
from sensors.errors import DeviceError

DBC = '''VERSION ""
BU_: A
BO_ 100 Motion: 8 A
 SG_ KmhSpeed : 0|16@1+ (0.01,0) [0|300] "km/h" A
 SG_ MphSpeed : 16|16@1+ (0.01,0) [0|200] "mph" A
 SG_ SignedSpeed : 32|16@1- (0.01,0) [-60|120] "m/s" A
 SG_ BareSpeed : 48|16@1+ (0.01,0) [0|0] "" A
BO_ 101 Wheel: 8 A
 SG_ Degrees : 0|16@1- (0.1,0) [-780|780] "deg" A
 SG_ Radians : 16|16@1- (0.001,0) [-14|14] "rad" A
 SG_ Pressure : 32|16@1+ (0.1,0) [0|250] "bar" A
 SG_ Pressed : 48|1@1+ (1,0) [0|1] "" A
BO_ 102 Body: 4 A
 SG_ LeftLamp : 0|1@1+ (1,0) [0|1] "" A
 SG_ RightLamp : 1|1@1+ (1,0) [0|1] "" A
 SG_ Lever : 2|3@1+ (1,0) [0|7] "" A
 SG_ Selector : 8|4@1+ (1,0) [0|15] "" A
 SG_ Step : 16|8@1- (1,0) [-1|8] "" A
BO_ 2147483751 Mux: 3 A
 SG_ Page M : 0|8@1+ (1,0) [0|1] "" A
 SG_ SpeedOfPage0 m0 : 8|16@1+ (0.01,0) [0|300] "km/h" A
 SG_ OtherOfPage1 m1 : 8|16@1+ (1,0) [0|65535] "" A
VAL_ 102 Lever 0 "Lever Idle" 1 "Left" 2 "RIGHT" 7 "SNA" ;
VAL_ 102 Selector 0 "P" 1 "R" 2 "N" 3 "D" 4 "D2" 5 "Gear_3" 9 "Tow" 15 "Signal not available" ;
'''


@pytest.fixture
def dbc(tmp_path: Path) -> str:
    path = tmp_path / "car.dbc"
    path.write_text(DBC)
    return str(path)


def converted(dbc: str, message: str, signals: dict[str, float | str], column: str, wanted: str | tuple[str, ...],
              **keys: object) -> tuple[float, str]:
    """Return what a column is after one frame, and what is said against it."""
    rows = Rows(CanConfig(dbc=dbc, signals={column: wanted}, **keys), can_dbc.load(dbc))  # type: ignore[arg-type]
    told = can_dbc.load(dbc).get_message_by_name(message)
    some = {signal.name: 0 for signal in told.signals} | signals
    row = rows.push(Frame(0, told.frame_id, told.is_extended_frame, told.encode(some, strict=False)))
    assert row is not None
    return row[0], rows.trouble()


@pytest.mark.parametrize(("message", "signal", "told", "column", "keys", "ours"), [
    ("Motion", "KmhSpeed", 50.0, "speed_kmh", {}, 50.0),
    ("Motion", "MphSpeed", 60.0, "speed_kmh", {}, 96.56064),
    ("Motion", "SignedSpeed", 10.0, "speed_kmh", {}, 36.0),
    ("Motion", "SignedSpeed", -2.5, "speed_kmh", {}, 9.0),
    ("Motion", "BareSpeed", 20.0, "speed_kmh", {"units": {"speed_kmh": "m/s"}}, 72.0),
    ("Motion", "BareSpeed", 20.0, "speed_kmh", {"units": {"speed_kmh": 2.0}}, 40.0),
    ("Wheel", "Degrees", 90.0, "steering", {}, math.pi / 2),
    ("Wheel", "Degrees", 90.0, "steering", {"flip": ("steering",)}, -math.pi / 2),
    ("Wheel", "Radians", -1.5, "steering", {}, -1.5),
    ("Wheel", "Pressure", 50.0, "brake", {"units": {"brake": 0.01}}, 0.5),
    ("Wheel", "Pressed", 1, "brake", {}, 1.0),
    ("Body", "Lever", "Left", "indicator", {}, -1.0),
    ("Body", "Lever", "RIGHT", "indicator", {}, 1.0),
    ("Body", "Selector", "P", "gear", {}, 0.0),
    ("Body", "Selector", "R", "gear", {}, -1.0),
    ("Body", "Selector", "D2", "gear", {}, 2.0),
    ("Body", "Selector", "Gear_3", "gear", {}, 3.0),
    ("Body", "Selector", "Tow", "gear", {"values": {"gear": {"tow": 0}}}, 0.0),
    ("Body", "Selector", "Tow", "gear", {"values": {"gear": {"9": 0}}}, 0.0),
    ("Body", "Step", -1, "gear", {}, -1.0),
    ("Body", "Step", 8, "gear", {"values": {"gear": {"8": -1}}}, -1.0),
])
def test_units_signs_and_names_become_ours(message: str, signal: str, told: float | str, column: str,
                                           keys: dict[str, object], ours: float, dbc: str) -> None:
    assert converted(dbc, message, {signal: told}, column, signal, **keys) == (pytest.approx(ours, rel=1e-6), "")


@pytest.mark.parametrize(("message", "signal", "told", "column", "keys", "said"), [
    ("Motion", "KmhSpeed", 310.0, "speed_kmh", {}, "Motion.KmhSpeed says 310 km/h, outside 0 to 300 of its DBC."),
    ("Motion", "BareSpeed", 600.0, "speed_kmh", {"units": {"speed_kmh": "km/h"}},
     "makes speed_kmh 600, outside 0 to 500"),
    ("Wheel", "Pressure", 200.0, "brake", {"units": {"brake": 0.01}}, "makes brake 2, outside 0 to 1"),
    ("Body", "Selector", "Tow", "gear", {}, "says 'Tow', which is not known; add it to values.gear"),
    ("Body", "Selector", "Signal not available", "gear", {}, ""),
    ("Body", "Lever", "SNA", "indicator", {}, ""),
])
def test_what_cannot_be_true_is_nan_with_a_reason(message: str, signal: str, told: float | str, column: str,
                                                  keys: dict[str, object], said: str, dbc: str) -> None:
    value, why = converted(dbc, message, {signal: told}, column, signal, **keys)
    assert math.isnan(value)
    assert said in why
    assert bool(why) == bool(said)


@pytest.mark.parametrize(("left", "right", "ours"), [(0, 0, 0), (1, 0, -1), (0, 1, 1), (1, 1, 0)])
def test_two_lamps_make_an_indicator(left: int, right: int, ours: int, dbc: str) -> None:
    lamps = {"LeftLamp": left, "RightLamp": right}
    assert converted(dbc, "Body", lamps, "indicator", ("Body.LeftLamp", "Body.RightLamp")) == (ours, "")


def test_a_page_of_a_multiplexer_without_the_signal_is_no_row(dbc: str) -> None:
    rows = Rows(CanConfig(dbc=dbc, signals={"speed_kmh": "SpeedOfPage0"}), can_dbc.load(dbc))
    assert rows.identifiers == [(103, True)]
    assert rows.push(Frame(0, 103, True, b"\1\xff\xff")) is None
    assert rows.push(Frame(1, 103, True, b"\0\x10\x27")) == [100.0]
    assert rows.push(Frame(2, 103, True, b"\7\x10\x27")) is None
    assert rows.undecodable == 1, "a page that the DBC does not have"


def test_a_cars_own_dbc_through_the_driver(dbc: str, clock: FakeClock) -> None:
    config = CanConfig(interface="virtual", channel="own", dbc=dbc,
                       signals={"gear": "Selector", "speed_kmh": ("MphSpeed", "KmhSpeed")})
    vehicle = can.Bus("own", "virtual", ignore_config=True)
    listening = driver(config, clock)
    try:
        assert listening.open().names == ("speed_kmh", "gear"), "in our order, whatever the rig's"
        vehicle.send(can.Message(arbitration_id=100, is_extended_id=False,
                                 data=can_dbc.load(dbc).encode_message("Motion", {
                                     "KmhSpeed": 96.56, "MphSpeed": 60.0, "SignedSpeed": 0, "BareSpeed": 0})))
        samples = listening.read(0.1)
        assert samples is not None
        assert samples.values[0] == pytest.approx([96.56064, math.nan], nan_ok=True)
    finally:
        listening.close()
        vehicle.shutdown()


def test_a_signal_of_several_messages_must_say_which(tmp_path: Path) -> None:
    path = tmp_path / "two.dbc"
    path.write_text(DBC.replace("Radians", "KmhSpeed"))
    with pytest.raises(DeviceError, match=r"'KmhSpeed', which 2 messages.*which: Motion\.KmhSpeed, Wheel\.KmhSpeed"):
        Rows(CanConfig(dbc=str(path), signals={"speed_kmh": "KmhSpeed"}), can_dbc.load(str(path)))
