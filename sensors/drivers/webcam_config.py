"""Settings of the webcam driver; importing this imports no camera library."""

from sensors.driver import Config


class WebcamConfig(Config, frozen=True, kw_only=True):
    """The rig's ``[camera]`` table."""

    driver: str = "webcam"
    source: int | str = 0
    """Device index, video file, rtsp:// or http:// URL, folder of images, or "simulated"."""
    width: int = 640
    height: int = 480
    rate_hz: float = 30.0
    """Asked of the device; what it grants is reported. A video file keeps its own rate; image folders use this one."""
    mirrored: bool = False
    """True when the source is already flipped left to right, as selfie previews are."""
    loop: bool = False
    """Start a file or folder again when it ends."""
    realtime: bool = True
    """Pace a file by the session clock; False reads it as fast as it can be processed, keeping its own times."""
    model: str = ""
    """Path of a face_landmarker.task; empty finds it (see `sensors.facemodel`)."""

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f"width x height is {self.width} x {self.height}, expected both positive")
        if not 1 <= self.rate_hz <= 240:
            raise ValueError(f"rate_hz is {self.rate_hz}, expected 1..240")
