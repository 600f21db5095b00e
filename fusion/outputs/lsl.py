"""Lab Streaming Layer outlets: ``NAME-state`` and ``NAME-gaze`` as float32, ``NAME-markers`` as JSON text.

Samples carry the moment they were true, on LSL's own clock: our session clock and LSL's are both monotonic, and the
difference between them is measured, not assumed. An outlet never waits for an inlet: liblsl keeps the newest samples
for each of them and sends from threads of its own, so one that never reads costs memory up to that limit, no time.

By default streams are announced on this machine alone. The library gives no way to keep its port from others who guess
it; a firewall does.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from socket import gethostname
from typing import Any

import pylsl

from fusion.outputs.gaze import Gaze
from fusion.outputs.lsl_streams import (
    GAZE_CHANNELS,
    GAZE_CODES,
    MARKER_CHANNELS,
    STATE_CHANNELS,
    STATE_CODES,
    STATUS_CODES,
    Channel,
    gaze_sample,
    marker_text,
    state_sample,
)
from fusion.outputs.output import STARTING
from sensors.clock import SECOND, now_ns
from sensors.errors import DeviceError
from sensors.messages import Alert, AnyMessage, GazeEvent, Hint, State
from sensors.rig_outputs import LSL_SOURCE, LslOutput

MACHINE = Path(__file__).with_name("lsl_machine.cfg")
"""The library's own configuration file that keeps announcements on this machine."""
KEPT = 10
"""Hundreds of samples kept for an inlet that does not read; LSL counts irregular streams so."""
ASKED = 16
"""Readings of both clocks in one measurement; the quickest counts."""
AGAIN_NS = 30 * SECOND
"""The clocks are compared again after this long."""


class Lsl:
    """The output.

    Parameters
    ----------
    config
        The ``[outputs.lsl]`` table.
    """

    def __init__(self, config: LslOutput) -> None:
        self._config = config
        self._outlets: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        if not config.allow_network:
            os.environ.setdefault("LSLAPICFG", str(MACHINE))  # the library reads it once, at its first use
        self._clock = LslClock(pylsl.local_clock)
        self._status = STARTING

    def open(self) -> None:
        """Announce the outlets.

        Raises
        ------
        DeviceError
            If liblsl cannot make one.
        """
        self._clock.measure()
        try:
            self._announce("state", "Attention", "float32", STATE_CHANNELS,
                           {"states": STATE_CODES, "statuses": STATUS_CODES})
            self._announce("gaze", "Gaze", "float32", GAZE_CHANNELS, {"statuses": GAZE_CODES})
            self._announce("markers", "Markers", "string", MARKER_CHANNELS, {})
        except (RuntimeError, OSError) as error:
            self.close()
            raise DeviceError(f"LSL cannot announce '{self._config.name}': {error}.",
                              "Check that the network allows multicast, or see liblsl's lsl_api.cfg.") from None

    def _announce(self, what: str, kind: str, form: str, channels: Sequence[Channel],
                  codes: Mapping[str, Mapping[str, int]]) -> None:
        name = f"{self._config.name}-{what}"
        info = pylsl.StreamInfo(name, kind, len(channels), pylsl.IRREGULAR_RATE, form,
                                source_id=f"{LSL_SOURCE}{gethostname()}:{name}")
        root = info.desc()
        described = root.append_child("channels")
        for channel in channels:
            one = described.append_child("channel")
            for key, value in channel._asdict().items():
                one.append_child_value(key, value)
        for table, values in codes.items():
            entries = root.append_child(table)
            for meaning, code in values.items():
                entry = entries.append_child("entry")
                entry.append_child_value("code", str(code))
                entry.append_child_value("name", meaning)
        acquisition = root.append_child("acquisition")
        acquisition.append_child_value("manufacturer", "attnflow")
        acquisition.append_child_value("clock", "stamps are LSL local_clock at the moment the sample was true")
        # Samples keep their own stamps, so an importer need not shift them; a slow inlet may lose the oldest.
        synchronization = root.append_child("synchronization")
        synchronization.append_child_value("offset_mean", "0")
        synchronization.append_child_value("can_drop_samples", "true")
        self._outlets[what] = pylsl.StreamOutlet(info, chunk_size=1, max_buffered=KEPT)

    def send(self, message: AnyMessage | Gaze) -> None:
        """Push what one message or gaze says."""
        if isinstance(message, Gaze):
            self._push("gaze", message.t_ns, lambda number: gaze_sample(message, now_ns(), number))
        elif isinstance(message, State):
            self._status = message.status
            self._push("state", message.t_ns, lambda number: state_sample(message, now_ns(), number))
        elif isinstance(message, Alert | Hint | GazeEvent):
            self._push("markers", message.t_ns, lambda number: [marker_text(message, self._status, now_ns(), number)])

    def _push(self, what: str, t_ns: int, sample: Callable[[int], list[Any]]) -> None:
        number = self._numbers.get(what, 0)
        outlet = self._outlets.get(what)
        if outlet is None:
            return
        self._numbers[what] = number + 1
        outlet.push_sample(sample(number), self._clock.stamp(t_ns))

    def received(self) -> list[AnyMessage]:
        """Return nothing: an outlet hears no one."""
        return []

    def trouble(self) -> str:
        """Return "": an outlet without an inlet is no trouble."""
        return ""

    def close(self) -> None:
        """Withdraw the outlets."""
        self._outlets.clear()


class LslClock:
    """Turns our stamps into LSL's.

    Parameters
    ----------
    local_clock
        LSL's clock, in seconds.
    """

    def __init__(self, local_clock: Callable[[], float]) -> None:
        self._local_clock = local_clock
        self._measured_ns = -AGAIN_NS
        self.offset_ns = 0
        """LSL's clock less ours."""
        self.bound_ns = 0
        """The offset cannot be further off than this."""

    def measure(self) -> None:
        """Read both clocks in turn; of several readings the quickest counts, wrong by at most half its time.

        An offset within its bound is kept as it is, so that stamps do not jump by the error of a measurement.
        """
        best: tuple[int, int] | None = None
        for _ in range(ASKED):
            before = now_ns()
            theirs = round(self._local_clock() * SECOND)
            after = now_ns()
            reading = after - before, theirs - (before + after) // 2
            best = reading if best is None else min(best, reading)
        if best is None:
            return
        width, offset = best
        if self.bound_ns == 0 or abs(offset - self.offset_ns) > self.bound_ns + (width + 1) // 2:
            self.offset_ns, self.bound_ns = offset, (width + 1) // 2
        self._measured_ns = now_ns()

    def stamp(self, t_ns: int) -> float:
        """Return LSL's time of one of our moments, in seconds."""
        if now_ns() - self._measured_ns > AGAIN_NS:
            self.measure()
        return (t_ns + self.offset_ns) / SECOND
