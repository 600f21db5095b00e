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
        self._skin = portrait.photo
        self._iris = points[marks.iris]
        self._iris_radius = float(np.linalg.norm(points[marks.iris + 1:marks.iris + 5] - self._iris, axis=1).mean())
        middle = portrait.photo[int(self._iris[1]) - 1:int(self._iris[1]) + 2, int(self._iris[0]) - 1:
                                int(self._iris[0]) + 2].reshape(-1, 3).mean(axis=0)
        self._iris_colour = np.clip(middle * 0.5 + np.array((28, 45, 62)), 0, 255).astype(np.float32)
        inside = (self._rows > self._upper) & (self._rows < self._lower)
        self._white = np.percentile(portrait.photo[self.patch][inside], 80, axis=0).astype(np.float32)

    def _curve(self, line: NDArray[np.float64]) -> NDArray[np.float32]:
        order = np.argsort(line[:, 0])
        curve: NDArray[np.float32] = np.interp(self._columns, line[order, 0], line[order, 1]).astype(np.float32)
        return curve

    def draw(self, canvas: NDArray[np.uint8], yaw: float, pitch: float, lid: float) -> None:
        """Draw the eye into `canvas`, turned by `yaw` and `pitch` (radians, in the head) and closed by `lid`.

        A `lid` below 0 opens the eye further than the photograph's.
        """
        x = self._iris[0] - EYEBALL * self._width * math.sin(yaw)
        y = self._iris[1] - EYEBALL * self._width * math.sin(pitch)
        follow = LID_FOLLOWS * (y - self._iris[1]) * (1 - max(0.0, lid))
        reach = self._open / max(float(self._open.max()), 1e-6)
        margin = np.minimum(self._upper + lid * self._open + follow * reach, self._lower + 0.3)
        skin = self._lid(margin)
        ball = self._ball(x, y, margin)
        shown = np.clip(self._rows - margin + 0.5, 0, 1) * np.clip(self._lower - self._rows + 0.5, 0, 1)
        # The lash line; on a closed eye it is what is left to see.
        lash = 0.55 * np.exp(-((self._rows - margin) / (0.035 * self._width)) ** 2) * np.clip(reach * 3, 0, 1)
        mixed = skin + (ball - skin) * shown[:, :, None]
        mixed += (_LASH_COLOUR - mixed) * lash[:, :, None]
        canvas[self.patch] = np.clip(mixed, 0, 255).astype(np.uint8)

    def _lid(self, margin: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the patch with the skin between brow and lid stretched down to `margin`."""
        brow = self._upper - (LID_SKIN - 0.02) * self._width
        # One pixel more than the lid's edge, so that its lashes come along; none beyond the corners.
        edge = self._upper
        stretched = brow + (self._rows - brow) * (edge - brow) / np.maximum(margin - brow, 1.0)
        source = np.where((self._rows > brow) & (self._rows <= margin + 1), np.minimum(stretched, edge + 1), self._rows)
        columns = np.broadcast_to(self._columns, source.shape).astype(np.float32)
        skin: NDArray[np.float32] = cv2.remap(self._skin, columns, source.astype(np.float32), cv2.INTER_LINEAR,
                                              borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        return skin

    def _ball(self, x: float, y: float, margin: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the eyeball seen through the patch: white, iris, pupil, a glint, the lid's shadow."""
        far = np.hypot(self._columns - x, self._rows - y)
        radius = self._iris_radius

        def disc(size: float) -> NDArray[np.float32]:
            inside: NDArray[np.float32] = np.clip(size - far + 0.5, 0, 1)[:, :, None]
            return inside

        side = np.clip(np.abs(self._columns - self._iris[0]) / (0.55 * self._width), 0, 1) ** 2
        ball = np.broadcast_to(self._white * (1 - 0.25 * side)[None, :, None], (*far.shape, 3)).astype(np.float32)
        ring = np.clip(far / radius, 0, 1)[:, :, None]
        ball += (self._iris_colour * (1.15 - 0.55 * ring**3) - ball) * disc(radius)
        ball += (12 - ball) * disc(0.42 * radius)
        glint = np.hypot(self._columns - x - 0.25 * radius, self._rows - y + 0.3 * radius)
        ball += (235 - ball) * np.clip(0.22 * radius - glint + 0.5, 0, 1)[:, :, None]
        shadow = 1 - 0.35 * np.exp(-np.maximum(self._rows - margin, 0) / (0.06 * self._width))
        seen: NDArray[np.float32] = ball * shadow[:, :, None]
        return seen


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
        self._rows, self._columns = rows, np.broadcast_to(columns, (len(rows), len(columns))).astype(np.float32)
        self._photo = portrait.photo

    def draw(self, canvas: NDArray[np.uint8], jaw: float) -> None:
        """Draw mouth and chin into `canvas` with the jaw open by `jaw`, 0..1."""
        if jaw < 0.01:
            canvas[self.patch] = self._photo[self.patch]
            return
        drop = jaw * self._drop
        gap = drop * self._opening
        below = self._rows - self._lip
        # Skin beside the mouth moves by degrees, from nothing at the lip's height to the chin's drop.
        beside = np.clip(below / (1.2 * self._drop), 0, 1) * self._cheek
        moved = drop * self._follow * np.maximum(np.where(below > gap, self._opening, 0.0), beside)
        source = np.where(below > 0, np.maximum(self._rows - moved, self._lip), self._rows).astype(np.float32)
        mixed = cv2.remap(self._photo, self._columns, source, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        dark = np.clip(below + 0.5, 0, 1) * np.clip(gap - below + 0.5, 0, 1)
        mixed += (_MOUTH_COLOUR - mixed) * dark[:, :, None]
        canvas[self.patch] = np.clip(mixed, 0, 255).astype(np.uint8)
