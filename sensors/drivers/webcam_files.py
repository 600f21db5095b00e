"""Frames that carry their own time: video files, folders of images, and the simulated participant.

All of them are paced alike. With ``realtime`` a frame is handed out when it is due on the session clock, as a camera
would; one that is overdue by more than a frame is skipped and counted as lost, never handed out late in a burst.
Without ``realtime`` every frame is handed out at once, with its own time all the same.
"""

import re
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND, SECOND
from sensors.driver import Setting
from sensors.drivers.webcam_config import WebcamConfig
from sensors.drivers.webcam_source import Frame, Granted
from sensors.errors import DeviceError

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")

Image = NDArray[np.uint8]


class PacedSource(ABC):
    """What files, folders and the simulation share: looping, pacing and counting.

    Parameters
    ----------
    config, setting
        The rig's table, and the session's clock and first moment.
    """

    def __init__(self, config: WebcamConfig, setting: Setting) -> None:
        self._config = config
        self._clock = setting.clock
        self._start_ns = setting.start_ns
        self._period_ns = round(SECOND / config.rate_hz)
        self._next_ns: int | None = None
        self._ready: Image | None = None
        self._round_ns = 0
        self._last_ns = -1
        self.ended = False
        self.lost = 0

    @abstractmethod
    def open(self) -> Granted:
        """Open it and look at its first frame."""

    @abstractmethod
    def close(self) -> None:
        """Release it."""

    @abstractmethod
    def _advance(self) -> int | None:
        """Move to the next frame and return its own time in ns from the source's first frame; None at the end."""

    @abstractmethod
    def _image(self) -> Image:
        """Return the image of the frame that `_advance` moved to."""

    @abstractmethod
    def _rewind(self) -> None:
        """Go back before the first frame."""

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame when it is due, or None after `timeout_s` or at the end."""
        if self._next_ns is None and not self._step():
            return None
        assert self._next_ns is not None
        if self._config.realtime:
            while self._clock.now_ns() > self._start_ns + self._next_ns + self._period_ns:
                self.lost += 1
                self._ready = None
                if not self._step():
                    return None
            # Decoded or rendered ahead, while there is time: a camera too hands over a frame that is finished.
            self._ready = self._image() if self._ready is None else self._ready
            wait_s = (self._start_ns + self._next_ns - self._clock.now_ns()) / SECOND
            self._clock.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        image = self._image() if self._ready is None else self._ready
        own_ns, self._next_ns, self._ready = self._next_ns, None, None
        return Frame(image, self._start_ns + own_ns, own_ns)

    def _step(self) -> bool:
        own_ns = self._advance()
        if own_ns is None and self._config.loop and self._last_ns >= 0:
            self._round_ns = self._last_ns + self._period_ns
            self._rewind()
            own_ns = self._advance()
        if own_ns is None:
            self.ended = True
            self._next_ns = None
            return False
        self._next_ns = self._last_ns = max(self._round_ns + own_ns, self._last_ns + 1)
        return True


class VideoSource(PacedSource):
    """A video file, with the presentation times written in it; variable frame rates are honoured."""

    def __init__(self, path: Path, config: WebcamConfig, setting: Setting) -> None:
        super().__init__(config, setting)
        self._path = path
        self._capture: Any = None
        self._own_ns = -1

    def open(self) -> Granted:
        """Open the file and decode its first frame."""
        self._capture = cv2.VideoCapture(str(self._path))
        try:
            read, image = self._capture.read() if self._capture.isOpened() else (False, None)
            if not read or image is None:
                size = self._path.stat().st_size
                raise DeviceError(f"The video {self._path} ({size} bytes) holds no frame that can be read.",
                                  f"Look at it with ffprobe {self._path}, or convert it to MP4 with H.264.")
            rate = float(self._capture.get(cv2.CAP_PROP_FPS))
            if 1.0 <= rate <= 1000.0:
                self._period_ns = round(SECOND / rate)
            else:
                rate = self._config.rate_hz
            height, width = image.shape[:2]
            self._rewind()
        except BaseException:
            self.close()
            raise
        return Granted(f"{self._path.name}, {width}x{height} @ {rate:.4g} Hz", rate,
                       {"file": self._path.name, "granted": f"{width}x{height} @ {rate:.4g} Hz"})

    def _rewind(self) -> None:
        # Seeking back to frame 0 is inexact in some containers; opening anew never is.
        if self._capture is not None:
            self._capture.release()
        self._capture = cv2.VideoCapture(str(self._path))
        self._own_ns = -1

    def _advance(self) -> int | None:
        if self._capture is None or not self._capture.grab():
            return None
        told_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * MILLISECOND)
        if self._own_ns < 0:
            self._own_ns = max(0, told_ns)
        else:
            # A container without usable times repeats them or tells zero: then the frame rate counts on.
            self._own_ns = told_ns if told_ns > self._own_ns else self._own_ns + self._period_ns
        return self._own_ns

    def _image(self) -> Image:
        decoded, image = self._capture.retrieve()
        if not decoded:
            raise DeviceError(f"The video {self._path} is damaged at {self._own_ns / SECOND:.2f} s.",
                              f"Check it with ffmpeg -v error -i {self._path} -f null -")
        return np.asarray(image, dtype=np.uint8)

    def close(self) -> None:
        """Release the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class FolderSource(PacedSource):
    """A folder of images in the order of their names (numbers in names count as numbers), at ``rate_hz``."""

    def __init__(self, path: Path, config: WebcamConfig, setting: Setting) -> None:
        super().__init__(config, setting)
        self._path = path
        self._files: list[Path] = []
        self._at = -1

    def open(self) -> Granted:
        """List the images and read the first."""
        self._files = sorted((file for file in self._path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES),
                             key=_natural)
        if not self._files:
            raise DeviceError(f"The folder {self._path} holds no image.",
                              f"Put images there ({', '.join(suffix[1:] for suffix in IMAGE_SUFFIXES)}).")
        self._at = 0
        height, width = self._image().shape[:2]
        self._rewind()
        rate = self._config.rate_hz
        return Granted(f"{self._path.name}/, {len(self._files)} images, {width}x{height} @ {rate:g} Hz", rate,
                       {"folder": self._path.name, "granted": f"{width}x{height} @ {rate:g} Hz"})

    def _rewind(self) -> None:
        self._at = -1

    def _advance(self) -> int | None:
        self._at += 1
        return round(self._at * SECOND / self._config.rate_hz) if self._at < len(self._files) else None

    def _image(self) -> Image:
        image = cv2.imread(str(self._files[self._at]), cv2.IMREAD_COLOR)
        if image is None:
            raise DeviceError(f"The image {self._files[self._at]} cannot be read.", "Replace or remove that file.")
        return np.asarray(image, dtype=np.uint8)

    def close(self) -> None:
        """Forget the list."""
        self._files = []


