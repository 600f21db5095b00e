"""What each LSL outlet carries: its channels with label, unit and type, and how a message becomes a sample."""

import math
from typing import NamedTuple

import msgspec

from fusion.outputs.gaze import Gaze
from fusion.outputs.output import confidence
from sensors.clock import MILLISECOND
from sensors.messages import Alert, GazeEvent, Hint, State
from sensors.simulated.story import STATES

STATE_CODES = {name: code for code, name in enumerate((*STATES, "unknown"))}
"""Numbers of the states, described in the outlet's own metadata."""
STATUS_CODES = {name: code for code, name in enumerate(("ok", "calibrating", "degraded", "stale"))}
GAZE_CODES = {name: code for code, name in enumerate(("ok", "no_gaze", "no_face"))}
MODALITIES = ("camera", "microphone", "eeg")


class Channel(NamedTuple):
    """One channel's metadata."""

    label: str
    unit: str
    type: str


STATE_CHANNELS = (
    Channel("state", "code", "State"), Channel("status", "code", "Status"), Channel("confidence", "1", "Confidence"),
    Channel("age", "ms", "Age"), Channel("number", "1", "Counter"),
    *(Channel(f"{name}{end}", "1", kind) for name in ("attention", "vigilance", "load")
      for end, kind in (("", "Index"), ("_sd", "StandardDeviation"))),
    *(Channel(f"lapse_risk_{span}", "1", "Probability") for span in ("3s", "10s")),
    *(Channel(f"p_{name}", "1", "Probability") for name in STATES),
    *(Channel(f"quality_{name}", "1", "Quality") for name in MODALITIES),
)
"""Features are not on the bus; the state's own indices, probabilities and qualities are what there is."""

GAZE_CHANNELS = (
    Channel("yaw", "rad", "Gaze"), Channel("pitch", "rad", "Gaze"), Channel("status", "code", "Status"),
    Channel("confidence", "1", "Confidence"), Channel("age", "ms", "Age"), Channel("number", "1", "Counter"),
    Channel("head_yaw", "rad", "Head"), Channel("head_pitch", "rad", "Head"), Channel("head_roll", "rad", "Head"),
    Channel("x", "m", "Position"), Channel("y", "m", "Position"), Channel("z", "m", "Position"),
    Channel("openness", "1", "Openness"),
)

MARKER_CHANNELS = (Channel("marker", "json", "Marker"),)


def state_sample(state: State, now_ns: int, number: int) -> list[float]:
    """Return a state in the order of `STATE_CHANNELS`; the number wraps where float32 can no longer count."""
    return [STATE_CODES.get(state.state, STATE_CODES["unknown"]), STATUS_CODES.get(state.status, math.nan),
            confidence(state), (now_ns - state.t_ns) / MILLISECOND, number % (1 << 24),
            state.attention, state.attention_sd, state.vigilance, state.vigilance_sd, state.load, state.load_sd,
            state.lapse_risk_3s, state.lapse_risk_10s, *(state.probabilities.get(name, math.nan) for name in STATES),
            *(state.quality.get(name, math.nan) for name in MODALITIES)]


def gaze_sample(gaze: Gaze, now_ns: int, number: int) -> list[float]:
    """Return a gaze in the order of `GAZE_CHANNELS`."""
    return [gaze.yaw, gaze.pitch, GAZE_CODES[gaze.status], gaze.confidence, (now_ns - gaze.t_ns) / MILLISECOND,
            number % (1 << 24), gaze.head_yaw, gaze.head_pitch, gaze.head_roll, gaze.x, gaze.y, gaze.z, gaze.openness]


def marker_text(message: Alert | Hint | GazeEvent, status: str, now_ns: int, number: int) -> str:
    """Return an alert, a hint or an event as JSON: all its own fields, with status, age and running number."""
    fields = msgspec.to_builtins(message)
    told = {key: value for key, value in fields.items() if key not in ("seq", "sent_ns", "number")}
    if not isinstance(message, GazeEvent):
        told["id"] = message.number
    told["confidence"] = None if isinstance(message, Alert) else message.confidence
    return msgspec.json.encode(told | {"status": status, "age_ms": (now_ns - message.t_ns) / MILLISECOND,
                                       "number": number}).decode()
