"""Frames of gaze: the published example, left and right alike, nothing lost in float32, nothing made up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fusion.outputs import frames
from fusion.outputs.frames import Angles, Quaternion, Turn, Vector
from fusion.outputs.gaze import Gaze
from sensors.drivers import webcam_geometry

YAWS = st.floats(-3.1, 3.1)
PITCHES = st.floats(-1.5, 1.5)
SMALL = st.floats(-0.6, 0.6)
METRES = st.floats(-10, 10, width=32)
ROUNDING = 2e-6
"""What angles may lose when they pass through float32, rad; half a thousandth of what a headset can tell."""


def single(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return numbers as they come out of float32."""
    return tuple(float(np.float32(value)) for value in values)


NO_HEAD = Turn(math.nan, math.nan, math.nan)


def gaze(yaw: float, pitch: float, head: Turn = NO_HEAD) -> Gaze:
    return Gaze(1, yaw, pitch, *head, 0.1, 0.2, 0.6, 1.0, 0.9, "ok")


class TestTheExampleOfVRChatsDocument:
    LOOK = frames.from_vrchat(-15.252, 20.128)
    DISTANCE_M, IPD_M = 0.503, 0.064

    def test_its_vectors(self) -> None:
        centre = frames.unity_vector(frames.direction(*self.LOOK))
        assert centre == pytest.approx((0.332, 0.263, 0.905), abs=0.001)
        assert [self.DISTANCE_M * part for part in centre] == pytest.approx((0.167, 0.132, 0.456), abs=0.001)

    def test_its_angles_of_each_eye(self) -> None:
        left, right = frames.of_each_eye(self.LOOK, self.DISTANCE_M, self.IPD_M)
        told = (*frames.vrchat(left), *frames.vrchat(right))
        assert told == pytest.approx((-14.903, 23.592, -15.560, 16.503), abs=0.001)

    def test_its_vectors_of_each_eye(self) -> None:
        left, right = frames.of_each_eye(self.LOOK, self.DISTANCE_M, self.IPD_M)
        told = (*frames.unity_vector(frames.direction(*left)), *frames.unity_vector(frames.direction(*right)))
        assert told == pytest.approx((0.387, 0.257, 0.886, 0.274, 0.268, 0.923), abs=0.001)

    def test_half_a_metre_to_the_letter_would_be_off_by_what_the_docstring_says(self) -> None:
        left, right = frames.of_each_eye(self.LOOK, 0.5, self.IPD_M)
        told = np.array((*frames.vrchat(left), *frames.vrchat(right)))
        worst = np.abs(told - (-14.903, 23.592, -15.560, 16.503)).max()
        assert worst == pytest.approx(0.022, abs=0.001)


class TestLeftAndRightAreAlike:
    @given(YAWS, PITCHES, st.floats(0.1, 100.0), st.floats(0.05, 0.08))
    def test_a_mirrored_look_swaps_the_eyes(self, yaw: float, pitch: float, distance: float, ipd: float) -> None:
        left, right = frames.of_each_eye(Angles(yaw, pitch), distance, ipd)
        other_left, other_right = frames.of_each_eye(Angles(-yaw, pitch), distance, ipd)
        assert (other_left.yaw, other_left.pitch) == pytest.approx((-right.yaw, right.pitch), abs=1e-12)
        assert (other_right.yaw, other_right.pitch) == pytest.approx((-left.yaw, left.pitch), abs=1e-12)

    @given(YAWS, PITCHES, YAWS)
    def test_a_mirrored_head_has_the_mirrored_rotation(self, yaw: float, pitch: float, roll: float) -> None:
        x, y, z, w = frames.quaternion(yaw, pitch, roll)
        assert frames.quaternion(-yaw, pitch, -roll) == pytest.approx((x, -y, -z, w), abs=1e-12)

    @given(YAWS, PITCHES, SMALL, SMALL, SMALL)
    def test_a_mirrored_person_looks_mirrored_from_the_head(self, yaw: float, pitch: float, head_yaw: float,
                                                            head_pitch: float, roll: float) -> None:
        look = frames.in_head(gaze(yaw, pitch, Turn(head_yaw, head_pitch, roll)))
        mirrored = frames.in_head(gaze(-yaw, pitch, Turn(-head_yaw, head_pitch, -roll)))
        assert math.sin(mirrored.yaw + look.yaw) == pytest.approx(0.0, abs=1e-9)
        assert mirrored.pitch == pytest.approx(look.pitch, abs=1e-9)


