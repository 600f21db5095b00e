"""The session: a pure fold over the messages of the bus.

No socket, no clock, no thread. The same messages in the same order give the same states bit for bit, which is what
makes a recording replayable and its hash a proof. Ticks follow event time: tick T is complete when any message has
carried event time past T + watermark, and it sees exactly the samples with stamps up to T that had arrived by then.
"""

import hashlib
from collections.abc import Sequence

import msgspec
import numpy as np

from fusion.alerts import Alerts
from fusion.estimator import BLIND, STATES, Estimate, Estimator
from fusion.features import QUALITY, Features, quality_of
from fusion.follower import Follower
from fusion.states import Decider, Decision, Situation
from fusion.timeline import Pending
from kernels.layout import INDEX, MODALITIES
from sensors.clock import MILLISECOND, SECOND
from sensors.messages import (
    Alert,
    Answer,
    AnyMessage,
    Chunk,
    Health,
    InputAge,
    Marker,
    Said,
    State,
    StreamInfo,
    Target,
    Tick,
    encode,
)
from sensors.rig import SessionConfig
from sensors.topics import OUTPUT, TOPICS

LEAP_NS = SECOND
"""A sensor stamp further ahead of event time than this is a broken clock; it is refused, and moves no time."""
SLEEP_NS = 3600 * SECOND
"""A tick further ahead than this is no tick of ours; a machine that slept comes back within it."""
UNREAD = frozenset(name for name, topic in TOPICS.items() if topic.carries is Chunk and not topic.session)
"""Streams that are recorded and never read, such as a simulation's truth."""
TRUSTED = 0.3
"""Quality from which a modality may speak."""
POOR_S = 1.0
"""A bad signal is told after this long; a window that still holds the empty seat of a moment ago is no news."""
DARK_LUMA = 25.0
"""Brightness under which a camera without a face is covered or in the dark, not looking at an empty seat."""
DEFAULT_STALE_MS = 2000.0

_LUMA, _ABSENT = INDEX["luma"], INDEX["face_absent_s"]


