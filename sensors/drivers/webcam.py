"""The webcam driver: frames from any source become gaze, head, eye and face columns. No pixel leaves it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors import facemodel
from sensors.clock import MILLISECOND, SECOND
from sensors.driver import Samples, Setting
from sensors.drivers import webcam_columns as columns
from sensors.drivers.webcam_config import WebcamConfig
from sensors.drivers.webcam_face import Box, FaceCounter, FaceMesh, distinct, tiles
from sensors.drivers.webcam_source import Frame, Source, make_source
from sensors.drivers.webcam_subject import SEARCH_FACES, Place, Subject, Who
from sensors.messages import StreamInfo

SMALL = (80, 60)
"""Size (width, height) of the grey copy that brightness and motion are taken from."""
TALLEST_PX = 720
"""Higher frames are scaled down to this: the mesh model sees 256 x 256 pixels of the face and gains nothing."""
ACQUIRE_FACES = 2.5
"""Half side, in face sizes, of the square left of a frame in which one of several faces is to be found first."""
SCAN_NS = SECOND
"""How often the other faces in view are counted, in the frames' own time."""


class Webcam:
    """A camera, video file, stream, image folder or simulated face as a sensor.

    Parameters
    ----------
    config
        The rig's ``[camera]`` table.
    setting
        Stream name, session start, clock and simulated participant.
    """

    def __init__(self, config: WebcamConfig, setting: Setting) -> None:
        self._config = config
        self._setting = setting
        self._source: Source | None = None
        self._mesh: FaceMesh | None = None
        self._counter: FaceCounter | None = None
        self._forget()

    def _forget(self) -> None:
        self._subject = Subject()
        self._before: columns.Face | None = None
        self._grey: NDArray[np.int16] | None = None
        self._first_ns: int | None = None
        self._scan_due_ns = 0
        self._scan_left: list[tuple[int, int, int]] = []
        self._scan_found: list[Box] = []
        self._boxes: tuple[Box, ...] = ()
        self._missed = 0
        self._faces = float("nan")

    def open(self) -> StreamInfo:
        """Load the models, open the source, and say what it granted.

        Raises
        ------
        DeviceError
            If the model or the source is missing, unreadable or refuses.
        """
        self._forget()
        try:
            model = facemodel.find(self._config.model)
            source = make_source(self._config, self._setting)
            # The models first: a source that paces itself by the clock should not wait for them once it runs.
            self._mesh = FaceMesh(model)
            self._counter = FaceCounter(model)
            self._source = source
            granted = source.open()
        except BaseException:
            self.close()
            raise
        meta = {"simulated": "no", **granted.meta, "mirrored": "yes" if self._config.mirrored else "no",
                "stamp": "grab" if granted.meta.get("asked") or "://" in str(self._config.source) else "start + frame",
                "axes": "yaw + person's right, pitch + up, roll + clockwise for the person, x right, y up, z away"}
        return StreamInfo(t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, kind="camera",
                          driver=self._config.driver, rate_hz=granted.rate_hz, columns=columns.COLUMNS,
                          device=granted.device, meta=meta)

    def read(self, timeout_s: float) -> Samples | None:
        """Return the columns of the next frame, one row; no row if none came in time; None at the end.

        Raises
        ------
        DeviceError
            If the camera vanished or the file is damaged.
        """
        if self._source is None or self._source.ended:
            return None
        frame = self._source.read(timeout_s)
        if frame is None:
            return None if self._source.ended else _samples(np.empty((0, len(columns.COLUMNS)), np.float32), [], None)
        row = self._row(frame)
        return _samples(row[np.newaxis], [frame.t_ns], [frame.device_ns] if frame.device_ns >= 0 else None)

    def close(self) -> None:
        """Release source and models; safe to call twice."""
        source, self._source = self._source, None
        mesh, self._mesh = self._mesh, None
        counter, self._counter = self._counter, None
        for part in (source, mesh, counter):
            if part is not None:
                part.close()

    def lost(self) -> int:
        """Return how many frames were overwritten or overdue before they could be measured."""
        return self._source.lost if self._source is not None else 0

    def _row(self, frame: Frame) -> NDArray[np.float32]:
        image = self._upright(frame.image)
        height, width = image.shape[:2]
        if self._first_ns is None:
            self._first_ns = frame.t_ns
        own_ns = frame.t_ns - self._first_ns
        self._scan(image, own_ns)
        assert self._mesh is not None
        mesh = self._mesh.find(self._searched(image, frame.t_ns), own_ns // MILLISECOND + 2)
        face = columns.face_of(mesh, width, height) if mesh is not None else None
        self._missed = 0 if face is not None else self._missed + 1
        who = self._subject.accept(face.place if face is not None else None, frame.t_ns)

        row = np.full(len(columns.COLUMNS), np.nan, np.float32)
        _put(row, face=0.0, faces=self._faces, subject=self._subject.number)
        if face is not None and who is not Who.NOBODY:
            known = self._before if who is Who.SUBJECT else None
            _put(row, **columns.measure(face))
            _put(row, face=columns.trust(face, known), faces=max(self._faces, 1.0))
            self._before = face
        else:
            self._before = None
        _put(row, **self._light(image, self._before.place if self._before is not None else None))
        return row

    def _searched(self, image: NDArray[np.uint8], t_ns: int) -> NDArray[np.uint8]:
        """Return the image with only those parts in it where a face may be looked for.

        While a subject's place is kept for them: around it. While nobody was ever found although the counter sees
        faces: around one of those after the other, because MediaPipe tries only the face it likes best, every time.
        """
        place = self._subject.search(t_ns)
        if place is not None:
            return _surroundings(image, place, SEARCH_FACES)
        if self._subject.locked or self._missed == 0 or not self._boxes:
            return image
        box = self._boxes[(self._missed - 1) % len(self._boxes)]
        place = Place(box.left + box.width / 2.0, box.top + box.height / 2.0, max(box.width, box.height))
        return _surroundings(image, place, ACQUIRE_FACES)

    def _upright(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        if height > TALLEST_PX:
            size = (round(width * TALLEST_PX / height), TALLEST_PX)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return np.asarray(cv2.flip(image, 1), dtype=np.uint8) if self._config.mirrored else image

    def _scan(self, image: NDArray[np.uint8], own_ns: int) -> None:
        """Count the faces in view, one tile a frame, so that no frame waits for a whole scan."""
        assert self._counter is not None
        first = own_ns == 0
        if own_ns >= self._scan_due_ns:
            self._scan_due_ns = (own_ns // SCAN_NS + 1) * SCAN_NS
            self._scan_left = list(tiles(image.shape[1], image.shape[0]))
            self._scan_found = []
        while self._scan_left:
            self._scan_found += self._counter.scan_tile(image, self._scan_left.pop())
            if not self._scan_left:
                self._boxes = distinct(self._scan_found)
                self._faces = float(len(self._boxes))
            if not first:
                return

    def _light(self, image: NDArray[np.uint8], place: Place | None) -> dict[str, float]:
        """Return brightness (of the face if there is one) and motion from a small grey copy."""
        # Every few pixels of the frame, then the mean of 2 x 2 of those: a tenth of the cost of a mean over all.
        coarse = cv2.resize(image, (2 * SMALL[0], 2 * SMALL[1]), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(cv2.cvtColor(coarse, cv2.COLOR_BGR2GRAY), SMALL, interpolation=cv2.INTER_AREA)
        grey = np.asarray(small, dtype=np.int16)
        before, self._grey = self._grey, grey
        motion = float("nan") if before is None else float(np.abs(grey - before).mean() / 255.0)
        region = grey
        if place is not None:
            region = _cut(grey, place, 0.5, SMALL[0] / image.shape[1], SMALL[1] / image.shape[0])
        return {"luma": float(region.mean() if region.size else grey.mean()), "motion": motion}


def _put(row: NDArray[np.float32], **values: float) -> None:
    for name, value in values.items():
        row[columns.INDEX[name]] = value


def _samples(values: NDArray[np.float32], times_ns: list[int], device_ns: list[int] | None) -> Samples:
    return Samples(np.ascontiguousarray(values), np.array(times_ns, dtype=np.int64),
                   None if device_ns is None else np.array(device_ns, dtype=np.int64))


def _cut(image: NDArray[Any], place: Place, half: float, scale_x: float = 1.0, scale_y: float = 1.0) -> NDArray[Any]:
    reach = half * place.size
    left, right = round((place.x - reach) * scale_x), round((place.x + reach) * scale_x)
    top, bottom = round((place.y - reach) * scale_y), round((place.y + reach) * scale_y)
    return image[max(0, top):max(0, bottom), max(0, left):max(0, right)]


def _surroundings(image: NDArray[np.uint8], place: Place, reach_faces: float) -> NDArray[np.uint8]:
    """Return the image, black but for the square of `reach_faces` face sizes to each side of `place`."""
    kept = np.zeros_like(image)
    _cut(kept, place, reach_faces)[:] = _cut(image, place, reach_faces)
    return kept
