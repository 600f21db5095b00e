"""The CAN driver on a bus: rows, ages, quarrels, and everything that a bus can do wrong."""

import math

import can
import numpy as np
import pytest
from can_messages import driver, frame, on_a_bus

from sensors.clock import SECOND, FakeClock
from sensors.driver import Driver, Setting
from sensors.drivers.can_config import CanConfig
from sensors.errors import DeviceError
from sensors.messages import AnyMessage, Chunk, Health
from sensors.process import run

NAMES = ("speed_kmh", "steering", "indicator", "gear", "brake", "demand")


def test_each_frame_makes_a_row_with_the_last_known_values(clock: FakeClock) -> None:
    with on_a_bus("rows", clock) as (listening, vehicle):
        vehicle.send(frame("VehicleSpeed", Speed=83.25))
        vehicle.send(frame("VehicleSteering", SteeringAngle=-90.0))
        vehicle.send(frame("VehicleLamps", Indicator="left"))
        vehicle.send(frame("VehicleGear", Gear="reverse"))
        vehicle.send(frame("VehiclePedals", Brake=35.5))
        vehicle.send(frame("VehicleSatellite", SatelliteSpeed=5.0))  # not wanted: no row
        samples = listening.read(0.1)
        assert samples is not None
        assert samples.values[0] == pytest.approx([83.25] + [math.nan] * 5, nan_ok=True)
        assert samples.values[-1] == pytest.approx([83.25, -math.pi / 2, -1, -1, 0.355, math.nan], nan_ok=True)
        assert len(samples.times_ns) == 5
        assert bool(np.all(np.diff(samples.times_ns) > 0))
        assert samples.device_ns is not None
        assert int(samples.device_ns[0]) > 1_600_000_000 * SECOND, "python-can's own stamp, seconds since 1970"
        assert listening.lost() == 0
        assert listening.aside().detail == ""


def test_what_it_opens_is_told(clock: FakeClock) -> None:
    with on_a_bus("told", clock, bitrate=500_000, signals={"demand": "", "speed_kmh": "Speed"}) as (listening, _):
        info = listening.open()
        assert info.names == NAMES[:5]
        assert (info.kind, info.driver, info.rate_hz, info.stream) == ("context", "can", 0.0, "context")
        assert info.device == "virtual told, 500 kbit/s, vehicle.dbc"
        assert "speed_kmh = Speed" in info.meta["signals"]


def test_an_old_value_is_no_value(clock: FakeClock) -> None:
    with on_a_bus("old", clock, timeout_s=0.5) as (listening, vehicle):
        vehicle.send(frame("VehicleSpeed", Speed=50.0))
        listening.read(0.1)
        for advance_s, speed in ((0.4, 50.0), (0.2, math.nan)):
            clock.advance(advance_s)
            vehicle.send(frame("VehiclePedals", Brake=10.0))
            samples = listening.read(0.1)
            assert samples is not None
            assert samples.values[0, 0] == pytest.approx(speed, nan_ok=True)
            assert samples.values[0, 4] == pytest.approx(0.1)


@pytest.mark.parametrize(("raw", "said"), [(50_000, "outside 0 to 400"), (65_535, "")])
def test_a_value_out_of_range_is_nan_and_told_a_missing_one_is_only_nan(raw: int, said: str, clock: FakeClock) -> None:
    with on_a_bus("range", clock) as (listening, vehicle):
        bad = frame("VehicleSpeed")
        bad.data = bytearray(raw.to_bytes(2, "little") + b"\0\0")
        vehicle.send(bad)
        samples = listening.read(0.1)
        assert samples is not None
        assert math.isnan(samples.values[0, 0])
        assert said in listening.aside().detail
        assert bool(listening.aside().detail) == bool(said)
        vehicle.send(frame("VehicleSpeed", Speed=30.0))
        listening.read(0.1)
        assert listening.aside().detail == "", "a good value ends it"


BOTH = {"speed_kmh": ("VehicleSpeed.Speed", "VehicleSatellite.SatelliteSpeed")}


def said_together(listening: Driver, vehicle: can.BusABC, first_kmh: float, second_kmh: float) -> float:
    vehicle.send(frame("VehicleSpeed", Speed=first_kmh))
    vehicle.send(frame("VehicleSatellite", SatelliteSpeed=second_kmh / 3.6))
    samples = listening.read(0.1)
    assert samples is not None
    return float(samples.values[-1, 0])


