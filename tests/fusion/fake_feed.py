"""A plausible session's messages, made by arithmetic: for tests of what shows sessions (terminal, report, shell)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from fusion.view import StreamView, View
from sensors.clock import SECOND
from sensors.messages import (
    Alert,
    AnyMessage,
    Chunk,
    Column,
    Health,
    InputAge,
    Marker,
    State,
    StreamInfo,
    Tick,
    encode,
)
from sensors.simulated.story import STATES

START_NS = 3_600 * SECOND
SCENES = ((0.0, "focused"), (14.0, "distracted_visual"), (22.0, "focused"), (32.0, "drowsy"), (46.0, "away"),
          (53.0, "overloaded"))
COLUMNS = {
    "camera": (("face", "1"), ("gaze_yaw", "rad"), ("gaze_pitch", "rad"), ("head_yaw", "rad"),
               ("head_pitch", "rad"), ("head_roll", "rad"), ("ear_left", "1"), ("ear_right", "1"), ("luma", "1")),
    "microphone": (("speech", "1"), ("loudness_momentary", "LUFS"), ("f0", "Hz")),
    "eeg": tuple((name, "uV") for name in ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")),
    "context": (("demand", "1"), ("speed_kmh", "km/h")),
    "truth": (("state", "1"), ("attention", "1")),
}
RATES = {"camera": 30.0, "microphone": 31.25, "eeg": 250.0, "context": 10.0, "truth": 10.0}
ROWS = {"camera": 1, "microphone": 1, "eeg": 10, "context": 1, "truth": 1}
LOST_CHUNKS = range(600, 612)
"""Running numbers of camera chunks that never arrive: a gap of 12 messages at 20 s."""


def scene(at_s: float) -> str:
    """Return the hidden state at `at_s`."""
    return [state for begin, state in SCENES if begin <= at_s][-1]


def _values(kind: str, t: np.ndarray, random: np.random.Generator) -> np.ndarray:
    state = scene(float(t[-1]))
    noise = random.normal(size=(len(t), len(COLUMNS[kind])))
    if kind == "camera":
        face = state != "away"
        yaw = 0.6 if state == "distracted_visual" else 0.0
        ear = 0.12 if state == "drowsy" and float(t[-1]) % 4 < 1.5 else 0.28
        centre = [0.98, yaw, -0.05, yaw / 2, 0.0, 0.0, ear, ear, 120.0]
        values = np.array(centre) + noise * [0.01, 0.03, 0.03, 0.02, 0.02, 0.01, 0.01, 0.01, 2.0]
        values[:, :1] = np.clip(values[:, :1], 0, 1) if face else 0.0
        return values if face else np.where(np.arange(9) % 8 == 0, values, np.nan)
    if kind == "microphone":
        speech = state in ("distracted_cognitive", "overloaded")
        return np.array([0.9 if speech else 0.05, -24.0 if speech else -55.0, 120.0 if speech else np.nan]) + \
            noise * [0.02, 2.0, 5.0]
    if kind == "eeg":
        alpha = 25.0 if state == "drowsy" else 6.0
        posterior = np.array([0.2, 0.2, 0.5, 0.5, 0.8, 0.8, 1.0, 1.0])
        return noise * 5 + alpha * posterior * np.sin(2 * np.pi * 10 * t)[:, None]
    if kind == "context":
        return np.array([0.8 if state == "overloaded" else 0.3, 70.0]) + noise * [0.02, 1.0]
    return np.array([[STATES.index(state), 0.5]] * len(t))


def _state(at_s: float, t_ns: int, seq: int) -> State:
    true = scene(max(0.0, at_s - 1.0))
    shown = true if at_s >= 8 else "unknown"
    probabilities = {name: 0.7 if name == true else 0.06 for name in STATES}
    status = "calibrating" if at_s < 8 else "degraded" if 27 < at_s < 31 else "ok"
    reason = {"calibrating": "Learning this person's open eyes and resting alpha, 8 s.",
              "degraded": "The microphone failed; the answer rests on camera and EEG.",
              "ok": f"Evidence for {true.replace('_', ' ')} for 1.0 s."}[status]
    attention = 0.8 if true == "focused" else 0.35
    ages = {"camera": 38.0, "microphone": 41.0, "eeg": 52.0, "context": 60.0}
    return State(t_ns=t_ns, seq=seq, state=shown, probabilities=probabilities, attention=attention, attention_sd=0.08,
                 vigilance=0.3 if true == "drowsy" else 0.85, vigilance_sd=0.06,
                 load=0.9 if true == "overloaded" else 0.4, load_sd=0.12, lapse_risk_3s=0.1, lapse_risk_10s=0.2,
                 weights={"camera": 0.5, "microphone": 0.2, "eeg": 0.3},
                 quality={"camera": 0.96, "microphone": 0.9, "eeg": 0.88},
                 inputs={name: InputAge(age_ms=age, quality=0.9, status="ok") for name, age in ages.items()},
                 status=status, reason=reason, estimator="rules")


def alerts() -> tuple[Alert, ...]:
    """Return the session's alerts: a long glance that starts and ends, and a microsleep."""
    def at(seconds: float) -> int:
        return START_NS + round(seconds * SECOND)

    return (Alert(t_ns=at(16), rule="glance_long", level="warning", reason="Eyes off target for 2.0 s.",
                  onset_ns=at(14)),
            Alert(t_ns=at(22), rule="glance_long", level="warning", reason="Eyes back on target.", onset_ns=at(14),
                  active=False),
            Alert(t_ns=at(37), rule="microsleep", level="critical", reason="Lids closed for 1.5 s <script>.",
                  onset_ns=at(35.5)))


