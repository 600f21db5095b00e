"""Named stories of the session: what hostile, broken and silent inputs do to it, and what they must not."""

import msgspec
import numpy as np
import pytest

from fusion import estimator
from fusion.session import Session
from sensors.clock import SECOND
from sensors.errors import WireError
from sensors.messages import (
    Alert,
    AnyMessage,
    Chunk,
    Column,
    Health,
    Marker,
    State,
    StreamInfo,
    Tick,
    decode,
    encode,
)
from sensors.rig import SessionConfig

START = 5_000 * SECOND
Outputs = list[State | Alert]


class Story:
    """A session told second by second."""

    def __init__(self) -> None:
        self.session = Session(SessionConfig(calibration_s=0.0), estimator.make("rules"))
        self.told: Outputs = []

    def say(self, *messages: AnyMessage) -> Outputs:
        new = [output for message in messages for output in self.session.update(message)]
        self.told += new
        return new

    def tick(self, at_s: float) -> Outputs:
        return self.say(Tick(t_ns=START + round(at_s * SECOND)))

    def ticks(self, from_s: float, to_s: float) -> Outputs:
        return [output for step in range(round((to_s - from_s) * 10)) for output in self.tick(from_s + step / 10)]

    def states(self) -> list[State]:
        return [output for output in self.told if isinstance(output, State)]

    def alerts(self) -> list[Alert]:
        return [output for output in self.told if isinstance(output, Alert)]


def info(stream: str = "context", kind: str = "context") -> StreamInfo:
    return StreamInfo(t_ns=START, stream=stream, kind=kind, driver="test", rate_hz=10.0,
                      columns=(Column("speed_kmh", "km/h"), Column("demand", "1")))


def chunk(at_s: float, stream: str = "context", stamp_s: float | None = None) -> Chunk:
    times = np.array([START + round((at_s if stamp_s is None else stamp_s) * SECOND)])
    return Chunk(t_ns=START + round(at_s * SECOND), stream=stream, values=np.ones((1, 2), np.float32), times_ns=times)


def health(at_s: float, status: str, stream: str = "camera", detail: str = "") -> Health:
    return Health(t_ns=START + round(at_s * SECOND), stream=stream, status=status, detail=detail)


def test_trying_again_is_not_being_back() -> None:
    story = Story()
    story.ticks(0, 1)
    for attempt in range(5):
        story.say(health(1 + attempt, "starting"), health(1.1 + attempt, "failed", detail="There is no camera 99."))
        story.ticks(1.2 + attempt, 2 + attempt)
    assert [(alert.rule, alert.active) for alert in story.alerts()] == [("sensor_camera", True)]
    assert story.states()[-1].reason == "camera: There is no camera 99."
    story.say(health(7, "ok"))
    story.ticks(7, 8)
    assert [alert.active for alert in story.alerts()] == [True, False]


def test_a_sensor_that_never_opened_is_among_the_inputs() -> None:
    story = Story()
    story.say(health(0, "failed", detail="There is no camera 99."))
    story.ticks(0, 1)
    assert story.states()[-1].inputs["camera"].age_ms == -1
    assert story.states()[-1].inputs["camera"].status == "failed"


@pytest.mark.parametrize("wild", [
    health(1e9, "ok"),
    Marker(t_ns=2**62, source="app", name="wild"),
    chunk(9.0),
    chunk(1.0, stamp_s=1e9),
    Tick(t_ns=2**62),
], ids=["health", "marker", "chunk", "stamp in a chunk", "tick"])
def test_a_wild_stamp_neither_rushes_nor_silences_the_session(wild: AnyMessage) -> None:
    story = Story()
    story.tick(0)
    story.say(info(), chunk(0.1))
    story.ticks(0.2, 1)
    before = len(story.states())
    story.say(wild)
    assert len(story.states()) == before, "no time passed"
    for step in range(10, 30):
        story.say(chunk(step / 10))
        story.tick(step / 10)
    assert len(story.states()) == pytest.approx(before + 20, abs=1)
    assert story.states()[-1].inputs["context"].age_ms < 300, "its later samples are taken"


def test_nothing_begins_before_the_first_tick() -> None:
    story = Story()
    assert story.say(info(), chunk(500.0), health(400, "ok")) == []
    story.ticks(0, 2)
    assert len(story.states()) == pytest.approx(19, abs=1)


def test_a_second_stream_of_a_kind_takes_over_only_from_a_silent_first() -> None:
    story = Story()
    story.tick(0)
    story.say(info("mute"), info("other"), chunk(0.1, "other"))
    story.ticks(0.2, 0.6)
    assert set(story.states()[-1].inputs) == {"other"}
    story.say(info("late"), chunk(0.6, "late"))
    story.ticks(0.7, 1.0)
    assert "late" not in story.states()[-1].inputs
    assert story.session.refused == 1


def test_the_truth_is_never_read() -> None:
    def run(*said: AnyMessage) -> list[State]:
        story = Story()
        story.tick(0)
        story.say(*said)
        story.ticks(0.1, 2)
        return story.states()

    told = run(info("answers", "truth"), chunk(0.1, "answers"), health(0.2, "failed", "answers", "It broke."),
               health(0.2, "failed", "truth", "It broke."))
    assert repr(told) == repr(run())


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0, 1e12])
def test_an_impossible_rate_is_refused_on_the_wire(rate: float) -> None:
    true = encode(info())
    bent = true.replace(b"\xa7rate_hz\xcb" + np.array(10.0, ">f8").tobytes(),
                        b"\xa7rate_hz\xcb" + np.array(rate, ">f8").tobytes())
    assert bent != true
    with pytest.raises(WireError, match="rate_hz"):
        decode(bent)


def test_deeply_nested_garbage_is_a_wire_error() -> None:
    with pytest.raises(WireError):
        decode(b"\x81" * 100_000)


def test_a_stream_whose_columns_fit_nothing_is_told_and_gives_way_to_one_that_fits() -> None:
    story = Story()
    slow = msgspec.structs.replace(info("board", "eeg"), columns=(Column("Cz", "uV"),), rate_hz=50.0)
    story.tick(0)
    story.say(slow)
    for step in range(1, 30):
        story.say(Chunk(t_ns=START + step * SECOND // 10, stream="board", values=np.ones((1, 1), np.float32),
                        times_ns=np.array([START + step * SECOND // 10])))
        story.tick(step / 10)
    assert "at 50 Hz, expected one or more at 62.5 Hz or faster" in story.states()[-1].reason
    assert [alert.rule for alert in story.alerts()] == ["sensor_board"]
    story.say(msgspec.structs.replace(slow, stream="better", rate_hz=250.0))
    story.tick(3)
    assert set(story.session.pending) == {"better"}
    assert "62.5 Hz" not in story.states()[-1].reason


def test_the_order_in_which_streams_are_announced_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = msgspec.structs.replace(info("camera", "camera"), columns=(Column("luma", "1"), Column("face", "1")))
    streams = [info(), camera]
    told = []
    for order in (streams, streams[::-1]):
        story = Story()
        story.tick(0)
        story.say(*order)
        seen: list[str] = []
        monkeypatch.setattr(story.session._features, "advance", lambda kind, *samples, seen=seen: seen.append(kind))
        story.tick(1)
        told.append(seen)
    assert told[0] == told[1]
    assert told[0][:2] == ["camera", "context"]  # the camera's blinks gate the EEG of the same tick
