"""Many moments of a participant at once: the arrays that `Participant.at` would give one by one."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.events import FREE_EYE_DEG, Piece, Span
from sensors.simulated.participant import (
    A_BIT_S,
    EYE_MOVE_S,
    HEAD_LIMIT,
    HEAD_MOVE_S,
    LEAVE_S,
    LID_CLOSE_S,
    LID_OPEN_S,
    SETTLE_S,
    SPEED_SETTLE_S,
    Participant,
)
from sensors.simulated.story import STATES
from sensors.simulated.traits import MANNER_BY_CODE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
AWAY, DROWSY = STATES.index("away"), STATES.index("drowsy")


@dataclass(frozen=True, eq=False)
class Moments:
    """What `participant.Moment` holds, each field as an array (n,); units and signs are the same."""

    t_s: Floats
    state_code: NDArray[np.int64]
    present: Flags
    shift: Floats
    gaze_yaw: Floats
    gaze_pitch: Floats
    eye_yaw: Floats
    eye_pitch: Floats
    head_yaw: Floats
    head_pitch: Floats
    head_roll: Floats
    on_target: Flags
    lid: Floats
    blinking: Flags
    jaw: Floats
    speaking: Flags
    vigilance: Floats
    load: Floats
    demand: Floats
    speed_kmh: Floats

    def __len__(self) -> int:
        return len(self.t_s)


FIELDS = tuple(field.name for field in fields(Moments))


def moments(participant: Participant, times_s: Floats) -> Moments:
    """Return the truth at many moments.

    Parameters
    ----------
    participant
        Who is simulated.
    times_s
        (n,) seconds into the session, in order.

    Returns
    -------
    Moments
        Equal to asking `Participant.at` for each, but for rounding.
    """
    n = len(times_s)
    wander = np.stack([np.sin(2 * np.pi * hz[:, None] * times_s + phase[:, None]).sum(axis=0)
                       for hz, phase in zip(participant._wander_hz, participant._wander_phase, strict=True)])
    wander *= math.sqrt(2 / participant._wander_hz.shape[1])
    shares = participant.timeline.share_matrix(times_s, SETTLE_S) if n else np.zeros((0, len(STATES)))
    slow = participant.timeline.share_matrix(times_s, SPEED_SETTLE_S) if n else shares
    found: dict[str, NDArray[np.generic]] = {name: np.zeros(n) for name in FIELDS}
    for name in ("present", "on_target", "blinking", "speaking"):
        found[name] = np.zeros(n, bool)
    found["state_code"] = np.zeros(n, np.int64)
    found["t_s"] = times_s
    first = 0
    while first < n:
        piece = participant.piece(float(times_s[first]))
        stop = max(first + 1, int(np.searchsorted(times_s, piece.end_s, "left")))
        part = slice(first, stop)
        for name, values in _piece(participant, piece, times_s[part], wander[:, part], shares[part]).items():
            found[name][part] = values
        first = stop
    found["eye_yaw"] = found["gaze_yaw"] - found["head_yaw"]  # type: ignore[operator]
    found["eye_pitch"] = found["gaze_pitch"] - found["head_pitch"]  # type: ignore[operator]
    found["head_roll"] = math.radians(1.5) * wander[2]
    for row, name in enumerate(("vigilance", "load", "demand")):
        found[name] = np.clip(shares @ _levels(name) + 0.03 * wander[row], 0.0, 1.0)
    speed = slow @ _levels("speed_kmh")
    found["speed_kmh"] = speed + 0.03 * speed * wander[3]
    return Moments(**found)  # type: ignore[arg-type]


def _levels(name: str) -> Floats:
    return np.array([getattr(manner, name) for manner in MANNER_BY_CODE], float)


_HEAD_SD = np.radians(np.array([manner.head_sd_deg for manner in MANNER_BY_CODE]))


def _piece(participant: Participant, piece: Piece, t: Floats, wander: Floats,
           shares: Floats) -> dict[str, NDArray[np.generic]]:
    code = piece.segment.code
    head_yaw, head_pitch, gaze_yaw, gaze_pitch = _directions(participant, piece, t, wander, shares)
    shift = _shift(participant, piece, t)
    lid = np.zeros(t.shape)
    for span in (*piece.blinks, *piece.closures):
        near = _between(t, span.start_s - LID_CLOSE_S, span.end_s + LID_OPEN_S)
        moved = smooth((t[near] - span.start_s) / LID_CLOSE_S + 0.5) - smooth((t[near] - span.end_s) / LID_OPEN_S + 0.5)
        lid[near] = np.maximum(lid[near], moved)
    droop = 0.12 * shares[:, DROWSY]
    speaking = _inside(t, piece.turns)
    jaw = np.where(speaking, 0.14 * (1 - np.cos(2 * np.pi * 4.5 * t)), 0.0)
    for yawn in piece.yawns:
        part = _between(t, yawn.start_s, yawn.end_s)
        jaw[part] = 0.9 * np.sin(np.pi * (t[part] - yawn.start_s) / (yawn.end_s - yawn.start_s)) ** 2
    on_target = ~_inside(t, [Span(glance.start_s, glance.end_s) for glance in piece.glances])
    return {"state_code": np.full(t.shape, code), "present": shift < 0.5, "shift": shift, "gaze_yaw": gaze_yaw,
            "gaze_pitch": gaze_pitch, "head_yaw": head_yaw, "head_pitch": head_pitch,
            "on_target": on_target & (code != AWAY), "lid": droop + (1 - droop) * lid,
            "blinking": _inside(t, piece.blinks), "jaw": jaw, "speaking": speaking}


def _directions(participant: Participant, piece: Piece, t: Floats, wander: Floats,
                shares: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    spread = shares @ _HEAD_SD
    head_yaw, head_pitch = spread[:, 0] * wander[0], spread[:, 1] * wander[1]
    starts = np.array([fixation.start_s for fixation in piece.fixations])
    places = np.array([(fixation.yaw, fixation.pitch) for fixation in piece.fixations])
    at = np.maximum(0, np.searchsorted(starts, t, "right") - 1)
    drift = 0.5 * shares[:, DROWSY]
    gaze_yaw, gaze_pitch = places[at, 0] + drift * head_yaw, places[at, 1] + drift * head_pitch
    before = participant.piece(piece.start_s - A_BIT_S).glances if t[0] - piece.start_s < HEAD_MOVE_S else ()
    for glance, until_s in (*((glance, math.inf) for glance in piece.glances),
                            *((glance, piece.start_s + HEAD_MOVE_S) for glance in before)):
        part = _between(t, glance.start_s, min(until_s, glance.end_s + HEAD_MOVE_S))
        since, left = t[part] - glance.start_s, t[part] - glance.end_s
        head = smooth(since / HEAD_MOVE_S) - smooth(left / HEAD_MOVE_S)
        eyes = smooth(since / EYE_MOVE_S) - smooth(left / EYE_MOVE_S)
        head_yaw[part] += head * glance.head_yaw
        head_pitch[part] += head * glance.head_pitch
        gaze_yaw[part] += eyes * glance.yaw
        gaze_pitch[part] += eyes * glance.pitch
    for nod in piece.nods:
        part = _between(t, nod.start_s, nod.end_s)
        falling = t[part] < nod.start_s + 0.8
        depth = np.where(falling, smooth((t[part] - nod.start_s) / 0.8), smooth((nod.end_s - t[part]) / 0.3))
        head_pitch[part] -= math.radians(18) * depth
        gaze_pitch[part] -= math.radians(12) * depth
    turned = np.hypot(head_yaw, head_pitch)
    held = np.minimum(1.0, HEAD_LIMIT / np.maximum(turned, HEAD_LIMIT))
    head_yaw, head_pitch = head_yaw * held, head_pitch * held
    free = math.radians(FREE_EYE_DEG + 5)
    return (head_yaw, head_pitch, np.clip(gaze_yaw, head_yaw - free, head_yaw + free),
            np.clip(gaze_pitch, head_pitch - free, head_pitch + free))


def _shift(participant: Participant, piece: Piece, t: Floats) -> Floats:
    segment = piece.segment
    if segment.code == AWAY:
        return smooth((t - segment.start_s) / LEAVE_S)
    before = participant.timeline.segment(segment.start_s - A_BIT_S)
    if before.code == AWAY and segment.number:
        return smooth(1 - (t - segment.start_s) / LEAVE_S)
    return np.zeros(t.shape)


def smooth(share: Floats) -> Floats:
    """Return the smooth step 3 s^2 - 2 s^3 of a share, held to 0..1."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def _between(t: Floats, from_s: float, to_s: float) -> slice:
    return slice(int(np.searchsorted(t, from_s, "left")), int(np.searchsorted(t, to_s, "left")))


def _inside(t: Floats, spans: "list[Span] | tuple[Span, ...]") -> Flags:
    inside = np.zeros(t.shape, bool)
    for span in spans:
        inside[_between(t, span.start_s, span.end_s)] = True
    return inside
