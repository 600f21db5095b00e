"""The session with its follower: chunk invariant, replayable, and shown by the report and the command."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import Call
from xr_signals import SECOND, START_NS, gaze, grid, looks

from fusion import assembly, provenance, replaying
from fusion.report import write
from fusion.session import canonical
from sensors.clock import SystemClock
from sensors.errors import RigError
from sensors.messages import (
    Answer,
    AnyMessage,
    Chunk,
    Column,
    GazeEvent,
    Hint,
    Said,
    State,
    StreamInfo,
    Target,
    Tick,
    encode,
)
from sensors.recording import Recorder, Recording
from sensors.rig import Rig, load, parse
from sensors.topics import TOPIC_OF

NAMES = ("face", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "ear_left", "ear_right", "luma")
Sequence = list[tuple[int, str, AnyMessage]]


def rig(**xr: object) -> Rig:
    return parse({"session": {"estimator": "rules", "calibration_s": 2.0, "target_radius_deg": 40.0},
                  "xr": {"dwell_ms": 300.0, **xr}, "camera": {"source": "simulated"}}, "glasses")


def headset(seconds: float, rate_hz: float, nominal_hz: float | None = None) -> Sequence:
    """Eyes that look about and blink, in chunks of 50 ms, with two targets, ticks, and answers to hints."""
    times = grid(seconds, rate_hz)
    t = (times - START_NS) / SECOND
    truth = looks(seconds, 6, 4.0, 14.0)
    values = np.zeros((len(t), len(NAMES)), np.float32)
    values[:, 0], values[:, 7] = 0.95, 120.0
    values[:, 1:3] = gaze(truth, times, 0.1)
    shut = np.zeros(len(t))
    for begin, lasts in [*((2.0 + 2.7 * k, 0.13) for k in range(7)), (21.0, 0.5), (23.0, 0.11), (23.3, 0.11)]:
        shut = np.maximum(shut, np.clip(np.minimum(t - begin + 0.03, begin + lasts + 0.03 - t) / 0.06, 0, 1))
    values[:, 5:7] = (0.3 - 0.25 * shut)[:, None]
    values[shut > 0.5, 1:3] = np.nan
    values[(t > 12.0) & (t < 13.2), 1:3] = np.nan
    info = StreamInfo(t_ns=START_NS, stream="camera", kind="camera", driver="test",
                      rate_hz=rate_hz if nominal_hz is None else nominal_hz,
                      columns=tuple(Column(name, "1") for name in NAMES))
    sequence: Sequence = [(START_NS, "info", info), (START_NS, "tick", Tick(t_ns=START_NS))]
    for number, one in enumerate(truth[3:9:2]):
        sequence.append((START_NS, "target", Target(t_ns=START_NS, name=f"key{number}", yaw=one.yaw, pitch=one.pitch,
                                                    width=math.radians(4), height=math.radians(4))))
    for step in range(int(seconds * 20)):
        end_ns = START_NS + (step + 1) * SECOND // 20
        own = (times >= end_ns - SECOND // 20) & (times < end_ns)
        if own.any():
            sequence.append((end_ns, "camera", Chunk(t_ns=int(times[own][-1]), stream="camera", seq=step,
                                                     values=values[own], times_ns=times[own])))
        if step % 2:
            sequence.append((end_ns, "tick", Tick(t_ns=end_ns)))
        if step == 150:
            sequence.append((end_ns, "answer", Answer(t_ns=end_ns, hint="hold_notifications", number=1,
                                                      answer="dismissed", source="test")))
        if step == 200:
            sequence.append((end_ns, "target", Target(t_ns=end_ns, name="key0", yaw=0.1, pitch=0.0, width=0.0,
                                                      height=0.0)))
    return sequence


def fold(sequence: Sequence, chosen: Rig) -> list[Said]:
    session = assembly.session_of(chosen)
    return [said for _, _, message in sequence for said in session.update(message)]


def recut(sequence: Sequence, size: Callable[[int], int]) -> Sequence:
    """Cut every chunk, in its place, into pieces of ``size(number)`` rows; 0 makes an empty one."""
    out: Sequence = []
    piece = 0
    for received, topic, message in sequence:
        if not isinstance(message, Chunk):
            out.append((received, topic, message))
            continue
        first = 0
        while first < len(message.times_ns):
            rows = size(piece)
            times = message.times_ns[first:first + rows]
            out.append((received, topic, msgspec.structs.replace(
                message, seq=piece, values=message.values[first:first + rows], times_ns=times,
                t_ns=int(times[-1]) if len(times) else int(message.times_ns[max(first - 1, 0)]))))
            piece += 1
            first += rows
    return out


def split(said: list[Said]) -> tuple[list[bytes], list[bytes]]:
    """Return the events, and all the rest: how chunks are cut may change which of the two is said first."""
    events = [canonical(one) for one in said if isinstance(one, GazeEvent)]
    return events, [canonical(one) for one in said if not isinstance(one, GazeEvent)]


@pytest.mark.parametrize(("rate_hz", "nominal_hz", "grade"), [
    (30.0, None, "webcam"), (60.0, None, "webcam"), (120.0, None, "headset"), (200.0, None, "headset"),
    (120.0, 0.0, "headset"), (30.0, 0.0, "webcam")])
def test_the_rate_chooses_the_way_and_the_session_tells_events_and_hints(rate_hz: float, nominal_hz: float | None,
                                                                         grade: str) -> None:
    said = fold(headset(30.0, rate_hz, nominal_hz), rig())
    events = [one for one in said if isinstance(one, GazeEvent)]
    assert {event.grade for event in events} - {""} == {grade}
    kinds = Counter(event.kind for event in events)
    assert {"fixation", "saccade", "enter", "leave", "dwell", "blink", "share", "focus"} <= set(kinds)
    assert kinds["intent"] == 2
    assert 35 < kinds["fixation"] < 80
    assert all(math.isnan(event.peak_velocity) == (grade == "webcam") for event in events if event.kind == "saccade")
    hints = [one for one in said if isinstance(one, Hint)]
    assert hints[0].active
    assert hints[0].hint == "hold_notifications"
    assert any(not hint.active and hint.reason.startswith("Dismissed") for hint in hints)
    stamps = [one.t_ns for one in events]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("size", [lambda piece: 1, lambda piece: 4, lambda piece: (7, 1, 4, 2)[piece % 4],
                                  lambda piece: (0, 2, 0, 5)[piece % 4]],
                         ids=["single-sample", "uniform", "irregular", "empty between"])
@pytest.mark.parametrize(("rate_hz", "nominal_hz"), [(30.0, None), (120.0, 0.0)])
def test_how_gaze_is_cut_changes_nothing(rate_hz: float, nominal_hz: float | None, size: Callable[[int], int]) -> None:
    sequence = headset(26.0, rate_hz, nominal_hz)
    whole, cut = split(fold(sequence, rig())), split(fold(recut(sequence, size), rig()))
    assert len(whole[0]) > 100
    assert cut == whole


def test_without_its_table_a_rig_says_no_events_and_no_hints() -> None:
    plain = parse({"session": {"estimator": "rules"}, "camera": {"source": "simulated"}}, "plain")
    assert {type(one) for one in fold(headset(5.0, 60.0), plain)} <= {State}


def test_hints_can_be_switched_off() -> None:
    said = fold(headset(10.0, 60.0), rig(hints=False))
    assert not any(isinstance(one, Hint) for one in said)
    assert any(isinstance(one, GazeEvent) for one in said)


@pytest.mark.parametrize("wrong", [{"dwell_ms": 5}, {"hint_dwell_s": 1}, {"hint_on_s": 1}, {"intents": "wink"},
                                   {"gaze_error_deg": -1}])
def test_a_rig_that_cannot_be_meant_is_one_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(RigError, match=r"table \[xr\]"):
        rig(**wrong)
    assert load("bench").xr is None


def test_rows_that_go_back_and_foreign_columns_are_passed_over() -> None:
    sequence = headset(8.0, 60.0)
    twice = [one for item in sequence for one in ([item, item] if item[1] == "camera" else [item])]
    assert split(fold(twice, rig()))[0] == split(fold(sequence, rig()))[0]
    odd = list(sequence)
    place = next(place for place, item in enumerate(odd) if item[1] == "camera" and place > 40)
    received, topic, chunk = odd[place]
    assert isinstance(chunk, Chunk)
    odd[place] = received, topic, msgspec.structs.replace(chunk, values=chunk.values[:, :3].copy())
    assert any(isinstance(one, GazeEvent) for one in fold(odd, rig()))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recording that a live session would have made."""
    path = tmp_path_factory.mktemp("xr") / "glasses.mcap"
    chosen = rig()
    session = assembly.session_of(chosen)
    recorder = Recorder(path, clock=SystemClock(), attachments=provenance.attachments(chosen),
                        metadata=provenance.metadata(chosen))
    recorder.start()
    for received_ns, topic, message in headset(30.0, 120.0):
        recorder.write(topic, encode(message), received_ns)
        for output in session.update(message):
            recorder.write(TOPIC_OF[type(output)], encode(output), received_ns)
    recorder.close()
    assert not recorder.error
    return path


