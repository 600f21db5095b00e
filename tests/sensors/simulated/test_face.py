import dataclasses
import math
from collections.abc import Callable, Iterator

import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.python import BaseOptions, vision

from sensors import facemodel
from sensors.simulated.face import FaceVideo
from sensors.simulated.head_turn import rotation
from sensors.simulated.participant import Moment
from sensors.simulated.story import Fault, ParticipantConfig, Scene

WIDTH, HEIGHT = 640, 480
RIGHT_EYE, LEFT_EYE = (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)

Read = Callable[[np.ndarray], dict[str, float] | None]


def video(*faults: Fault, state: str = "focused") -> FaceVideo:
    return FaceVideo(ParticipantConfig(script=(Scene(at_s=0, state=state),), faults=faults), WIDTH, HEIGHT, 30.0)


@pytest.fixture(scope="module")
def plain() -> FaceVideo:
    return video()


@pytest.fixture(scope="module")
def neutral(plain: FaceVideo) -> Moment:
    return dataclasses.replace(plain._participant.at(0.0), lid=0.0, jaw=0.0, shift=0.0, eye_yaw=0.0, eye_pitch=0.0,
                               head_yaw=0.0, head_pitch=0.0, head_roll=0.0)


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """The real MediaPipe network on single frames; angles in degrees, in the house's signs."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(facemodel.find())), output_face_blendshapes=True,
        output_facial_transformation_matrixes=True, num_faces=2)

    def openness(points: np.ndarray, eye: tuple[int, ...]) -> float:
        outer, up1, up2, inner, low2, low1 = points[list(eye)]
        return float((np.linalg.norm(up1 - low1) + np.linalg.norm(up2 - low2)) / (2 * np.linalg.norm(outer - inner)))

    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        def read_frame(frame: np.ndarray) -> dict[str, float] | None:
            rgb = np.ascontiguousarray(frame[:, :, ::-1])
            found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb))
            if not found.face_landmarks:
                return None
            turn = np.array(found.facial_transformation_matrixes[0])[:3, :3]
            points = np.array([(mark.x * WIDTH, mark.y * HEIGHT) for mark in found.face_landmarks[0]])
            shape = {item.category_name: item.score for item in found.face_blendshapes[0]}
            return {
                "faces": len(found.face_landmarks),
                "yaw": math.degrees(math.atan2(-turn[0, 2], turn[2, 2])), "pitch": math.degrees(math.asin(turn[1, 2])),
                "roll": math.degrees(math.atan2(turn[1, 0], turn[0, 0])),
                "openness": (openness(points, RIGHT_EYE) + openness(points, LEFT_EYE)) / 2,
                "blink": (shape["eyeBlinkLeft"] + shape["eyeBlinkRight"]) / 2, "jaw": shape["jawOpen"],
                "look_right": (shape["eyeLookOutRight"] - shape["eyeLookInRight"]
                               + shape["eyeLookInLeft"] - shape["eyeLookOutLeft"]) / 2,
                "look_up": (shape["eyeLookUpRight"] - shape["eyeLookDownRight"]
                            + shape["eyeLookUpLeft"] - shape["eyeLookDownLeft"]) / 2}

        yield read_frame


@pytest.fixture(scope="module")
def measure(plain: FaceVideo, neutral: Moment, read: Read) -> Callable[..., dict[str, float]]:
    def measured(**changes: float) -> dict[str, float]:
        found = read(plain.render(dataclasses.replace(neutral, **changes)))
        assert found is not None, changes
        return found

    return measured


@pytest.mark.parametrize(("field", "key", "degrees", "low", "high"), [
    ("head_yaw", "yaw", 30, 0.55, 1.0), ("head_pitch", "pitch", 18, 0.65, 1.1), ("head_roll", "roll", 15, 0.9, 1.1)])
def test_mediapipe_reads_the_pose_back_with_a_known_gain(measure: Callable[..., dict[str, float]], field: str, key: str,
                                                         degrees: float, low: float, high: float) -> None:
    wanted = np.linspace(-degrees, degrees, 7)
    found = np.array([measure(**{field: math.radians(angle)})[key] for angle in wanted])
    assert (np.diff(found) > 0).all(), found
    assert low < np.polyfit(wanted, found, 1)[0] < high
    assert abs(found[3]) < 4


def test_closing_lids_are_seen_to_close(measure: Callable[..., dict[str, float]]) -> None:
    found = [measure(lid=lid) for lid in (0.0, 0.25, 0.5, 0.75, 1.0)]
    openness, blink = ([item[key] for item in found] for key in ("openness", "blink"))
    assert openness == sorted(openness, reverse=True)
    assert blink == sorted(blink)
    assert openness[4] < 0.3 * openness[0]
    assert blink[4] > 0.5
    assert blink[0] < 0.2


def test_turned_eyes_are_seen_to_turn(measure: Callable[..., dict[str, float]]) -> None:
    sideways = [measure(eye_yaw=math.radians(angle))["look_right"] for angle in (-20, -8, 0, 8, 20)]
    upwards = [measure(eye_pitch=math.radians(angle))["look_up"] for angle in (-20, 0, 15)]
    assert sideways == sorted(sideways)
    assert sideways[-1] - sideways[0] > 0.6
    assert upwards == sorted(upwards)
    assert upwards[-1] - upwards[0] > 0.2


def test_an_open_jaw_is_seen(measure: Callable[..., dict[str, float]]) -> None:
    assert measure(jaw=0.9)["jaw"] > measure(jaw=0.0)["jaw"] + 0.1


def test_frames_do_not_depend_on_what_was_asked_before(plain: FaceVideo) -> None:
    later = video(state="focused")
    for at_s in (7.0, 0.5, 3.3):
        later.frame(at_s)
    frame = later.frame(1.0)
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, plain.frame(1.0))
    assert not np.array_equal(frame, plain.frame(1.0 + 1 / 30))


def test_faults_of_the_camera_are_seen(read: Read) -> None:
    faulty = video(*(Fault(stream="camera", kind=kind, at_s=at_s)
                     for kind, at_s in (("face_loss", 1.0), ("second_face", 2.0), ("dark", 3.0))))
    assert read(faulty.frame(1.5)) is None
    assert faulty.frame(3.5).mean() < 12
    for at_s, faces in ((0.5, 1), (2.5, 2), (4.5, 1)):
        found = read(faulty.frame(at_s))
        assert found is not None
        assert found["faces"] == faces


def test_one_who_is_away_is_not_seen(read: Read) -> None:
    script = (Scene(at_s=0.0, state="focused"), Scene(at_s=2.0, state="away"), Scene(at_s=5.0, state="focused"))
    gone = FaceVideo(ParticipantConfig(script=script), WIDTH, HEIGHT, 30.0)
    assert [read(gone.frame(at_s)) is not None for at_s in (1.5, 3.0, 6.0)] == [True, False, True]


def test_the_whole_person_leaves_the_view(plain: FaceVideo) -> None:
    leaving = FaceVideo(ParticipantConfig(script=(Scene(at_s=2.0, state="away"),)), WIDTH, HEIGHT, 30.0)
    halfway, nearly, gone = (leaving.frame(at_s).astype(int) for at_s in (2.25, 2.46, 2.6))
    assert 0 < leaving._participant.at(2.46).shift < 1
    assert np.abs(halfway - gone).mean() > 10
    assert np.abs(nearly - gone).mean() < 5


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (480, 640)])
def test_other_sizes_show_the_face_too(size: tuple[int, int], read: Read) -> None:
    width, height = size
    frame = FaceVideo(ParticipantConfig(script=(Scene(at_s=0, state="focused"),)), width, height, 30.0).frame(0.0)
    assert frame.shape == (height, width, 3)
    assert read(frame) is not None


def test_no_pose_of_a_life_tears_the_face(plain: FaceVideo) -> None:
    """A map that runs backwards folds the face over itself."""
    for yaw, pitch in ((36, 0), (-36, 0), (25, -25), (-25, -25), (0, -36), (20, 20), (-20, 20)):
        x, y = plain._turn.map(math.radians(yaw - 2), math.radians(pitch + 8), 0.05)
        assert np.diff(x, axis=1).min() > -0.5, (yaw, pitch)
        assert np.diff(y, axis=0).min() > -0.5, (yaw, pitch)


def test_signs_of_the_rotation() -> None:
    nose = np.array([0.0, 0.0, 1.0])
    assert (rotation(0.3, 0, 0) @ nose)[0] < 0  # to the person's right is the picture's left
    assert (rotation(0, 0.3, 0) @ nose)[1] < 0  # up is up
    crown = np.array([0.0, -1.0, 0.0])
    assert (rotation(0, 0, 0.3) @ crown)[0] < 0  # clockwise for the person: the crown leans to the picture's left


def test_the_parts_leave_no_mark_beside_the_face(plain: FaceVideo, neutral: Moment) -> None:
    """Colours weighed by opacity are never brighter than it; a patch drawn beyond the outline would be."""
    for changes in ({}, {"jaw": 0.9}, {"lid": 1.0}, {"eye_yaw": 0.4}):
        plain.render(dataclasses.replace(neutral, **changes))
        colours, opacity = plain._canvas[:, :, :3].astype(int), plain._canvas[:, :, 3:].astype(int)
        assert (colours <= opacity + 2).mean() > 0.9999, changes
