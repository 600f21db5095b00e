"""Frames of reference: VRChat's own test vector, mirror symmetry, and every way back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.drivers import headset_geometry as geometry
from sensors.drivers import webcam_geometry

UP, RIGHT, IPD_M, FAR_M = math.radians(15), math.radians(20), 0.064, 0.5
YAW = st.floats(-math.pi + 1e-3, math.pi - 1e-3)
PITCH = st.floats(-1.5, 1.5)


def test_vrchat_s_test_vector_in_its_three_forms() -> None:
    """A target 15 degrees up, 20 right, half a metre away, for eyes 64 mm apart."""
    center = geometry.from_vrchat(-15.252, 20.128)
    vector = geometry.angles(geometry.in_ours((0.332, 0.263, 0.905), "unity"))
    assert np.degrees(center) == pytest.approx((20.128, 15.252), abs=0.001)
    assert np.degrees([float(angle) for angle in vector]) == pytest.approx((20.128, 15.252), abs=0.03)
    left, right = geometry.from_vrchat(-14.903, 23.592), geometry.from_vrchat(-15.560, 16.503)
    both = geometry.angles(geometry.between(geometry.direction(*left), geometry.direction(*right)))
    assert np.degrees([float(angle) for angle in both]) == pytest.approx((20.128, 15.252), abs=0.1)


@given(YAW, PITCH)
def test_angles_come_back_from_a_direction_in_single_precision(yaw: float, pitch: float) -> None:
    back = geometry.angles(geometry.direction(yaw, pitch).astype(np.float32))
    assert float(back[1]) == pytest.approx(pitch, abs=1e-5)
    assert float(back[0]) == pytest.approx(yaw, abs=1e-5)


@pytest.mark.parametrize("frame", geometry.SIGNS)
def test_every_frame_is_its_own_way_back(frame: str) -> None:
    vectors = np.random.default_rng(3).normal(size=(50, 3))
    assert np.array_equal(geometry.in_ours(geometry.in_ours(vectors, frame), frame), vectors)


@given(YAW, PITCH)
def test_a_mirrored_gaze_has_the_mirrored_angles(yaw: float, pitch: float) -> None:
    mirrored = geometry.direction(yaw, pitch) * np.array([-1.0, 1.0, 1.0])
    assert [float(angle) for angle in geometry.angles(mirrored)] == pytest.approx([-yaw, pitch], abs=1e-12)


@pytest.mark.parametrize(("frame", "right", "up", "forward"), [
    ("openxr", (1, 0, 0), (0, 1, 0), (0, 0, -1)),
    ("unity", (1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ("opencv", (-1, 0, 0), (0, -1, 0), (0, 0, -1)),
])
def test_right_up_and_forward_of_each_frame(frame: str, right: tuple[int, ...], up: tuple[int, ...],
                                            forward: tuple[int, ...]) -> None:
    def leaning(to: tuple[int, ...]) -> tuple[float, float]:
        yaw, pitch = geometry.angles(geometry.in_ours(np.array(forward) + 0.1 * np.array(to), frame))
        return float(yaw), float(pitch)

    assert leaning(right) == pytest.approx((math.atan(0.1), 0.0))
    assert leaning(up) == pytest.approx((0.0, math.atan(0.1)))


def test_a_head_turned_by_quaternion_reads_as_turned() -> None:
    """Right-handed about +y is to the left, about +x is up, about -z is clockwise as the person sees it."""
    half = math.radians(10)
    for axis, expected in (((0, 1, 0), (-2 * half, 0, 0)), ((1, 0, 0), (0, 2 * half, 0)),
                           ((0, 0, -1), (0, 0, 2 * half))):
        turn = geometry.rotation(*(math.sin(half) * part for part in axis), math.cos(half))
        assert [float(angle) for angle in geometry.head_angles(turn)] == pytest.approx(expected, abs=1e-12)


@given(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
def test_the_camera_s_frame_agrees_with_the_webcam_s(x: float, y: float, z: float) -> None:
    """MediaPipe's camera is the same camera with +y up and -z away; its head axes are those of "opencv"."""
    turn = geometry.rotation(x, y, z, 2.0)
    flipped = np.diag([1.0, -1.0, -1.0]) @ turn
    ours = [float(angle) for angle in geometry.head_angles(flipped, "opencv")]
    assert ours == pytest.approx(webcam_geometry.head_angles(turn), abs=1e-9)


def test_nothing_has_no_direction() -> None:
    for vector in ((0.0, 0.0, 0.0), (math.nan, 0.0, -1.0), (math.inf, 0.0, -1.0)):
        assert np.isnan(geometry.angles(vector)).all()
    with pytest.raises(ValueError, match="no direction"):
        geometry.rotation(0, 0, 0, 0)


def test_a_point_on_a_screen_is_a_direction_from_the_eyes() -> None:
    yaw, pitch = geometry.on_screen([0.35, -0.35, 0.0], [0.0, 0.0, 0.7], 0.7)
    assert np.degrees(yaw) == pytest.approx([26.565, -26.565, 0.0], abs=0.001)
    assert np.degrees(pitch) == pytest.approx([0.0, 0.0, 45.0], abs=0.001)
