"""What a session was like: counts, rates, ages, latencies and cost, gathered as it runs."""

import resource
import sys
from collections import deque

import msgspec
import numpy as np

from fusion.session import Digest, Session
from fusion.view import StreamView, View
from sensors.bus import Received
from sensors.clock import MILLISECOND, SECOND, cpu_seconds, now_ns
from sensors.gaps import GapCounter
from sensors.messages import Alert, Chunk, Health, Said, State, StreamInfo, Tick
from sensors.recording import Recorder

REMEMBERED = 20_000
"""Latest values from which a `Spread` is told; keeps memory flat however long the session."""
RECENT_ALERTS = 8


class Spread(msgspec.Struct, frozen=True):
    """A distribution in four numbers."""

    p50: float = float("nan")
    p99: float = float("nan")
    max: float = float("nan")
    n: int = 0


class Values:
    """Collects values for a `Spread`; the maximum and the count are over all, the percentiles over the latest."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=REMEMBERED)
        self._max = float("-inf")
        self._count = 0

    def add(self, value: float) -> None:
        """Note one value."""
        self._latest.append(value)
        self._max = max(self._max, value)
        self._count += 1

    def mean(self) -> float:
        """Return the mean of the latest values, rounded; NaN of none."""
        return round(float(np.mean(self._latest)), 4) if self._latest else float("nan")

    def spread(self) -> Spread:
        """Return the distribution so far."""
        if not self._latest:
            return Spread()
        p50, p99 = np.percentile(self._latest, (50, 99))
        return Spread(round(float(p50), 4), round(float(p99), 4), round(self._max, 4), self._count)


class StreamSummary(msgspec.Struct, kw_only=True):
    """One stream, from start to end."""

    messages: int = 0
    gaps: int = 0
    """Messages missing on the bus, by their running numbers."""
    samples: int = 0
    rate_hz: float = 0.0
    lost: int = 0
    """Samples the device itself lost."""
    restarts: int = 0
    quality: float | None = None
    """Mean trust over the session; None for streams without one."""
    status: str = "starting"
    detail: str = ""
    age_ms: Spread = Spread()
    cpu_percent: float = 0.0
    drift_ppm: float = 0.0
    offset_ns: int = 0
    offset_spread_ns: int = 0
    simulated: bool = False


class Summary(msgspec.Struct, kw_only=True):
    """A session, or the replay of one."""

    rig: str
    seconds: float
    states: int
    alerts: int
    hash: str
    record: str
    malformed: int
    record_dropped: int
    record_error: str
    state_seconds: dict[str, float]
    """How long each state was announced, in event time."""
    streams: dict[str, StreamSummary]
    sample_to_state_ms: Spread
    frame_to_state_ms: Spread
    bus_ms: Spread
    session_cpu_percent: float
    drivers_cpu_percent: float
    rss_mb: float
    simulated: bool
    replayed: bool = False
    """Whether this was the replay of a recording; driver figures are then those of the recorded day."""


class Book:
    """Keeps the accounts of a running session.

    Parameters
    ----------
    rig
        The rig's name.
    session
        The session that is run; its timeline and configuration are read, never changed.
    live
        False for a replay, whose stamps say nothing about today's latencies.
    """

    def __init__(self, rig: str, session: Session, *, live: bool = True) -> None:
        self._rig, self._session, self._live = rig, session, live
        self._streams: dict[str, StreamSummary] = {}
        self._ages: dict[str, Values] = {}
        self._quality: dict[str, Values] = {}
        self._heartbeats: dict[str, int] = {}
        self._lost: dict[str, tuple[int, int]] = {}
        self._infos: dict[str, StreamInfo] = {}
        self._gaps = GapCounter()
        self._sample_to_state, self._frame_to_state, self._bus = Values(), Values(), Values()
        self._state_ticks: dict[str, int] = {}
        self._alerts: deque[Alert] = deque(maxlen=RECENT_ALERTS)
        self._state: State | None = None
        self._began = (now_ns(), cpu_seconds())
        self.digest = Digest()

    def restart_clock(self) -> None:
        """Count time and processor use from here; called when everything has loaded."""
        self._began = (now_ns(), cpu_seconds())

    def take(self, got: Received) -> None:
        """Account for a message that has been given to the session."""
        message = got.message
        if isinstance(message, Chunk):
            stream = self._stream(message.stream)
            stream.messages += 1
            stream.samples += len(message.times_ns)
            stream.gaps += self._gaps.see(message.stream, message.seq)
            if got.topic == "camera" and self._live:
                self._frame_to_state.add((now_ns() - message.t_ns) / MILLISECOND)
        elif isinstance(message, Health):
            self._healthy(message)
        elif isinstance(message, StreamInfo):
            self._infos[message.stream] = message
            self._stream(message.stream).simulated = message.meta.get("simulated") == "yes"
        elif isinstance(message, Tick) and self._live:
            self._bus.add((got.received_ns - message.sent_ns) / MILLISECOND)

    def _stream(self, name: str) -> StreamSummary:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = StreamSummary()
        return stream

    def _healthy(self, health: Health) -> None:
        stream = self._stream(health.stream)
        if health.cpu_percent > 0:  # the first beat of a process has measured nothing yet
            beats = self._heartbeats[health.stream] = self._heartbeats.get(health.stream, 0) + 1
            stream.cpu_percent += (health.cpu_percent - stream.cpu_percent) / beats
        stream.rate_hz = round(health.rate_hz, 3) or stream.rate_hz
        before, told = self._lost.get(health.stream, (0, 0))
        if health.lost < told:  # the device was opened anew and counts from zero again
            before += told
        self._lost[health.stream] = before, health.lost
        stream.lost, stream.restarts = before + health.lost, max(stream.restarts, health.restarts)
        stream.status, stream.detail = health.status, health.detail
        stream.drift_ppm, stream.offset_ns = round(health.drift_ppm, 1), health.offset_ns
        stream.offset_spread_ns = health.offset_spread_ns

    def give(self, output: Said, completed_by: Received) -> None:
        """Account for an output that has just been put on the wire."""
        self.digest.add(output)
        if isinstance(output, Alert):
            self._alerts.append(output)
        if not isinstance(output, State):
            return
        if self._live:
            self._sample_to_state.add((now_ns() - completed_by.received_ns) / MILLISECOND)
        self._state = output
        self._state_ticks[output.state] = self._state_ticks.get(output.state, 0) + 1
        for name, age in output.inputs.items():
            if age.age_ms >= 0:
                self._ages.setdefault(name, Values()).add(age.age_ms)
                self._quality.setdefault(name, Values()).add(age.quality)

    def view(self, start_ns: int | None, recorder: Recorder | None = None) -> View:
        """Return what a display needs now; `start_ns` is None while the drivers still load."""
        said = "Loading the drivers ..." if start_ns is None else recorder.error if recorder else ""
        start_ns = now_ns() if start_ns is None else start_ns
        streams = {}
        for name, stream in self._streams.items():
            age = self._state.inputs.get(name) if self._state else None
            info = self._infos.get(name)
            streams[name] = StreamView(
                status=age.status if age else stream.status, detail=stream.detail, rate_hz=stream.rate_hz,
                nominal_hz=info.rate_hz if info else 0.0, age_ms=age.age_ms if age else -1.0, gaps=stream.gaps,
                lost=stream.lost, restarts=stream.restarts, quality=age.quality if age else float("nan"))
        return View(rig=self._rig, elapsed_s=max(0.0, (now_ns() - start_ns) / SECOND), state=self._state,
                    alerts=tuple(self._alerts), streams=streams, start_ns=start_ns,
                    record=str(recorder.path) if recorder else "",
                    record_bytes=recorder.bytes_written if recorder else 0,
                    said=said, simulated=self._simulated())

    def _simulated(self) -> bool:
        return any(stream.simulated for stream in self._streams.values())

    def summary(self, *, record: str = "", dropped: int = 0, error: str = "", malformed: int = 0) -> Summary:
        """Return the accounts."""
        began_ns, began_cpu = self._began
        seconds = (now_ns() - began_ns) / SECOND
        tick_s = 1 / self._session.config.tick_hz
        for name, stream in self._streams.items():
            stream.age_ms = self._ages[name].spread() if name in self._ages else Spread()
            latest = self._quality.get(name)
            stream.quality = latest.mean() if latest else None
            stream.cpu_percent = round(stream.cpu_percent, 1)
        return Summary(
            rig=self._rig, seconds=round(seconds, 3), states=self.digest.states, alerts=self.digest.alerts,
            hash=self.digest.hex(), record=record, malformed=malformed, record_dropped=dropped, record_error=error,
            state_seconds={name: round(ticks * tick_s, 3) for name, ticks in self._state_ticks.items()},
            streams=self._streams, sample_to_state_ms=self._sample_to_state.spread(),
            frame_to_state_ms=self._frame_to_state.spread(), bus_ms=self._bus.spread(),
            session_cpu_percent=round(100 * (cpu_seconds() - began_cpu) / seconds, 1) if seconds else 0.0,
            drivers_cpu_percent=round(sum(stream.cpu_percent for stream in self._streams.values()), 1),
            rss_mb=round(peak_rss_mb(), 1), simulated=self._simulated(), replayed=not self._live)


def peak_rss_mb() -> float:
    """Return the largest resident memory this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
