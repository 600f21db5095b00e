"""What a live session says in a while, as `attnflow bench outputs` puts it on the bus: gaze, states, events, alerts."""

import math
from collections.abc import Iterator

import numpy as np

from sensors.bus import Publisher
from sensors.clock import SECOND, SystemClock, now_ns
from sensors.messages import Alert, AnyMessage, Chunk, Column, GazeEvent, Hint, InputAge, State, StreamInfo
from sensors.simulated.story import STATES
from sensors.topics import TOPIC_OF

GAZE_HZ = 60
STATE_EVERY = 6
"""Camera rows from one state to the next: ten states a second."""
EVENT_EVERY, ALERT_EVERY, HINT_EVERY, INFO_EVERY = 20, 60, 180, 60
UNITS = {"gaze_yaw": "rad", "gaze_pitch": "rad", "head_yaw": "rad", "head_pitch": "rad", "head_roll": "rad",
         "head_x": "m", "head_y": "m", "head_z": "m", "ear_left": "1", "ear_right": "1", "face": "1", "luma": "1"}
"""The camera's columns that outputs read."""


def info() -> StreamInfo:
    """Return what the camera is said to be."""
    return StreamInfo(t_ns=now_ns(), stream="camera", kind="camera", driver="webcam", rate_hz=float(GAZE_HZ),
                      columns=tuple(Column(name, unit) for name, unit in UNITS.items()),
                      meta={"simulated": "yes"})


def row(t_s: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Return one camera row (1, column) of somebody who looks about."""
    yaw, pitch = 0.3 * math.sin(2 * t_s), 0.1 * math.sin(3 * t_s)
    return np.array([[yaw, pitch, yaw / 2, pitch / 2, 0.0, 0.02, 0.01, 0.6, 0.3, 0.3, 0.95, 120.0]], np.float32)


def load(seconds: float) -> Iterator[AnyMessage]:
    """Yield the messages of so many seconds, in order, each at its time; no two have the same `t_ns`."""
    clock = SystemClock()
    began_ns = now_ns()
    for number in range(round(seconds * GAZE_HZ)):
        clock.sleep((began_ns + number * SECOND // GAZE_HZ - now_ns()) / SECOND)
        if number % INFO_EVERY == 0:
            yield info()
        t_ns = now_ns()
        yield Chunk(t_ns=t_ns, stream="camera", values=row(number / GAZE_HZ), times_ns=np.array([t_ns]))
        if number % STATE_EVERY == 0:
            yield _state(now_ns())
        if number % EVENT_EVERY == 0:
            t_ns = now_ns()
            yield GazeEvent(t_ns=t_ns, kind="fixation", onset_ns=t_ns - SECOND // 3, end_ns=t_ns, yaw=0.1, pitch=0.0,
                            confidence=0.9, grade="webcam")
        if number % ALERT_EVERY == 0:
            t_ns = now_ns()
            yield Alert(t_ns=t_ns, rule="glance_long", level="warning", reason="Eyes off target for 2.0 s.",
                        onset_ns=t_ns - 2 * SECOND, active=number % (2 * ALERT_EVERY) == 0)
        if number % HINT_EVERY == 0:
            t_ns = now_ns()
            yield Hint(t_ns=t_ns, hint="hold_notifications", active=True, reason="Busy for 2.0 s.", number=number,
                       onset_ns=t_ns - 2 * SECOND, confidence=0.8)


def _state(t_ns: int) -> State:
    chances = dict.fromkeys(STATES, 0.06) | {"focused": 0.7}
    ages = dict.fromkeys(("camera", "microphone", "eeg"), InputAge(40.0, 0.9, "ok"))
    return State(t_ns=t_ns, state="focused", probabilities=chances, attention=0.8, attention_sd=0.1, vigilance=0.7,
                 vigilance_sd=0.1, load=0.4, load_sd=0.1, lapse_risk_3s=0.02, lapse_risk_10s=0.05,
                 weights={"camera": 0.5, "microphone": 0.2, "eeg": 0.3},
                 quality={"camera": 0.95, "microphone": 0.9, "eeg": 0.9}, inputs=ages,
                 reason="Evidence for focused for 12.0 s.", estimator="network")


def publish(publisher: Publisher, message: AnyMessage) -> None:
    """Put one message of the load on the bus."""
    if isinstance(message, Chunk):
        publisher.send("camera", message)
    elif isinstance(message, StreamInfo):
        publisher.send("info", message)
    else:
        publisher.send(TOPIC_OF[type(message)], message)
