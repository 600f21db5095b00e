"""The whole driver, with the real model, on real files."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

cv2 = pytest.importorskip("cv2")
pytest.importorskip("mediapipe")
skimage_data = pytest.importorskip("skimage.data")

from sensors.clock import SECOND, FakeClock  # noqa: E402  (the skips above must come first)
from sensors.driver import Samples, Setting, build  # noqa: E402
from sensors.drivers.webcam_config import WebcamConfig  # noqa: E402
from sensors.errors import DeviceError  # noqa: E402
from sensors.messages import StreamInfo  # noqa: E402

Image = NDArray[np.uint8]
PRESENT = 0.5
"""The session's threshold on the face column."""


class Take:
    """Everything a source gave."""

    def __init__(self, info: StreamInfo, samples: list[Samples], lost: int, start_ns: int) -> None:
        self.info, self.lost, self.start_ns = info, lost, start_ns
        self.values = np.concatenate([sample.values for sample in samples])
        self.times_ns = np.concatenate([sample.times_ns for sample in samples])

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.values[:, self.info.names.index(name)]


def take(source: object, **options: object) -> Take:
    """Read a whole source through the real driver, as fast as it goes."""
    clock = FakeClock(start_ns=3_600 * SECOND)
    config = WebcamConfig(**{"source": str(source), "realtime": False, **options})
    driver = build("webcam", config, Setting(stream="camera", start_ns=clock.now_ns(), clock=clock))
    info = driver.open()
    samples = []
    while (sample := driver.read(1.0)) is not None:
        samples.append(sample)
    lost = driver.lost()
    driver.close()
    driver.close()
    return Take(info, samples, lost, clock.now_ns())


@pytest.fixture(scope="module")
def blink_take(shared_data: Path) -> Take:
    return take(shared_data / "face" / "single_face.mp4")


@pytest.fixture(scope="module")
def astronaut() -> Image:
    return np.ascontiguousarray(skimage_data.astronaut()[:, :, ::-1])


def store(folder: Path, images: list[Image]) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number:03d}.png"), image, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    return folder


def test_what_is_published_is_what_was_promised(blink_take: Take) -> None:
    assert blink_take.info.names == (
        "gaze_yaw", "gaze_pitch", "eye_yaw", "eye_pitch", "head_yaw", "head_pitch", "head_roll", "head_x", "head_y",
        "head_z", "ear_left", "ear_right", "blink_left", "blink_right", "jaw_open", "face", "faces", "subject",
        "face_size", "luma", "motion")
    assert blink_take.info.kind == "camera"
    assert blink_take.info.rate_hz == pytest.approx(30.0)
    assert blink_take.values.dtype == np.float32
    assert blink_take.values.flags.c_contiguous
    assert np.all(np.diff(blink_take.times_ns) > 0)
    assert blink_take.times_ns[0] == blink_take.start_ns
    assert np.diff(blink_take.times_ns) / 1e6 == pytest.approx(1000 / 30, abs=0.1)
    assert blink_take.lost == 0


def test_the_face_is_found_in_nearly_every_frame(blink_take: Take) -> None:
    assert len(blink_take["face"]) == 72
    assert np.mean(blink_take["face"] > PRESENT) >= 0.97
    assert set(blink_take["faces"]) == {1.0}
    assert set(blink_take["subject"][1:]) == {1.0}


def test_the_blink_is_in_its_frames_and_nowhere_else(blink_take: Take) -> None:
    # Annotated by hand: the lids move in frames 25..29 and are shut in 26..28.
    for side in ("left", "right"):
        ear, blink = blink_take[f"ear_{side}"], blink_take[f"blink_{side}"]
        still = np.delete(np.arange(1, 72), np.arange(24, 32))
        assert ear[26:29].max() < 0.6 * ear[still].min()
        assert blink[26:29].min() > 2.0 * blink[still].max()
        assert 26 <= int(np.argmin(ear)) <= 28
        assert 26 <= int(np.argmax(blink)) <= 28
    shut = set(np.flatnonzero(np.isnan(blink_take["eye_yaw"])))
    assert {27} <= shut <= {26, 27, 28}, "an eye has no direction while it is shut, and only then"


