"""What a session says: states, alerts with their proof, gaze events and hints."""

from typing import TypeAlias

import msgspec

from sensors.message import Message


class InputAge(msgspec.Struct, frozen=True):
    """How fresh one input was when a state left."""

    age_ms: float
    """Time from its newest used sample to the tick's completion (tick + watermark), in ms; -1 when it never spoke."""
    quality: float
    """0..1."""
    status: str
    """Last `Health.status` known, or "stale" when its age is over the limit."""


class State(Message, tag="state", frozen=True, kw_only=True):
    """The attention state at event time `t_ns`."""

    state: str
    """focused, distracted_visual, distracted_cognitive, drowsy, overloaded, away or unknown."""
    probabilities: dict[str, float]
    conformal: tuple[str, ...] = ()
    """The set of states that cannot be ruled out at the estimator's stated level; empty when not calibrated."""
    attention: float = float("nan")
    attention_sd: float = float("nan")
    vigilance: float = float("nan")
    vigilance_sd: float = float("nan")
    load: float = float("nan")
    load_sd: float = float("nan")
    lapse_risk_3s: float = float("nan")
    lapse_risk_10s: float = float("nan")
    weights: dict[str, float] = msgspec.field(default_factory=dict)
    """How much each modality and the external context moved this answer; they sum to 1."""
    quality: dict[str, float] = msgspec.field(default_factory=dict)
    """Per modality, 0..1."""
    inputs: dict[str, InputAge] = msgspec.field(default_factory=dict)
    """Per stream."""
    status: str = "ok"
    """ok, calibrating, degraded or stale."""
    reason: str = ""
    """One sentence for a person."""
    estimator: str = ""


class Alert(Message, tag="alert", frozen=True, kw_only=True):
    """Something a person should be told now; `t_ns` is the moment its limit was reached, or that it ended."""

    rule: str
    """Which rule fired."""
    level: str
    """info, warning or critical."""
    reason: str
    """One sentence for a person."""
    onset_ns: int
    """When the evidence began."""
    active: bool = True
    """True when it starts or escalates, False when it ends."""
    number: int = 0
    """Counts the alerts of a session's driving ladders from 1; what escalates or ends one carries its number. 0 is not
    of a ladder."""
    profile: str = ""
    """The driving ladder it belongs to; "" for the session's own rules."""
    clause: str = ""
    """Document and clause that the rule is inspired by."""
    stage: int = 1
    """Step of the ladder, from 1."""
    evidence_ns: tuple[int, int] = (0, 0)
    """First and last sample that decided; (0, 0) where the rule keeps no evidence."""


class Proof(Message, tag="proof", frozen=True, kw_only=True):
    """One step of one rule of a driving ladder; all of them together are enough to redo every decision by hand."""

    profile: str
    rule: str
    step: str
    """on, off, start, hold, resume, full, reset, fire, escalate, repeat or clear: what happened at `t_ns`."""
    value: float
    """The timer, sum, buffer or share the rule keeps, in `unit`, at that moment."""
    limit: float
    """What it is held against at that moment, in `unit`; NaN while nothing can fire."""
    unit: str
    """"s" or "1"."""
    because: str
    """What the samples said: "lap, P 0.93, 82 km/h"."""
    number: int = 0
    """The alert's number, where the step belongs to one."""


class GazeEvent(Message, tag="event", frozen=True, kw_only=True):
    """Something the eyes did; `t_ns` is when it was known, which is when it was over, or in a dwell its moment."""

    kind: str
    """fixation, saccade; enter, dwell, leave of a target; blink or intent (a blink meant as input); and once a second,
    where they can be told, the measures focus, entropy, transition_entropy and share."""
    onset_ns: int
    end_ns: int
    yaw: float = float("nan")
    """Where gaze was, or went to; rad, + to the person's right."""
    pitch: float = float("nan")
    """rad, + up."""
    amplitude: float = float("nan")
    """Of a saccade, rad."""
    peak_velocity: float = float("nan")
    """Of a saccade, rad/s; NaN where the rate is too low to tell."""
    target: str = ""
    """The named target, where one was meant; of a share "" for all targets together."""
    value: float = float("nan")
    """Of enter, dwell and leave, s looked at the target in this visit; of blink and intent, how long it lasted, s; of
    focus, the K coefficient of 30 s (over 0 focal, under 0 ambient); of entropy and transition_entropy, those of a
    minute, 0..1; of share, the share of the looking of 10 s, 0..1."""
    confidence: float = float("nan")
    """0..1; NaN where nothing can tell it."""
    grade: str = ""
    """"webcam" or "headset": which of the two ways it was found."""


class Hint(Message, tag="hint", frozen=True, kw_only=True):
    """A small, stable signal that an app can act on at once."""

    hint: str
    """hold_notifications, simplify, take_break or reveal_detail."""
    active: bool
    reason: str
    """One sentence for a person."""
    number: int
    """Counts the hints of a session from 1; the end of a hint carries its start's number."""
    onset_ns: int
    """Since when its condition has held."""
    confidence: float
    """0..1."""


Said: TypeAlias = State | Alert | Proof | GazeEvent | Hint
"""What a session says."""
SAID = (State, Alert, Proof, GazeEvent, Hint)
"""The same as a tuple: asking whether a message is one of them is then quick."""
