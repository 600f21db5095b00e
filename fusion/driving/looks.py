"""From what a camera saw, frame by frame, to facts: where gaze is, whether eyes are closed, and what nobody knows.

A blink hides where somebody looks and does not change it: gaze that is lost for less than `BRIDGE_NS` while the face is
seen is taken to be where it was. Longer, it is unknown, and no rule may hold that against the driver.
"""

import math
from math import radians
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.driving.cabin import Cabin
from fusion.driving.facts import BLIND, CLOSED, EYES, GAZE, POOR, Facts
from fusion.driving.offset import Offset
from kernels import sight
from kernels.closures import P80, P80_ENDS
from kernels.eyes import LOOKING
from sensors.clock import SECOND
from sensors.rig_driving import DrivingConfig

INSIDE, OUTSIDE = 0.63, 0.37
"""Probability from which gaze has entered an area, and down to which it has left; nothing changes in between. They
are the levels of openpilot's distraction filter (policy.py)."""
BRIDGE_NS = 500_000_000
"""Gaze and eyes lost for less are where and what they were."""
EYES_BRIDGE_NS = 250_000_000
HEAD_GAIN = 1.5
"""Gaze over head angle where only the head is seen: in a large gaze shift the head takes about two thirds of it."""
HEAD_DOWN = radians(-15.0)
"""Head pitch under which lowered lids are a look down; a lowered lid alone says nothing."""
UNLEARNT = 1.4
"""By how much directions are less sure before the driver's straight ahead is learnt."""
DARK, GLARE = 25.0, 235.0
"""Brightness (0..255) under and over which a picture is poor."""
LEARN_NS = 10 * SECOND
"""Time between two looks at the offset; fixed in event time, so that cutting a stream changes nothing."""
LONGEST_STEP_S = 0.15
LONGEST_GAP_NS = 250_000_000
"""Time between two frames that they vouch for; of a longer gap, nobody knows what happened in its middle."""

Rows = NDArray[np.float64]


class Look(NamedTuple):
    """One frame, as the ladders read it."""

    t_ns: int
    yaw: float
    """rad from the driver's straight ahead, + to the right; NaN where nobody knows."""
    pitch: float
    """rad, + up."""
    by_head: bool
    """Whether only the head was seen."""
    zone: str
    """The likeliest zone; "" where nobody knows."""
    chance: float
    """Its probability."""
    openness: float
    """NaN where no eyes were seen."""

    def __str__(self) -> str:
        lids = "eyes not seen" if math.isnan(self.openness) else f"openness {self.openness:.2f}"
        if not self.zone:
            return f"gaze unknown, {lids}"
        return f"{self.zone} P {self.chance:.2f}{', by the head' if self.by_head else ''}, {lids}"


