"""The participant: one hidden state over time, and what face, eyes and voice do because of it."""

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.events import FREE_EYE_DEG, Glance, Piece, Span, draw_piece, piece_bounds
from sensors.simulated.randomness import generator
from sensors.simulated.story import STATES, ParticipantConfig
from sensors.simulated.timeline import Timeline
from sensors.simulated.traits import MANNER_BY_CODE, Person

SETTLE_S = 2.0
"""How long vigilance, load and brain take to reach a new state's level."""
SPEED_SETTLE_S = 8.0
HEAD_MOVE_S = 0.35
EYE_MOVE_S = 0.06
LEAVE_S = 0.5
"""How long a person takes to move out of view, or back."""
LID_CLOSE_S, LID_OPEN_S = 0.07, 0.12
HEAD_LIMIT = math.radians(36)
"""Largest turn of the head, yaw and pitch together; beyond it a face is no longer read well."""
WANDER_WAVES = 6
A_BIT_S = 1e-6
"""Before a piece or a stay begins, the one before it is asked for."""
PIECES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Moment:
    """The whole truth about one moment; angles in radians, yaw + to the person's right, pitch + up."""

    t_s: float
    state: str
    state_code: int
    """Position of `state` in `story.STATES`."""
    present: bool
    """Whether the face is in view."""
    shift: float
    """0 in front of the camera, 1 wholly out of view."""
    gaze_yaw: float
    gaze_pitch: float
    eye_yaw: float
    """Eye in head: gaze less head."""
    eye_pitch: float
    head_yaw: float
    head_pitch: float
    head_roll: float
    """+ clockwise as the person sees it."""
    on_target: bool
    """False during a glance away."""
    lid: float
    """0 open, 1 closed."""
    blinking: bool
    """A blink, not a longer closure, is past half amplitude."""
    jaw: float
    """0 shut, 1 wide open."""
    speaking: bool
    vigilance: float
    """0..1."""
    load: float
    """0..1."""
    demand: float
    """How much the outside asks of the person, 0..1."""
    speed_kmh: float


