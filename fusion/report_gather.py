"""One reading of a recording, front to back, gathering all that its report shows."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fusion.palette import is_simulated
from fusion.report_driving import DrivingFound
from fusion.report_lines import BINS, Bands, Envelope, Latest
from fusion.report_xr import XrFound
from kernels.layout import SIZE
from sensors.clock import MILLISECOND, SECOND
from sensors.errors import AttnflowError, WireError
from sensors.gaps import GapCounter
from sensors.messages import Alert, AnyMessage, Chunk, Health, Marker, Proof, State, StreamInfo, decode
from sensors.recording import Recording
from sensors.simulated.story import STATES
from sensors.topics import SESSION_TOPICS

if TYPE_CHECKING:
    from fusion.recorded_windows import Steps
    from fusion.session import Session

TABLE_ROWS = 500
"""Rows kept of each table (alerts, markers, gaps): the newest ones."""
HEALTH = ("rate_hz", "drift_ppm", "offset_us", "spread_us", "lost", "cpu_percent")
INDICES = ("attention", "attention_sd", "vigilance", "vigilance_sd", "load", "load_sd", "lapse_risk_3s",
           "lapse_risk_10s")
UNSURE = ("calibrating", "stale")
"""States of these statuses are not held against the truth of a simulation."""


@dataclass
class StreamFound:
    """What one stream did."""

    name: str
    topic: str = ""
    info: StreamInfo | None = None
    columns: Envelope | None = None
    health: Health | None = None
    health_lines: Envelope | None = None
    status: Bands = field(default_factory=Bands)
    messages: int = 0
    samples: int = 0
    gap_count: int = 0
    missing: int = 0
    holes: Latest = field(default_factory=lambda: Latest(TABLE_ROWS))
    gap_times_ns: list[int] = field(default_factory=list)
    quality_sum: float = 0.0
    quality_count: int = 0
    last_ns: int | None = None
    misfits: int = 0
    """Chunks whose columns were not those the stream had announced; they are counted, not drawn."""

    @property
    def quality(self) -> float:
        """Mean quality over the states, 0..1; NaN if no state told it."""
        return self.quality_sum / self.quality_count if self.quality_count else float("nan")


@dataclass
class Found:
    """Everything a report shows."""

    path: str
    start_ns: int
    metadata: dict[str, str]
    rig_toml: str
    versions: dict[str, str]
    """Library to version, as recorded."""
    salvaged: bool
    complete: bool
    lost_seconds: float
    end_ns: int = 0
    messages: int = 0
    malformed: int = 0
    states: int = 0
    estimators: set[str] = field(default_factory=set)
    state: Bands = field(default_factory=Bands)
    status: Bands = field(default_factory=Bands)
    truth: Bands = field(default_factory=Bands)
    probabilities: Envelope | None = None
    indices: Envelope | None = None
    features: Envelope | None = None
    features_missing: str = ""
    """Why there are no features, one sentence."""
    steps: "Steps | None" = None
    """What the network saw, where it was the estimator."""
    streams: dict[str, StreamFound] = field(default_factory=dict)
    alerts: Latest = field(default_factory=lambda: Latest(TABLE_ROWS))
    driving: DrivingFound = field(default_factory=DrivingFound)
    alert_times: list[tuple[int, str, str]] = field(default_factory=list)
    markers: Latest = field(default_factory=lambda: Latest(TABLE_ROWS))
    agreed: int = 0
    compared: int = 0
    xr: XrFound = field(default_factory=XrFound)

    @property
    def seconds(self) -> float:
        """Length on the session clock."""
        return max(0.0, (self.end_ns - self.start_ns) / SECOND)

    @property
    def simulated(self) -> bool:
        """Whether any stream came from a simulated participant."""
        return any(found.info is not None and is_simulated(found.info.meta) for found in self.streams.values())

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that the rig asked to be injected."""
        tables = tomllib.loads(self.rig_toml) if self.rig_toml else {}
        faults = tables.get("participant", {}).get("faults", [])
        return [fault for fault in faults if isinstance(fault, dict)]