def test_two_speeds_that_disagree_for_long_are_not_believed_until_they_agree(clock: FakeClock) -> None:
    with on_a_bus("quarrel", clock, signals=BOTH, disagree_kmh=10.0, disagree_s=2.0) as (listening, vehicle):
        assert said_together(listening, vehicle, 80.0, 71.0) == 80.0
        for _ in range(4):
            assert said_together(listening, vehicle, 80.0, 60.0) == 80.0, "not yet for 2 s"
            clock.advance(0.5)
        assert math.isnan(said_together(listening, vehicle, 80.0, 60.0))
        told = listening.aside().detail
        assert told.startswith("The speed is not believed: VehicleSpeed.Speed 80 and VehicleSatellite.Sat")
        clock.advance(5.0)
        vehicle.send(frame("VehicleSpeed", Speed=80.0))
        alone = listening.read(0.1)
        assert alone is not None
        assert math.isnan(alone.values[-1, 0]), "one falls silent: which was right is still unknown"
        assert listening.aside().detail == told, "the sentence stays the same while the trouble does"
        assert said_together(listening, vehicle, 64.0, 60.0) == 64.0
        assert listening.aside().detail == ""


def test_a_short_disagreement_is_none(clock: FakeClock) -> None:
    with on_a_bus("lag", clock, signals=BOTH) as (listening, vehicle):
        for second in (60.0, 79.0, 60.0, 79.0, 60.0):
            assert said_together(listening, vehicle, 80.0, second) == 80.0
            clock.advance(1.2)


def test_the_second_speed_steps_in_for_a_silent_first(clock: FakeClock) -> None:
    with on_a_bus("second", clock, signals=BOTH) as (listening, vehicle):
        vehicle.send(frame("VehicleSatellite", SatelliteSpeed=20.0))
        samples = listening.read(0.1)
        assert samples is not None
        assert samples.values[0, 0] == pytest.approx(72.0)


def test_frames_that_cannot_be_decoded_are_counted(clock: FakeClock) -> None:
    with on_a_bus("short", clock) as (listening, vehicle):
        vehicle.send(can.Message(arbitration_id=416, is_extended_id=False, data=b"\1"))
        vehicle.send(can.Message(arbitration_id=416, is_extended_id=True, data=b"\1\2\3\4"))  # another message
        vehicle.send(frame("VehicleSpeed", Speed=10.0))
        rows = [row for samples in (listening.read(0.1), listening.read(0.1)) if samples for row in samples.values]
        assert [float(row[0]) for row in rows] == [10.0]
        assert listening.lost() == 1


def error_frame(number: int = 0x04) -> can.Message:
    return can.Message(is_error_frame=True, arbitration_id=number, is_extended_id=False, data=bytes(8))


def unfiltered(listening: object) -> None:
    listening._source._bus.set_filters(None)  # type: ignore[attr-defined]  # Linux passes error frames past filters


def test_bus_off_is_a_sentence_and_a_reason_to_open_again(clock: FakeClock) -> None:
    with on_a_bus("off", clock) as (listening, vehicle):
        unfiltered(listening)
        vehicle.send(error_frame(0x40))
        with pytest.raises(DeviceError, match=r"bus virtual off is off: its controller left.*restart-ms"):
            listening.read(0.1)


def test_some_error_frames_are_told_many_are_too_many(clock: FakeClock) -> None:
    with on_a_bus("errors", clock) as (listening, vehicle):
        unfiltered(listening)
        vehicle.send(error_frame())
        vehicle.send(frame("VehicleSpeed"))
        listening.read(0.1)
        assert listening.aside().detail == "", "a good frame ends it"
        for _ in range(99):
            vehicle.send(error_frame())
        listening.read(0.01)
        assert listening.aside().detail.startswith("Error frames come on virtual errors; check bitrate")
        vehicle.send(error_frame())
        with pytest.raises(DeviceError, match=r"nothing but error frames \(100 in a row\).*bitrate"):
            listening.read(0.01)


def test_a_lost_interface_is_a_sentence(clock: FakeClock) -> None:
    with on_a_bus("gone", clock) as (listening, _):
        listening._source._bus.shutdown()  # type: ignore[union-attr]
        for _ in range(2):
            listening.read(0.0)
        with pytest.raises(DeviceError, match=r"virtual gone is gone: Cannot operate on a closed bus\. Check its"):
            listening.read(0.0)


def test_silence_names_what_is_missing(clock: FakeClock) -> None:
    with on_a_bus("silent", clock, signals=dict.fromkeys(NAMES[1:], "")) as (listening, vehicle):
        vehicle.send(frame("VehicleGear", Gear="park"))
        clock.advance(4.9)
        assert listening.read(0.0) is not None
        clock.advance(0.2)
        with pytest.raises(DeviceError, match=r"No frame of VehicleSpeed \(0x1A0\) came on virtual silent for 5 s"):
            listening.read(0.0)