class SimulatedSource(PacedSource):
    """The simulated participant's face, rendered for the exact moments of the frame grid."""

    def __init__(self, config: WebcamConfig, setting: Setting) -> None:
        super().__init__(config, setting)
        self._participant = setting.participant
        self._video: Any = None
        self._at = -1

    def open(self) -> Granted:
        """Build the renderer."""
        if find_spec("skimage") is None:
            raise DeviceError("The simulated camera needs scikit-image, which is not installed.",
                              "Run pip install 'attnflow[simulated]', or set camera.source to a device or a file.")
        from sensors.simulated.face import FaceVideo

        config = self._config
        self._video = FaceVideo(self._participant, config.width, config.height, config.rate_hz)
        if config.realtime:
            # Like a camera that is switched on: what was before the opening was never seen, and so never lost.
            self._at = max(-1, (self._clock.now_ns() - self._start_ns) // self._period_ns - 1)
        asked = f"{config.width}x{config.height} @ {config.rate_hz:g} Hz"
        return Granted(f"simulated face, {asked}", config.rate_hz, {"simulated": "yes", "granted": asked})

    def _rewind(self) -> None:
        self._at = -1

    def _advance(self) -> int | None:
        self._at += 1
        return round(self._at * SECOND / self._config.rate_hz)

    def _image(self) -> Image:
        return np.asarray(self._video.frame(self._at / self._config.rate_hz), dtype=np.uint8)

    def close(self) -> None:
        """Drop the renderer."""
        self._video = None


def _natural(path: Path) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path.name) if part]
