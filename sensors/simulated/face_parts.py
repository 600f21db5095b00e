"""The moving parts of the simulated face: eyes that turn, lids that close, a jaw that drops."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.simulated.portrait import Portrait


class EyeMarks(NamedTuple):
    """Landmark numbers of one eye, lids from the outer to the inner corner."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    iris: int
    """Its centre; the four after it lie on its rim."""


EYES = (
    EyeMarks((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), 468),
    EyeMarks((263, 466, 388, 387, 386, 385, 384, 398, 362), (263, 249, 390, 373, 374, 380, 381, 382, 362), 473),
)
"""The person's right eye, then the left one."""
EYEBALL = 0.40
"""Radius on which the iris travels, in eye widths: 11.5 mm of 29 mm."""
LID_SKIN = 0.45
"""Height of the skin above the eye that stretches over it, in eye widths."""
LID_LAP = 0.02
"""How far a closed lid reaches over the lower one's edge, in eye widths."""
LID_FOLLOWS = 0.5
"""How far the upper lid follows the iris up and down."""
MOUTH_LEFT, MOUTH_RIGHT, LIP_UPPER, LIP_LOWER, CHIN = 61, 291, 13, 14, 152
LOWER_LIP = (61, 95, 88, 178, 87, 14, 317, 402, 318, 324, 291)
"""Upper edge of the lower lip, from the frame's left to its right."""
JAW_DROP = 0.55
"""Drop of a wide open jaw, in mouth-to-chin distances."""
_MOUTH_COLOUR = np.array((28, 22, 52), np.float32)
_LASH_COLOUR = np.array((38, 42, 52), np.float32)