@pytest.mark.parametrize(("keys", "said"), [
    ({"interface": "telepathy"}, r"no CAN interface 'telepathy'\. python-can knows: .*socketcan"),
    ({"interface": "udp_multicast", "channel": "can0"}, r"udp_multicast 'can0' cannot be opened: .+\. Check its cable"),
    ({"interface": "socketcan", "channel": "none0"}, r"socketcan 'none0' cannot be opened: .*ip link set can0 up"),
    ({"dbc": "no.dbc", "signals": {"gear": "x"}}, r"There is no DBC 'no\.dbc'.*one that ships: vehicle"),
    ({"signals": {"speed_kmh": "VehicleSpeed.Sped"}},
     r"signals\.speed_kmh is 'VehicleSpeed\.Sped', which the DBC does not have\. Close to it: VehicleSpeed\.Speed"),
    ({"signals": {"speed_kmh": "kmh"}}, r"'kmh', which the DBC does not have\. It has 8 signals, such as Veh"),
    ({"signals": {"brake": "Acceleration"}},
     r"signals\.brake: the DBC gives Acceleration in 'm/s2', expected %.*unit"),
])
def test_what_cannot_be_opened_says_why_and_what_to_do(keys: dict[str, object], said: str, clock: FakeClock) -> None:
    with pytest.raises(DeviceError, match=said):
        driver(CanConfig(**({"interface": "virtual", "channel": "x"} | keys)), clock).open()  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "garbage {{{", "BO_ 1 A: 8 B\n SG_ broken", "VERSION \"\"\n"])
def test_a_broken_dbc_is_one_sentence(text: str, clock: FakeClock, tmp_path) -> None:
    path = tmp_path / "mine.dbc"
    path.write_text(text)
    with pytest.raises(DeviceError, match=r"mine\.dbc' (cannot be read|holds no signal)"):
        driver(CanConfig(dbc=str(path), signals={"gear": "x"}), clock).open()


def test_a_session_goes_on_through_quarrel_and_bus_off(clock: FakeClock) -> None:
    vehicle = can.Bus("life", "virtual", ignore_config=True)
    said: list[AnyMessage] = []
    begin_ns, built = clock.now_ns(), []

    class Waiting:
        """The driver, with frames put on its bus and a clock that moves as it reads."""

        def __init__(self) -> None:
            self.under = driver(CanConfig(interface="virtual", channel="life", signals=BOTH, disagree_s=2.5),
                                clock)
            self.open, self.close, self.lost, self.aside = (self.under.open, self.under.close, self.under.lost,
                                                            self.under.aside)
            built.append(self)

        def read(self, timeout_s: float):
            clock.advance(0.1)
            unfiltered(self.under)
            at_s = (clock.now_ns() - begin_ns) / SECOND
            vehicle.send(frame("VehicleSpeed", Speed=50.0))
            vehicle.send(frame("VehicleSatellite", SatelliteSpeed=50.0 / 3.6 if at_s > 10 else 0.0))
            if len(built) == 1 and at_s > 12:
                vehicle.send(error_frame(0x40))
            return self.under.read(0.0)

    run(Waiting, Setting(stream="context", start_ns=begin_ns, clock=clock), lambda topic, message: said.append(message),
        lambda: clock.now_ns() > begin_ns + 20 * SECOND)
    vehicle.shutdown()
    healths = [message for message in said if isinstance(message, Health)]
    first = next(health for health in healths if health.detail)
    assert (first.status, first.detail[:26]) == ("ok", "The speed is not believed:")
    assert (first.t_ns - begin_ns) / SECOND == pytest.approx(2.6, abs=0.15), "told at once, not with the next heartbeat"
    assert any(health.status == "failed" and "its controller left" in health.detail for health in healths)
    assert healths[-1].status == "ok"
    assert healths[-1].restarts == 1
    speeds = [float(chunk.values[-1, 0]) for chunk in said if isinstance(chunk, Chunk)]
    assert math.isnan(speeds[60])
    assert speeds[-1] == 50.0


def test_between_processes_by_udp_multicast(clock: FakeClock) -> None:
    options = {"port": 43117}
    try:
        vehicle = can.Bus("239.74.163.2", "udp_multicast", ignore_config=True, port=43117)
    except (OSError, can.CanError) as error:
        pytest.skip(f"no multicast here: {error}")
    config = CanConfig(interface="udp_multicast", channel="239.74.163.2", options=options)
    listening = driver(config, clock)
    listening.open()
    try:
        for number in range(20):
            vehicle.send(frame("VehicleSpeed", Speed=float(number)))
        speeds: list[float] = []
        for _ in range(20):
            samples = listening.read(0.2)
            assert samples is not None
            speeds += samples.values[:, 0].tolist()
            if len(speeds) == 20:
                break
        assert speeds == [float(number) for number in range(20)]
    finally:
        listening.close()
        vehicle.shutdown()


def test_garbage_from_the_network_costs_one_sample_not_the_session(clock: FakeClock) -> None:
    import socket

    config = CanConfig(interface="udp_multicast", channel="239.74.163.2", options={"port": 43118})
    listening = driver(config, clock)
    try:
        listening.open()
    except DeviceError as error:
        pytest.skip(f"no multicast here: {error}")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
            anybody.sendto(b"no frame at all", ("239.74.163.2", 43118))
        assert listening.read(0.5) is not None
        assert listening.lost() == 1
    finally:
        listening.close()
