"""What eyes do between two looks: stretches of rest, put together where a flicker or a blink cut them, and jumps.

Both ways of finding rest (`fusion.xr.velocity` and `fusion.xr.dispersion`) hand their stretches to a `Settler`, which
decides when a fixation is over for good. Directions are radians on a plane, as everywhere in the product: within 30
degrees of straight ahead that is good to a few per cent.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from kernels.fixations import HOLD_NS, MERGE_NS

LEAST_MEASURED = 0.5
"""A fixation needs gaze in at least this share of its samples; less is a guess between two blinks."""


class Movement(NamedTuple):
    """A fixation or a saccade, known at `known_ns`."""

    kind: str
    """"fixation" or "saccade"."""
    known_ns: int
    onset_ns: int
    end_ns: int
    yaw: float
    """Centre of the fixation, or where the saccade landed; rad."""
    pitch: float
    amplitude: float = math.nan
    """Of a saccade, rad."""
    peak: float = math.nan
    """Peak velocity of a saccade, rad/s; NaN where it cannot be measured."""
    confidence: float = math.nan


@dataclass
class Stretch:
    """Samples in a row during which gaze rests."""

    start_ns: int
    end_ns: int
    frames: int = 0
    sum_yaw: float = 0.0
    sum_pitch: float = 0.0
    patience_ns: int = MERGE_NS
    """How soon another stretch must begin to be the same fixation."""

    def add(self, now_ns: int, yaw: float, pitch: float) -> None:
        """Take in one sample."""
        self.end_ns = now_ns
        self.frames += 1
        self.sum_yaw += yaw
        self.sum_pitch += pitch

    def join(self, later: "Stretch") -> None:
        """Take in a later stretch of the same fixation."""
        self.end_ns, self.patience_ns = later.end_ns, later.patience_ns
        self.frames += later.frames
        self.sum_yaw += later.sum_yaw
        self.sum_pitch += later.sum_pitch

    @property
    def yaw(self) -> float:
        """Mean direction."""
        return self.sum_yaw / self.frames

    @property
    def pitch(self) -> float:
        """Mean direction."""
        return self.sum_pitch / self.frames


class Settler:
    """Holds the stretch that ended last until it is clear whether it goes on.

    Parameters
    ----------
    least_frames, least_ns
        A shorter stretch is no fixation.
    close_rad
        Two stretches whose centres are nearer than this, and that lie within 75 ms, are one fixation.
    blink_rad
        The same over a blink, for up to 200 ms without gaze.
    rate_hz
        Of the samples; tells how many should have had gaze.
    lag_ns
        How much older than now the sample can be that is judged now.
    """

    def __init__(self, least_frames: int, least_ns: int, close_rad: float, blink_rad: float, rate_hz: float,
                 lag_ns: int) -> None:
        self._least_frames, self._least_ns = least_frames, least_ns
        self._close_rad, self._blink_rad = close_rad, blink_rad
        self._rate_hz, self._lag_ns = rate_hz, lag_ns
        self._held: Stretch | None = None

    def long_enough(self, stretch: Stretch) -> bool:
        """Return whether a stretch is a fixation."""
        return stretch.frames >= self._least_frames and stretch.end_ns - stretch.start_ns >= self._least_ns

    def end(self, stretch: Stretch | None, now_ns: int, *, lost: bool = False) -> list[Movement]:
        """Take a stretch that is over; `lost` says that gaze was lost, not that it moved."""
        if stretch is None or stretch.frames == 0:
            if lost and self._held is not None:
                self._held.patience_ns = max(self._held.patience_ns, HOLD_NS)
            return []
        stretch.patience_ns = HOLD_NS if lost else MERGE_NS
        if self._held is not None and self._same(self._held, stretch):
            self._held.join(stretch)
            return []
        done = self.release(now_ns)
        self._held = stretch
        return done

    def settle(self, running: Stretch | None, now_ns: int) -> list[Movement]:
        """Return the held fixation if it is known by now to be over; join it to `running` if they are one."""
        held = self._held
        if held is None:
            return []
        if running is None or running.frames == 0:
            return self.expire(now_ns)
        if running.start_ns - held.end_ns >= held.patience_ns:
            return self.release(now_ns)
        if not self.long_enough(running):
            return []
        if not self._same(held, running):
            return self.release(now_ns)
        held.join(running)
        running.start_ns, running.frames = held.start_ns, held.frames
        running.sum_yaw, running.sum_pitch = held.sum_yaw, held.sum_pitch
        self._held = None
        return []

    def expire(self, now_ns: int) -> list[Movement]:
        """Return the held fixation if its patience is over by `now_ns`; it was known the moment that ran out."""
        if self._held is None:
            return []
        due_ns = self._held.end_ns + self._held.patience_ns + self._lag_ns
        return self.release(due_ns) if now_ns >= due_ns else []

    def release(self, now_ns: int) -> list[Movement]:
        """Return the held stretch as a fixation, if it is one, and hold none."""
        held, self._held = self._held, None
        if held is None or not self.long_enough(held):
            return []
        due = (held.end_ns - held.start_ns) * 1e-9 * self._rate_hz + 1.0
        share = min(1.0, held.frames / due)
        if share < LEAST_MEASURED:
            return []
        return [Movement("fixation", now_ns, held.start_ns, held.end_ns, held.yaw, held.pitch, confidence=share)]

    def _same(self, held: Stretch, later: Stretch) -> bool:
        gap_ns = later.start_ns - held.end_ns
        if gap_ns >= held.patience_ns:
            return False
        close = self._blink_rad if held.patience_ns > MERGE_NS else self._close_rad
        return math.hypot(later.yaw - held.yaw, later.pitch - held.pitch) < close
