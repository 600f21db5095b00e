"""The frames of the WebSocket output: their signs, their nulls, and what an app's frames become."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket_clients import NAN, alert, event, gaze, hint, state

from fusion.outputs import wire, wire_said
from sensors.errors import WireError
from sensors.messages import Answer, Column, Marker, StreamInfo, Target

ANGLE = st.floats(-1.5, 1.5)


def turn(quaternion: tuple[float, ...], vector: tuple[float, ...]) -> np.ndarray:
    *axis, real = quaternion
    twice = 2 * np.cross(axis, vector)
    return np.asarray(vector) + real * twice + np.cross(axis, twice)


@pytest.mark.parametrize(("yaw", "pitch", "direction"), [
    (0.0, 0.0, (0, 0, -1)), (math.pi / 2, 0.0, (1, 0, 0)), (-math.pi / 2, 0.0, (-1, 0, 0)),
    (0.0, math.pi / 2, (0, 1, 0)), (0.0, -math.pi / 2, (0, -1, 0))])
def test_right_is_plus_x_up_is_plus_y_and_forward_is_minus_z(yaw: float, pitch: float,
                                                             direction: tuple[int, int, int]) -> None:
    pose = wire.gaze_pose(yaw, pitch, NAN, NAN, NAN)
    assert pose is not None
    assert pose.direction == pytest.approx(direction, abs=1e-12)
    assert pose.position is None


@given(ANGLE, ANGLE)
def test_the_orientation_turns_forward_into_the_direction_and_keeps_the_horizon(yaw: float, pitch: float) -> None:
    pose = wire.gaze_pose(yaw, pitch, 0.1, 0.2, 0.6)
    assert pose is not None
    assert np.linalg.norm(pose.direction) == pytest.approx(1)
    assert np.linalg.norm(pose.orientation) == pytest.approx(1)
    assert turn(pose.orientation, (0, 0, -1)) == pytest.approx(pose.direction, abs=1e-12)
    assert turn(pose.orientation, (1, 0, 0))[1] == pytest.approx(0, abs=1e-12)
    assert pose.position == (0.1, 0.2, 0.6)


@given(ANGLE, ANGLE)
def test_the_way_into_unity_that_the_document_gives_turns_its_forward_into_the_mirrored_direction(
        yaw: float, pitch: float) -> None:
    pose = wire.gaze_pose(yaw, pitch, NAN, NAN, NAN)
    assert pose is not None
    x, y, z, w = pose.orientation
    sideways, up, forward = pose.direction
    assert turn((-x, -y, z, w), (0, 0, 1)) == pytest.approx((sideways, up, -forward), abs=1e-12)


def test_what_was_not_measured_is_null_and_never_a_number() -> None:
    frame = wire.frame_of(gaze(NAN, NAN, "no_gaze"), 3, None)
    assert frame is not None
    told = json.loads(wire.encode(frame, frame.t_ns + 1_500_000, 4), parse_constant=pytest.fail)
    assert told["yaw"] is told["pose"] is told["head_roll"] is None
    assert (told["v"], told["seq"], told["status"], told["age_ms"], told["dropped"]) == (1, 3, "no_gaze", 1.5, 4)


@pytest.mark.parametrize("message", [state(), gaze(), alert(), hint(), event()])
def test_every_frame_carries_its_age_its_confidence_and_a_status(message: object) -> None:
    frame = wire.frame_of(message, 1, state(status="degraded"))  # type: ignore[arg-type]
    assert frame is not None
    told = json.loads(wire.encode(frame, frame.t_ns + 2_000_000, 0))
    assert told["age_ms"] == 2.0
    assert told["status"] in ("ok", "degraded")
    assert "confidence" in told


def test_a_state_is_as_sure_as_its_own_state_and_a_simulated_stream_says_so() -> None:
    told = wire.frame_of(state("drowsy", probabilities={"drowsy": 0.6, "focused": 0.4}), 1, None)
    assert told is not None
    assert told.confidence == 0.6
    info = StreamInfo(t_ns=1, stream="camera", kind="camera", driver="webcam", rate_hz=30.0,
                      columns=(Column("gaze_yaw", "rad"),), meta={"simulated": "yes"})
    stream = wire.frame_of(info, 1, state())
    assert isinstance(stream, wire.StreamFrame)
    assert (stream.simulated, stream.status, stream.confidence) == (True, "ok", 0.94)


def test_what_an_app_says_becomes_messages_at_our_time() -> None:
    target = {"v": 1, "type": "target", "name": "a", "yaw": 0.1, "pitch": 0, "width": 0.2, "height": 0.3}
    answer = {"v": 1, "type": "answer", "hint": "simplify", "number": 4, "answer": "dismissed", "source": "game"}
    marker = {"v": 1, "type": "marker", "name": "level", "value": "2"}
    assert wire_said.read(json.dumps(target), 7) == Target(t_ns=7, name="a", yaw=0.1, pitch=0, width=0.2, height=0.3,
                                                           source="websocket")
    assert wire_said.read(json.dumps(answer), 8) == Answer(t_ns=8, hint="simplify", number=4, answer="dismissed",
                                                           source="game")
    assert wire_said.read(json.dumps(marker), 9) == Marker(t_ns=9, source="websocket", name="level", value="2")


@pytest.mark.parametrize(("said", "why"), [
    ("", "truncated"),
    ("[1]", "array"),
    ('{"type": "marker", "name": "a"}', "`v`"),
    ('{"v": 2, "type": "marker", "name": "a"}', "2"),
    ('{"v": 1, "type": "chunk"}', "chunk"),
    ('{"v": 1, "type": "marker", "name": "a", "t_ns": 5}', "t_ns"),
    ('{"v": 1, "type": "marker", "name": "' + 201 * "a" + '"}', "200"),
    ('{"v": 1, "type": "answer", "hint": "simplify", "number": 1, "answer": "maybe"}', "maybe"),
    ('{"v": 1, "type": "target", "name": "", "yaw": 0, "pitch": 0, "width": 1, "height": 1}', "a name"),
    ('{"v": 1, "type": "target", "name": "a", "yaw": 0, "pitch": 0, "width": -1, "height": 1}', "-1"),
    ('{"v": 1, "type": "target", "name": "a", "yaw": NaN, "pitch": 0, "width": 1, "height": 1}', "malformed"),
    ('{"v": 1, "type": "subscribe", "types": ["gaze", "thoughts"]}', "thoughts"),
    ('{"v": 1, "type": "answer", "hint": "simplify", "number": 99999999999999999999999, "answer": "accepted"}',
     "2147483647"),
    ('{"v": 1, "type": "target", "name": "a\\u0000b", "yaw": 0, "pitch": 0, "width": 1, "height": 1}', "x00"),
    (b"\x00\x01", "binary"),
    ("[" * 15_000, "array"),
])
def test_what_cannot_be_taken_is_refused_with_one_sentence(said: str | bytes, why: str) -> None:
    with pytest.raises(WireError, match="The frame was not taken: ") as refusal:
        wire_said.read(said, 1)
    assert why in refusal.value.message
    assert "\n" not in str(refusal.value)


@given(st.one_of(st.text(), st.binary(), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["v", "type", "name", "yaw", "types"]), inner),
).map(json.dumps)))
def test_nothing_that_an_app_says_is_more_than_refused(said: str | bytes) -> None:
    with pytest.raises(WireError):
        wire_said.read(said, 1)
