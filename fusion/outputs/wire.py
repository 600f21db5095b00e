"""The JSON frames that the WebSocket output sends: one struct a type, and how each is made from what a session says.

Angles are radians, yaw + to the person's right, pitch + up; times are nanoseconds of the session clock; what was not
measured is null. The schema is made of these structs, so that document and frames cannot part.
"""

import math
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from fusion.outputs.frames import direction, quaternion
from fusion.outputs.gaze import Gaze
from fusion.outputs.output import STARTING, confidence
from fusion.palette import is_simulated
from sensors.messages import Alert, AnyMessage, Column, GazeEvent, Hint, InputAge, State, StreamInfo, Target

VERSION: Final = 1
"""Of the schema. Fields may be added without a new number; one that changes its meaning or goes away brings one."""

Ns: TypeAlias = Annotated[int, msgspec.Meta(description="nanoseconds of the session clock")]
Ms: TypeAlias = Annotated[float, msgspec.Meta(description="milliseconds")]
Rad: TypeAlias = Annotated[float | None, msgspec.Meta(description="radians; null: not measured")]
Metre: TypeAlias = Annotated[float | None, msgspec.Meta(description="metres; null: not measured")]
Share: TypeAlias = Annotated[float | None, msgspec.Meta(description="0 to 1; null: not known")]
Vector: TypeAlias = Annotated[tuple[float, float, float], msgspec.Meta(description="x, y, z")]
Quaternion: TypeAlias = Annotated[tuple[float, float, float, float], msgspec.Meta(description="x, y, z, w")]


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every frame carries.

    `seq` counts the frames of a type; a step over 1 is a loss, and `dropped` says how many of the step the server left
    out because this client was slow. `age_ms` is the time from `t_ns` to the sending of this frame.
    """

    v: Literal[1] = VERSION
    seq: int
    t_ns: Ns
    age_ms: Ms = 0.0
    confidence: Share
    status: str
    dropped: int = 0


class Hello(Frame, tag="hello", frozen=True, kw_only=True):
    """The first frame, and the answer to a subscription: what this client will be told.

    `t_ns` is the session clock when it was sent. A frame whose `seq` is not above `seqs` of its type tells of before:
    it is sent once for whoever comes late and is no part of the count.
    """

    server: str
    schema: str
    simulated: list[str]
    types: list[str]
    seqs: dict[str, int]


class Failure(Frame, tag="error", frozen=True, kw_only=True):
    """What this client sent could not be taken, in one sentence."""

    reason: str


class StateFrame(Frame, tag="state", frozen=True, kw_only=True):
    """The attention state.

    `confidence` is the probability of the state it names; `status` is ok, calibrating, degraded or stale; the ages of
    `inputs` are as of the moment the state was made.
    """

    state: str
    reason: str
    attention: Share
    attention_sd: Share
    vigilance: Share
    vigilance_sd: Share
    load: Share
    load_sd: Share
    lapse_risk_3s: Share
    lapse_risk_10s: Share
    probabilities: dict[str, float | None]
    conformal: list[str]
    weights: dict[str, float | None]
    quality: dict[str, float | None]
    inputs: dict[str, InputAge]
    estimator: str


class Pose(msgspec.Struct, frozen=True):
    """Gaze as OpenXR gives it: right-handed, metres, +X to the person's right, +Y up, -Z forward.

    `direction` has length 1; `orientation` turns -Z into it and keeps the horizon level; `position` is the head in the
    frame of the camera or headset, null when it was not measured.
    """

    direction: Vector
    orientation: Quaternion
    position: Vector | None


class GazeFrame(Frame, tag="gaze", frozen=True, kw_only=True):
    """Where the person looks.

    `status` is ok, no_gaze (lids down, eyes covered) or no_face; `pose` is null without gaze; `openness` is 1 at the
    person's own open eye and 0 when closed.
    """

    yaw: Rad
    pitch: Rad
    head_yaw: Rad
    head_pitch: Rad
    head_roll: Rad
    x: Metre
    y: Metre
    z: Metre
    openness: Share
    pose: Pose | None


class AlertFrame(Frame, tag="alert", frozen=True, kw_only=True):
    """Something a person should be told now, or (`active` false) that it is over; the end carries its start's number.

    `status` is that of the newest state; an alert is a rule's and has no confidence.
    """

    rule: str
    level: str
    reason: str
    active: bool
    onset_ns: Ns
    number: int
    profile: str
    clause: str
    stage: int
    evidence_ns: tuple[int, int]


class EventFrame(Frame, tag="event", frozen=True, kw_only=True):
    """Something the eyes did: fixation, saccade, dwell, enter, leave, blink or intent (a blink meant as input).

    Once a second, where they can be told, the measures focus, entropy, transition_entropy and share are events, too.
    """

    kind: str
    onset_ns: Ns
    end_ns: Ns
    yaw: Rad
    pitch: Rad
    amplitude: Rad
    peak_velocity: Annotated[float | None, msgspec.Meta(description="radians per second; null: not measured")]
    target: str
    value: Annotated[float | None, msgspec.Meta(description="seconds looked or closed, or the measure's own value")]
    grade: str


class HintFrame(Frame, tag="hint", frozen=True, kw_only=True):
    """A small, stable signal that an app can act on, or (`active` false) its end, and answer with its number."""

    hint: str
    active: bool
    reason: str
    number: int
    onset_ns: Ns


class StreamFrame(Frame, tag="stream", frozen=True, kw_only=True):
    """A sensor stream that takes part, and whether a simulated person is behind it; `status` is its input's."""

    stream: str
    kind: str
    driver: str
    rate_hz: float
    device: str
    simulated: bool
    columns: tuple[Column, ...]


