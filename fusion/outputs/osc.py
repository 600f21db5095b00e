"""OSC over UDP: VRChat's eye tracking, and everything a session says under /attnflow/.

Every message under ``/attnflow/`` ends with the same five arguments, so that none can be taken without them:

============  =====  ========================================================================================
confidence    f      0..1 how far to trust it; NaN where there is no such number (an alert, the state unknown)
age_ms        f      from the moment it was true to the moment it was sent
status        s      gaze: ok, no_gaze, no_face; everything else: the newest state's status (ok, calibrating,
                     degraded, stale), or starting before the first state
number        i      counts the messages of this address from 0: a step over 1 is a lost datagram
t_ns          h      when it was true, ns of the session clock
============  =====  ========================================================================================

Before these come:

=======================  ===================================================================================
/attnflow/state          state s
/attnflow/attention      value f, sd f (0..1; NaN where the estimator has none; read them with the status)
/attnflow/vigilance      the same
/attnflow/load           the same
/attnflow/gaze           yaw f (rad, + to the person's right), pitch f (rad, + up); NaN while not seen
/attnflow/alert          rule s, level s, stage i, active T or F, alert number i, reason s,
                         profile s ("" for the session's own rules)
/attnflow/hint           hint s, active T or F, hint number i, reason s
/attnflow/event          kind s, target s, duration_ms f, yaw f, pitch f, amplitude f (rad), value f
                         (see `GazeEvent.value`: seconds looked or closed, or the measure itself)
=======================  ===================================================================================

VRChat's own addresses have a fixed form and no room for any of this: ``/tracking/eye/EyesClosedAmount`` (0 open, 1
closed) and one of ``CenterPitchYaw``, ``CenterPitchYawDist``, ``LeftRightPitchYaw`` (degrees, pitch + down, in the
frame of the head). After ten seconds of silence VRChat moves lids and eyes by itself, each for itself. So what is not
measured is not sent: while gaze is lost the last look is never repeated, and lids go on as long as lids are measured.
"""

import math
import socket

from pythonosc.osc_message_builder import OscMessageBuilder

from fusion.outputs import frames
from fusion.outputs.gaze import Gaze
from fusion.outputs.output import STARTING, confidence
from sensors.clock import MILLISECOND, SECOND, now_ns
from sensors.errors import DeviceError
from sensors.messages import Alert, AnyMessage, GazeEvent, Hint, State
from sensors.rig_outputs import OscOutput

OLD_MS = 500.0
"""Gaze older than this is no live look any more, and VRChat is not told it."""
REFUSED_NS = 2 * SECOND
"""Nobody listening is told for this long after the system last said so."""

Typed = tuple[str, str | float | int]
"""OSC type tag and value."""


