"""State, alerts and gaze on a CAN bus, as ``attnflow.dbc`` describes them (see `can_layout`).

When. Every state makes its three frames at once, so that they are a heartbeat at the session's rate: a receiver that
misses it for longer than it likes must take everything as unknown. An alert makes a frame at once when it starts,
escalates or ends. Cars repeat an event's frame a few times; this class has no timer of its own, so it repeats with the
heartbeat: a running alert with every state for as long as it lasts, an ended one with the next three states. When no
alert runs and none has just ended, a frame of level "none" says so with every state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fusion.outputs.gaze import Gaze
from fusion.outputs.holding import alert_key
from fusion.outputs.output import STARTING, confidence
from sensors.clock import SECOND, Clock, SystemClock
from sensors.errors import AttnflowError, DeviceError
from sensors.messages import Alert, AnyMessage, State
from sensors.rig_outputs import CanOutput

if TYPE_CHECKING:
    import can

    from fusion.outputs.can_frames import Frame, Packer, Standing

END_REPEATS = 3
"""States with which the end of an alert is said again."""
REOPEN_S = 5.0
"""Time between two attempts to open a bus that cannot be sent to."""
LISTENED = 200
"""Most frames of others that one call of `received` takes out of the way."""


class _Running(NamedTuple):
    alert: Alert
    repeats: int
    """How often it is still to be said again; below 0 for as long as it lasts."""


class Can:
    """One bus; implements `fusion.outputs.output.Output`.

    Parameters
    ----------
    config
        The rig's ``[outputs.can]`` table.
    clock
        Tells how old a message is when it is sent.
    """

    def __init__(self, config: CanOutput, clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._bus: can.BusABC | None = None
        self._packer: Packer | None = None
        self._standing: Standing | None = None
        self._running: dict[tuple[str, str | int], _Running] = {}
        self._trouble = ""
        self._tried_ns = 0

    def open(self) -> None:
        """Load the DBC and join the bus.

        Raises
        ------
        DeviceError
            If python-can or cantools is not installed, or the bus cannot be opened.
        """
        self.close()
        try:
            from fusion.outputs.can_frames import Packer, Standing
            from sensors.can_bus import open_bus
        except ImportError as error:
            raise DeviceError(f"[outputs.can] needs the library '{error.name}', which is not installed.",
                              "Run: pip install 'attnflow[can]'") from error
        config = self._config
        self._bus = open_bus(config.interface, config.channel, config.bitrate, config.options)
        self._packer = self._packer or Packer()
        self._standing = self._standing or Standing(STARTING, float("nan"))
        self._trouble = ""

    def send(self, message: AnyMessage | Gaze) -> None:
        """Send the frames of a state, an alert or a gaze; other messages are not for a bus."""
        if self._packer is None or self._standing is None or not isinstance(message, State | Alert | Gaze):
            return
        now_ns = self._clock.now_ns()
        if isinstance(message, Gaze):
            self._put([self._packer.gaze(message, now_ns)])
        elif isinstance(message, Alert):
            self._remember(message)
            self._put([self._packer.alert(message, self._standing, now_ns, repeated=False)])
        else:
            self._put(self._heartbeat(message, self._packer, now_ns))

    def received(self) -> list[AnyMessage]:
        """Return nothing: a bus tells no targets; what others sent is taken out of the way, a lost bus seen."""
        if self._bus is not None:
            from sensors.can_bus import TROUBLE, is_off, said

            try:
                for _ in range(LISTENED):
                    message = self._bus.recv(0.0)
                    if is_off(self._bus, message):
                        self._fail("its controller left after too many errors")
                    if message is None:
                        break
            except TROUBLE as error:
                self._fail(said(error))
        return []

    def trouble(self) -> str:
        """Return why nothing reaches the bus at present, or ""."""
        return self._trouble

    def close(self) -> None:
        """Leave the bus."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.shutdown()

    def _remember(self, alert: Alert) -> None:
        key = alert_key(alert.profile, alert.number, alert.rule)
        self._running[key] = _Running(alert, -1 if alert.active else END_REPEATS)

    def _heartbeat(self, state: State, packer: Packer, now_ns: int) -> list[Frame]:
        from fusion.outputs.can_frames import Standing

        self._standing = Standing(state.status, confidence(state))
        frames = packer.state(state, now_ns)
        frames += [packer.alert(running.alert, self._standing, now_ns, repeated=True)
                   for running in self._running.values()]
        if not self._running:
            frames.append(packer.no_alert(self._standing))
        self._running = {key: running._replace(repeats=running.repeats - 1)
                         for key, running in self._running.items() if running.repeats != 1}
        return frames

    def _put(self, frames: list[Frame]) -> None:
        import can

        from sensors.can_bus import TROUBLE, said

        if self._trouble:
            self._reopen()
        if self._bus is None:
            return
        try:
            for frame in frames:
                self._bus.send(can.Message(arbitration_id=frame.number, is_extended_id=False, data=frame.data),
                               timeout=0.0)
        except TROUBLE as error:
            self._fail(said(error))
        else:
            self._trouble = ""

    def _fail(self, why: str) -> None:
        if not self._trouble:
            self._tried_ns = self._clock.now_ns()
        self._trouble = (f"Nothing reaches the CAN bus {self._config.interface} '{self._config.channel}': {why}; "
                         "check cable, bitrate and termination, it is tried again.")

    def _reopen(self) -> None:
        """Open the bus again, if that was not tried lately: a full queue empties by itself, a lost adapter does not."""
        now_ns = self._clock.now_ns()
        if now_ns - self._tried_ns < REOPEN_S * SECOND:
            return
        self._tried_ns, before = now_ns, self._trouble
        try:
            self.open()
        except AttnflowError:
            self._trouble = before
