"""Axes, signs and sides of the camera columns: on bare geometry, and on photographs seen through the real model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

cv2 = pytest.importorskip("cv2")
skimage_data = pytest.importorskip("skimage.data")

from sensors import facemodel  # noqa: E402  (the skips above must come first)
from sensors.drivers import webcam_columns, webcam_face  # noqa: E402
from sensors.drivers import webcam_geometry as geometry  # noqa: E402

Image = NDArray[np.uint8]
Look = Callable[[Image], dict[str, float]]


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> NDArray[np.float64]:
    """Return the rotation of a head in MediaPipe's axes, built from the angles' meaning: yaw, then pitch, then roll."""
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def test_head_angles_come_back_from_a_rotation() -> None:
    assert geometry.head_angles(turn(0.5, -0.3, 0.2)) == pytest.approx((0.5, -0.3, 0.2))


def test_a_face_that_looks_at_the_persons_right_looks_to_the_images_left() -> None:
    forward = turn(yaw=0.4)[:, 2]
    assert forward[0] < 0
    assert forward[2] > 0
    assert turn(pitch=0.4)[1, 2] > 0, "up is up"
    assert turn(roll=0.4)[1, 0] > 0, "roll clockwise for the person lifts the person's left side"


def test_position_is_right_up_and_away_in_metres() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = (-10.0, 5.0, -60.0)  # centimetres: image left, up, before the camera
    assert geometry.head_position(matrix) == pytest.approx((0.1, 0.05, 0.6))


def test_gaze_is_the_eye_turned_by_the_head() -> None:
    assert geometry.combine(turn(yaw=0.3), 0.2, 0.0) == pytest.approx((0.5, 0.0))
    assert geometry.combine(turn(pitch=-0.3), 0.0, 0.1) == pytest.approx((0.0, -0.2))


def test_the_aspect_ratio_does_not_change_with_head_yaw() -> None:
    points = np.zeros((478, 3))
    points[list(geometry.EYE_LEFT)] = [[0, 0, 0], [10, 4, 0], [20, 4, 0], [30, 0, 0], [20, -4, 0], [10, -4, 0]]
    straight = geometry.aspect_ratio(points, geometry.EYE_LEFT)
    assert straight == pytest.approx(8 / 30)
    assert geometry.aspect_ratio(points @ turn(yaw=0.6).T, geometry.EYE_LEFT) == pytest.approx(straight)


def test_shape_change_ignores_shift_roll_and_scale_and_sees_a_slipping_mesh() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(478, 3)) * 50
    moved = 1.3 * points @ turn(roll=0.4).T + (20.0, -7.0, 0.0)
    assert geometry.shape_change(points, moved) == pytest.approx(0.0, abs=1e-9)
    moved[:240] += (30.0, 0.0, 0.0)
    assert geometry.shape_change(points, moved) > webcam_columns.SHAPE_NONE


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    """Return what measures a still after the tracker has settled on it."""
    mesh = webcam_face.FaceMesh(facemodel.find())
    start = 0

    def settled(image: Image) -> dict[str, float]:
        nonlocal start
        start += 10_000
        mesh.find(np.zeros((64, 64, 3), np.uint8), start)  # forget the last face
        for frame in range(12):
            found = mesh.find(image, start + 100 + 33 * frame)
        assert found is not None
        return webcam_columns.measure(webcam_columns.face_of(found, image.shape[1], image.shape[0]))

    yield settled
    mesh.close()


@pytest.fixture(scope="module")
def astronaut() -> Image:
    return np.ascontiguousarray(skimage_data.astronaut()[:, :, ::-1])


def test_the_place_in_the_frame_hardly_changes_the_eyes(look: Look, astronaut: Image) -> None:
    eyes = []
    for left in (100, 10, 200):
        frame = np.full((480, 640, 3), 100, np.uint8)
        part = cv2.resize(astronaut[20:240, 110:350], None, fx=1.4, fy=1.4)
        frame[60:60 + part.shape[0], left:left + part.shape[1]] = part
        eyes.append(look(frame))
    for name in ("eye_yaw", "eye_pitch", "ear_left", "ear_right"):
        assert np.ptp([eye[name] for eye in eyes]) < 0.05, name


def flipped(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


def test_flipping_the_photograph_flips_what_has_a_side(look: Look, astronaut: Image) -> None:
    one, other = look(astronaut), look(flipped(astronaut))
    for name in ("head_yaw", "head_roll", "eye_yaw", "gaze_yaw"):
        assert one[name] == pytest.approx(-other[name], abs=0.07), name
    assert abs(one["head_roll"]) > 0.04, "a photograph without roll would prove nothing"
    assert one["head_x"] == pytest.approx(-other["head_x"], abs=0.01)
    assert abs(one["head_x"]) > 0.03
    for name in ("head_pitch", "eye_pitch", "gaze_pitch"):
        assert one[name] == pytest.approx(other[name], abs=0.07), name
    assert one["head_y"] == pytest.approx(other["head_y"], abs=0.01)


def test_flipping_a_turned_head_flips_yaw_and_gaze(look: Look, shared_data: Path) -> None:
    image = cv2.imread(str(shared_data / "face" / "single_face.jpg"))
    one, other = look(image), look(flipped(image))
    # The nose points to the image's left, which is the person's right; the eyes look back the other way.
    assert one["head_yaw"] > 0.08
    assert other["head_yaw"] < -0.08
    assert one["eye_yaw"] < -0.04
    assert other["eye_yaw"] > 0.04
    assert one["head_pitch"] == pytest.approx(other["head_pitch"], abs=0.05)


def rotated(image: Image, degrees: float) -> Image:
    height, width = image.shape[:2]
    return np.asarray(cv2.warpAffine(image, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0),
                                     (width, height)), dtype=np.uint8)


def test_roll_is_positive_when_the_right_ear_goes_down(look: Look, astronaut: Image) -> None:
    # Turning the picture anticlockwise brings the head to the image's left, the person's right shoulder.
    change = look(rotated(astronaut, 20.0))["head_roll"] - look(astronaut)["head_roll"]
    assert np.degrees(change) == pytest.approx(20.0, abs=3.0)


def winking(image: Image, centre: tuple[int, int], width: int) -> Image:
    """Return the image with one eye squeezed shut by a smooth local warp."""
    y, x = np.mgrid[0:image.shape[0], 0:image.shape[1]].astype(np.float32)
    near = np.exp(-(((x - centre[0]) / (0.75 * width)) ** 4 + ((y - centre[1]) / (0.75 * width)) ** 4))
    return np.asarray(cv2.remap(image, x, (centre[1] + (y - centre[1]) * (1 + 3 * near)).astype(np.float32),
                                cv2.INTER_LINEAR), dtype=np.uint8)


@pytest.mark.parametrize(("side", "other", "centre"), [("right", "left", (204, 101)), ("left", "right", (247, 104))])
def test_a_wink_shows_on_its_own_side(side: str, other: str, centre: tuple[int, int], look: Look,
                                      astronaut: Image) -> None:
    # The eye at the image's left is the person's right one.
    before, after = look(astronaut), look(winking(astronaut, centre, 19))
    fallen = {eye: before[f"ear_{eye}"] - after[f"ear_{eye}"] for eye in (side, other)}
    risen = {eye: after[f"blink_{eye}"] - before[f"blink_{eye}"] for eye in (side, other)}
    assert fallen[side] > 0.08
    assert fallen[side] > 1.8 * fallen[other]
    assert risen[side] > 0.1
    assert risen[side] > 1.8 * risen[other]