class Looks:
    """One driver's looks.

    Parameters
    ----------
    cabin
        Zones over all directions.
    facts
        The areas that are asked about; complete by now.
    config
        The rig's ``[driving]`` table.
    """

    def __init__(self, cabin: Cabin, facts: Facts, config: DrivingConfig) -> None:
        self._cabin, self._config = cabin, config
        self._bits = np.array([*facts.areas.values()], np.int64)
        self._masks = np.stack([cabin.mask(zones) for zones in facts.areas], axis=1) if facts.areas else \
            np.zeros((len(cabin.names), 0), np.float32)
        self._by_square = {error_deg: cabin.probabilities(radians(error_deg)) @ self._masks for error_deg in (
            config.gaze_error_deg, UNLEARNT * config.gaze_error_deg, config.head_error_deg)}
        """(square, area): how likely gaze is in each area, for a direction seen in each square, by its error."""
        self._sight = np.zeros(1, sight.SIGHT)
        self._begin()

    def _begin(self) -> None:
        self.gaze_offset, self.head_offset = Offset(self._config.offset_s), Offset(self._config.offset_s)
        self._inside = np.zeros(len(self._bits), np.int8)
        self._decided = False
        self._closed = 0
        self._gaze_ns = self._eyes_ns = self._newest_ns = self._look_ns = -1
        self._waiting: list[Rows] = []
        """Gaze and head with the time they stand for, that have not taught the offsets yet."""
        self.times_ns = np.empty(0, np.int64)
        self.yaw = self.pitch = self.openness = np.empty(0)
        self._from_head = self._learnt = np.empty(0, bool)
        self._before: Look | None = None
        """The last frame before those read last."""

    def meet(self, names: tuple[str, ...], calibration_s: float) -> None:
        """Begin with a camera of these columns; its driver is learnt anew."""
        sight.reset(self._sight, names, calibration_s)
        self._begin()

    def read(self, values: NDArray[np.float32], times_ns: NDArray[np.int64],
             fast: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the facts (n,) of frames.

        Parameters
        ----------
        values, times_ns
            (n, column) float32 and (n,) int64, n at least 1.
        fast
            (n,) whether the car drove fast enough to teach the driver's straight ahead.
        """
        self._before = self.look(len(self.times_ns) - 1) if len(self.times_ns) else None
        seen = sight.follow_one(self._sight, values, times_ns)
        ahead, learnt = self._from_ahead(seen, times_ns, fast)
        opened = seen[:, sight.OPENNESS]
        face = seen[:, sight.FACE] > 0
        gaze = ~np.isnan(seen[:, sight.GAZE_YAW])
        eyes_known = face & self._bridged(~np.isnan(opened) | gaze, times_ns, "_eyes_ns", EYES_BRIDGE_NS)
        closed = self._closures(opened, eyes_known)
        lowered = (opened > P80) & (opened < LOOKING)
        head = ~gaze & ~closed & ~np.isnan(ahead[:, 2]) & ~(lowered & ~(ahead[:, 3] < HEAD_DOWN))
        self.times_ns = times_ns
        self.yaw = np.where(head, HEAD_GAIN * ahead[:, 2], ahead[:, 0])
        self.pitch = np.where(head, HEAD_GAIN * ahead[:, 3], ahead[:, 1])
        self.openness, self._from_head, self._learnt = opened, head, learnt
        known = gaze | head
        bits = self._areas(known, head, learnt)
        gaze_known = face & self._bridged(known, times_ns, "_gaze_ns", BRIDGE_NS)
        bits |= gaze_known * GAZE + eyes_known * EYES + closed * CLOSED
        bits |= ~eyes_known * BLIND
        luma = seen[:, sight.LUMA]
        return bits | ((luma < DARK) | (luma > GLARE) | head) * POOR

    def _from_ahead(self, seen: Rows, times_ns: NDArray[np.int64],
                    fast: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.bool_]]:
        """Return gaze yaw, pitch, head yaw, pitch (n, 4) from the driver's straight ahead, and where that is learnt."""
        cabin = self._config.cabin
        mounted = np.radians([cabin.ahead_yaw_deg, cabin.ahead_pitch_deg] * 2)
        ahead = seen[:, sight.GAZE_YAW:sight.HEAD_PITCH + 1] - mounted
        steps = np.diff(times_ns, prepend=self._newest_ns if self._newest_ns >= 0 else times_ns[0]) / SECOND
        self._newest_ns = int(times_ns[-1])
        steps[(steps > LONGEST_STEP_S) | ~fast] = 0.0
        learnt = np.empty(len(ahead), bool)
        begin = 0
        while begin < len(ahead):
            if times_ns[begin] >= self._look_ns:
                self._learn()
                self._look_ns = (int(times_ns[begin]) // LEARN_NS + 1) * LEARN_NS
            end = int(np.searchsorted(times_ns, self._look_ns))
            part = slice(begin, end)
            self._waiting.append(np.column_stack([ahead[part], steps[part]]))
            ahead[part] -= self.gaze_offset.yaw, self.gaze_offset.pitch, self.head_offset.yaw, self.head_offset.pitch
            learnt[part] = self.gaze_offset.learnt
            begin = end
        return ahead, learnt

    def _learn(self) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting)
        self._waiting.clear()
        for offset, yaw in ((self.gaze_offset, 0), (self.head_offset, 2)):
            taught = (rows[:, 4] > 0) & ~np.isnan(rows[:, yaw]) & ~np.isnan(rows[:, yaw + 1])
            offset.learn(rows[taught, yaw], rows[taught, yaw + 1], rows[taught, 4])

    def _closures(self, opened: Rows, eyes_known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (n,) whether the eyes are closed; between the two levels they are what they were, unseen not."""
        told = np.full(len(opened), -1, np.int8)
        told[opened <= P80], told[opened > P80_ENDS] = 1, 0
        told[~eyes_known] = 0
        held = _held(told[:, None], np.array([self._closed], np.int8))[:, 0]
        self._closed = int(held[-1])
        return np.asarray(held == 1)

    def _areas(self, known: NDArray[np.bool_], head: NDArray[np.bool_],
               learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return (n,) the bits of the areas that gaze is in; unknown gaze is where it was."""
        squares = self._cabin.cell(self.yaw, self.pitch)
        inside = np.empty((len(known), len(self._bits)), np.float32)
        for chosen, error_deg in ((learnt & ~head, self._config.gaze_error_deg),
                                  (~learnt & ~head, UNLEARNT * self._config.gaze_error_deg),
                                  (head, self._config.head_error_deg)):
            if chosen.any():
                inside[chosen] = self._by_square[error_deg][squares[chosen]]
        told = np.full(inside.shape, -1, np.int8)
        told[inside >= INSIDE], told[inside <= OUTSIDE] = 1, 0
        told[~known] = -1
        if not self._decided and known.any():
            first = int(known.argmax())
            told[first] = inside[first] >= 0.5
            self._decided = True
        held = _held(told, self._inside)
        self._inside = held[-1].copy()
        return np.asarray(held.astype(np.int64) @ self._bits)

    def _bridged(self, known: NDArray[np.bool_], times_ns: NDArray[np.int64], newest: str,
                 bridge_ns: int) -> NDArray[np.bool_]:
        """Return (n,) whether something is known, or was so lately; `newest` names the field that remembers when."""
        last_ns = np.maximum.accumulate(np.where(known, times_ns, getattr(self, newest)))
        setattr(self, newest, int(last_ns[-1]))
        return (last_ns >= 0) & (times_ns - last_ns <= bridge_ns)

    def deciding(self, t_ns: int) -> Look | None:
        """Return the frame that stands for `t_ns`, which is the nearest one; None in a gap, and without a frame."""
        place = int(np.searchsorted(self.times_ns, t_ns))
        later_ns = int(self.times_ns[place]) if place < len(self.times_ns) else None
        if later_ns == t_ns:
            return self.look(place)
        earlier = self.look(place - 1) if place else self._before
        if earlier is None:
            return None
        gap_ns = LONGEST_GAP_NS + 1 if later_ns is None else later_ns - earlier.t_ns
        if gap_ns > LONGEST_GAP_NS:
            return earlier if t_ns - earlier.t_ns < LONGEST_GAP_NS // 2 else None
        return earlier if t_ns - earlier.t_ns < gap_ns // 2 else self.look(place)

    def look(self, place: int) -> Look:
        """Return what one of the frames read last showed."""
        yaw, pitch = float(self.yaw[place]), float(self.pitch[place])
        by_head = bool(self._from_head[place])
        zone, chance = "", math.nan
        if not math.isnan(yaw):
            error_deg = self._config.head_error_deg if by_head else self._config.gaze_error_deg
            error_deg *= 1.0 if by_head or self._learnt[place] else UNLEARNT
            square = self._cabin.cell(self.yaw[place:place + 1], self.pitch[place:place + 1])[0]
            chances = self._cabin.probabilities(radians(error_deg))[square]
            zone, chance = self._cabin.names[int(chances.argmax())], float(chances.max())
        return Look(int(self.times_ns[place]), yaw, pitch, by_head, zone, chance, float(self.openness[place]))

    def because(self, t_ns: int) -> str:
        """Return what the frame that decided at `t_ns` showed, for the proof."""
        look = self.deciding(t_ns)
        return "no frame" if look is None else str(look)


def _held(told: NDArray[np.int8], before: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return (n, column) the last answer that was given (1, 0) where there is none (-1); `before` comes before all."""
    whole = np.concatenate([before[None, :], told])
    places = np.where(whole >= 0, np.arange(len(whole))[:, None], 0)
    held: NDArray[np.int8] = np.take_along_axis(whole, np.maximum.accumulate(places), 0)[1:]
    return held