class TargetFrame(Frame, tag="target", frozen=True, kw_only=True):
    """An area of interest that some app told, for every app to see; a width or height of 0 takes it away."""

    name: str
    yaw: float
    pitch: float
    width: float
    height: float
    shape: str
    source: str


AnyFrame: TypeAlias = (Hello | Failure | StateFrame | GazeFrame | AlertFrame | EventFrame | HintFrame | StreamFrame
                       | TargetFrame)
"""What a client is sent."""

TYPES = ("state", "alert", "hint", "event", "stream", "target", "gaze")
"""What a client can subscribe to."""

_ENCODER = msgspec.json.Encoder()


def encode(frame: AnyFrame, sending_ns: int, dropped: int) -> str:
    """Return a frame's JSON text as it leaves at `sending_ns`, when `dropped` frames of its type were left out."""
    age_ms = round((sending_ns - frame.t_ns) / 1e6, 3)
    # NaN and infinity become null in msgspec's JSON, which has no other way to write them.
    return _ENCODER.encode(msgspec.structs.replace(frame, age_ms=age_ms, dropped=dropped)).decode()


def gaze_pose(yaw: float, pitch: float, x: float, y: float, z: float) -> Pose | None:
    """Return gaze at `yaw` and `pitch` [rad] from a head at (x, y, z) [m] as a pose; None when gaze is NaN.

    The turn is yaw about the vertical first and pitch about the turned horizontal axis; see `fusion.outputs.frames`.
    """
    if not (math.isfinite(yaw) and math.isfinite(pitch)):
        return None
    place = (x, y, z) if all(map(math.isfinite, (x, y, z))) else None
    return Pose(direction=direction(yaw, pitch), orientation=quaternion(yaw, pitch), position=place)


def frame_of(message: AnyMessage | Gaze, seq: int, newest: State | None) -> AnyFrame | None:
    """Return a message as the frame that tells it, with its running number; None for what no client is told.

    Parameters
    ----------
    message
        What the session says, a gaze, or a target that an app told.
    seq
        Running number of its type.
    newest
        The newest state, for the status of what has none of its own.
    """
    status = newest.status if newest else STARTING
    match message:
        case Gaze():
            return GazeFrame(
                seq=seq, t_ns=message.t_ns, confidence=message.confidence, status=message.status, yaw=message.yaw,
                pitch=message.pitch, head_yaw=message.head_yaw, head_pitch=message.head_pitch,
                head_roll=message.head_roll, x=message.x, y=message.y, z=message.z, openness=message.openness,
                pose=gaze_pose(message.yaw, message.pitch, message.x, message.y, message.z))
        case State():
            return StateFrame(
                seq=seq, t_ns=message.t_ns, confidence=confidence(message), status=message.status,
                state=message.state, reason=message.reason, attention=message.attention,
                attention_sd=message.attention_sd, vigilance=message.vigilance, vigilance_sd=message.vigilance_sd,
                load=message.load, load_sd=message.load_sd, lapse_risk_3s=message.lapse_risk_3s,
                lapse_risk_10s=message.lapse_risk_10s, probabilities=dict(message.probabilities),
                conformal=list(message.conformal), weights=dict(message.weights), quality=dict(message.quality),
                inputs=message.inputs, estimator=message.estimator)
        case Alert():
            return AlertFrame(
                seq=seq, t_ns=message.t_ns, confidence=None, status=status, rule=message.rule, level=message.level,
                reason=message.reason, active=message.active, onset_ns=message.onset_ns, number=message.number,
                profile=message.profile, clause=message.clause, stage=message.stage, evidence_ns=message.evidence_ns)
        case GazeEvent():
            return EventFrame(
                seq=seq, t_ns=message.t_ns, confidence=message.confidence, status=status, kind=message.kind,
                onset_ns=message.onset_ns, end_ns=message.end_ns, yaw=message.yaw, pitch=message.pitch,
                amplitude=message.amplitude, peak_velocity=message.peak_velocity, target=message.target,
                value=message.value, grade=message.grade)
        case Hint():
            return HintFrame(
                seq=seq, t_ns=message.t_ns, confidence=message.confidence, status=status, hint=message.hint,
                active=message.active, reason=message.reason, number=message.number, onset_ns=message.onset_ns)
        case StreamInfo():
            known = newest.inputs.get(message.stream) if newest else None
            return StreamFrame(
                seq=seq, t_ns=message.t_ns, confidence=known.quality if known else None,
                status=known.status if known else "unknown", stream=message.stream, kind=message.kind,
                driver=message.driver, rate_hz=message.rate_hz, device=message.device,
                simulated=is_simulated(message.meta), columns=message.columns)
        case Target():
            return TargetFrame(
                seq=seq, t_ns=message.t_ns, confidence=None, status=status, name=message.name, yaw=message.yaw,
                pitch=message.pitch, width=message.width, height=message.height, shape=message.shape,
                source=message.source)
    return None