class Participant:
    """One seeded person.

    A pure function of config and time: any order of questions, in any process, brings the same answers. What happens
    is drawn for each piece of time from a seed of its own; the pieces used last are kept to save the drawing.

    Parameters
    ----------
    config
        Seed, script and faults.
    """

    def __init__(self, config: ParticipantConfig) -> None:
        self.config = config
        self.person = Person.drawn(config.seed)
        self.timeline = Timeline(config)
        self._pieces: dict[tuple[int, int], Piece] = {}
        draw = generator(config.seed, "wander")
        # Slow sums of sines have no memory, so any moment can be asked for. 0.03 to 0.35 Hz: posture, not tremor.
        self._wander_hz = draw.uniform(0.03, 0.35, (4, WANDER_WAVES))
        self._wander_phase = draw.uniform(0, 2 * np.pi, (4, WANDER_WAVES))

    def at(self, t_s: float) -> Moment:
        """Return the truth at `t_s` seconds into the session."""
        piece = self.piece(t_s)
        code = piece.segment.code
        waves = np.sin(2 * np.pi * self._wander_hz * t_s + self._wander_phase)
        wander = waves.sum(axis=1) * math.sqrt(2 / WANDER_WAVES)
        head_yaw, head_pitch, gaze_yaw, gaze_pitch = self._directions(piece, t_s, wander)
        shift = self._shift(piece, t_s)
        lid, blinking = self._lid(piece, t_s)
        speaking = any(turn.start_s <= t_s < turn.end_s for turn in piece.turns)
        speed = self.level("speed_kmh", t_s, SPEED_SETTLE_S)
        return Moment(
            t_s=t_s, state=STATES[code], state_code=code, present=shift < 0.5, shift=shift,
            gaze_yaw=gaze_yaw, gaze_pitch=gaze_pitch, eye_yaw=gaze_yaw - head_yaw, eye_pitch=gaze_pitch - head_pitch,
            head_yaw=head_yaw, head_pitch=head_pitch, head_roll=math.radians(1.5) * float(wander[2]),
            on_target=code != STATES.index("away")
            and not any(glance.start_s <= t_s < glance.end_s for glance in piece.glances),
            lid=lid, blinking=blinking, jaw=self._jaw(piece, t_s, speaking), speaking=speaking,
            vigilance=_unit(self.level("vigilance", t_s) + 0.03 * float(wander[0])),
            load=_unit(self.level("load", t_s) + 0.03 * float(wander[1])),
            demand=_unit(self.level("demand", t_s) + 0.03 * float(wander[2])),
            speed_kmh=speed + 0.03 * speed * float(wander[3]))

    def level(self, name: str, t_s: float, settle_s: float = SETTLE_S) -> float:
        """Return a numeric trait of the state (see `traits.Manner`), passing smoothly from state to state."""
        shares = self.timeline.shares(t_s, settle_s)
        return sum(float(getattr(MANNER_BY_CODE[code], name)) * share for code, share in shares)

    def piece(self, t_s: float) -> Piece:
        """Return the piece of time that `t_s` lies in."""
        segment = self.timeline.segment(t_s)
        number, start_s, end_s = piece_bounds(segment, t_s)
        key = segment.number, number
        piece = self._pieces.get(key)
        if piece is None:
            while len(self._pieces) >= PIECES_KEPT:
                del self._pieces[next(iter(self._pieces))]
            piece = draw_piece(self.config.seed, self.person, segment, number, start_s, end_s)
            self._pieces[key] = piece
        return piece

    def pieces(self, from_s: float, to_s: float) -> Iterator[Piece]:
        """Yield every piece that overlaps ``[from_s, to_s)``, in order."""
        at = from_s
        while at < to_s:
            piece = self.piece(at)
            yield piece
            at = piece.end_s

    def _directions(self, piece: Piece, t_s: float, wander: NDArray[np.float64]) -> tuple[float, float, float, float]:
        yaw_sd = pitch_sd = 0.0
        for code, share in self.timeline.shares(t_s, SETTLE_S):
            yaw_sd += share * MANNER_BY_CODE[code].head_sd_deg[0]
            pitch_sd += share * MANNER_BY_CODE[code].head_sd_deg[1]
        head_yaw, head_pitch = math.radians(yaw_sd) * float(wander[0]), math.radians(pitch_sd) * float(wander[1])
        fixation = piece.fixations[max(0, bisect.bisect_right(piece.fixations, t_s, key=lambda item: item.start_s) - 1)]
        # The eyes hold the target while the head wanders (vestibulo-ocular reflex); a drowsy gaze drifts with it.
        drift = 0.5 * self._share(t_s, "drowsy")
        gaze_yaw, gaze_pitch = fixation.yaw + drift * head_yaw, fixation.pitch + drift * head_pitch
        for glance in self._glances(piece, t_s):
            head = _move(t_s, glance, HEAD_MOVE_S)
            eyes = _move(t_s, glance, EYE_MOVE_S)
            head_yaw, head_pitch = head_yaw + head * glance.head_yaw, head_pitch + head * glance.head_pitch
            gaze_yaw, gaze_pitch = gaze_yaw + eyes * glance.yaw, gaze_pitch + eyes * glance.pitch
        for nod in piece.nods:
            # The chin sinks for 0.8 s and comes back up in 0.3 s.
            if nod.start_s <= t_s < nod.end_s:
                fall, rise = nod.start_s + 0.8, nod.end_s
                depth = _smooth((t_s - nod.start_s) / 0.8) if t_s < fall else _smooth((rise - t_s) / 0.3)
                head_pitch -= math.radians(18) * depth
                gaze_pitch -= math.radians(12) * depth
        turned = math.hypot(head_yaw, head_pitch)
        if turned > HEAD_LIMIT:
            head_yaw, head_pitch = head_yaw * HEAD_LIMIT / turned, head_pitch * HEAD_LIMIT / turned
        free = math.radians(FREE_EYE_DEG + 5)
        gaze_yaw = min(head_yaw + free, max(head_yaw - free, gaze_yaw))
        gaze_pitch = min(head_pitch + free, max(head_pitch - free, gaze_pitch))
        return head_yaw, head_pitch, gaze_yaw, gaze_pitch

    def _share(self, t_s: float, state: str) -> float:
        """Return the share of `state` in the `SETTLE_S` seconds before `t_s`."""
        code = STATES.index(state)
        return sum(share for found, share in self.timeline.shares(t_s, SETTLE_S) if found == code)

    def _glances(self, piece: Piece, t_s: float) -> Iterator[Glance]:
        yield from piece.glances
        if t_s - piece.start_s < HEAD_MOVE_S:
            # The head may still be coming back from a glance of the piece before.
            yield from self.piece(piece.start_s - A_BIT_S).glances

    def _shift(self, piece: Piece, t_s: float) -> float:
        segment, away = piece.segment, STATES.index("away")
        if segment.code == away:
            return _smooth((t_s - segment.start_s) / LEAVE_S)
        before = self.timeline.segment(segment.start_s - A_BIT_S)
        return _smooth(1 - (t_s - segment.start_s) / LEAVE_S) if before.code == away and segment.number else 0.0

    def _lid(self, piece: Piece, t_s: float) -> tuple[float, bool]:
        lid = max((_lid_at(t_s, span) for span in (*piece.blinks, *piece.closures)), default=0.0)
        blinking = any(blink.start_s <= t_s < blink.end_s for blink in piece.blinks)
        # Heavy lids: a drowsy person's eyes stand a little less open.
        droop = 0.12 * self._share(t_s, "drowsy")
        return droop + (1 - droop) * lid, blinking

    def _jaw(self, piece: Piece, t_s: float, speaking: bool) -> float:
        for yawn in piece.yawns:
            if yawn.start_s <= t_s < yawn.end_s:
                return 0.9 * math.sin(math.pi * (t_s - yawn.start_s) / (yawn.end_s - yawn.start_s)) ** 2
        # 4.5 syllables a second.
        return 0.14 * (1 - math.cos(2 * math.pi * 4.5 * t_s)) if speaking else 0.0


def _smooth(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def _move(t_s: float, glance: Glance, move_s: float) -> float:
    """Return how far a movement towards a glance's target has come: 0 before, 1 at the target, 0 when back."""
    return _smooth((t_s - glance.start_s) / move_s) - _smooth((t_s - glance.end_s) / move_s)


def _lid_at(t_s: float, span: Span) -> float:
    """Return the closure 0..1 of lids that pass half amplitude at the span's start and its end."""
    down = _smooth((t_s - span.start_s) / LID_CLOSE_S + 0.5)
    up = _smooth((t_s - span.end_s) / LID_OPEN_S + 0.5)
    return max(0.0, down - up)