class Osc:
    """The output; one datagram a message, none of them ever waits.

    Parameters
    ----------
    config
        The ``[outputs.osc]`` table.
    """

    def __init__(self, config: OscOutput) -> None:
        self._config = config
        self._socket: socket.socket | None = None
        self._numbers: dict[str, int] = {}
        self._status = STARTING
        self._refused_ns = -REFUSED_NS
        self.dropped = 0
        """Datagrams the system had no room for."""

    def open(self) -> None:
        """Look up the host and make the socket.

        Raises
        ------
        DeviceError
            If there is no such host.
        """
        host, port = self._config.host, self._config.port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            # Connected, so that the system tells us when nobody listens there.
            self._socket.connect(address)
        except (OSError, UnicodeError) as error:
            self.close()
            why = getattr(error, "strerror", None) or error
            raise DeviceError(f"OSC cannot be sent to {host}:{port}: {why}.",
                              "Set outputs.osc.host and outputs.osc.port to where the app listens.") from None

    def send(self, message: AnyMessage | Gaze) -> None:
        """Send what one message or gaze says."""
        if isinstance(message, Gaze):
            self._gaze(message)
        elif isinstance(message, State):
            self._state(message)
        elif isinstance(message, Alert):
            self._tell("alert", message.t_ns, math.nan, self._status, ("s", message.rule), ("s", message.level),
                       ("i", message.stage), _flag(message.active), ("i", message.number), ("s", message.reason),
                       ("s", message.profile))
        elif isinstance(message, Hint):
            self._tell("hint", message.t_ns, message.confidence, self._status, ("s", message.hint),
                       _flag(message.active), ("i", message.number), ("s", message.reason))
        elif isinstance(message, GazeEvent):
            lasted_ms = (message.end_ns - message.onset_ns) / MILLISECOND
            self._tell("event", message.t_ns, message.confidence, self._status, ("s", message.kind),
                       ("s", message.target), ("f", lasted_ms), ("f", message.yaw), ("f", message.pitch),
                       ("f", message.amplitude), ("f", message.value))

    def _state(self, state: State) -> None:
        self._status = state.status
        trust = confidence(state)
        self._tell("state", state.t_ns, trust, state.status, ("s", state.state))
        for name in ("attention", "vigilance", "load"):
            self._tell(name, state.t_ns, trust, state.status, ("f", getattr(state, name)),
                       ("f", getattr(state, f"{name}_sd")))

    def _gaze(self, gaze: Gaze) -> None:
        self._tell("gaze", gaze.t_ns, gaze.confidence, gaze.status, ("f", gaze.yaw), ("f", gaze.pitch))
        if self._config.vrchat == "off" or now_ns() - gaze.t_ns > OLD_MS * MILLISECOND:
            return
        if not math.isnan(gaze.openness):
            self._put("/tracking/eye/EyesClosedAmount", ("f", 1.0 - min(1.0, max(0.0, gaze.openness))))
        if gaze.status == "ok":
            look = eye_look(frames.in_head(gaze), self._config)
            self._put(f"/tracking/eye/{self._config.vrchat}", *(("f", value) for value in look))

    def _tell(self, name: str, t_ns: int, confidence: float, status: str, *values: Typed) -> None:
        number = self._numbers.get(name, 0)
        self._numbers[name] = (number + 1) & 0x7FFFFFFF
        self._put(f"/attnflow/{name}", *values, ("f", confidence), ("f", (now_ns() - t_ns) / MILLISECOND),
                  ("s", status), ("i", number), ("h", t_ns))

    def _put(self, address: str, *values: Typed) -> None:
        if self._socket is None:
            return
        builder = OscMessageBuilder(address)
        for kind, value in values:
            builder.add_arg(value, kind)
        datagram = builder.build().dgram
        try:
            self._socket.send(datagram)
        except ConnectionRefusedError:
            # The system answers for the datagram before, and keeps this one; who listens by now shall have it.
            self._refused_ns = now_ns()
            self._try(datagram)
        except OSError:
            self.dropped += 1

    def _try(self, datagram: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.send(datagram)
        except OSError:
            self.dropped += 1

    def received(self) -> list[AnyMessage]:
        """Return nothing: apps speak through the osc driver."""
        return []

    def trouble(self) -> str:
        """Say that nobody listens, while that is known."""
        if now_ns() - self._refused_ns > REFUSED_NS:
            return ""
        return (f"Nobody listens for OSC at {self._config.host}:{self._config.port}. "
                "Start the app, or set outputs.osc.port to its port.")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def eye_look(look: frames.Angles, config: OscOutput) -> tuple[float, ...]:
    """Return the arguments of VRChat's chosen address, in degrees and metres."""
    if config.vrchat == "LeftRightPitchYaw":
        left, right = frames.of_each_eye(look, config.distance_m, config.ipd_mm / 1000)
        return (*frames.vrchat(left), *frames.vrchat(right))
    if config.vrchat == "CenterPitchYawDist":
        return (*frames.vrchat(look), config.distance_m)
    return frames.vrchat(look)


def _flag(value: bool) -> Typed:
    return ("T" if value else "F"), ""
