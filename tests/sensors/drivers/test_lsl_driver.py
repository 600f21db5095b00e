"""Streams of real LSL outlets on this machine: found by name, in our units, on our clock, with theirs beside."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from lsl_senders import lsl, outlet, pylsl, unique

from sensors.clock import SECOND, SystemClock
from sensors.driver import Samples, Setting, aside_of
from sensors.drivers.lsl import Lsl
from sensors.drivers.lsl_config import LslConfig
from sensors.errors import DeviceError
from sensors.messages import Health, Marker, StreamInfo
from sensors.process import run

__all__ = ["lsl"]
pytestmark = pytest.mark.usefixtures("lsl")
CLOCK = SystemClock()
ELECTRODES = [("Fz", "mV"), ("EEG_Cz", "mV"), ("AUX_1", "mV")]


@pytest.fixture
def drivers() -> Iterator[list[Lsl]]:
    """Keep what a test opens, to be closed with it."""
    opened: list[Lsl] = []
    yield opened
    for driver in opened:
        driver.close()


def make(drivers: list[Lsl], **table: Any) -> Lsl:
    driver = Lsl(LslConfig(resolve_s=0.4, **table), Setting(stream="eeg", start_ns=CLOCK.now_ns(), clock=CLOCK))
    drivers.append(driver)
    return driver


def read(driver: Lsl, rows: int) -> Samples:
    parts: list[Samples] = []
    for _ in range(40):
        parts.append(driver.read(0.1))
        if sum(len(part.times_ns) for part in parts) >= rows:
            break
    kept = [part for part in parts if part.device_ns is not None]
    return Samples(np.concatenate([part.values for part in kept]), np.concatenate([part.times_ns for part in kept]),
                   np.concatenate([part.device_ns for part in kept if part.device_ns is not None]))


def test_eeg_comes_in_microvolts_with_both_clocks(drivers: list[Lsl]) -> None:
    name = unique("muse")
    sender = outlet(name, "EEG", ELECTRODES, 250.0)
    driver = make(drivers, name=name)
    info = driver.open()
    assert [(column.name, column.unit) for column in info.columns] == [("Fz", "uV"), ("Cz", "uV")]
    assert (info.kind, info.rate_hz, info.driver) == ("eeg", 250.0, "lsl")
    first = pylsl.local_clock() - 0.4
    stamps = first + np.arange(100) / 250
    for number, stamp in enumerate(stamps.tolist()):
        sender.push_sample([number / 1000, -number / 1000, 9.0], stamp)
    samples = read(driver, 100)
    assert samples.values[:, 0] == pytest.approx(np.arange(100), abs=1e-4)
    assert samples.values[:, 1] == pytest.approx(-np.arange(100), abs=1e-4)
    assert samples.device_ns is not None
    assert samples.device_ns == pytest.approx(stamps * 1e9, abs=200), "as the sender stamped them"
    assert np.diff(samples.times_ns) == pytest.approx(4e6, abs=300), "no stamp was smoothed or moved"
    offset_ns = float(info.meta["lsl_offset_s"]) * 1e9 - int(info.meta["lsl_bridge_ns"])
    assert samples.times_ns - samples.device_ns == pytest.approx(offset_ns, abs=300)
    assert 0 < float(info.meta["lsl_offset_uncertainty_s"]) < 0.05
    assert driver.lost() == 0


def test_a_sender_whose_clock_is_another_is_read_by_the_measured_offset(drivers: list[Lsl],
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """No second machine here: the offset that LSL would measure to one is put in its place."""
    from sensors.drivers import lsl_clock

    monkeypatch.setattr(lsl_clock, "correction", lambda inlet, timeout_s: (1234.5, 2e-4))
    name = unique("far")
    sender = outlet(name, "Gaze", [("gaze_yaw", "rad"), ("gaze_pitch", "rad")])
    driver = make(drivers, name=name)
    info = driver.open()
    assert info.meta["lsl_offset_s"] == "1234.500000000"
    now_ns, stamp = CLOCK.now_ns(), pylsl.local_clock() - 1234.5
    sender.push_sample([0.1, 0.2], stamp)
    samples = read(driver, 1)
    assert abs(samples.times_ns[0] - now_ns) < 0.005 * SECOND
    assert samples.device_ns is not None
    assert abs(samples.device_ns[0] - round(stamp * 1e9)) < 200


def test_stamps_of_no_lsl_clock_are_told_and_replaced_by_the_arrival(drivers: list[Lsl]) -> None:
    name = unique("unix")
    sender = outlet(name, "Gaze", [("gaze_yaw", "deg"), ("gaze_pitch", "deg")])
    driver = make(drivers, name=name)
    assert driver.open().meta["stamps"] == "lsl"
    before = CLOCK.now_ns()
    sender.push_sample([10.0, -5.0], 1.7e9)
    samples = read(driver, 1)
    assert before <= samples.times_ns[0] <= CLOCK.now_ns()
    assert samples.device_ns == pytest.approx([1.7e18], abs=1e3)
    told = aside_of(driver)
    assert ("stamps", "arrival") in told.meta
    assert "samples are stamped when they arrive" in told.detail


def test_a_clock_that_leaps_later_opens_the_stream_again(drivers: list[Lsl]) -> None:
    name = unique("leap")
    sender = outlet(name, "Gaze", [("gaze_yaw", "rad"), ("gaze_pitch", "rad")])
    driver = make(drivers, name=name)
    driver.open()
    sender.push_sample([0.0, 0.0])
    read(driver, 1)
    sender.push_sample([0.0, 0.0], pylsl.local_clock() + 3600)
    with pytest.raises(DeviceError, match="leapt") as caught:
        read(driver, 1)
    assert "measured anew" in caught.value.next_step


def test_stamps_that_run_back_are_moved_and_told(drivers: list[Lsl]) -> None:
    name = unique("back")
    sender = outlet(name, "Gaze", [("gaze_yaw", "rad"), ("gaze_pitch", "rad")])
    driver = make(drivers, name=name)
    driver.open()
    now = pylsl.local_clock() - 0.2
    for late_s in (0.10, 0.05, 0.15):
        sender.push_sample([0.0, 0.0], now + late_s)
    samples = read(driver, 3)
    assert bool((np.diff(samples.times_ns) > 0).all())
    # How many of them stood in one report depends on how they came.
    assert re.match("1 of [123] stamps", aside_of(driver).detail)
    assert "moved by up to 50.0 ms" in aside_of(driver).detail


def test_a_sender_that_ends_is_lost_and_found_again_when_it_is_back() -> None:
    """The whole life of a driver: its process hears of the loss, waits, and goes on with the new sender."""
    name = unique("restart")
    channels = [("gaze_yaw", "rad"), ("gaze_pitch", "rad")]
    senders = {"now": outlet(name, "Gaze", channels)}
    said: list[Any] = []
    limit_ns = CLOCK.now_ns() + 20 * SECOND

    def send(topic: str, message: Any) -> None:
        said.append(message)

    def stop() -> bool:
        chunks = [message for message in said if type(message).__name__ == "Chunk"]
        opened = [message for message in said if isinstance(message, StreamInfo)]
        lost = any(isinstance(message, Health) and "is lost" in message.detail for message in said)
        if opened and not chunks:
            senders["now"].push_sample([0.1, 0.1])
        elif len(chunks) == 1 and not lost:
            senders.pop("now", None)
        elif lost:
            if "now" not in senders:
                senders["now"] = outlet(name, "Gaze", channels)
            senders["now"].push_sample([0.2, 0.2])
        return len(chunks) >= 3 or CLOCK.now_ns() > limit_ns

    setting = Setting(stream="gaze", start_ns=CLOCK.now_ns(), clock=CLOCK)
    run(lambda: Lsl(LslConfig(name=name, resolve_s=0.4), setting), setting, send, stop)
    healths = [message for message in said if isinstance(message, Health)]
    lost = [health for health in healths if "is lost: its sender ended" in health.detail]
    assert lost
    assert lost[0].status == "failed"
    assert healths[-1].status == "ok"
    assert healths[-1].restarts >= 1


def test_markers_are_told_with_their_own_time_and_no_columns() -> None:
    name = unique("keys")
    sender = outlet(name, "Markers", [("key", ""), ("value", "")], form="string")
    said: list[Any] = []
    limit_ns = CLOCK.now_ns() + 10 * SECOND
    sent: list[int] = []

    def send(topic: str, message: Any) -> None:
        said.append((topic, message))

    def stop() -> bool:
        if any(isinstance(message, StreamInfo) for _, message in said) and not sent:
            sent.append(CLOCK.now_ns())
            sender.push_sample(["stimulus", "left \u2190"])
            sender.push_sample(["answer", ""])
        return len([1 for topic, _ in said if topic == "marker"]) == 2 or CLOCK.now_ns() > limit_ns

    setting = Setting(stream="markers", start_ns=CLOCK.now_ns(), clock=CLOCK)
    run(lambda: Lsl(LslConfig(name=name, resolve_s=0.4), setting), setting, send, stop)
    marks = [message for topic, message in said if topic == "marker" and isinstance(message, Marker)]
    assert [(mark.source, mark.name, mark.value) for mark in marks] == [
        (name, "stimulus", "left \u2190"), (name, "answer", "")]
    assert abs(marks[0].t_ns - sent[0]) < 0.02 * SECOND
    info = next(message for _, message in said if isinstance(message, StreamInfo))
    assert (info.kind, info.columns) == ("marker", ())


def test_numbers_can_be_markers_too(drivers: list[Lsl]) -> None:
    name = unique("codes")
    sender = outlet(name, "Stim", [("code", "")], form="int32")
    driver = make(drivers, name=name, kind="markers")
    driver.open()
    sender.push_sample([42])
    told: tuple[Marker, ...] = ()
    for _ in range(20):
        driver.read(0.1)
        told += aside_of(driver).markers
        if told:
            break
    assert [mark.name for mark in told] == ["42"]


def test_none_and_several_are_listed_and_how_to_tell_them_apart(drivers: list[Lsl]) -> None:
    mark = unique("twin")
    first = outlet(f"{mark}-a", mark, [("x", "")], 100.0)
    second = outlet(f"{mark}-b", mark, [("x", "")], 100.0, source_id="the right one")
    with pytest.raises(DeviceError, match=f"2 LSL streams have type '{mark}'") as several:
        make(drivers, type=mark, kind="eeg", unit="uV").open()
    assert "the right one" in several.value.message
    assert "--set eeg.source_id=" in several.value.next_step
    chosen = make(drivers, type=mark.upper(), source_id="the right one", kind="eeg", unit="uV").open()
    assert f"{mark}-b" in chosen.device
    found = make(drivers, predicate=f"starts-with(name,'{mark}-a')", kind="eeg", unit="uV").open()
    assert f"{mark}-a" in found.device
    with pytest.raises(DeviceError, match="There is no LSL stream with name 'nobody'; there are: ") as none:
        make(drivers, name="nobody").open()
    assert f"{mark}-a ({mark}, 1 channels, 100 Hz" in none.value.message
    del first, second


def test_what_cannot_be_read_is_one_sentence(drivers: list[Lsl]) -> None:
    name = unique("odd")
    sender = outlet(name, "Audio", [("left", "")], 44100.0)
    with pytest.raises(DeviceError, match="Sound comes through the microphone driver"):
        make(drivers, name=name).open()
    texts = outlet(unique("texts"), "EEG", [("Fz", "uV")], form="string")
    with pytest.raises(DeviceError, match="carries texts"):
        make(drivers, name=texts.get_info().name()).open()
    del sender


def test_a_stream_needs_a_name_before_anything_is_opened() -> None:
    with pytest.raises(ValueError, match="no stream is named"):
        LslConfig()
    with pytest.raises(ValueError, match="columns names 'gaze'"):
        LslConfig(name="x", columns={"gaze": "y"})
