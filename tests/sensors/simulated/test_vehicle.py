"""The simulated vehicle: repeatable, possible, and of one story with the participant."""

import math

import numpy as np
import pytest

from sensors.clock import SECOND, FakeClock
from sensors.driver import Setting
from sensors.drivers import can_dbc
from sensors.drivers.can import Can
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_simulated import MESSAGES, signals
from sensors.simulated.participant import Participant
from sensors.simulated.story import ParticipantConfig, Scene
from sensors.simulated.vehicle import Vehicle, VehicleMoment

STEP_S = 0.1
SCRIPT = (Scene(at_s=0.0, state="focused"), Scene(at_s=40.0, state="drowsy"), Scene(at_s=80.0, state="away"))


@pytest.fixture(scope="module")
def tour() -> list[VehicleMoment]:
    """Twenty-five minutes of tours of one seed."""
    vehicle = Vehicle(ParticipantConfig(seed=5), "tour")
    return [vehicle.at(number * STEP_S) for number in range(15_000)]


@pytest.mark.parametrize("drive", ["tour", "participant"])
def test_it_is_a_pure_function_of_seed_and_time(drive: str) -> None:
    times = np.random.default_rng(1).uniform(0, 900, 60).tolist()
    forward = Vehicle(ParticipantConfig(seed=3), drive)
    backward = Vehicle(ParticipantConfig(seed=3), drive)
    seen = {t_s: forward.at(t_s) for t_s in sorted(times)}
    assert {t_s: backward.at(t_s) for t_s in sorted(times, reverse=True)} == seen
    other = Vehicle(ParticipantConfig(seed=4), drive)
    assert any(other.at(t_s) != moment for t_s, moment in seen.items())


def test_a_tour_has_everything_a_drive_has(tour: list[VehicleMoment]) -> None:
    places = {moment.place for moment in tour}
    assert places == {"parked", "town", "junction", "country", "motorway", "reversing"}
    assert {moment.gear for moment in tour} == {-1, 0, 1, 2, 3, 4, 5, 6}
    assert {moment.indicator for moment in tour} == {-1, 0, 1}
    assert any(moment.speed_kmh == 0 and moment.gear > 0 and moment.brake > 0.1 for moment in tour), "held in traffic"
    fastest = {place: max(moment.speed_kmh for moment in tour if moment.place == place) for place in places}
    assert fastest["town"] <= 60 < fastest["country"] <= 100 < fastest["motorway"] <= 130
    backwards = [moment for moment in tour if moment.gear == -1]
    assert max(moment.speed_kmh for moment in backwards) == pytest.approx(5.0, abs=0.01)
    assert max(abs(moment.steering) for moment in backwards) > math.pi, "more than half a turn of the wheel to park"


def test_a_tour_is_physically_possible(tour: list[VehicleMoment]) -> None:
    speed = np.array([moment.speed_kmh for moment in tour]) / 3.6
    told = np.array([moment.acceleration for moment in tour])
    measured = np.gradient(speed, STEP_S)
    assert speed.min() >= 0
    assert np.abs(measured).max() < 4.0, "no harder than a firm stop"
    assert np.median(np.abs(measured - told)) < 0.01
    assert np.percentile(np.abs(measured - told), 99) < 0.2
    steering = np.array([moment.steering for moment in tour])
    assert np.abs(np.diff(steering)).max() / STEP_S < 8.0, "no faster than hands turn a wheel, rad/s"
    fast = speed > 28
    assert np.abs(steering[fast]).max() < 0.35, "small angles on a motorway"
    for moment in tour:
        assert 0 <= moment.brake <= 1
        assert 0 <= moment.demand <= 1
        assert moment.brake == 0 or moment.acceleration < 0 or moment.speed_kmh < 0.5
        assert moment.gear != 0 or moment.speed_kmh < 0.5, "nobody drives in park"