def session(seconds: float = 60.0, streams: Iterable[str] = tuple(COLUMNS), *, states: bool = True,
            simulated: bool = True) -> Iterator[tuple[int, str, AnyMessage]]:
    """Yield ``(received_ns, topic, message)`` of a whole session in order of arrival."""
    random = np.random.default_rng(3)
    chosen = tuple(streams)
    events: list[tuple[int, str, AnyMessage]] = []
    for kind in chosen:
        step, dead = ROWS[kind] / RATES[kind], 0
        for seq in range(int(seconds / step)):
            if kind == "camera" and seq in LOST_CHUNKS:
                continue
            if kind == "microphone" and 27 < seq * step < 31:
                dead += 1
                continue
            t = seq * step + np.arange(ROWS[kind]) / RATES[kind]
            times = START_NS + np.round(t * SECOND).astype(np.int64)
            values = np.ascontiguousarray(_values(kind, t, random), dtype=np.float32)
            newest = int(times[-1])
            chunk = Chunk(t_ns=newest, seq=seq - dead, sent_ns=newest, stream=kind, values=values, times_ns=times)
            events.append((newest + 2_000_000, kind, chunk))
    for second in range(int(seconds)):
        now = START_NS + second * SECOND
        for kind in chosen:
            dead = kind == "microphone" and 27 < second < 31
            events.append((now, "info", StreamInfo(
                t_ns=now, seq=second, stream=kind, kind=kind, driver={"camera": "webcam"}.get(kind, kind),
                rate_hz=RATES[kind], columns=tuple(Column(*column) for column in COLUMNS[kind]),
                device=f"simulated {kind}", meta={"simulated": "yes"} if simulated else {})))
            events.append((now, "health", Health(
                t_ns=now, seq=second, stream=kind, status="failed" if dead else "ok",
                detail="The microphone vanished. Check its cable." if dead else "",
                rate_hz=RATES[kind] * (1 + 40e-6), samples=int(second * RATES[kind]), lost=3 if kind == "eeg" else 0,
                restarts=int(kind == "microphone" and second > 30), offset_ns=12_000, offset_spread_ns=4_000,
                drift_ppm=40.0 + second / 10, cpu_percent=9.0)))
    for number in range(int(seconds * 20)):
        at_s = number / 20
        now = START_NS + round(at_s * SECOND)
        events.append((now + 50_000_000, "tick", Tick(t_ns=now, seq=number)))
        if states:
            events.append((now + 51_000_000, "state", _state(at_s, now, number)))
    if states:
        events += [(alert.t_ns, "alert", alert) for alert in alerts() if alert.t_ns < START_NS + seconds * SECOND]
    events.append((START_NS + 27 * SECOND, "marker", Marker(t_ns=START_NS + 27 * SECOND, source="microphone",
                                                            name="fault", value="crash")))
    yield from sorted(events, key=lambda event: event[0])


class FakeRecording:
    """Reads like `sensors.recording.Recording`, from memory."""

    def __init__(self, events: Iterable[tuple[int, str, AnyMessage]], *, salvaged: bool = False,
                 rig_toml: str = "") -> None:
        self._events = [(received, topic, encode(message)) for received, topic, message in events]
        self.path = Path("session.mcap")
        self.metadata = {"rig": "bench", "started_utc": "2026-01-02T03:04:05+00:00", "attnflow": "0.1.0",
                         "privacy": "features-only"}
        self.attachments = {"rig.toml": rig_toml.encode()} if rig_toml else {}
        self.salvaged, self.complete, self.lost_seconds = salvaged, not salvaged, 0.7 if salvaged else 0.0
        self.count = dict(Counter(topic for _, topic, _ in self._events))
        times = [received for received, _, _ in self._events] or [0]
        self.start_ns, self.end_ns = times[0], times[-1]
        self.duration_s = (self.end_ns - self.start_ns) / SECOND

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[tuple[int, str, bytes]]:
        """Yield the messages of `topics`, all when None."""
        wanted = None if topics is None else set(topics)
        yield from (event for event in self._events if wanted is None or event[1] in wanted)


def view(at_s: float = 20.0, *, streams: Iterable[str] = ("camera", "microphone", "eeg", "context")) -> View:
    """Return what a display would be shown at `at_s`."""
    now = START_NS + round(at_s * SECOND)
    dead = 27 < at_s < 31
    return View(
        rig="bench", elapsed_s=at_s, state=_state(at_s, now, round(at_s * 20)), start_ns=START_NS, simulated=True,
        alerts=tuple(alert for alert in alerts() if alert.t_ns <= now), record="out/session.mcap",
        record_bytes=round(21_000 * at_s),
        streams={name: StreamView(
            status="failed" if dead and name == "microphone" else "ok", nominal_hz=RATES[name], rate_hz=RATES[name],
            detail="The microphone vanished. Check its cable." if dead and name == "microphone" else "",
            age_ms=38.0, gaps=12 if name == "camera" else 0, lost=3 if name == "eeg" else 0, quality=0.93,
            restarts=0) for name in streams})
