"""What a session says as CAN frames: each message packed by the DBC that ships, counted and with its checksum."""

import math
from typing import NamedTuple

import cantools
from cantools.database import Database
from cantools.database.can import Message

from fusion.outputs.can_codes import LEVELS, STATES, STATUSES, code, profile_code, rule_code
from fusion.outputs.can_layout import ABSENT, DBC, LAYOUTS, Field, checksum
from fusion.outputs.gaze import Gaze
from fusion.outputs.output import confidence
from sensors.clock import MILLISECOND
from sensors.messages import Alert, State

COUNTS = 16
NUMBERS, STAGES = 31, 7
"""The largest number and stage that an alert's frame holds."""

Signal = float | int | str


class Frame(NamedTuple):
    """One frame to send."""

    number: int
    data: bytes


class Standing(NamedTuple):
    """What an alert's frame takes from the newest state."""

    status: str
    confidence: float


class Packer:
    """Packs messages; keeps the counter of each, and nothing else."""

    def __init__(self) -> None:
        loaded = cantools.database.load_file(DBC)
        assert isinstance(loaded, Database)
        self._messages: dict[str, Message] = {message.name: message for message in loaded.messages}
        self._fields = {layout.name: {field.name: field for field in layout.fields} for layout in LAYOUTS}
        self._counts = dict.fromkeys(self._messages, 0)

    def state(self, state: State, now_ns: int) -> list[Frame]:
        """Return the three frames of a state."""
        head = self._head(state.status, confidence(state), state.t_ns, now_ns)
        return [
            self._frame("AttnState", head | {"State": code(STATES, state.state), "Attention": state.attention,
                                             "AttentionSd": state.attention_sd}),
            self._frame("AttnVigilance", head | {"Vigilance": state.vigilance, "VigilanceSd": state.vigilance_sd,
                                                 "LapseRisk3s": state.lapse_risk_3s}),
            self._frame("AttnLoad", head | {"Load": state.load, "LoadSd": state.load_sd,
                                            "LapseRisk10s": state.lapse_risk_10s}),
        ]

    def alert(self, alert: Alert, standing: Standing, now_ns: int, *, repeated: bool) -> Frame:
        """Return the frame of an alert."""
        return self._frame("AttnAlert", self._head(standing.status, standing.confidence, alert.t_ns, now_ns) | {
            "Profile": profile_code(alert.profile), "Level": code(LEVELS, alert.level), "Active": int(alert.active),
            "Repeated": int(repeated), "Rule": rule_code(alert.rule), "Stage": min(STAGES, max(0, alert.stage)),
            "Number": (alert.number - 1) % NUMBERS + 1 if alert.number > 0 else 0})

    def no_alert(self, standing: Standing) -> Frame:
        """Return the frame that says that there is none."""
        return self._frame("AttnAlert", {"Status": code(STATUSES, standing.status), "Confidence": standing.confidence,
                                         "Age": math.nan, "Profile": 0, "Level": 0, "Active": 0, "Repeated": 1,
                                         "Rule": 0, "Stage": 0, "Number": 0})

    def gaze(self, gaze: Gaze, now_ns: int) -> Frame:
        """Return the frame of one moment of gaze."""
        return self._frame("AttnGaze", self._head(gaze.status, gaze.confidence, gaze.t_ns, now_ns)
                           | {"Yaw": math.degrees(gaze.yaw), "Pitch": math.degrees(gaze.pitch)})

    def _head(self, status: str, trust: float, t_ns: int, now_ns: int) -> dict[str, Signal]:
        return {"Status": code(STATUSES, status), "Confidence": trust, "Age": max(0, now_ns - t_ns) / MILLISECOND}

    def _frame(self, name: str, told: dict[str, Signal]) -> Frame:
        message, count = self._messages[name], self._counts[name]
        self._counts[name] = (count + 1) % COUNTS
        told = {"Checksum": 0, "Counter": count, "Reserved": 0} | told
        signals = {field.name: _fitting(field, told[field.name]) for field in self._fields[name].values()}
        data = bytearray(message.encode(signals))
        data[0] = checksum(message.frame_id, bytes(data))
        return Frame(message.frame_id, bytes(data))


def _fitting(field: Field, value: Signal) -> Signal:
    """Return a value that the signal can hold: the nearest one, or the word for none."""
    if isinstance(value, str) or field.words:
        return value
    if math.isnan(value):
        return ABSENT if field.absent else 0
    return min(field.top, max(field.low, value))