def test_it_turns_to_the_side_that_it_shows(tour: list[VehicleMoment]) -> None:
    turns = [moment for moment in tour
             if moment.place == "junction" and moment.indicator and abs(moment.steering) > 1.5]
    assert len(turns) > 20
    assert all(math.copysign(1, moment.steering) == moment.indicator for moment in turns)


def test_by_default_it_goes_as_fast_as_the_participant_in_their_state() -> None:
    config = ParticipantConfig(seed=7, script=SCRIPT)
    vehicle, participant = Vehicle(config), Participant(config)
    for t_s in np.arange(0.0, 120.0, 0.7).tolist():
        moment, truth = vehicle.at(t_s), participant.at(t_s)
        assert moment.speed_kmh == max(0.0, truth.speed_kmh)
        assert moment.demand == truth.demand
        assert moment.gear == 0 or moment.speed_kmh >= 0.5
    assert vehicle.at(30.0).speed_kmh == pytest.approx(80, abs=8)
    assert vehicle.at(83.0).brake > 0.1, "it brakes on the way to a stop"
    parked = vehicle.at(110.0)
    assert (parked.speed_kmh, parked.gear, parked.indicator) == (0.0, 0, 0)


def test_lanes_are_changed_with_the_indicator_on() -> None:
    vehicle = Vehicle(ParticipantConfig(seed=2, script=SCRIPT[:1]))
    shown = [vehicle.at(t_s) for t_s in np.arange(60.0, 1200.0, 0.5).tolist()]
    assert {moment.indicator for moment in shown} == {-1, 0, 1}
    assert np.mean([moment.indicator != 0 for moment in shown]) < 0.15


@pytest.mark.parametrize("name", MESSAGES)
def test_every_signal_of_it_fits_the_dbc(name: str, tour: list[VehicleMoment]) -> None:
    message = can_dbc.load("vehicle").get_message_by_name(name)
    for moment in tour[::50]:
        told = signals(name, moment)
        back = message.decode(message.encode(told, strict=True))
        assert isinstance(back, dict)
        for key, value in told.items():
            near = message.get_signal_by_name(key).scale
            assert str(back[key]) == value if isinstance(value, str) else back[key] == pytest.approx(value, abs=near)


@pytest.mark.parametrize("timeout_s", [0.013, 0.1, 1.7])
def test_through_the_driver_nothing_is_changed_but_by_the_steps_of_the_dbc(timeout_s: float, clock: FakeClock) -> None:
    who = ParticipantConfig(seed=5)
    setting = Setting(stream="context", start_ns=clock.now_ns() + 123_456_789, clock=clock, participant=who)
    source, vehicle = Can(CanConfig(source="simulated", drive="tour"), setting), Vehicle(who, "tour")
    info = source.open()
    assert info.meta["simulated"] == "yes"
    assert info.rate_hz == 60.0
    rows, times = [], []
    while clock.now_ns() < setting.start_ns + 40 * SECOND:
        samples = source.read(timeout_s)
        assert samples is not None
        assert samples.device_ns is None
        rows.append(samples.values)
        times.append(samples.times_ns)
    values, t_ns = np.concatenate(rows), np.concatenate(times)
    assert np.array_equal(t_ns, setting.start_ns + np.rint(np.arange(len(t_ns)) * (SECOND / 60)).astype(np.int64))
    for number, (row, at_ns) in enumerate(zip(values, t_ns.tolist(), strict=True)):
        column = number % 6
        moment = vehicle.at((at_ns - setting.start_ns) / SECOND)
        ours = (moment.speed_kmh, moment.steering, moment.brake, moment.indicator, moment.gear, moment.demand)[column]
        place = info.names.index(("speed_kmh", "steering", "brake", "indicator", "gear", "demand")[column])
        assert row[place] == pytest.approx(ours, abs=0.0051), info.names[place]
    assert not np.isnan(values[6:]).any()
    assert source.lost() == 0
    assert source.aside().detail == ""
