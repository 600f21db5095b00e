"""MediaPipe, and nothing else of the webcam: an image in; landmarks, blendshapes and the head's matrix out.

Two models of the one file are used. `FaceMesh` is FaceLandmarker in VIDEO mode with one face: after the first detection
it tracks, which is the only mode cheap enough for every frame. `FaceCounter` is the file's own detector, run now and
then to learn how many faces are in view.
"""

import contextlib
import ctypes
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.python.components.containers import category_c, landmark_c
from mediapipe.tasks.python.vision import face_landmarker
from numpy.typing import NDArray

from sensors.errors import DeviceError

MESH_POINTS = 478
SCORES = {shape.name.lower(): int(shape) for shape in face_landmarker.Blendshapes}
"""Blendshape name in snake case ("eye_blink_left", ...) to its index; left and right are the person's own."""

DETECTOR_IN_BUNDLE = "face_detector.tflite"
OVERLAP_SAME = 0.4
"""Boxes of neighbouring tiles that overlap by this share of the smaller one are the same face."""

Image = NDArray[np.uint8]


class Mesh(NamedTuple):
    """What MediaPipe saw of one face in one frame."""

    landmarks: NDArray[np.float64]
    """(478, 3): x and y over the frame's width and height, z in the scale of x, negative towards the camera."""
    scores: NDArray[np.float64]
    """(52,) blendshape scores 0..1."""
    matrix: NDArray[np.float64]
    """(4, 4) canonical face to camera, cm, +x image right, +y up, camera looking along -z."""


class Box(NamedTuple):
    """A detected face in pixels of the frame."""

    left: float
    top: float
    width: float
    height: float
    score: float


def _layout(structure: Any) -> np.dtype[Any]:
    # The numpy twin of a ctypes structure: every field where ctypes puts it, pointers as plain addresses.
    pointer = f"<u{ctypes.sizeof(ctypes.c_char_p)}"
    kinds = {ctypes.c_float: "<f4", ctypes.c_int: "<i4", ctypes.c_bool: "?", ctypes.c_char_p: pointer}
    names = [name for name, _ in structure._fields_]
    return np.dtype({"names": names, "formats": [kinds[kind] for _, kind in structure._fields_],
                     "offsets": [getattr(structure, name).offset for name in names],
                     "itemsize": ctypes.sizeof(structure)})


_POINT = _layout(landmark_c.MpNormalizedLandmarkC)
_SCORE = _layout(category_c.MpCategoryC)


@contextlib.contextmanager
def quiet_native() -> Iterator[None]:
    """Keep MediaPipe's native start-up chatter off the terminal; if the block fails, it is shown after all.

    The libraries write to file descriptor 2 directly and know no switch for it. Only loading, the first inference and
    closing chatter, so only these run in here.
    """
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all, as under pythonw: nothing to keep quiet
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            chatter.seek(0)
            os.write(2, chatter.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _cannot_load(model: Path, error: Exception) -> DeviceError:
    return DeviceError(f"MediaPipe cannot load the face model {model}: {error}.",
                       "Run pip install 'attnflow[camera]' again.")


def to_image(bgr: Image) -> mp.Image:
    """Return MediaPipe's own copy of a (height, width, 3) BGR image."""
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


class FaceMesh:
    """FaceLandmarker in VIDEO mode, one face.

    Its results are read straight from the C structures: MediaPipe's own conversion builds a Python object for each of
    478 landmarks and costs about 1.2 ms a frame, which is 7 % of the whole inference.

    Parameters
    ----------
    model
        Path of a checked face_landmarker.task.
    """

    def __init__(self, model: Path) -> None:
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)), running_mode=vision.RunningMode.VIDEO, num_faces=1,
            output_face_blendshapes=True, output_facial_transformation_matrixes=True)
        self._last_ms = 0
        self._landmarker: Any = None
        with quiet_native():
            try:
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
                self.find(np.zeros((64, 64, 3), np.uint8), 1)
            except (RuntimeError, ValueError, OSError) as error:
                self.close()
                raise _cannot_load(model, error) from error

    def find(self, bgr: Image, time_ms: int) -> Mesh | None:
        """Return the face of this frame, or None.

        Parameters
        ----------
        bgr
            (height, width, 3) image.
        time_ms
            The frame's time. MediaPipe hangs or fails on a repeated stamp, so a time that does not grow is moved on
            by a millisecond.
        """
        self._last_ms = max(time_ms, self._last_ms + 1)
        image = to_image(bgr)
        result = face_landmarker.MpFaceLandmarkerResultC()
        library = self._landmarker._lib
        library.MpFaceLandmarkerDetectForVideo(self._landmarker._handle, image._image_ptr, None, self._last_ms,
                                               ctypes.byref(result))
        try:
            return _read(result)
        finally:
            library.MpFaceLandmarkerCloseResult(ctypes.byref(result))

    def close(self) -> None:
        """Close the landmarker; left to the interpreter's exit it would complain about a dead thread pool."""
        landmarker, self._landmarker = self._landmarker, None
        if landmarker is not None:
            with quiet_native():
                landmarker.close()


