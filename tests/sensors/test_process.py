"""A driver's life in virtual time: heartbeat, stalls, failures, backoff, ends."""

import os
import sys
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from sensors.clock import SECOND, FakeClock
from sensors.driver import Aside, Driver, Samples, Setting
from sensors.errors import DeviceError
from sensors.faults import Faulty
from sensors.messages import AnyMessage, Chunk, Column, Health, Marker, StreamInfo
from sensors.process import BACKOFF_S, RateMeter, run, stay_on_one_cpu

EMPTY = Samples(np.empty((0, 1), np.float32), np.empty(0, np.int64))


class Scripted:
    """A driver that does at each second of virtual time what its script says."""

    def __init__(self, clock: FakeClock, script: Callable[[float], str]) -> None:
        self.clock, self.script = clock, script
        self.start_ns = clock.now_ns()
        self.opened = self.closed = 0
        self.meta: dict[str, str] = {}

    def open(self) -> StreamInfo:
        self.opened += 1
        if self._now() == "absent":
            raise DeviceError("There is no camera 0.", "Plug one in.")
        return StreamInfo(t_ns=self.clock.now_ns(), stream="camera", kind="camera", driver="scripted", rate_hz=10.0,
                          columns=(Column("x", "1"),), meta=self.meta)

    def _now(self) -> str:
        return self.script((self.clock.now_ns() - self.start_ns) / SECOND)

    def read(self, timeout_s: float) -> Samples | None:
        self.clock.advance(0.1)
        word = self._now()
        if word == "over":
            return None
        if word == "silent":
            return EMPTY
        if word == "vanish":
            raise DeviceError("The camera vanished.", "Check the cable.")
        if word == "bug":
            raise ZeroDivisionError("a hardware library broke")
        return Samples(np.ones((1, 1), np.float32), np.array([self.clock.now_ns()]))

    def close(self) -> None:
        self.closed += 1

    def lost(self) -> int:
        return 0


def live(clock: FakeClock, script: Callable[[float], str], seconds: float,
         **meta: str) -> tuple[Scripted, list[AnyMessage]]:
    driver = Scripted(clock, script)
    driver.meta = meta
    said: list[AnyMessage] = []
    end = clock.now_ns() + round(seconds * SECOND)

    def build() -> Driver:
        return driver

    def send(topic: str, message: AnyMessage) -> None:
        said.append(message)

    run(build, Setting(stream="camera", start_ns=clock.now_ns(), clock=clock), send, lambda: clock.now_ns() >= end)
    return driver, said


def healths(said: list[AnyMessage]) -> list[Health]:
    return [message for message in said if isinstance(message, Health)]


def test_a_healthy_driver_beats_every_second_and_tells_its_rate(clock: FakeClock) -> None:
    driver, said = live(clock, lambda t: "ok", 20)
    beats = [health for health in healths(said) if health.status == "ok"]
    assert len(beats) == pytest.approx(20, abs=1)
    assert beats[-1].rate_hz == pytest.approx(10, rel=1e-6)
    assert len([message for message in said if isinstance(message, Chunk)]) == 200
    assert beats[-1].samples == pytest.approx(200, abs=10)
    assert driver.closed == 1


def test_a_missing_device_is_told_and_tried_again_with_growing_waits(clock: FakeClock) -> None:
    driver, said = live(clock, lambda t: "absent" if t < 7 else "ok", 12)
    failed = [health for health in healths(said) if health.status == "failed"]
    assert all(health.detail == "There is no camera 0. Plug one in." for health in failed), "the cause stays told"
    assert driver.opened == 5, f"tries at 0, {BACKOFF_S} ..."
    assert healths(said)[-1].status == "ok"
    assert healths(said)[-1].restarts == 4
    assert driver.closed == driver.opened, "a half-open device never stays"


@pytest.mark.parametrize(("word", "sentence"), [
    ("vanish", "The camera vanished. Check the cable."),
    ("bug", "The driver broke with ZeroDivisionError: a hardware library broke."),
])
def test_trouble_in_the_middle_is_told_and_survived(clock: FakeClock, word: str, sentence: str) -> None:
    _, said = live(clock, lambda t: word if 3 <= t < 3.2 else "ok", 8)
    assert sentence in {health.detail for health in healths(said)}
    assert healths(said)[-1].status == "ok"