class Eye:
    """One eye of the photograph, drawn anew with its iris turned and its lid lowered.

    Parameters
    ----------
    portrait
        The photograph at frame size.
    marks
        Which landmarks.
    """

    def __init__(self, portrait: Portrait, marks: EyeMarks) -> None:
        points = portrait.landmarks[:, :2]
        upper, lower = points[list(marks.upper)], points[list(marks.lower)]
        self._width = float(abs(upper[-1, 0] - upper[0, 0]))
        left, right = sorted((upper[0, 0], upper[-1, 0]))
        pad = 0.12 * self._width
        self._columns = np.arange(int(left - pad), int(right + pad) + 1, dtype=np.float32)
        self._upper, self._lower = (self._curve(line) for line in (upper, lower))
        top = int(self._upper.min() - LID_SKIN * self._width)
        bottom = int(self._lower.max() + 0.25 * self._width)
        self._rows = np.arange(top, bottom, dtype=np.float32)[:, None]
        self._open = np.maximum(self._lower - self._upper, 0.0)
        self.patch = (slice(top, bottom), slice(int(self._columns[0]), int(self._columns[-1]) + 1))
        """Rows and columns of the frame that the eye fills."""
        # All that the lid's skin is ever taken from: the patch itself.
        self._skin = np.ascontiguousarray(portrait.photo[self.patch], np.float32)
        self._mesh = np.broadcast_to(self._columns - self._columns[0], (len(self._rows), len(self._columns))).copy()
        self._brow = self._upper - (LID_SKIN - 0.02) * self._width
        self._reach = np.clip(self._open / max(float(self._open.max()), 1e-6), 0, 1)
        self._lap = LID_LAP * self._width * self._reach
        self._corner = np.minimum(self._reach * 3, 1)
        side = np.clip(np.abs(self._columns - portrait.landmarks[marks.iris, 0]) / (0.55 * self._width), 0, 1) ** 2
        self._iris = points[marks.iris]
        self._iris_radius = float(np.linalg.norm(points[marks.iris + 1:marks.iris + 5] - self._iris, axis=1).mean())
        middle = portrait.photo[int(self._iris[1]) - 1:int(self._iris[1]) + 2, int(self._iris[0]) - 1:
                                int(self._iris[0]) + 2].reshape(-1, 3).mean(axis=0)
        self._iris_colour = np.clip(middle * 0.5 + np.array((28, 45, 62)), 0, 255).astype(np.float32)
        inside = (self._rows > self._upper) & (self._rows < self._lower)
        white = np.percentile(portrait.photo[self.patch][inside], 80, axis=0)
        # The white, darker towards the corners.
        self._white = np.broadcast_to((white * (1 - 0.25 * side)[:, None]).astype(np.float32), self._skin.shape)

    def _curve(self, line: NDArray[np.float64]) -> NDArray[np.float32]:
        order = np.argsort(line[:, 0])
        curve: NDArray[np.float32] = np.interp(self._columns, line[order, 0], line[order, 1]).astype(np.float32)
        return curve

    def draw(self, canvas: NDArray[np.uint8], yaw: float, pitch: float, lid: float) -> None:
        """Draw the eye into `canvas` (BGRA), turned by `yaw` and `pitch` (radians, in the head) and closed by `lid`.

        A `lid` below 0 opens the eye further than the photograph's.
        """
        x = float(self._iris[0]) - EYEBALL * self._width * math.sin(yaw)
        y = float(self._iris[1]) - EYEBALL * self._width * math.sin(pitch)
        follow = LID_FOLLOWS * (y - float(self._iris[1])) * (1 - max(0.0, lid))
        margin = self._upper + lid * (self._open + self._lap) + follow * self._reach
        margin = np.minimum(margin, self._lower + self._lap)
        below = self._rows - margin
        mixed = self._lid(margin)
        shown = _edge(below) * _edge(self._lower - self._rows)
        mixed += (self._ball(x, y, below) - mixed) * shown[:, :, None]
        # The lash line; on a closed eye it is what is left to see.
        lash = 0.65 * np.exp(-((below / (0.035 * self._width)) ** 2)) * self._corner
        mixed += (_LASH_COLOUR - mixed) * lash[:, :, None]
        canvas[self.patch][:, :, :3] = np.minimum(np.maximum(mixed, 0), 255)

    def _lid(self, margin: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the patch with the skin between brow and lid stretched down to `margin`."""
        # One pixel more than the lid's edge, so that its lashes come along.
        stretch = (self._upper - self._brow) / np.maximum(margin - self._brow, 1.0)
        stretched = np.minimum(self._brow + (self._rows - self._brow) * stretch, self._upper + 1)
        source = np.where((self._rows > self._brow) & (self._rows <= margin + 1), stretched, self._rows)
        skin: NDArray[np.float32] = cv2.remap(self._skin, self._mesh, source - self._rows[0, 0], cv2.INTER_LINEAR,
                                              borderMode=cv2.BORDER_REPLICATE)
        return skin

    def _ball(self, x: float, y: float, below: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the eyeball seen through the patch: white, iris, pupil, a glint, and the shadow of the lid."""
        radius = self._iris_radius
        far = np.hypot(self._columns - x, self._rows - y)
        ring = np.minimum(far / radius, 1) ** 3
        ball = self._white + (self._iris_colour * (1.15 - 0.55 * ring)[:, :, None] - self._white) \
            * _edge(radius - far)[:, :, None]
        ball += (12 - ball) * _edge(0.42 * radius - far)[:, :, None]
        glint = np.hypot(self._columns - (x + 0.25 * radius), self._rows - (y - 0.3 * radius))
        ball += (235 - ball) * _edge(0.22 * radius - glint)[:, :, None]
        ball *= (1 - 0.35 * np.exp(-np.maximum(below, 0) / (0.06 * self._width)))[:, :, None]
        seen: NDArray[np.float32] = ball
        return seen


def _edge(inside: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of a pixel lies inside a shape, from how many pixels it is inside; a one-pixel soft edge."""
    share: NDArray[np.float32] = np.minimum(np.maximum(inside + 0.5, 0), 1)
    return share


class Mouth:
    """The photograph's mouth and chin, drawn anew with the jaw dropped."""

    def __init__(self, portrait: Portrait) -> None:
        points = portrait.landmarks[:, :2]
        left, right = points[MOUTH_LEFT], points[MOUTH_RIGHT]
        centre, half = (left[0] + right[0]) / 2, (right[0] - left[0]) / 2
        lip, chin = points[LIP_LOWER], points[CHIN]
        self._drop = JAW_DROP * float(chin[1] - lip[1])
        reach = 1.9 * half
        columns = np.arange(int(centre - reach), int(centre + reach) + 1, dtype=np.float32)
        rows = np.arange(int(points[LIP_UPPER, 1]), int(chin[1] + 1.6 * self._drop), dtype=np.float32)[:, None]
        rows = rows[rows[:, 0] < portrait.photo.shape[0]]
        self.patch = (slice(int(rows[0, 0]), int(rows[-1, 0]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        """Rows and columns of the frame that mouth and chin fill."""
        line = points[list(LOWER_LIP)]
        self._lip = np.interp(columns, line[:, 0], line[:, 1]).astype(np.float32)
        # The lip opens between the corners of the mouth; the chin moves as a whole and draws the cheeks along.
        across = np.clip(np.abs(columns - centre) / half, 0, None)
        self._opening = (np.clip(1 - across**2, 0, 1) ** 0.5).astype(np.float32)
        self._cheek = (np.cos(np.clip(across / 1.9, 0, 1) * np.pi / 2) ** 2).astype(np.float32)
        fade = np.clip((rows - chin[1]) / (1.5 * self._drop), 0, 1)
        self._follow = (1 - fade * fade * (3 - 2 * fade)).astype(np.float32)
        self._columns = np.broadcast_to(columns - columns[0], (len(rows), len(columns))).copy()
        self._rows = np.broadcast_to(rows - rows[0], self._columns.shape).copy()
        self._below = rows - self._lip
        self._lip = np.where(self._below > 0, self._lip - rows[0], self._rows).astype(np.float32)
        # Skin beside the mouth moves by degrees, from nothing at the lip's height to the chin's drop.
        self._beside = np.clip(self._below / (1.2 * self._drop), 0, 1) * self._cheek * self._follow
        self._photo = np.ascontiguousarray(portrait.cutout[self.patch])
        # The chin's outline moves with it: the opacity is drawn too.

    def draw(self, canvas: NDArray[np.uint8], jaw: float) -> None:
        """Draw mouth and chin into `canvas` (BGRA) with the jaw open by `jaw`, 0..1."""
        shown = canvas[self.patch]
        if jaw < 0.01:
            shown[:] = self._photo
            return
        drop = jaw * self._drop
        gap = drop * self._opening
        moved = drop * np.maximum(np.where(self._below > gap, self._opening * self._follow, 0), self._beside)
        # Above the lip nothing moves; nothing below it is taken from above it.
        source = np.maximum(self._rows - moved, self._lip).astype(np.float32)
        shown[:] = cv2.remap(self._photo, self._columns, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        last = int(np.argmax(self._below.min(axis=1) > drop + 1)) or len(self._below)
        below = self._below[:last]
        dark = (_edge(below) * _edge(gap - below))[:, :, None]
        skin = shown[:last, :, :3]
        skin[:] = skin + (_MOUTH_COLOUR - skin) * dark