def test_a_face_that_leaves_is_gone_within_half_a_second(shared_data: Path) -> None:
    left = take(shared_data / "face" / "face_noface.mov")
    there = np.flatnonzero(left["face"] > PRESENT)
    assert there[0] <= 3
    assert 68 <= there[-1] <= 75, "the last frame with a face is 71"
    assert np.all(np.isnan(left["ear_left"][left["face"] == 0]))
    assert np.all(np.isfinite(left["luma"]))
    assert left["subject"][-1] == 1, "a single false alarm at frame 163 is not another person"
    away_s = (left.times_ns[there[-1] + 1] - left.times_ns[72]) / SECOND
    assert abs(away_s) < 0.2


def test_a_face_that_enters_is_there_within_half_a_second(shared_data: Path) -> None:
    entered = take(shared_data / "face" / "noface_face.mov")
    there = np.flatnonzero(entered["face"] > PRESENT)
    assert 96 <= there[0] <= 100
    assert there[-1] == 167
    assert len(there) >= 0.95 * (168 - there[0])
    assert entered["subject"][-1] == 1


def test_no_face_is_never_a_face(shared_data: Path) -> None:
    empty = take(shared_data / "face" / "no_face.mp4")
    assert not np.any(empty["face"] > PRESENT)
    assert set(empty["subject"]) == {0.0}
    assert np.all(np.isnan(empty["gaze_yaw"]))


def test_the_same_file_gives_the_same_bits(blink_take: Take, shared_data: Path) -> None:
    again = take(shared_data / "face" / "single_face.mp4")
    assert again.values.tobytes() == blink_take.values.tobytes()


def test_five_faces_are_counted_and_one_is_followed(shared_data: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(shared_data / "face" / "multi_face.jpg"))
    crowd = take(store(tmp_path / "crowd", [picture] * 8))
    assert set(crowd["faces"]) == {5.0}
    assert crowd["face"][-1] > PRESENT
    assert crowd["subject"][-1] == 1
    assert np.ptp(crowd["head_x"][-3:]) < 0.01


def two_people(astronaut: Image, other: Image, left: bool, right: bool) -> Image:
    """Return a frame with a head at the left, another at the right, either or none."""
    frame = np.full((360, 800, 3), 110, np.uint8)
    if left:
        frame[20:340, 20:340] = cv2.resize(astronaut[20:260, 100:340], (320, 320))
    if right:
        frame[20:340, 460:780] = cv2.resize(other[80:480, 90:490], (320, 320))
    return frame


def test_the_subject_is_kept_and_never_swapped_in_silence(astronaut: Image, shared_data: Path, tmp_path: Path) -> None:
    """Two people sit side by side.

    The one who is followed leaves for a second and comes back: still number one. Then leaves for good: the other one is
    accepted, but late and as number two.
    """
    other = cv2.imread(str(shared_data / "face" / "single_face.jpg"))
    first = take(store(tmp_path / "first", [two_people(astronaut, other, True, True)] * 4))
    assert set(first["faces"]) == {2.0}
    followed_left = bool(first["head_x"][-1] > 0)  # + is the person's right, the image's left
    both = two_people(astronaut, other, True, True)
    left_alone = two_people(astronaut, other, left=not followed_left, right=followed_left)

    film = take(store(tmp_path / "film", [both] * 4 + [left_alone] * 10 + [both] * 6 + [left_alone] * 26), rate_hz=10.0)
    present, number = film["face"] > PRESENT, film["subject"]
    assert present[3]
    assert np.all(film["face"][4:14] == 0)
    assert np.all(np.isnan(film["head_yaw"][4:14]))
    assert np.all(present[17:20]), "the tracker must not have settled on the other one meanwhile"
    assert np.all(film["head_x"][17:20] > 0) == followed_left
    # The subject was last seen in frame 19, at 1.9 s.
    assert np.all(film["face"][20:39] == 0)
    assert np.all(np.isnan(film["head_yaw"][20:39]))
    assert np.all(number[3:39] == 1)
    assert present[-1]
    assert number[-1] == 2
    assert (film["head_x"][-1] > 0) is not followed_left
    assert film["faces"][-1] == 1


