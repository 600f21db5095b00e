"""One LSL stream from the network: found, opened, pulled, and told when it is lost."""

from typing import Any, Protocol

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError

from sensors.driver import Aside, Samples, Setting
from sensors.drivers.headset_notice import Notice
from sensors.drivers.lsl_channels import EegReader, channels
from sensors.drivers.lsl_choose import choose, rate
from sensors.drivers.lsl_clock import LslClock, as_ns
from sensors.drivers.lsl_config import LslConfig
from sensors.drivers.lsl_gaze import GazeReader
from sensors.drivers.lsl_markers import MarkerReader, markers
from sensors.drivers.lsl_stamps import BUFFER_S, Stamps
from sensors.errors import DeviceError
from sensors.messages import Column, FloatArray, Marker, StreamInfo

OPEN_S = 5.0
"""How long the sender may take for each step of opening it."""
AT_ONCE = 1024
"""Samples that one read takes."""
LATEST_S = 9e9
"""A stamp beyond this is no time."""
MOVED_S = 0.001
"""A step of the measured offset from which it is told."""


class Reader(Protocol):
    """What a kind of stream becomes."""

    @property
    def kind(self) -> str:
        """`StreamInfo.kind`."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """Our columns."""
        ...

    @property
    def told(self) -> str:
        """A sentence about what was decided against the stream's own word, or ""."""
        ...

    def convert(self, values: NDArray[Any]) -> FloatArray:
        """Return samples (n, channel) as (n, column) float32."""
        ...


class LslStream:
    """The stream that a table means; implements `sensors.driver.Driver`.

    Parameters
    ----------
    config
        The table.
    setting
        Stream name and session clock.
    """

    def __init__(self, config: LslConfig, setting: Setting) -> None:
        self._config, self._setting, self._clock = config, setting, setting.clock
        self._notice = Notice(setting.clock)
        self._inlet: Any = None
        self._markers: list[Marker] = []
        self._meta: dict[str, str] = {}
        self._lost = 0

    def open(self) -> StreamInfo:
        """Find the stream, subscribe, and measure its clock.

        Raises
        ------
        DeviceError
            If it is not there, not the only one, of a kind that is not read, or does not answer.
        """
        self._called = self._setting.stream
        found = choose(self._config, self._called)
        kind = self._kind(found)
        self._inlet = pylsl.StreamInlet(found, max_buflen=_buffer(found), recover=False)
        try:
            full = self._inlet.info(OPEN_S)
            self._reader = self._made(kind, full)
            self._inlet.open_stream(OPEN_S)
            self._offsets = LslClock(self._inlet, self._clock)
            self._offsets.measure(OPEN_S)
        except DeviceError:
            self.close()
            raise
        except RuntimeError as error:
            self.close()
            raise DeviceError(f"LSL stream {found.name()} on {found.hostname()} does not answer ({error}).",
                              "Check the firewall between the two, and that its sender still runs.") from None
        self._name = found.name()
        self._stamps = Stamps(self._name, found.nominal_srate(), self._config.stamps, self._notice)
        self._lost, self._markers, self._meta = 0, [], {}
        return StreamInfo(
            t_ns=self._clock.now_ns(), stream=self._called, kind=self._reader.kind, driver="lsl",
            rate_hz=found.nominal_srate(), columns=self._reader.columns,
            device=f"LSL {found.name()} ({found.type()}) on {found.hostname()} @ {rate(found)}",
            meta={"simulated": "unknown", "source_id": found.source_id(), "host": found.hostname(),
                  "stamps": self._stamps.by} | self._offsets.meta())

    def read(self, timeout_s: float) -> Samples:
        """Return new samples, waiting at most `timeout_s` for the first.

        Raises
        ------
        DeviceError
            If the stream was lost, or its sender's clock leapt.
        """
        if self._inlet is None:
            raise DeviceError(f"'{self._setting.stream}' was not opened.", "Call open() first.")
        try:
            values, stamps = self._inlet.pull_chunk(timeout_s, AT_ONCE, min_samples=1, as_numpy=True)
            now_ns = self._clock.now_ns()
            if self._offsets.due():
                self._measure()
        except LostError:
            raise DeviceError(f"LSL stream {self._name} is lost: its sender ended or the network broke.",
                              "It is looked for again.") from None
        except RuntimeError as error:
            raise DeviceError(f"LSL stream {self._name} cannot be read ({error}).", "It is opened again.") from None
        known = np.isfinite(stamps) & (np.abs(stamps) < LATEST_S)
        if not known.all():
            self._lost += int(np.count_nonzero(~known))
            self._notice.tell(f"{self._lost} samples of {self._name} so far had no time for a stamp and were left out.")
            values, stamps = values[known], stamps[known]
        if not len(stamps):
            return self._nothing()
        times = self._stamps.stamp(self._offsets.session_ns(stamps), now_ns)
        if self._stamps.by != self._config.stamps:
            self._meta["stamps"] = self._stamps.by
        if self._reader.kind == "marker":
            self._markers += markers(values, times, self._name)
            return self._nothing()
        return Samples(self._reader.convert(values), times, as_ns(stamps))

    def aside(self) -> Aside:
        """Return the markers that came, what is wrong, and offsets that were measured again."""
        told, self._markers = tuple(self._markers), []
        meta, self._meta = self._meta, {}
        details = self._notice.text(), self._stamps.trouble(), self._reader.told
        return Aside(told, " ".join(filter(None, details)), tuple(meta.items()))

    def close(self) -> None:
        """Let go of the stream; safe to call twice, and after a failed `open`."""
        inlet, self._inlet = self._inlet, None
        if inlet is not None:
            inlet.close_stream()

    def lost(self) -> int:
        """Return how many samples were left out since `open`."""
        return self._lost

    def _nothing(self) -> Samples:
        return Samples(np.empty((0, len(self._reader.columns)), np.float32), np.empty(0, np.int64))

    def _measure(self) -> None:
        moved_s = self._offsets.measure(OPEN_S)
        self._meta |= self._offsets.meta()
        if abs(moved_s) > MOVED_S:
            self._notice.tell(f"The measured offset of {self._name}'s clock moved by {moved_s * 1e3:.1f} ms.")

    def _kind(self, found: Any) -> str:
        if self._config.kind:
            return self._config.kind
        kind = found.type().lower()
        for part, ours in (("marker", "markers"), ("gaze", "gaze"), ("eye", "gaze"), ("eeg", "eeg")):
            if part in kind:
                return ours
        sound = " Sound comes through the microphone driver, not by LSL." if kind == "audio" else ""
        raise DeviceError(f"LSL stream {found.name()} is of type '{found.type()}', which says nothing to us.{sound}",
                          f"If it is one of them: --set {self._called}.kind=eeg, gaze or markers")

    def _made(self, kind: str, full: Any) -> Reader:
        if kind == "markers":
            return MarkerReader()
        if full.channel_format() == pylsl.cf_string:
            raise DeviceError(f"LSL stream {full.name()} carries texts, and {kind} is made of numbers.",
                              f"If they are markers: --set {self._called}.kind=markers")
        told = channels(full)
        return EegReader(self._config, told, self._called) if kind == "eeg" else GazeReader(
            self._config, told, self._called)


def _buffer(found: Any) -> int:
    """Return the inlet's buffer: seconds, or hundreds of samples for a stream without a rate."""
    return BUFFER_S if found.nominal_srate() > 0 else 50
