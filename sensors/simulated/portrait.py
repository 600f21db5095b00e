"""The photograph that the simulated face is made of, cut into layers, with its landmarks.

The photograph is scikit-image's `data.astronaut()`: NASA's portrait of Eileen Collins, in the public domain.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors import facemodel
from sensors.errors import DeviceError

PHOTO_ROWS = 250
"""Rows of the photograph that fill the frame's height."""
PHOTO_CENTRE = 222.0
"""Column of the photograph that comes to the middle of the frame."""

_ORIGIN, _SCALE = np.array([90.0, 0.0]), 3.0
# Outlines drawn by hand on the photograph, enlarged three times from column 90.
_HEAD = np.array([
    (245, 358), (246, 384), (258, 396), (274, 398), (280, 440), (286, 490), (290, 545), (330, 562), (395, 570),
    (455, 572), (494, 562), (498, 520), (506, 480), (530, 440), (535, 408), (548, 410), (563, 398), (571, 383),
    (590, 367), (615, 332), (630, 290), (635, 250), (630, 200), (614, 150), (592, 115), (560, 85), (520, 60), (470, 47),
    (430, 45), (380, 56), (340, 70), (310, 92), (295, 112), (270, 123), (240, 135), (210, 160), (195, 190), (190, 230),
    (194, 280), (205, 312), (225, 338)], np.float64)
_BODY = np.array([
    (288, 446), (240, 445), (185, 460), (135, 495), (104, 545), (98, 560), (70, 564), (82, 612), (62, 622), (20, 660),
    (-60, 700), (-60, 960), (830, 960), (785, 855), (748, 782), (702, 735), (650, 704), (640, 670), (605, 600),
    (555, 552), (500, 520)], np.float64)
_UNDER_NECK = np.array([(286, 446), (284, 520), (300, 600), (400, 640), (495, 590), (505, 522)], np.float64)
_NECK = (22, 22, 24)


@dataclass(frozen=True)
class Portrait:
    """The photograph at the size of the frame; arrays are shared and must not be changed."""

    photo: NDArray[np.uint8]
    """(height, width, 3) BGR."""
    landmarks: NDArray[np.float64]
    """(478, 3) pixels of the frame; x right, y down, z towards the camera."""
    head: NDArray[np.uint8]
    """(height, width) opacity of head and neck."""
    cutout: NDArray[np.uint8]
    """(height, width, 4) BGRA: `head` as opacity, and the photograph weighed by it."""
    body: NDArray[np.uint8]
    """(height, width, 3) BGR: the photograph with the neck's place filled in."""
    body_opacity: NDArray[np.uint8]
    outline: NDArray[np.float64]
    """(corner, 2) pixels: the head's outline."""


@lru_cache(maxsize=1)
def photograph() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the photograph, BGR, and its 478 landmarks in pixels; found once per process.

    Raises
    ------
    DeviceError
        If the face model is missing, or does not find the face.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision
    from skimage import data

    rgb = np.ascontiguousarray(data.astronaut())
    options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(facemodel.find())))
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)).face_landmarks
    if not found:
        raise DeviceError("MediaPipe finds no face in the simulated participant's photograph.",
                          "Run attnflow doctor: scikit-image or mediapipe is damaged.")
    height, width = rgb.shape[:2]
    points = np.array([(point.x * width, point.y * height, -point.z * width) for point in found[0]])
    return np.ascontiguousarray(rgb[:, :, ::-1]), points


def portrait(width: int, height: int) -> Portrait:
    """Return the photograph's layers for a frame of `width` by `height` pixels."""
    photo, points = photograph()
    scale = height / PHOTO_ROWS
    offset = np.array([width / 2 - PHOTO_CENTRE * scale, 0.0])
    place = np.array([[scale, 0, offset[0]], [0, scale, 0]])
    enlarged = cv2.warpAffine(photo, place, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    outline = (_HEAD / _SCALE + _ORIGIN) * scale + offset

    def opacity(corners: NDArray[np.float64], soft: float) -> NDArray[np.uint8]:
        mask = np.zeros((height, width), np.uint8)
        inside = (corners / _SCALE + _ORIGIN) * scale + offset
        cv2.fillPoly(mask, [np.round(inside * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        blurred: NDArray[np.uint8] = cv2.GaussianBlur(mask, (0, 0), soft * scale)
        return blurred

    under = opacity(_UNDER_NECK, 1.2)[:, :, None].astype(np.float32) / 255
    body = (enlarged * (1 - under) + np.array(_NECK, np.float32) * under).astype(np.uint8)
    marks = points * scale
    marks[:, :2] += offset
    head = opacity(_HEAD, 0.8)
    cutout = cv2.multiply(enlarged, cv2.cvtColor(head, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    return Portrait(photo=enlarged, landmarks=marks, head=head, cutout=np.dstack([cutout, head]), body=body,
                    body_opacity=opacity(_BODY, 0.8), outline=outline)