def test_silence_is_called_stalled_then_the_device_is_opened_again(clock: FakeClock) -> None:
    driver, said = live(clock, lambda t: "silent" if 3 <= t < 10 else "ok", 20)
    stalled = [health for health in healths(said) if health.status == "stalled"]
    assert stalled[0].detail == "No sample for 2 s."
    assert driver.opened >= 2
    assert healths(said)[-1].status == "ok"


def test_a_hole_in_a_recording_is_waited_out(clock: FakeClock) -> None:
    driver, said = live(clock, lambda t: "silent" if 3 <= t < 20 else "ok", 25, holes="kept")
    assert driver.opened == 1, "opening it again would start it from its beginning"
    assert "stalled" in {health.status for health in healths(said)}
    assert healths(said)[-1].status == "ok"


def test_the_end_of_a_file_is_an_end_not_a_failure(clock: FakeClock) -> None:
    driver, said = live(clock, lambda t: "over" if t >= 3 else "ok", 10)
    assert driver.opened == 1
    assert healths(said)[-1].status == "ended"
    assert len([h for h in healths(said) if h.status == "ended"]) >= 6, "the heart goes on beating"


class Talking(Scripted):
    """A driver that says markers, a trouble and an offset beside its samples."""

    columns: tuple[Column, ...] = (Column("x", "1"),)

    def open(self) -> StreamInfo:
        return msgspec.structs.replace(super().open(), columns=self.columns)

    def aside(self) -> Aside:
        now = self.clock.now_ns()
        mark = (Marker(t_ns=now, source="keys", name="go"),) if self._now() == "mark" else ()
        return Aside(mark, "One row was odd." if self._now() != "ok" else "", (("offset_s", f"{now}"),))


def test_what_a_driver_says_aside_is_told(clock: FakeClock) -> None:
    driver = Talking(clock, lambda t: "mark" if 2 <= t < 2.1 else "silent" if t > 4 else "ok")
    said: list[tuple[str, AnyMessage]] = []
    start, end = clock.now_ns(), clock.now_ns() + 8 * SECOND
    run(lambda: Faulty(driver, setting(clock)), setting(clock), lambda topic, message: said.append((topic, message)),
        lambda: clock.now_ns() >= end)
    marks = [message for topic, message in said if topic == "marker" and isinstance(message, Marker)]
    assert [(mark.name, round((mark.t_ns - start) / SECOND, 1)) for mark in marks] == [("go", 2.0)]
    stalled = [message.detail for _, message in said if isinstance(message, Health) and message.status == "stalled"]
    assert stalled
    assert all(detail.startswith("No sample for ") and detail.endswith("One row was odd.") for detail in stalled)
    infos = [message for _, message in said if isinstance(message, StreamInfo)]
    assert len({info.meta.get("offset_s") for info in infos}) > 3, "a new offset goes out with the next heartbeat"


def test_a_source_of_markers_alone_is_never_called_silent(clock: FakeClock) -> None:
    driver = Talking(clock, lambda t: "silent")
    driver.columns = ()
    said: list[AnyMessage] = []
    end = clock.now_ns() + 20 * SECOND
    run(lambda: driver, setting(clock), lambda topic, message: said.append(message), lambda: clock.now_ns() >= end)
    assert {health.status for health in healths(said)} == {"starting", "ok"}
    assert driver.opened == 1


def setting(clock: FakeClock) -> Setting:
    return Setting(stream="camera", start_ns=clock.now_ns(), clock=clock)


def test_the_rate_is_of_the_last_ten_seconds() -> None:
    meter = RateMeter()
    for second in range(30):
        meter.add(100 if second < 15 else 50, second * SECOND)
    assert meter.rate_hz == pytest.approx(50)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose its processors")
def test_a_process_that_keeps_to_one_cpu_takes_an_allowed_one() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        stay_on_one_cpu()
        kept = os.sched_getaffinity(0)
    finally:
        os.sched_setaffinity(0, allowed)
    assert len(kept) == 1
    assert kept <= allowed