class Session:
    """Folds messages into states, alerts and whatever its followers say.

    Parameters
    ----------
    config
        The rig's ``[session]`` table.
    estimator
        What turns features into an estimate.
    followers
        What speaks beside the estimator; see `fusion.follower`.
    own_rules
        Whether the session warns of closed eyes and looks away by itself; not where driving ladders do.
    """

    def __init__(self, config: SessionConfig, estimator: Estimator, followers: Sequence[Follower] = (), *,
                 own_rules: bool = True) -> None:
        self.config = config
        self._followers, self._own_rules = tuple(followers), own_rules
        self.pending: dict[str, Pending] = {}
        self.refused = 0
        """Chunks of unknown streams, or stamped too far in the future."""
        # In the order of the modalities: the camera's blinks gate the EEG of the same tick.
        self._in_order: list[Pending] = []
        self._estimator = estimator
        self._features = Features(config)
        self._health: dict[str, Health] = {}
        self._unread: set[str] = set()
        self._poor_since: dict[str, int] = {}
        self._decider = Decider()
        self._alerts = Alerts()
        self._period_ns = round(SECOND / config.tick_hz)
        self._watermark_ns = round(config.watermark_ms * MILLISECOND)
        self._event_ns = -1
        self._next_ns = 0

    @property
    def vector(self) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        """The feature vector of the last tick, in the order of `kernels.layout`."""
        return self._features.vector

    def update(self, message: AnyMessage) -> list[Said]:
        """Take in one message and return what it brought about, in order; usually nothing.

        Time begins with the first tick, and only a tick may move it far: a sensor whose clock is wild can neither
        rush the session nor silence it.
        """
        ahead_ns = message.t_ns - self._event_ns
        said: list[Said] = []
        if isinstance(message, Chunk):
            pending = self._accepts(message)
            if pending is None:
                return []
            fit = pending.push(message)
            if fit is not None:
                for follower in self._followers:
                    said += follower.take(fit)
        elif isinstance(message, (Target, Answer)):
            for follower in self._followers:
                said += follower.hear(message)
        elif isinstance(message, Tick):
            if self._event_ns >= 0 and ahead_ns > SLEEP_NS:
                self.refused += 1
                return []
            return self._advance(message.t_ns)
        elif isinstance(message, StreamInfo):
            self._meet(message)
        elif isinstance(message, Health):
            self._hear(message)
        elif not isinstance(message, Marker):
            return []
        if self._event_ns >= 0 and ahead_ns <= LEAP_NS:
            said += self._advance(message.t_ns)
        return said

    def _hear(self, health: Health) -> None:
        if health.stream in UNREAD or health.stream in self._unread or health.stream.startswith(OUTPUT):
            return  # an output in trouble is no input in trouble
        if health.status == "starting" and health.stream in self._health:
            return  # trying again is not being back: the last trouble stands until samples flow
        self._health[health.stream] = health

    def _meet(self, info: StreamInfo) -> None:
        known = self.pending.get(info.stream)
        if known is not None and known.info.columns == info.columns and known.info.rate_hz == info.rate_hz:
            return
        if info.kind not in MODALITIES:
            self._unread.add(info.stream)
            self._health.pop(info.stream, None)
            return
        # One sensor a modality speaks; a second one is recorded, and takes over if the first has nothing to say.
        for rival in [other for other in self.pending.values() if other.info.kind == info.kind and other is not known]:
            if info.kind not in self._features.unfit and self._is_fresh(rival, self._event_ns):
                return
            del self.pending[rival.info.stream]
        self.pending[info.stream] = Pending(info)
        self._in_order = sorted(self.pending.values(), key=lambda pending: MODALITIES.index(pending.info.kind))
        self._features.meet(info)
        for follower in self._followers:
            follower.meet(info)

    def _accepts(self, chunk: Chunk) -> Pending | None:
        pending = self.pending.get(chunk.stream)
        times = chunk.times_ns
        newest_ns = max(chunk.t_ns, times.item(-1)) if len(times) else chunk.t_ns
        if pending is None or self._event_ns < 0 or newest_ns > self._event_ns + LEAP_NS:
            self.refused += 1
            return None
        return pending

    def _advance(self, event_ns: int) -> list[Said]:
        if self._event_ns < 0:
            self._next_ns = (event_ns // self._period_ns + 1) * self._period_ns
        self._event_ns = max(self._event_ns, event_ns)
        outputs: list[Said] = []
        while self._next_ns + self._watermark_ns <= self._event_ns:
            outputs += self._tick(self._next_ns)
            self._next_ns += self._period_ns
        return outputs

    def _tick(self, tick_ns: int) -> list[Said]:
        for pending in self._in_order:
            self._features.advance(pending.info.kind, *pending.take(tick_ns))
        vector = self._features.fill(tick_ns)
        late = {stream for stream, pending in self.pending.items() if not self._is_fresh(pending, tick_ns)}
        fresh = {pending.info.kind for stream, pending in self.pending.items() if stream not in late}
        troubles = {stream: self._trouble(stream, tick_ns, late) for stream in sorted({*self.pending, *self._health})}
        features: list[float] = vector.tolist()  # plain floats: the rest of a tick is logic, not arrays
        quality = quality_of(features, fresh)
        bright = "camera" in fresh and features[_LUMA] >= DARK_LUMA
        seat_empty = bright and features[_ABSENT] > 0
        situation = Situation(
            calibrated=self._features.progress(tick_ns),
            face_seen=bright,
            troubles=(*(f"{stream}: {trouble}" for stream, trouble in troubles.items() if trouble),
                      *self._poor(tick_ns, features, fresh, seat_empty)),
            fresh=bool(fresh),
            telling=max(quality["camera"], quality["eeg"]) >= TRUSTED or seat_empty,
        )
        estimate = self._estimator.estimate(tick_ns, vector, quality) if situation.telling else BLIND
        decision = self._decider.decide(tick_ns, estimate.probabilities, situation)
        state = self._state(tick_ns, estimate, decision, quality, late)
        outputs: list[Said] = [state]
        if self._own_rules:
            outputs += self._alerts.durations(tick_ns, features)
        for stream, trouble in troubles.items():
            outputs += self._alerts.sensor(tick_ns, stream, trouble)
        for follower in self._followers:
            outputs += follower.tick(state)
        return outputs

    def _is_fresh(self, pending: Pending, tick_ns: int) -> bool:
        limit_ms = self.config.stale_ms.get(pending.info.kind, DEFAULT_STALE_MS)
        return pending.newest_ns >= 0 and tick_ns - pending.newest_ns <= limit_ms * MILLISECOND

    def _trouble(self, stream: str, tick_ns: int, late: set[str]) -> str:
        """Return why `stream` cannot be relied on, or "" if it can."""
        health = self._health.get(stream)
        if health is not None and health.status in ("failed", "stalled", "ended"):
            return health.detail
        pending = self.pending.get(stream)
        if pending is not None and pending.info.kind in self._features.unfit:
            return self._features.unfit[pending.info.kind]
        if pending is None or pending.newest_ns < 0 or stream not in late:
            return ""  # one that never spoke is still starting; one that fails to start says so in its health
        return f"No sample for {(tick_ns - pending.newest_ns) / SECOND:.1f} s."

    def _poor(self, tick_ns: int, features: list[float], fresh: set[str], seat_empty: bool) -> list[str]:
        """Return a sentence for each live sensor whose signal has been bad for a while; an empty seat is no bad signal.

        A quality that is not measured yet (NaN) is not bad.
        """
        told = []
        for kind, column in QUALITY.items():
            bad = kind in fresh and features[column] < TRUSTED and not (kind == "camera" and seat_empty)
            if not bad:
                self._poor_since.pop(kind, None)
            elif tick_ns - self._poor_since.setdefault(kind, tick_ns) >= POOR_S * SECOND:
                told.append(f"{kind}: signal quality {features[column]:.2f} is under {TRUSTED}.")
        return told

    def _state(self, tick_ns: int, estimate: Estimate, decision: Decision, quality: dict[str, float],
               late: set[str]) -> State:
        inputs = {}
        for stream, pending in self.pending.items():
            heard = pending.newest_ns >= 0
            age_ms = (tick_ns + self._watermark_ns - pending.newest_ns) / MILLISECOND if heard else -1.0
            health = self._health.get(stream)
            said = health.status if health is not None else "starting"
            stale = heard and stream in late and said not in ("failed", "ended")
            inputs[stream] = InputAge(age_ms, quality[pending.info.kind], "stale" if stale else said)
        for stream, health in self._health.items():
            if stream not in inputs:
                inputs[stream] = InputAge(-1.0, 0.0, health.status)
        return State(
            t_ns=tick_ns, state=decision.state, status=decision.status, reason=decision.reason,
            estimator=self._estimator.name,
            probabilities=dict(zip(STATES, estimate.probabilities, strict=True)),
            conformal=estimate.conformal,
            attention=estimate.attention.value, attention_sd=estimate.attention.sd,
            vigilance=estimate.vigilance.value, vigilance_sd=estimate.vigilance.sd,
            load=estimate.load.value, load_sd=estimate.load.sd,
            lapse_risk_3s=estimate.lapse_risk_3s, lapse_risk_10s=estimate.lapse_risk_10s,
            weights=estimate.weights, quality=quality, inputs=inputs)


class Digest:
    """A running SHA-256 over all a session says, blind to how and when it was sent."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.states = 0
        self.alerts = 0

    def add(self, output: Said) -> bytes:
        """Take in one output and return its canonical bytes."""
        if isinstance(output, State):
            self.states += 1
        elif isinstance(output, Alert):
            self.alerts += 1
        data = canonical(output)
        self._hash.update(data)
        return data

    def hex(self) -> str:
        """Return the digest so far."""
        return self._hash.hexdigest()


def canonical(output: Said) -> bytes:
    """Return the bytes that two equal outputs share: everything but running number and sending time."""
    return encode(msgspec.structs.replace(output, seq=0, sent_ns=0))
