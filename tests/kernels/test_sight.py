"""What was seen, frame by frame, is what the windows of `kernels.eyes` are made of."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels import eyes, sight
from kernels.errors import InputError
from kernels.layout import INDEX, SIZE

COLUMNS = ("face", "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "ear_left", "ear_right", "blink_left",
           "blink_right")


def frames(count: int = 900) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Half a minute of a person who looks about, blinks, and is out of sight for a while."""
    draw = np.random.default_rng(5)
    values = np.empty((count, len(COLUMNS)), np.float32)
    values[:, 0], values[:, 1] = 0.9, 120.0
    values[:, 2:6] = np.cumsum(draw.normal(0.0, 0.01, (count, 4)), axis=0)
    values[:, 6:8] = 0.3 + draw.normal(0.0, 0.01, (count, 2))
    values[:, 8:10] = 0.1
    for start in range(50, count, 120):
        values[start:start + 8, 6:8], values[start:start + 8, 8:10] = 0.06, 0.8
    values[400:440, 0] = 0.1
    values[600:620, 6:8] = np.nan
    return values, np.arange(count, dtype=np.int64) * 33_333_333 + 1_000


def seen(values: NDArray[np.float32], times_ns: NDArray[np.int64], cuts: list[int]) -> NDArray[np.float64]:
    records = np.zeros(1, sight.SIGHT)
    sight.reset(records, COLUMNS, 5.0)
    parts = np.split(np.arange(len(times_ns)), cuts)
    return np.concatenate([sight.follow_one(records, values[part], times_ns[part]) for part in parts])


def test_openness_is_that_of_the_windows_at_every_frame() -> None:
    values, times_ns = frames()
    found = seen(values, times_ns, [])
    records = np.zeros(1, eyes.EYES)
    eyes.reset(records, eyes.Setup(COLUMNS, 30.0, 0.0, 0.0, 0.26, 5.0))
    out = np.empty(SIZE, np.float32)
    for i in range(len(times_ns)):
        eyes.push(records[0], values[i:i + 1], times_ns[i:i + 1])
        if i % 7 == 0 and not math.isnan(found[i, sight.OPENNESS]):
            out[:] = np.nan
            eyes.features(records[0], int(times_ns[i]), out)
            assert out[INDEX["openness"]] == pytest.approx(found[i, sight.OPENNESS], abs=1e-6)


@pytest.mark.parametrize("cuts", [[], list(range(1, 900)), list(range(32, 900, 32)), [333, 333, 334, 700]],
                         ids=["whole", "single", "uniform", "irregular and empty"])
def test_cutting_changes_nothing(cuts: list[int]) -> None:
    values, times_ns = frames()
    np.testing.assert_array_equal(seen(values, times_ns, cuts), seen(values, times_ns, []))


def test_nothing_is_told_of_a_face_that_is_not_trusted_and_no_gaze_of_a_closed_eye() -> None:
    found = seen(*frames(), [])
    assert (found[400:440, sight.FACE] == 0).all()
    assert np.isnan(found[400:440, sight.OPENNESS:sight.LUMA]).all()
    assert found[400, sight.LUMA] == 120
    closed = found[:, sight.OPENNESS] < 0.2
    assert closed.sum() > 30
    assert np.isnan(found[closed, sight.GAZE_YAW]).all()
    assert not np.isnan(found[closed, sight.HEAD_YAW]).any()


def test_gaze_without_lids_is_gaze_all_the_same() -> None:
    found = seen(*frames(), [])[600:620]
    assert np.isnan(found[:, sight.OPENNESS]).all()
    assert not np.isnan(found[:, sight.GAZE_YAW]).any()


@pytest.mark.parametrize(("columns", "calibration_s"), [(("speed_kmh",), 5.0), (COLUMNS, -1.0)])
def test_what_cannot_be_meant_is_refused(columns: tuple[str, ...], calibration_s: float) -> None:
    with pytest.raises(InputError, match="camera: c"):
        sight.reset(np.zeros(1, sight.SIGHT), columns, calibration_s)
