"""Live frames: a device or a network stream, read by a thread that keeps only the newest frame.

The stamp is taken right after the grab, before the frame is decoded or its colours converted. A frame that is
overwritten before anybody read it is counted as lost.
"""

import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import cv2

from sensors.clock import SECOND
from sensors.driver import Setting
from sensors.drivers.webcam_config import WebcamConfig
from sensors.drivers.webcam_source import Frame, Granted, known_cameras
from sensors.errors import DeviceError

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 3000
VANISHED_AFTER_S = 1.0
"""A source that refuses every grab for this long has vanished."""
RETRY_S = 0.02
JOIN_S = 2.0


def open_capture(source: int | str) -> Any:
    """Return OpenCV's capture of a device index or an address; whether it opened is for the caller to ask."""
    # What they would print about a missing device or a dead address is said by our own errors.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if isinstance(source, int):
        return cv2.VideoCapture(source)
    return cv2.VideoCapture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS,
                                                     cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS])


def without_secrets(address: str) -> str:
    """Return an address without user, password and query, fit for messages and recordings."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def answers(index: int) -> bool:
    """Return whether a camera opens at `index`; for systems that keep no list."""
    capture = open_capture(index)
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()


class LiveSource:
    """A camera or a stream address.

    Parameters
    ----------
    source
        Device index or address.
    config, setting
        The rig's table, and the clock that stamps the frames.
    """

    def __init__(self, source: int | str, config: WebcamConfig, setting: Setting) -> None:
        self._source = source
        self._config = config
        self._clock = setting.clock
        self._capture: Any = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._fresh = threading.Condition()
        self._newest: Frame | None = None
        self._failure: DeviceError | None = None
        self._last_ns = -1
        self.ended = False
        self.lost = 0

    @property
    def _name(self) -> str:
        return f"camera {self._source}" if isinstance(self._source, int) else f"stream {without_secrets(self._source)}"

    def open(self) -> Granted:
        """Open it, ask for size and rate, check what was granted with a first frame, start the grab thread."""
        self._capture = open_capture(self._source)
        try:
            if not self._capture.isOpened():
                raise self._cannot_open()
            granted = self._negotiate()
            self._stop.clear()
            self._thread = threading.Thread(target=self._grab_loop, name="webcam-grab", daemon=True)
            self._thread.start()
        except BaseException:
            self.close()
            raise
        return granted

    def _cannot_open(self) -> DeviceError:
        if isinstance(self._source, int):
            return DeviceError(f"No camera opens at index {self._source}. {known_cameras()}.",
                               "Plug it in, close other programs that hold it, check that you may read /dev/video* "
                               "(group video), or run attnflow devices.")
        return DeviceError(f"The {self._name} cannot be opened within {OPEN_TIMEOUT_MS / 1000:.0f} s.",
                           "Check the address, the user and password in it, and that the camera answers on the "
                           "network.")

    def _negotiate(self) -> Granted:
        config, capture = self._config, self._capture
        asked = isinstance(self._source, int)
        if asked:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)
            capture.set(cv2.CAP_PROP_FPS, config.rate_hz)
        # The thread always reads on, so a queue in the driver could only make frames older. Not every backend obeys.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        read, image = capture.read()
        if not read or image is None:
            raise DeviceError(f"The {self._name} opens but gives no picture.",
                              "Close other programs that use it, unplug it and plug it in again.")
        height, width = image.shape[:2]
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        known = 1.0 <= rate <= 1000.0
        meta = {"granted": f"{width}x{height} @ {rate:g} Hz" if known else f"{width}x{height}, rate not told"}
        if asked:
            meta["asked"] = f"{config.width}x{config.height} @ {config.rate_hz:g} Hz"
            same = (width, height) == (config.width, config.height) and known and abs(rate - config.rate_hz) < 0.5
            if not same:
                meta["difference"] = f"asked for {meta['asked']}, the camera gives {meta['granted']}"
        return Granted(f"{self._name}, {meta['granted']}", rate if known else config.rate_hz, meta)

    def _grab_loop(self) -> None:
        refused_since: int | None = None
        try:
            while not self._stop.is_set():
                grabbed = self._capture.grab()
                t_ns = self._clock.now_ns()
                decoded, image = self._capture.retrieve() if grabbed else (False, None)
                if not decoded:
                    refused_since = t_ns if refused_since is None else refused_since
                    if t_ns - refused_since >= VANISHED_AFTER_S * SECOND:
                        raise DeviceError(f"The {self._name} stopped giving pictures.",
                                          "Check its cable or network; attnflow opens it again by itself.")
                    self._stop.wait(RETRY_S)
                    continue
                refused_since = None
                self._keep(image, t_ns)
        except DeviceError as error:
            self._fail(error)
        except Exception as error:
            self._fail(DeviceError(f"The {self._name} failed: {error}.", "Check its cable and driver."))

    def _keep(self, image: Any, t_ns: int) -> None:
        with self._fresh:
            if self._newest is not None:
                self.lost += 1
            # Two grabs within one tick of a coarse clock still need two stamps.
            self._last_ns = max(t_ns, self._last_ns + 1)
            self._newest = Frame(image, self._last_ns, -1)
            self._fresh.notify_all()

    def _fail(self, error: DeviceError) -> None:
        with self._fresh:
            self._failure = error
            self._fresh.notify_all()

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame nobody has read yet, waiting for one at most `timeout_s`.

        Raises
        ------
        DeviceError
            If the camera vanished.
        """
        with self._fresh:
            self._fresh.wait_for(lambda: self._newest is not None or self._failure is not None, timeout_s)
            frame, self._newest = self._newest, None
            if frame is None and self._failure is not None:
                raise self._failure
        return frame

    def close(self) -> None:
        """Stop the thread and release the device."""
        self._stop.set()
        capture, self._capture = self._capture, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(JOIN_S)
        if capture is not None:
            # If the thread still hangs in a read, releasing the device is what unblocks it.
            capture.release()
            if thread is not None and thread.is_alive():
                thread.join(JOIN_S)
