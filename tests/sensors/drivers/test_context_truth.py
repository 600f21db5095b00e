import numpy as np
import pytest

from sensors import driver as drivers
from sensors.clock import SECOND, FakeClock
from sensors.driver import Driver, Samples, Setting
from sensors.simulated.participant import Participant
from sensors.simulated.story import STATES, ParticipantConfig, Scene

SCRIPT = (Scene(at_s=0.0, state="focused"), Scene(at_s=3.0, state="overloaded"), Scene(at_s=6.0, state="away"))


def built(name: str, clock: FakeClock, start_ns: int, **keys: float) -> Driver:
    config = drivers.config_class(name)(**keys)
    setting = Setting(stream=name, start_ns=start_ns, clock=clock, participant=ParticipantConfig(script=SCRIPT))
    return drivers.build(name, config, setting)


def collected(driver: Driver, clock: FakeClock, until_ns: int, timeout_s: float) -> Samples:
    parts = []
    while clock.now_ns() < until_ns:
        part = driver.read(timeout_s)
        assert part is not None
        parts.append(part)
    return Samples(np.concatenate([part.values for part in parts]), np.concatenate([part.times_ns for part in parts]))


@pytest.mark.parametrize("name", ["context", "truth"])
@pytest.mark.parametrize("timeout_s", [0.013, 0.1, 1.7])
def test_the_grid_is_exact_however_it_is_read(name: str, timeout_s: float, clock: FakeClock) -> None:
    start_ns = clock.now_ns() + 123_456_789
    driver = built(name, clock, start_ns)
    info = driver.open()
    samples = collected(driver, clock, start_ns + 8 * SECOND, timeout_s)
    driver.close()
    assert np.array_equal(samples.times_ns, start_ns + np.arange(len(samples.times_ns)) * SECOND // 10)
    assert samples.values.shape == (len(samples.times_ns), len(info.columns))
    assert samples.values.dtype == np.float32
    assert (info.kind, info.stream, info.rate_hz, info.meta["simulated"]) == (name, name, 10.0, "yes")
    assert driver.lost() == 0


def test_context_shows_speed_and_demand(clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    driver = built("context", clock, start_ns)
    assert [(column.name, column.unit) for column in driver.open().columns] == [("speed_kmh", "km/h"), ("demand", "1")]
    samples = collected(driver, clock, start_ns + 6 * SECOND, 0.1)
    speed, demand = samples.values.T
    assert speed[:20].mean() == pytest.approx(80, abs=8)
    assert demand[-5:].mean() > demand[:20].mean() + 0.3


def test_truth_is_the_participants_own(clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    driver = built("truth", clock, start_ns, rate_hz=20.0)
    info = driver.open()
    assert info.meta["states"].split(",") == list(STATES)
    samples = collected(driver, clock, start_ns + 8 * SECOND, 0.2)
    person = Participant(ParticipantConfig(script=SCRIPT))
    for row, t_ns in zip(samples.values, samples.times_ns, strict=True):
        moment = person.at((int(t_ns) - start_ns) / SECOND)
        assert row == pytest.approx([float(getattr(moment, name)) for name in info.names], abs=1e-6)
    at = {name: number for number, name in enumerate(info.names)}
    assert set(samples.values[:, at["state_code"]]) == {0.0, 4.0, 5.0}
    assert samples.values[-1, at["present"]] == 0


@pytest.mark.parametrize("name", ["context", "truth"])
def test_a_driver_started_late_begins_at_the_present(name: str, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    clock.advance(60.04)
    driver = built(name, clock, start_ns)
    driver.open()
    samples = driver.read(0.5)
    assert samples is not None
    assert list(samples.times_ns) == [start_ns + 60_100_000_000]


@pytest.mark.parametrize("name", ["context", "truth"])
def test_before_the_session_it_waits(name: str, clock: FakeClock) -> None:
    driver = built(name, clock, clock.now_ns() + 5 * SECOND)
    driver.open()
    before_ns = clock.now_ns()
    samples = driver.read(0.25)
    assert samples is not None
    assert len(samples.times_ns) == 0
    assert clock.now_ns() == before_ns + SECOND // 4


@pytest.mark.parametrize(("name", "key", "value"), [("context", "rate_hz", 0.0), ("truth", "rate_hz", 1e4),
                                                    ("context", "source", "can0")])
def test_what_cannot_be_is_refused(name: str, key: str, value: float | str) -> None:
    with pytest.raises(ValueError, match=key):
        drivers.config_class(name)(**{key: value})