def test_the_same_messages_say_the_same_twice_and_through_a_recording(file: Path) -> None:
    sequence = headset(30.0, 120.0)
    assert [canonical(one) for one in fold(sequence, rig())] == [canonical(one) for one in fold(sequence, rig())]
    verification = replaying.verify(file)
    assert verification.first_difference == ""
    assert verification.verified


def test_the_report_shows_gaze_events_and_hints(file: Path, tmp_path: Path) -> None:
    page = write(Recording(file), tmp_path / "report.html", features=False).read_text(encoding="utf-8")
    for wanted in ("Gaze events", "headset grade", "How long fixations lasted", "key1", "Blinks meant as input",
                   "Hints", "hold notifications", "dismissed", "Dismissed; it stays away for 1 min."):
        assert wanted in page


def test_hints_and_their_answers_are_listed(file: Path, call: Call) -> None:
    found = msgspec.json.decode(call("hints", str(file), "--json").out)
    first = found["hints"][0]
    assert (first["number"], first["hint"], first["answer"], first["source"]) == (1, "hold_notifications", "dismissed",
                                                                                  "test")
    rate = found["rates"]["hold_notifications"]
    assert (rate["dismissed"], rate["accepted"], rate["accepted_share"]) == (1, 0, 0.0)
    assert found["refused"] == 0
    text = call("hints", str(file)).out
    assert "dismissed by test" in text
    assert "hold_notifications: given" in text