def test_a_mirrored_source_is_turned_back(astronaut: Image, tmp_path: Path) -> None:
    plain = take(store(tmp_path / "plain", [astronaut] * 4))
    selfie = take(store(tmp_path / "selfie", [np.ascontiguousarray(astronaut[:, ::-1])] * 4), mirrored=True)
    assert selfie.values.tobytes() == plain.values.tobytes()
    assert selfie.info.meta["mirrored"] == "yes"


def test_a_hand_over_the_lens_is_no_face_and_no_error(astronaut: Image, tmp_path: Path) -> None:
    dark = np.full_like(astronaut, 4)
    film = take(store(tmp_path / "film", [astronaut] * 4 + [dark] * 4))
    assert film["face"][3] > PRESENT
    assert np.all(film["face"][4:] == 0)
    assert np.all(film["luma"][4:] < 10)
    assert film["motion"][4] > 0.1
    assert np.all(film["subject"][4:] == 1)


def test_a_tall_picture_is_scaled_down_and_measures_the_same(astronaut: Image, tmp_path: Path) -> None:
    one = take(store(tmp_path / "one", [cv2.resize(astronaut, (720, 720), interpolation=cv2.INTER_CUBIC)] * 4))
    big = take(store(tmp_path / "big", [cv2.resize(astronaut, (1440, 1440), interpolation=cv2.INTER_CUBIC)] * 4))
    for name in ("head_yaw", "head_pitch", "ear_left", "face_size"):
        assert big[name][-1] == pytest.approx(one[name][-1], abs=0.02), name


def test_opening_and_closing_say_nothing_on_the_terminal(astronaut: Image, tmp_path: Path,
                                                         capfd: pytest.CaptureFixture[str]) -> None:
    take(store(tmp_path / "film", [astronaut] * 2))
    assert capfd.readouterr().err == ""


def test_nothing_new_is_an_empty_sample_and_the_end_is_none(astronaut: Image, tmp_path: Path, clock: FakeClock) -> None:
    driver = build("webcam", WebcamConfig(source=str(store(tmp_path / "film", [astronaut] * 2)), rate_hz=10.0),
                   Setting(stream="camera", start_ns=clock.now_ns(), clock=clock))
    driver.open()
    read = [driver.read(0.04) for _ in range(6)]
    driver.close()
    rows = [None if sample is None else sample.values.shape for sample in read]
    assert rows == [(1, 21), (0, 21), (0, 21), (1, 21), None, None]
    assert read[1] is not None
    assert read[1].times_ns.shape == (0,)
    assert read[1].times_ns.dtype == np.int64


def test_a_failed_open_leaves_nothing_open(tmp_path: Path, clock: FakeClock) -> None:
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    driver = build("webcam", WebcamConfig(source=str(tmp_path)),
                   Setting(stream="camera", start_ns=clock.now_ns(), clock=clock))
    with pytest.raises(DeviceError, match="holds no image"):
        driver.open()
    assert driver.read(0.1) is None
    assert driver.lost() == 0
    driver.close()
    after = set(os.listdir("/proc/self/fd")) if before else set()
    assert len(after) <= len(before) + 1


def test_a_missing_model_is_a_sentence(tmp_path: Path, clock: FakeClock, astronaut: Image) -> None:
    folder = store(tmp_path / "film", [astronaut])
    driver = build("webcam", WebcamConfig(source=str(folder), model=str(tmp_path / "no.task")),
                   Setting(stream="camera", start_ns=clock.now_ns(), clock=clock))
    with pytest.raises(DeviceError, match=r"no\.task does not exist"):
        driver.open()