class TestRoundTripsInFloat32:
    @given(YAWS, PITCHES)
    def test_direction(self, yaw: float, pitch: float) -> None:
        back = frames.angles(Vector(*single(frames.direction(yaw, pitch))))
        assert back.pitch == pytest.approx(pitch, abs=ROUNDING)
        assert back.yaw == pytest.approx(yaw, abs=ROUNDING / math.cos(pitch))

    @given(YAWS, PITCHES, YAWS)
    def test_quaternion(self, yaw: float, pitch: float, roll: float) -> None:
        back = frames.turn(Quaternion(*single(frames.quaternion(yaw, pitch, roll))))
        slack = ROUNDING / math.cos(pitch)
        assert back == pytest.approx((yaw, pitch, roll), abs=slack)

    @given(YAWS, PITCHES, YAWS)
    def test_unity_euler(self, yaw: float, pitch: float, roll: float) -> None:
        back = frames.from_unity_euler(Vector(*single(frames.unity_euler(yaw, pitch, roll))))
        assert back == pytest.approx((yaw, pitch, roll), abs=ROUNDING)

    @given(YAWS, PITCHES)
    def test_vrchat(self, yaw: float, pitch: float) -> None:
        pitch_deg, yaw_deg = single(frames.vrchat(Angles(yaw, pitch)))
        assert frames.from_vrchat(pitch_deg, yaw_deg) == pytest.approx((yaw, pitch), abs=ROUNDING)

    @given(METRES, METRES, METRES, METRES)
    def test_the_mirror_to_unity_loses_nothing(self, x: float, y: float, z: float, w: float) -> None:
        assert frames.unity_vector(Vector(*single(frames.unity_vector(Vector(x, y, z))))) == (x, y, z)
        there = Quaternion(*single(frames.unity_quaternion(Quaternion(x, y, z, w))))
        assert frames.unity_quaternion(there) == (x, y, z, w)


class TestAgainstOthers:
    @given(YAWS, PITCHES, YAWS)
    def test_the_quaternion_is_scipys(self, yaw: float, pitch: float, roll: float) -> None:
        theirs = Rotation.from_euler("YXZ", (-yaw, pitch, -roll))
        assert frames.quaternion(yaw, pitch, roll) == pytest.approx(theirs.as_quat(), abs=1e-9) \
            or frames.quaternion(yaw, pitch, roll) == pytest.approx(-theirs.as_quat(), abs=1e-9)

    @given(YAWS, PITCHES, YAWS)
    def test_unitys_rotation_turns_unitys_forward_to_unitys_direction(self, yaw: float, pitch: float, roll: float,
                                                                      ) -> None:
        rotation = frames.unity_quaternion(frames.quaternion(yaw, pitch, roll))
        # The formula of a turned vector is the same in both hands.
        ahead = frames.rotate(rotation, Vector(0.0, 0.0, 1.0))
        assert ahead == pytest.approx(frames.unity_vector(frames.direction(yaw, pitch)), abs=1e-9)

    @given(SMALL, SMALL, SMALL, SMALL, SMALL)
    def test_eyes_in_the_head_are_those_the_webcam_combined(self, eye_yaw: float, eye_pitch: float, yaw: float,
                                                            pitch: float, roll: float) -> None:
        turn = Rotation.from_euler("YXZ", (-yaw, -pitch, roll)).as_matrix()  # MediaPipe's axes: x left, z ahead
        assert webcam_geometry.head_angles(turn) == pytest.approx((yaw, pitch, roll), abs=1e-9)
        seen = webcam_geometry.combine(turn, eye_yaw, eye_pitch)
        assert frames.in_head(gaze(*seen, Turn(yaw, pitch, roll))) == pytest.approx((eye_yaw, eye_pitch), abs=1e-9)


