"""State, alerts and gaze on CAN: everything sent is read back by cantools from the DBC that ships."""

import builtins
import math
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import can
import cantools
import crccheck
import msgspec
import pytest
from cantools.database.can import Database

from fusion import alerts
from fusion.outputs import can_codes, can_layout, output
from fusion.outputs.can import Can
from fusion.outputs.gaze import Gaze
from sensors.clock import SECOND, FakeClock
from sensors.errors import DeviceError
from sensors.messages import Alert, Hint, State, StreamInfo
from sensors.rig_driving import DrivingConfig
from sensors.rig_outputs import CanOutput
from sensors.simulated import story

Decoded = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def dbc() -> Database:
    loaded = cantools.database.load_file(can_layout.DBC)
    assert isinstance(loaded, Database)
    return loaded


def virtual(name: str) -> CanOutput:
    return CanOutput(interface="virtual", channel=name)


@pytest.fixture(params=["virtual", "udp_multicast"])
def ends(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[tuple[Can, can.BusABC]]:
    """The output, open, and somebody who listens on the same bus."""
    config = virtual("output") if request.param == "virtual" else CanOutput(
        interface="udp_multicast", channel="239.74.163.2", options={"port": 43121})
    with ExitStack() as stack:
        try:
            listener = can.Bus(config.channel, config.interface, ignore_config=True, **config.options)
        except (OSError, can.CanError) as error:
            pytest.skip(f"no {request.param} here: {error}")
        stack.callback(listener.shutdown)
        sender = Can(config, clock)
        stack.callback(sender.close)
        sender.open()
        yield sender, listener


def heard(listener: can.BusABC, count: int, dbc: Database) -> list[Decoded]:
    """Return the next `count` frames, decoded, with their checksums proven by another implementation."""
    found = []
    for _ in range(count):
        message = listener.recv(2.0)
        assert message is not None, f"{len(found)} frames of {count} came"
        assert not message.is_extended_id
        frame = dbc.get_message_by_frame_id(message.arbitration_id)
        covered = message.arbitration_id.to_bytes(2, "little") + bytes(message.data[1:])
        assert message.data[0] == crccheck.crc.Crc8SaeJ1850.calc(covered)
        decoded = frame.decode(bytes(message.data))
        assert isinstance(decoded, dict)
        found.append((frame.name, {name: str(value) if isinstance(value, str | cantools.database.namedsignalvalue
                                                                  .NamedSignalValue) else value
                                   for name, value in decoded.items()}))
    assert listener.recv(0.0) is None, "and nothing more"
    return found


def near(value: float, step: float = 0.005, limit: float = 1.0) -> Any:
    if math.isnan(value):
        return "not_available"
    return pytest.approx(min(limit, max(-limit, value)), abs=step / 2 + 1e-9)


def states(t_ns: int) -> list[State]:
    """Return every state with every status, numbers over their whole range, and missing ones."""
    made = []
    for number, name in enumerate(can_codes.STATES):
        for status in ("ok", "calibrating", "degraded", "stale"):
            share = (number * 4 + len(made) % 4) / 28
            made.append(State(t_ns=t_ns - len(made) * 3_000_000, state=name, probabilities={name: share},
                              status=status, attention=share, attention_sd=share / 3, vigilance=1 - share,
                              vigilance_sd=0.0, load=share, load_sd=1.0, lapse_risk_3s=share**2, lapse_risk_10s=share))
    return [*made, State(t_ns=t_ns, state="unknown", probabilities={}),
            State(t_ns=t_ns - 100 * SECOND, state="a new one", probabilities={"a new one": 1.2}, status="strange")]


def test_every_state_is_read_back(ends: tuple[Can, can.BusABC], dbc: Database, clock: FakeClock) -> None:
    sender, listener = ends
    for state in states(clock.now_ns()):
        sender.send(state)
        one, two, three, none = heard(listener, 4, dbc)
        assert [one[0], two[0], three[0], none[0]] == ["AttnState", "AttnVigilance", "AttnLoad", "AttnAlert"]
        assert one[1]["State"] == (state.state if state.state in can_codes.STATES else "unknown")
        assert one[1]["Attention"] == near(state.attention)
        assert one[1]["AttentionSd"] == near(state.attention_sd)
        assert two[1]["Vigilance"] == near(state.vigilance)
        assert two[1]["VigilanceSd"] == near(state.vigilance_sd)
        assert two[1]["LapseRisk3s"] == near(state.lapse_risk_3s)
        assert three[1]["Load"] == near(state.load)
        assert three[1]["LoadSd"] == near(state.load_sd)
        assert three[1]["LapseRisk10s"] == near(state.lapse_risk_10s)
        for _, signals in (one, two, three):
            assert signals["Status"] == (state.status if state.status in can_codes.STATUSES else "other")
            assert signals["Confidence"] == near(state.probabilities.get(state.state, math.nan))
            assert signals["Age"] == min(65_000, (clock.now_ns() - state.t_ns) // 1_000_000)
        assert (none[1]["Level"], none[1]["Number"], none[1]["Age"]) == ("none", 0, "not_available")
    assert sender.trouble() == ""


PROFILES = ("", *DrivingConfig().profiles, "un-r171", "my-own.toml")
RULES = ("microsleep", "visual_distraction", "vats", "sensor_camera", "my own rule")


def test_every_alert_is_read_back(ends: tuple[Can, can.BusABC], dbc: Database, clock: FakeClock) -> None:
    sender, listener = ends
    state = State(t_ns=clock.now_ns(), state="drowsy", probabilities={"drowsy": 0.7}, status="degraded")
    sender.send(state)
    heard(listener, 4, dbc)
    number = 0
    for profile in PROFILES:
        for rule in RULES:
            for level in ("info", "warning", "critical"):
                number += 1
                alert = Alert(t_ns=clock.now_ns() - number * 1_000_000, rule=rule, level=level, reason="x", onset_ns=0,
                              active=number % 2 == 1, number=number if profile else 0, profile=profile,
                              stage=number % 9 + 1)
                sender.send(alert)
                [(name, signals)] = heard(listener, 1, dbc)
                assert name == "AttnAlert"
                assert signals["Profile"] == ("session" if not profile else "other" if "own" in profile else profile)
                assert signals["Rule"] == {"sensor_camera": "sensor_lost", "my own rule": "other"}.get(rule, rule)
                assert (signals["Level"], signals["Repeated"]) == (level, "first")
                assert signals["Active"] == ("active" if alert.active else "ended")
                assert signals["Stage"] == min(7, alert.stage)
                assert signals["Number"] == ((number - 1) % 31 + 1 if profile else 0)
                assert signals["Age"] == number
                assert (signals["Status"], signals["Confidence"]) == ("degraded", near(0.7))


@pytest.mark.parametrize(("yaw", "pitch", "status"), [
    (0.0, 0.0, "ok"), (0.7, -0.4, "ok"), (-3.1, 1.5, "ok"), (9.0, -9.0, "ok"), (math.nan, math.nan, "no_gaze"),
    (math.nan, math.nan, "no_face")])
def test_gaze_is_read_back(yaw: float, pitch: float, status: str, dbc: Database, clock: FakeClock) -> None:
    listener = can.Bus("gaze", "virtual", ignore_config=True)
    sender = Can(virtual("gaze"), clock)
    sender.open()
    sender.send(Gaze(clock.now_ns() - 12_000_000, yaw, pitch, 0, 0, 0, 0, 0, 0.6, 1, 0.93, status))
    [(name, signals)] = heard(listener, 1, dbc)
    sender.close()
    listener.shutdown()
    assert name == "AttnGaze"
    for told, angle, limit in ((signals["Yaw"], yaw, 180), (signals["Pitch"], pitch, 90)):
        assert told == near(math.degrees(angle), 0.1, limit)
    assert (signals["Status"], signals["Confidence"], signals["Age"]) == (status, near(0.93), 12)


@pytest.fixture
def line(clock: FakeClock) -> Iterator[tuple[Can, can.BusABC]]:
    listener = can.Bus("line", "virtual", ignore_config=True)
    sender = Can(virtual("line"), clock)
    sender.open()
    yield sender, listener
    sender.close()
    listener.shutdown()


def told(listener: can.BusABC, count: int, dbc: Database) -> list[tuple[str, str, str, int]]:
    return [(signals["Rule"], signals["Active"], signals["Repeated"], signals["Stage"])
            for name, signals in heard(listener, count, dbc) if name == "AttnAlert"]


def test_a_running_alert_is_repeated_its_end_three_times(line: tuple[Can, can.BusABC], dbc: Database,
                                                         clock: FakeClock) -> None:
    sender, listener = line
    state = State(t_ns=clock.now_ns(), state="drowsy", probabilities={})
    first = Alert(t_ns=clock.now_ns(), rule="drowsiness", level="warning", reason="", onset_ns=0, number=4,
                  profile="eu-ddaw")
    sender.send(first)
    assert told(listener, 1, dbc) == [("drowsiness", "active", "first", 1)]
    for _ in range(5):
        sender.send(state)
        assert told(listener, 4, dbc) == [("drowsiness", "active", "repeated", 1)]
    sender.send(msgspec.structs.replace(first, rule="severe", stage=2, level="critical"))
    assert told(listener, 1, dbc) == [("severe", "active", "first", 2)]
    sender.send(Alert(t_ns=0, rule="sensor_eeg", level="warning", reason="", onset_ns=0))
    assert told(listener, 1, dbc) == [("sensor_lost", "active", "first", 1)]
    sender.send(state)
    assert told(listener, 5, dbc) == [("severe", "active", "repeated", 2), ("sensor_lost", "active", "repeated", 1)]
    sender.send(msgspec.structs.replace(first, rule="severe", stage=2, active=False))
    sender.send(Alert(t_ns=0, rule="sensor_eeg", level="info", reason="", onset_ns=0, active=False))
    told(listener, 2, dbc)
    for _ in range(3):
        sender.send(state)
        assert [alert[:3] for alert in told(listener, 5, dbc)] == [("severe", "ended", "repeated"),
                                                                 ("sensor_lost", "ended", "repeated")]
    sender.send(state)
    assert told(listener, 4, dbc) == [("other", "ended", "repeated", 0)], "no alert at all"


def test_counters_step_by_one_in_each_message(line: tuple[Can, can.BusABC], dbc: Database, clock: FakeClock) -> None:
    sender, listener = line
    for _ in range(20):
        sender.send(State(t_ns=clock.now_ns(), state="focused", probabilities={}))
    counts: dict[str, list[int]] = {}
    for name, signals in heard(listener, 80, dbc):
        counts.setdefault(name, []).append(signals["Counter"])
    assert counts == {name: [number % 16 for number in range(20)] for name in
                      ("AttnState", "AttnVigilance", "AttnLoad", "AttnAlert")}


def test_other_messages_are_not_for_a_bus(line: tuple[Can, can.BusABC], dbc: Database) -> None:
    sender, listener = line
    sender.send(StreamInfo(t_ns=0, stream="camera", kind="camera", driver="webcam", rate_hz=30.0, columns=()))
    sender.send(Hint(t_ns=0, hint="simplify", active=True, reason="x", number=1, onset_ns=0, confidence=1.0))
    assert heard(listener, 0, dbc) == []


def test_what_others_send_is_taken_out_of_the_way(line: tuple[Can, can.BusABC]) -> None:
    sender, vehicle = line
    for number in range(150):
        vehicle.send(can.Message(arbitration_id=number, is_extended_id=False, data=b"x"))
    assert sender.received() == []
    assert sender._bus is not None
    assert sender._bus.recv(0.0) is None
    vehicle.send(can.Message(is_error_frame=True, arbitration_id=0x40, data=bytes(8)))
    sender.received()
    assert "its controller left after too many errors" in sender.trouble()


def test_a_lost_bus_is_told_waited_for_and_taken_up_again(line: tuple[Can, can.BusABC], dbc: Database,
                                                          clock: FakeClock) -> None:
    sender, listener = line
    state = State(t_ns=clock.now_ns(), state="focused", probabilities={})
    assert sender._bus is not None
    sender._bus.shutdown()
    sender.send(state)
    assert sender.trouble().startswith("Nothing reaches the CAN bus virtual 'line': Cannot operate on a closed bus; ")
    clock.advance(4.9)
    sender.send(state)
    assert sender.received() == []
    assert sender.trouble()
    clock.advance(0.2)
    sender.send(state)
    assert sender.trouble() == ""
    assert len(heard(listener, 4, dbc)) == 4
    sender.close()
    sender.close()
    sender.send(state)  # after the end: nothing, and no error
    assert sender.received() == []


def test_an_output_that_cannot_open_says_why(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match=r"There is no CAN interface 'telepathy'\. python-can knows: .*socketcan"):
        Can(CanOutput(interface="telepathy"), clock).open()
    real = builtins.__import__

    def without(name: str, *rest: Any, **keys: Any) -> Any:
        if name == "sensors.can_bus":
            raise ModuleNotFoundError("No module named 'can'", name="can")
        return real(name, *rest, **keys)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError, match=r"needs the library 'can'.*pip install 'attnflow\[can\]'"):
        Can(virtual("x"), clock).open()


def test_the_dbc_that_ships_is_the_one_of_the_code(dbc: Database) -> None:
    assert can_layout.DBC.read_text(encoding="ascii") == can_layout.dbc(), \
        "write it anew: python -c 'from fusion.outputs import can_layout; can_layout.write()'"
    for layout in can_layout.LAYOUTS:
        assert sum(field.bits for field in layout.fields) == 64, layout.name
        message = dbc.get_message_by_name(layout.name)
        assert (message.frame_id, message.length) == (layout.number, 8)
        for field in layout.fields:
            assert len(field.words) <= 1 << field.bits
            if field.absent:
                assert not field.low <= field.absent_raw * field.factor <= field.top, "none is no value"


def test_the_registry_finds_it_and_touches_no_bus() -> None:
    made = output.build("can", CanOutput(interface="telepathy"))
    assert isinstance(made, Can)
    made.send(State(t_ns=0, state="focused", probabilities={}))
    assert (made.received(), made.trouble()) == ([], "")
    made.close()


def test_everything_that_can_be_said_has_a_code() -> None:
    assert set(can_codes.STATES) == {*story.STATES, "unknown"}
    assert set(DrivingConfig().profiles) <= set(can_codes.PROFILES)
    assert all(can_codes.rule_code(rule.rule) for rule in alerts.RULES)
    assert can_codes.rule_code("sensor_camera") == can_codes.RULES.index("sensor_lost")
    assert can_codes.code(can_codes.STATES, "nonsense") == 0


@pytest.mark.parametrize(("data", "crc"), [
    # Vectors of the AUTOSAR specification of CRC routines, CRC8 (SAE J1850), table of results.
    ("00000000", 0x59), ("F20183", 0x37), ("0FAA0055", 0x79), ("00FF5511", 0xB8), ("332255AABBCCDDEEFF", 0xCB),
    ("926B55", 0x8C), ("FFFFFFFF", 0x74)])
def test_the_checksum_is_sae_j1850(data: str, crc: int) -> None:
    raw = bytes.fromhex(data)
    number, rest = int.from_bytes(raw[:2], "little"), raw[2:]
    assert can_layout.checksum(number, b"\0" + rest) == crc


def test_every_rule_that_ships_has_a_code_of_its_own() -> None:
    from fusion.driving import profile
    from fusion.outputs.can_codes import profile_code, rule_code

    for name in (*profile.names(), "watch"):
        assert profile_code(name) > 0, name
        for rule in profile.load(name).rules:
            assert rule_code(rule) > 0, rule
