"""Turning the photographed head: a depth for every pixel, a rotation in space, and the way back from frame to photo."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from sensors.simulated.portrait import Portrait

STEP = 8
"""Pixels between two nodes of the coarse grid on which the turn is solved, at 480 rows."""
ROUNDS = 6
"""Most Newton rounds; at 36 degrees the error left on the face is below half a pixel."""
CLOSE_ENOUGH_PX = 0.1
"""Where the head hardly turns, two rounds come this close, and no more are made."""
LEAST_SHRINK = 0.15
"""A surface seen more edge-on than this is solved as if it were not, so that no step overshoots."""
CHIN, FACE_LEFT, FACE_RIGHT, BROW = 152, 234, 454, 10
"""Landmarks: chin, the face's edge at the ears, top of the forehead."""
STEEPEST = 1.0
"""Depth per pixel beyond which a turned surface would hide itself."""


class HeadTurn:
    """From a pose to a sampling map: which pixel of the photo each pixel of the frame shows.

    Parameters
    ----------
    portrait
        Layers and landmarks at frame size.
    """

    def __init__(self, portrait: Portrait) -> None:
        marks = portrait.landmarks
        low, high = portrait.outline.min(axis=0), portrait.outline.max(axis=0)
        self._face_width = float(np.linalg.norm(marks[FACE_RIGHT, :2] - marks[FACE_LEFT, :2]))
        # Room for the outline to move into; hardly any below, where the neck stands still.
        low, high = low - 0.22 * self._face_width, high + np.array([0.22, 0.06]) * self._face_width
        height, width = portrait.photo.shape[:2]
        self.step = max(2, round(STEP * height / 480))
        left, top = (max(0, int(edge)) for edge in low)
        across, down = ((min(size, int(edge)) - start) // self.step
                        for size, edge, start in ((width, high[0], left), (height, high[1], top)))
        self._shape = (across * self.step, down * self.step)
        self.window = (slice(top, top + self._shape[1]), slice(left, left + self._shape[0]))
        """Rows and columns of the frame that the head can reach."""
        # A node stands for the middle of a square of `step` pixels, which is how cv2.resize reads a coarse image.
        self._origin = (left + (self.step - 1) / 2, top + (self.step - 1) / 2)
        columns = (self._origin[0] + self.step * np.arange(across)).astype(np.float32)
        rows = (self._origin[1] + self.step * np.arange(down)).astype(np.float32)
        self._x, self._y = (np.ascontiguousarray(axis) for axis in np.meshgrid(columns, rows))
        # The head turns about a point behind the face at the height of the ears.
        ears = marks[[FACE_LEFT, FACE_RIGHT]].mean(axis=0)
        self._pivot = float(ears[0]), float(ears[1] + 0.25 * self._face_width)
        self._distance = 6.0 * self._face_width
        self._stride = 0.2 * self._face_width
        depth = self._depths(portrait)
        neck = marks[CHIN, 1] + 0.02 * self._face_width
        # The neck follows less and less towards the collar.
        weight = np.clip(1 - (self._y - neck) / (0.28 * self._face_width), 0, 1).astype(np.float32)
        self._surface: NDArray[np.float32] = np.ascontiguousarray(
            np.stack([depth, weight, *np.gradient(depth, self.step)[::-1]], axis=2), np.float32)
        """(row, column, 4) of the coarse grid: depth, weight, slope of the depth to the right and downwards."""

    def _depths(self, portrait: Portrait) -> NDArray[np.float32]:
        """Return the depth at each node: landmarks on the face, a smooth bulge beyond, the outline at the ears."""
        marks = portrait.landmarks
        ears = marks[[FACE_LEFT, FACE_RIGHT], 2].mean()
        centre = portrait.outline.mean(axis=0)
        points = np.concatenate([marks[:468:3, :2], portrait.outline, centre + 1.6 * (portrait.outline - centre)])
        depth = np.concatenate([marks[:468:3, 2] - ears, np.full(len(portrait.outline), -0.10 * self._face_width),
                                np.full(len(portrait.outline), -0.25 * self._face_width)])
        fitted = RBFInterpolator(points / self._face_width, depth / self._face_width, smoothing=1e-3,
                                 kernel="thin_plate_spline")
        nodes = np.stack([self._x.ravel(), self._y.ravel()], axis=1) / self._face_width
        surface = fitted(nodes).reshape(self._x.shape).astype(np.float32) * self._face_width
        for _ in range(60):
            slopes = np.hypot(*np.gradient(surface, self.step))
            if slopes.max() < STEEPEST:
                break
            smooth = cv2.GaussianBlur(surface, (0, 0), 1.5)
            surface = np.where(cv2.dilate(slopes, np.ones((3, 3))) > STEEPEST, smooth, surface).astype(np.float32)
        # The pivot lies half a head behind the ears' plane of the photograph.
        return np.ascontiguousarray(surface + 0.30 * self._face_width, np.float32)

    def map(self, yaw: float, pitch: float, roll: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the photo's x and y for every pixel of `window`, for a head turned by the angles in radians.

        Yaw is + to the person's right, which is the frame's left; pitch is + up; roll is + clockwise as the person
        sees it, which leans the head to the frame's left.
        """
        turn = rotation(yaw, pitch, roll)
        # Plain floats keep the arrays float32.
        (r00, r01, r02), (r10, r11, r12), (r20, r21, r22) = turn.tolist()
        x, y = self._x, self._y
        for _ in range(ROUNDS):
            column, row = (x - self._origin[0]) / self.step, (y - self._origin[1]) / self.step
            surface = cv2.remap(self._surface, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            depth, weight, right, down = cv2.split(surface)
            dx, dy = x - self._pivot[0], y - self._pivot[1]
            zoom = (self._distance - depth) / (self._distance - (r20 * dx + r21 * dy + r22 * depth))
            miss_x = self._x - x - weight * ((r00 * dx + r01 * dy + r02 * depth) * zoom - dx)
            miss_y = self._y - y - weight * ((r10 * dx + r11 * dy + r12 * depth) * zoom - dy)
            if max(np.abs(miss_x).max(), np.abs(miss_y).max()) < CLOSE_ENOUGH_PX:
                break
            # How the frame's place changes with the photo's: the rotation, the slope, and the neck's holding back.
            j00, j01 = 1 + weight * (r00 + r02 * right - 1), weight * (r01 + r02 * down)
            j10, j11 = weight * (r10 + r12 * right), 1 + weight * (r11 + r12 * down - 1)
            shrink = np.maximum(j00 * j11 - j01 * j10, LEAST_SHRINK)
            x = x + np.clip((j11 * miss_x - j01 * miss_y) / shrink, -self._stride, self._stride)
            y = y + np.clip((j00 * miss_y - j10 * miss_x) / shrink, -self._stride, self._stride)
        return self._full(x), self._full(y)

    def _full(self, coarse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a coarse map at one value a pixel."""
        full: NDArray[np.float32] = cv2.resize(coarse, self._shape, interpolation=cv2.INTER_LINEAR)
        return full


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation in frame axes: x right, y down, z towards the camera; pitch first, then yaw, then roll."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    turned: NDArray[np.float64] = about_z @ about_y @ about_x
    return turned