class TestEdges:
    @pytest.mark.parametrize("sign", [1.0, -1.0])
    def test_straight_up_and_down(self, sign: float) -> None:
        pole = sign * math.pi / 2
        assert frames.angles(Vector(0.0, sign, 0.0)) == pytest.approx((0.0, pole))
        assert frames.direction(1.0, pole) == pytest.approx((0.0, sign, 0.0), abs=1e-12)
        for yaw in (-2.0, 0.0, 0.5):
            rotation = frames.quaternion(yaw, pole)
            back = frames.turn(rotation)
            assert back == pytest.approx((yaw, pole, 0.0), abs=1e-9)
        left, right = frames.of_each_eye(Angles(0.0, pole), 1.0, 0.064)
        assert left.pitch == pytest.approx(right.pitch)
        assert abs(left.pitch) < math.pi / 2

    def test_what_is_not_known_stays_unknown(self) -> None:
        unknown = math.nan
        assert all(map(math.isnan, frames.angles(Vector(0.0, 0.0, 0.0))))
        assert all(map(math.isnan, frames.angles(Vector(unknown, 1.0, 0.0))))
        assert all(map(math.isnan, frames.direction(unknown, 0.1)[:1]))
        assert all(map(math.isnan, frames.quaternion(unknown, 0.1)))
        assert all(map(math.isnan, frames.turn(frames.quaternion(unknown, unknown))))
        assert all(map(math.isnan, frames.vrchat(frames.UNKNOWN)))
        assert all(math.isnan(value) for eye in frames.of_each_eye(frames.UNKNOWN, 1.0, 0.06) for value in eye)
        assert all(map(math.isnan, frames.from_unity_euler(Vector(unknown, unknown, unknown))))

    def test_endless_distance_makes_the_eyes_parallel(self) -> None:
        look = Angles(0.3, 0.1)
        assert frames.of_each_eye(look, math.inf, 0.064) == (look, look)

    def test_unity_counts_from_0_to_360(self) -> None:
        assert frames.from_unity_euler(Vector(350.0, 10.0, 355.0)) == pytest.approx(
            (math.radians(10), math.radians(10), math.radians(5)))


class TestPoses:
    def test_the_pose_of_a_head_is_openxrs(self) -> None:
        pose = frames.head_pose(gaze(0.0, 0.0, Turn(math.pi / 2, 0.0, 0.0)))
        assert pose.position == (0.1, 0.2, 0.6)
        # To the person's right is +x; a quarter turn to the right is negative about +y.
        assert frames.rotate(pose.orientation, Vector(0.0, 0.0, -1.0)) == pytest.approx((1.0, 0.0, 0.0), abs=1e-12)
        assert pose.orientation == pytest.approx((0.0, -math.sqrt(0.5), 0.0, math.sqrt(0.5)))

    def test_a_head_that_leans_right_has_its_right_ear_down(self) -> None:
        pose = frames.head_pose(gaze(0.0, 0.0, Turn(0.0, 0.0, 0.3)))
        assert frames.rotate(pose.orientation, Vector(1.0, 0.0, 0.0)).y < 0

    def test_without_a_head_the_gaze_is_the_heads_own(self) -> None:
        assert frames.in_head(gaze(0.2, -0.1)) == (0.2, -0.1)

    def test_eyes_that_follow_the_head_look_straight_ahead_in_it(self) -> None:
        assert frames.in_head(gaze(0.5, 0.2, Turn(0.5, 0.2, 0.1))) == pytest.approx((0.0, 0.0), abs=1e-12)
