"""What holds at present, for whoever connects late, and the running number of each type."""

from typing import Any

from fusion.outputs.gaze import Gaze
from fusion.outputs.holding import alert_key, has_size
from fusion.outputs.output import STARTING
from fusion.outputs.wire import TYPES, AlertFrame, AnyFrame, HintFrame, StreamFrame, TargetFrame, frame_of
from sensors.messages import Alert, AnyMessage, GazeEvent, Hint, State, StreamInfo, Target

KINDS: dict[type[object], str] = {State: "state", Alert: "alert", Hint: "hint", GazeEvent: "event",
                                  StreamInfo: "stream", Target: "target", Gaze: "gaze"}
"""The type of frame that tells each message."""

MOST_TARGETS = 256


class Present:
    """The newest state, the streams, what is active, and the targets that apps told."""

    def __init__(self) -> None:
        self.seqs = dict.fromkeys(TYPES, 0)
        """Number of the newest frame of each type, from 1."""
        self._newest: State | None = None
        self._state: AnyFrame | None = None
        self._streams: dict[str, StreamFrame] = {}
        self._alerts: dict[tuple[str, str | int], AlertFrame] = {}
        self._hints: dict[int, HintFrame] = {}
        self._targets: dict[str, TargetFrame] = {}

    @property
    def status(self) -> str:
        """Status of the newest state."""
        return self._newest.status if self._newest else STARTING

    @property
    def simulated(self) -> list[str]:
        """Names of the streams behind which a simulated person is."""
        return [name for name, stream in self._streams.items() if stream.simulated]

    def crowded(self, target: Target) -> bool:
        """Return whether there is no room for a new target of this name."""
        new = has_size(target.width, target.height) and target.name not in self._targets
        return new and len(self._targets) >= MOST_TARGETS

    def take(self, message: AnyMessage | Gaze) -> AnyFrame | None:
        """Return the numbered frame of a message, and remember what of it will hold."""
        kind = KINDS.get(type(message))
        if kind is None:
            return None
        if isinstance(message, State):
            self._newest = message
        self.seqs[kind] += 1
        frame = frame_of(message, self.seqs[kind], self._newest)
        match frame:
            case StreamFrame():
                self._streams[frame.stream] = frame
            case AlertFrame():
                _keep(self._alerts, alert_key(frame.profile, frame.number, frame.rule), frame, frame.active)
            case HintFrame():
                _keep(self._hints, frame.number, frame, frame.active)
            case TargetFrame():
                _keep(self._targets, frame.name, frame, has_size(frame.width, frame.height))
            case _ if kind == "state":
                self._state = frame
        return frame

    def frames(self) -> list[tuple[str, AnyFrame]]:
        """Return the frames that tell a newcomer what holds, with their types."""
        state = [self._state] if self._state is not None else []
        return [(kind, frame) for kind, frames in (
            ("stream", self._streams.values()), ("state", state), ("alert", self._alerts.values()),
            ("hint", self._hints.values()), ("target", self._targets.values())) for frame in frames]


def _keep(held: dict[Any, Any], key: Any, frame: AnyFrame, holds: bool) -> None:
    if holds:
        held[key] = frame
    else:
        held.pop(key, None)