class Gathering:
    """Folds the messages of a recording into `Found`.

    Parameters
    ----------
    recording
        What is read.
    features
        Recompute the features as well, by running the messages through the session again.
    """

    def __init__(self, recording: Recording, *, features: bool = True) -> None:
        self._recording = recording
        # The session's time begins with its first tick; what drivers said while they loaded is before the picture.
        began_ns = next((received for received, _, _ in recording.messages(("tick",))), recording.start_ns)
        self._width_ns = int((recording.end_ns - began_ns) * 1.001) // BINS + 1
        rig = recording.attachments.get("rig.toml", b"").decode("utf-8", "replace")
        self.found = Found(path=str(recording.path), start_ns=began_ns, end_ns=began_ns,
                           metadata=dict(recording.metadata), rig_toml=rig,
                           versions=_versions(recording), salvaged=recording.salvaged,
                           complete=recording.complete, lost_seconds=recording.lost_seconds)
        self._gaps = GapCounter()
        self._true_state = ""
        self._session: Session | None = None
        if features:
            from fusion.replaying import session_of  # brings the compiled kernels, which nothing else here needs

            try:
                self._session = session_of(recording)
            except AttnflowError as error:
                self.found.features_missing = str(error)

    def run(self, on_progress: Callable[[float], None]) -> Found:
        """Read everything and return what was found."""
        found = self.found
        span_ns = max(1, self._recording.end_ns - self._recording.start_ns)
        for received_ns, topic, payload in self._recording.messages():
            found.messages += 1
            if topic == "health" and received_ns < found.start_ns:
                continue
            found.end_ns = max(found.end_ns, received_ns)
            if found.messages % 2000 == 0:
                on_progress(min(1.0, (received_ns - found.start_ns) / span_ns))
            try:
                message = decode(payload)
            except WireError:
                found.malformed += 1
                continue
            self._take(topic, message)
        for bands in (found.state, found.status, found.truth, *(s.status for s in found.streams.values())):
            bands.close(found.end_ns)
        on_progress(1.0)
        return found

    def _take(self, topic: str, message: AnyMessage) -> None:
        if isinstance(message, Chunk):
            self._chunk(topic, message)
        elif isinstance(message, StreamInfo):
            self._info(message)
        elif isinstance(message, Health):
            self._health(message)
        elif isinstance(message, State):
            self._state(message)
        elif isinstance(message, Alert):
            self._alert(message)
        elif isinstance(message, Proof):
            self.found.driving.take(message)
        elif isinstance(message, Marker):
            self.found.markers.add(self._at(message.t_ns), message.source, message.name, message.value)
        else:
            self.found.xr.take(message, self.found.start_ns)
        if self._session is not None and topic in SESSION_TOPICS:
            states = [said for said in self._session.update(message) if isinstance(said, State)]
            if states:
                self.found.features = self.found.features or self._envelope(SIZE)
                self.found.features.add(np.array([states[-1].t_ns], np.int64), self._session.vector[None, :].copy())
                self._keep(states)

    def _keep(self, states: list[State]) -> None:
        """Keep what the network saw, which an explanation starts from."""
        for output in states:
            if output.estimator == "network" and self._session is not None:
                if self.found.steps is None:
                    from fusion.recorded_windows import Steps

                    self.found.steps = Steps()
                self.found.steps.add(output.t_ns, self._session.vector, output.quality)

    def _stream(self, name: str) -> StreamFound:
        stream = self.found.streams.get(name)
        if stream is None:
            stream = self.found.streams[name] = StreamFound(name)
        return stream

    def _envelope(self, columns: int) -> Envelope:
        return Envelope(columns, self.found.start_ns, self._width_ns)

    def _at(self, t_ns: int) -> str:
        return f"{(t_ns - self.found.start_ns) / SECOND:.2f}"

    def _chunk(self, topic: str, chunk: Chunk) -> None:
        stream = self._stream(chunk.stream)
        stream.topic = stream.topic or topic
        stream.messages += 1
        stream.samples += len(chunk.times_ns)
        missing = self._gaps.see((topic, chunk.stream), chunk.seq)
        if missing:
            stream.gap_count += 1
            stream.missing += missing
            if len(stream.gap_times_ns) < BINS:
                stream.gap_times_ns.append(chunk.t_ns)
            silence = (chunk.t_ns - stream.last_ns) / SECOND if stream.last_ns is not None else 0.0
            stream.holes.add(self._at(chunk.t_ns), chunk.stream, str(missing), f"{silence:.2f}")
        stream.last_ns = chunk.t_ns
        if stream.columns is None:
            stream.columns = self._envelope(chunk.values.shape[1])
        if chunk.values.shape[1] != stream.columns.low.shape[1]:
            stream.misfits += 1
        elif len(chunk.times_ns):
            stream.columns.add(chunk.times_ns, chunk.values)
        if topic == "truth":
            self._truth(stream, chunk)

    def _truth(self, stream: StreamFound, chunk: Chunk) -> None:
        names = stream.info.names if stream.info is not None else ()
        column = names.index("state") if "state" in names else 0
        for t_ns, code in zip(chunk.times_ns.tolist(), chunk.values[:, column].tolist(), strict=True):
            if 0 <= code < len(STATES):
                self._true_state = STATES[round(code)]
                self.found.truth.add(t_ns, self._true_state)

    def _info(self, info: StreamInfo) -> None:
        stream = self._stream(info.stream)
        stream.info, stream.topic = info, info.kind

    def _health(self, health: Health) -> None:
        stream = self._stream(health.stream)
        stream.health = health
        stream.status.add(health.t_ns, health.status, health.detail)
        stream.health_lines = stream.health_lines or self._envelope(len(HEALTH))
        drift = health.drift_ppm if health.rate_hz else np.nan
        stream.health_lines.add_row(health.t_ns, health.rate_hz or np.nan, drift, health.offset_ns / 1000,
                                    health.offset_spread_ns / 1000, health.lost, health.cpu_percent)

    def _state(self, state: State) -> None:
        found = self.found
        found.states += 1
        found.estimators.add(state.estimator)
        found.state.add(state.t_ns, state.state, f"{state.status}: {state.reason}")
        found.status.add(state.t_ns, state.status, state.reason)
        found.probabilities = found.probabilities or self._envelope(len(STATES))
        found.probabilities.add_row(state.t_ns, *(state.probabilities.get(name, 0.0) for name in STATES))
        found.indices = found.indices or self._envelope(len(INDICES))
        found.indices.add_row(state.t_ns, *(float(getattr(state, name)) for name in INDICES))
        for name, age in state.inputs.items():
            stream = self._stream(name)
            stream.quality_sum += age.quality
            stream.quality_count += 1
        if self._true_state and state.status not in UNSURE:
            found.compared += 1
            found.agreed += state.state == self._true_state

    def _alert(self, alert: Alert) -> None:
        self.found.driving.take(alert)
        self.found.alerts.add(self._at(alert.t_ns), "start" if alert.active else "end", alert.level, alert.rule,
                              alert.reason, f"{(alert.t_ns - alert.onset_ns) / MILLISECOND:.0f}")
        if alert.active and len(self.found.alert_times) < BINS:
            self.found.alert_times.append((alert.t_ns, alert.level, alert.rule))


def _versions(recording: Recording) -> dict[str, str]:
    try:
        return msgspec.json.decode(recording.attachments.get("versions.json", b"{}"), type=dict[str, str])
    except msgspec.MsgspecError:
        return {"versions.json": "unreadable"}