def _read(result: Any) -> Mesh | None:
    if not result.face_landmarks_count:
        return None
    points = result.face_landmarks[0]
    if points.landmarks_count != MESH_POINTS or not result.face_blendshapes_count:
        return None
    rows = np.frombuffer(ctypes.string_at(points.landmarks, MESH_POINTS * _POINT.itemsize), _POINT)
    shapes = result.face_blendshapes[0]
    scores = np.frombuffer(ctypes.string_at(shapes.categories, shapes.categories_count * _SCORE.itemsize), _SCORE)
    landmarks = np.stack([rows["x"], rows["y"], rows["z"]], axis=1).astype(np.float64)
    matrix = np.asarray(result.facial_transformation_matrixes[0].to_numpy(), dtype=np.float64)
    return Mesh(landmarks, scores["score"].astype(np.float64), matrix)


class FaceCounter:
    """The bundle's face detector on square tiles, so that faces of a tenth of the frame's height are counted too.

    The detector sees 128 x 128 pixels; a whole wide frame squeezed into that loses faces (3 of 5 on a group photograph
    where tiles find 5).

    Parameters
    ----------
    model
        Path of a checked face_landmarker.task, whose detector is taken out in memory.
    """

    def __init__(self, model: Path) -> None:
        with zipfile.ZipFile(model) as bundle:
            detector = bundle.read(DETECTOR_IN_BUNDLE)
        options = vision.FaceDetectorOptions(base_options=BaseOptions(model_asset_buffer=detector),
                                             running_mode=vision.RunningMode.IMAGE, min_detection_confidence=0.6)
        self._detector: Any = None
        with quiet_native():
            try:
                self._detector = vision.FaceDetector.create_from_options(options)
                self.scan(np.zeros((64, 64, 3), np.uint8))
            except (RuntimeError, ValueError, OSError) as error:
                self.close()
                raise _cannot_load(model, error) from error

    def scan(self, bgr: Image) -> tuple[Box, ...]:
        """Return every face in the whole image, best first."""
        return distinct([box for tile in tiles(bgr.shape[1], bgr.shape[0]) for box in self.scan_tile(bgr, tile)])

    def scan_tile(self, bgr: Image, tile: tuple[int, int, int]) -> list[Box]:
        """Return the faces in one tile ``(left, top, side)``, in pixels of the whole image."""
        left, top, side = tile
        found = self._detector.detect(to_image(np.ascontiguousarray(bgr[top:top + side, left:left + side])))
        return [Box(left + box.bounding_box.origin_x, top + box.bounding_box.origin_y, box.bounding_box.width,
                    box.bounding_box.height, float(box.categories[0].score)) for box in found.detections]

    def close(self) -> None:
        """Close the detector."""
        detector, self._detector = self._detector, None
        if detector is not None:
            with quiet_native():
                detector.close()


def tiles(width: int, height: int) -> tuple[tuple[int, int, int], ...]:
    """Return squares ``(left, top, side)`` that cover an image and overlap by at least half."""
    side, long = min(width, height), max(width, height)
    count = 1 + -(-2 * (long - side) // side)
    starts = [round(k * (long - side) / max(1, count - 1)) for k in range(count)]
    return tuple((start, 0, side) if width >= height else (0, start, side) for start in starts)


def distinct(boxes: list[Box]) -> tuple[Box, ...]:
    """Return the boxes without those that show a face once more, best first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: -one.score):
        if all(_overlap(box, other) < OVERLAP_SAME for other in kept):
            kept.append(box)
    return tuple(kept)


def _overlap(a: Box, b: Box) -> float:
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    smaller = min(a.width * a.height, b.width * b.height)
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0
