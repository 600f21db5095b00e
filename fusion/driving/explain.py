"""Why an alert fired: its rule and clause, every step of that rule's timers, and the frames that decided.

The ladders are run again over the recorded camera and vehicle, in the order in which the session saw them, so the
frames are those the rule was fed with. Profiles that did not run can be asked as well: what would they have said?
"""

from collections import deque
from collections.abc import Callable, Sequence
from math import degrees

import msgspec

from fusion import estimator
from fusion.driving.ladders import Ladders
from fusion.driving.looks import Look
from fusion.replaying import rig_of
from fusion.session import Session
from kernels.closures import P80
from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.messages import Alert, Chunk, Proof, Said, decode
from sensors.recording import Recording
from sensors.rig_driving import DrivingConfig
from sensors.topics import SESSION_TOPICS

MARGIN_NS = SECOND
"""What is shown before the evidence begins."""
KEPT_NS = 90 * SECOND
"""Frames are remembered for so long; evidence that goes back farther is told by its steps."""
FRAMES_SHOWN = 40


class Frame(msgspec.Struct, frozen=True):
    """One frame, as a ladder read it."""

    at_s: float
    """Since the recording began."""
    yaw_deg: float
    pitch_deg: float
    zone: str
    probability: float
    by_head: bool
    openness: float
    kmh: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, from start to end."""

    alert: Alert
    """As it fired."""
    at_s: float
    """Since the recording began."""
    ends_s: float
    """NaN where it was still active at the end."""
    title: str
    """The profile's."""
    inspired_by: str
    sure: str
    """How its numbers are known; see `fusion.driving.profile.Rule`."""
    recorded: bool
    """Whether the recording holds this very alert; False of a profile that did not run then."""
    steps: list[Proof]
    frames: list[Frame]
    """Of the evidence, thinned out to the changes and some between."""


def told(recording: Recording, profiles: Sequence[str] = (),
         on_progress: Callable[[float], None] = lambda share: None) -> list[Explanation]:
    """Return every alert of a recording's ladders with its reasons, in the order in which they fired.

    Parameters
    ----------
    recording
        With a camera; a vehicle may be missing.
    profiles
        Ladders to ask instead of those that ran.
    on_progress
        Called now and then with the share that is read, 0..1.

    Raises
    ------
    RecordingError
        If there is no rig in it, or no ladder ran and none was asked.
    RigError
        If a profile does not exist.
    """
    rig = rig_of(recording)
    config = rig.driving or DrivingConfig()
    if rig.driving is None and not profiles:
        raise RecordingError(f"No driving ladder ran in {recording.path}: its rig has no [driving] table.",
                             "Ask one afterwards: attnflow explain FILE --profile eu-addw")
    if profiles:
        config = msgspec.structs.replace(config, profiles=tuple(profiles))
    ladders = Ladders(config, rig.session.calibration_s)
    # No ladder reads a state, so the quickest estimator will do.
    session = Session(rig.session, estimator.make("rules"), [ladders], own_rules=False)
    book = _Book(ladders, recording.start_ns)
    span_ns = max(1, recording.end_ns - recording.start_ns)
    for count, (received_ns, topic, payload) in enumerate(recording.messages((*SESSION_TOPICS, "alert"))):
        if count % 500 == 0:
            on_progress(min(1.0, max(0.0, (received_ns - recording.start_ns) / span_ns)))
        message = decode(payload)
        if isinstance(message, Alert):
            book.recorded.add((message.profile, message.rule, message.t_ns))
        else:
            said = session.update(message)
            if topic == "camera" and isinstance(message, Chunk):
                book.look()
            book.add(said)
    return book.explanations()


class _Book:
    """Gathers alerts, their steps and their frames as a recording goes by."""

    def __init__(self, ladders: Ladders, start_ns: int) -> None:
        self._ladders, self._start_ns = ladders, start_ns
        self.recorded: set[tuple[str, str, int]] = set()
        self._steps: dict[tuple[str, str], list[Proof]] = {}
        self._fired: dict[int, Alert] = {}
        self._ended: dict[int, int] = {}
        self._frames: dict[int, list[Frame]] = {}
        self._recent: deque[tuple[Look, float]] = deque()

    def look(self) -> None:
        """Remember the frames that the ladders have read last, unless they are remembered already."""
        looks, kmh = self._ladders.looks, self._ladders.vehicle.kmh
        times_ns = looks.times_ns
        if not len(times_ns) or (self._recent and times_ns[-1] <= self._recent[-1][0].t_ns):
            return
        for k in range(len(times_ns)):
            one = looks.look(k)
            self._recent.append((one, kmh(one.t_ns)))
        while self._recent[-1][0].t_ns - self._recent[0][0].t_ns > KEPT_NS:
            self._recent.popleft()

    def add(self, said: Sequence[Said]) -> None:
        """Take in what the session said."""
        for one in said:
            if isinstance(one, Proof):
                self._steps.setdefault((one.profile, one.rule), []).append(one)
            elif isinstance(one, Alert) and one.number:
                if not one.active:
                    self._ended[one.number] = one.t_ns
                elif one.number not in self._fired:
                    self._fired[one.number] = one
                    begin_ns = one.evidence_ns[0] - MARGIN_NS
                    self._frames[one.number] = thinned([self._frame(look, kmh) for look, kmh in self._recent
                                                        if look.t_ns >= begin_ns])

    def _frame(self, look: Look, kmh: float) -> Frame:
        return Frame(self._at(look.t_ns), degrees(look.yaw), degrees(look.pitch), look.zone, look.chance, look.by_head,
                     look.openness, kmh)

    def _at(self, t_ns: int) -> float:
        return (t_ns - self._start_ns) / SECOND

    def explanations(self) -> list[Explanation]:
        """Return what is known of every alert."""
        profiles = {profile.name: profile for profile in self._ladders.profiles}
        out = []
        for number, alert in self._fired.items():
            profile = profiles[alert.profile]
            ends_ns = self._ended.get(number)
            steps = [step for step in self._steps.get((alert.profile, alert.rule), ())
                     if alert.evidence_ns[0] <= step.t_ns and (ends_ns is None or step.t_ns <= ends_ns)]
            out.append(Explanation(
                alert=alert, at_s=self._at(alert.t_ns), ends_s=self._at(ends_ns) if ends_ns else float("nan"),
                title=profile.title, inspired_by=profile.inspired_by, sure=profile.rules[alert.rule].sure,
                recorded=(alert.profile, alert.rule, alert.t_ns) in self.recorded, steps=steps,
                frames=self._frames[number]))
        return out


def thinned(rows: Sequence[Frame], shown: int = FRAMES_SHOWN) -> list[Frame]:
    """Return the frames around each change of zone or lids, and so many more, evenly spread, as fit into `shown`."""
    def kind(row: Frame) -> tuple[str, bool]:
        return row.zone, row.openness <= P80

    if not rows:
        return []
    changes = {k for k in range(1, len(rows)) if kind(rows[k]) != kind(rows[k - 1])}
    keep = {k + near for k in changes for near in (-1, 0)} | {0, len(rows) - 1}
    between = max(0, shown - len(keep))
    keep |= {round(k * (len(rows) - 1) / (between + 1)) for k in range(1, between + 1)}
    return [rows[k] for k in sorted(keep)][-2 * shown:]
