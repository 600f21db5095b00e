import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from sensors.clock import SECOND, FakeClock  # noqa: E402  (the skip above must come first)
from sensors.driver import Setting  # noqa: E402
from sensors.drivers import webcam_files, webcam_live, webcam_source  # noqa: E402
from sensors.drivers.webcam_config import WebcamConfig  # noqa: E402
from sensors.drivers.webcam_source import Frame, make_source  # noqa: E402
from sensors.errors import DeviceError  # noqa: E402


def setting(clock: FakeClock) -> Setting:
    return Setting(stream="camera", start_ns=clock.now_ns(), clock=clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eleven pictures whose brightness is their number times ten; names sort wrongly as plain text."""
    for number in range(11):
        cv2.imwrite(str(tmp_path / f"shot{number}.png"), np.full((48, 64, 3), 10 * number, np.uint8))
    return tmp_path


def numbers(frames: list[Frame]) -> list[int]:
    return [round(float(frame.image.mean()) / 10) for frame in frames]


def drain(source: webcam_source.Source, timeout_s: float = 1.0, most: int = 1000) -> list[Frame]:
    frames: list[Frame] = []
    while not source.ended and len(frames) < most:
        frame = source.read(timeout_s)
        if frame is not None:
            frames.append(frame)
    return frames


def test_a_folder_is_read_in_the_order_of_its_numbers_on_an_exact_grid(folder: Path, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=str(folder), rate_hz=25.0, realtime=False), setting(clock))
    start_ns = clock.now_ns()
    granted = source.open()
    frames = drain(source)
    source.close()
    assert numbers(frames) == list(range(11))
    assert [frame.t_ns - start_ns for frame in frames] == [40_000_000 * k for k in range(11)]
    assert granted.rate_hz == 25.0
    assert source.lost == 0


def test_looping_goes_on_in_time(folder: Path, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=str(folder), rate_hz=25.0, realtime=False, loop=True), setting(clock))
    source.open()
    frames = drain(source, most=25)
    assert numbers(frames) == [k % 11 for k in range(25)]
    assert set(np.diff([frame.t_ns for frame in frames])) == {40_000_000}


def test_realtime_waits_until_a_frame_is_due_and_no_longer_than_asked(folder: Path, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=str(folder), rate_hz=25.0), setting(clock))
    start_ns = clock.now_ns()
    source.open()
    first, none = source.read(0.01), source.read(0.01)
    assert first is not None
    assert none is None
    assert clock.now_ns() == start_ns + 10_000_000
    second = source.read(1.0)
    assert second is not None
    assert clock.now_ns() == start_ns + 40_000_000 == second.t_ns
    assert not source.ended


def test_realtime_skips_overdue_frames_and_counts_them(folder: Path, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=str(folder), rate_hz=25.0), setting(clock))
    source.open()
    first = source.read(1.0)
    clock.advance(0.3)  # the reader was away for 7.5 frames
    later = source.read(1.0)
    assert first is not None
    assert later is not None
    assert numbers([first, later]) == [0, 7], "the frame due 20 ms ago is still current; frames 1..6 are not"
    assert source.lost == 6
    assert clock.now_ns() - later.t_ns <= 40_000_000, "nothing is handed out late in a burst"


def test_a_broken_picture_names_itself(folder: Path, clock: FakeClock) -> None:
    (folder / "shot3.png").write_bytes(b"no picture")
    source = make_source(WebcamConfig(source=str(folder), realtime=False), setting(clock))
    source.open()
    with pytest.raises(DeviceError, match=r"shot3\.png cannot be read"):
        drain(source)


def test_variable_frame_rates_are_honoured(shared_data: Path, clock: FakeClock) -> None:
    path = shared_data / "face" / "noface_face.mov"
    source = make_source(WebcamConfig(source=str(path), realtime=False), setting(clock))
    start_ns = clock.now_ns()
    source.open()
    times = np.array([frame.t_ns for frame in drain(source, most=110)]) - start_ns
    source.close()
    steps_ms = np.diff(times) / 1e6
    assert steps_ms.min() > 0
    # The first part was made at 24 frames a second, the second at 30, and one step is shorter still.
    assert set(np.round(steps_ms).astype(int)) >= {42, 33, 14}


class Containerless:
    """A capture that opens, gives frames, and knows no times: what a raw stream in a file looks like."""

    def __init__(self, frames: int) -> None:
        self.left = frames

    def isOpened(self) -> bool:  # noqa: N802  (OpenCV's name)
        return True

    def get(self, what: int) -> float:
        return 20.0 if what == cv2.CAP_PROP_FPS else 0.0

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 4, 3), np.uint8)

    def read(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 4, 3), np.uint8)

    def release(self) -> None:
        pass


def test_a_file_without_times_counts_on_with_its_rate(tmp_path: Path, clock: FakeClock,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam_files.cv2, "VideoCapture", lambda path: Containerless(5))
    (tmp_path / "raw.h264").write_bytes(b"x")
    source = make_source(WebcamConfig(source=str(tmp_path / "raw.h264"), realtime=False), setting(clock))
    source.open()
    assert set(np.diff([frame.t_ns for frame in drain(source)])) == {50_000_000}


@pytest.mark.parametrize(("content", "says"), [(b"", r"\(0 bytes\) holds no frame"), (b"rubbish" * 99, "no frame")])
def test_unreadable_and_empty_videos_are_a_sentence(content: bytes, says: str, tmp_path: Path, clock: FakeClock,
                                                    capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match=says) as caught:
        make_source(WebcamConfig(source=str(path)), setting(clock)).open()
    assert "ffprobe" in caught.value.next_step
    capfd.readouterr()


def test_a_missing_path_and_an_empty_folder_are_sentences(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(DeviceError, match=r"nowhere\.mp4' is no file") as caught:
        make_source(WebcamConfig(source=str(tmp_path / "nowhere.mp4")), setting(clock))
    assert "attnflow devices" in caught.value.next_step
    with pytest.raises(DeviceError, match="holds no image"):
        make_source(WebcamConfig(source=str(tmp_path)), setting(clock)).open()


class FakeCamera:
    """A device that grants its own size and gives numbered frames when told to."""

    def __init__(self, size: tuple[int, int] = (64, 48), rate: float = 30.0, opens: bool = True) -> None:
        self.size, self.rate, self.opens = size, rate, opens
        self.allowed = threading.Semaphore(1)  # the first frame is what `open` looks at
        self.gone = False
        self.number = -1
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802  (OpenCV's name)
        return self.opens

    def set(self, what: int, value: float) -> bool:
        return False

    def get(self, what: int) -> float:
        return self.rate

    def grab(self) -> bool:
        while not self.gone and not self.released:
            if self.allowed.acquire(timeout=0.005):
                self.number += 1
                return True
        return False

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.full((self.size[1], self.size[0], 3), self.number, np.uint8)

    def read(self) -> tuple[bool, np.ndarray]:
        return self.grab(), self.retrieve()[1]

    def release(self) -> None:
        self.released = True


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> FakeCamera:
    made = FakeCamera()
    monkeypatch.setattr(webcam_live, "open_capture", lambda source: made)
    monkeypatch.setattr(webcam_live, "JOIN_S", 0.05)  # this one only lets go when it is released
    return made


def until(true: Callable[[], bool]) -> None:
    """Let the grab thread run until something holds; a hang is a failure, not a wait."""
    deadline = time.monotonic() + 5.0
    while not true():
        assert time.monotonic() < deadline, "the grab thread did not get there"
        time.sleep(0.001)


def test_only_the_newest_frame_is_kept_and_the_others_are_counted(camera: FakeCamera, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=0), setting(clock))
    source.open()
    camera.allowed.release(4)
    until(lambda: source.lost == 3)
    frame = source.read(1.0)
    assert frame is not None
    assert int(frame.image.mean()) == 4
    assert source.lost == 3
    assert source.read(0.0) is None, "a frame is handed out once"
    source.close()
    assert camera.released


def test_the_stamp_is_the_grab_and_not_the_read(camera: FakeCamera, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source="0"), setting(clock))
    source.open()
    grabbed_ns = clock.now_ns()
    camera.allowed.release()
    until(lambda: source._newest is not None)
    clock.advance(0.5)
    frame = source.read(1.0)
    assert frame is not None
    assert frame.t_ns == grabbed_ns
    source.close()


def test_another_size_than_asked_is_told_and_not_fatal(camera: FakeCamera, clock: FakeClock) -> None:
    camera.rate = 15.0
    source = make_source(WebcamConfig(source=0, width=640, height=480, rate_hz=30.0), setting(clock))
    granted = source.open()
    source.close()
    assert granted.meta["asked"] == "640x480 @ 30 Hz"
    assert granted.meta["granted"] == "64x48 @ 15 Hz"
    assert "difference" in granted.meta
    assert granted.rate_hz == 15.0
    assert "64x48 @ 15 Hz" in granted.device


def test_a_vanished_camera_is_an_error_at_the_next_read(camera: FakeCamera, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=0), setting(clock))
    source.open()
    camera.gone = True
    until(lambda: clock.advance(0.2) is None and source._failure is not None)
    with pytest.raises(DeviceError, match="camera 0 stopped giving pictures"):
        source.read(1.0)
    source.close()
    source.close()


def test_no_camera_lists_those_that_exist(clock: FakeClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    capture = FakeCamera(opens=False)
    monkeypatch.setattr(webcam_live, "open_capture", lambda source: capture)
    monkeypatch.setattr(webcam_source, "VIDEO4LINUX", tmp_path / "video4linux")
    for number, index in ((0, 0), (1, 1), (2, 0)):
        node = tmp_path / "video4linux" / f"video{number}"
        node.mkdir(parents=True)
        (node / "name").write_text(f"Cam {number}\n")
        (node / "index").write_text(f"{index}\n")
    with pytest.raises(DeviceError, match=r"index 7\. Cameras here: 0 \(Cam 0\), 2 \(Cam 2\)") as caught:
        make_source(WebcamConfig(source=7), setting(clock)).open()
    assert "attnflow devices" in caught.value.next_step
    assert capture.released, "nothing stays half open"


def test_an_address_that_does_not_answer_is_a_sentence(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam_live, "open_capture", lambda source: FakeCamera(opens=False))
    with pytest.raises(DeviceError, match=r"rtsp://192\.0\.2\.1:554/live cannot be opened") as caught:
        make_source(WebcamConfig(source="rtsp://me:secret@192.0.2.1:554/live?key=secret"), setting(clock)).open()
    assert "address" in caught.value.next_step
    assert "secret" not in str(caught.value), "messages and recordings must not carry passwords"


def test_the_simulation_needs_scikit_image_and_says_so(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam_files, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match="scikit-image") as caught:
        make_source(WebcamConfig(source="simulated"), setting(clock)).open()
    assert "pip install" in caught.value.next_step


def test_stamps_increase_even_when_the_clock_stands_still(camera: FakeCamera, clock: FakeClock) -> None:
    source = make_source(WebcamConfig(source=0), setting(clock))
    source.open()
    stamps = []
    for _ in range(3):
        camera.allowed.release()
        frame = source.read(5.0)
        assert frame is not None
        stamps.append(frame.t_ns)
    source.close()
    assert stamps == sorted(set(stamps))
    assert stamps[-1] - clock.now_ns() < SECOND
