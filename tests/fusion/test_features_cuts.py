"""What a tracker says depends on the samples up to the tick, and on nothing else."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tracked import START_NS, column, in_range, make, run

from kernels.layout import FEATURES

CAMERA = ("gaze_yaw", "gaze_pitch", "eye_yaw", "eye_pitch", "head_yaw", "head_pitch", "head_roll", "head_x", "head_y",
          "head_z", "ear_left", "ear_right", "blink_left", "blink_right", "jaw_open", "face", "faces", "subject",
          "face_size", "luma", "motion")
MICROPHONE = ("speech", "loudness_momentary", "loudness_short", "rms_db", "f0", "voicing", "centroid", "flatness",
              "flux", "transient", "clipped", "silent", *(f"band_{k}" for k in range(8)))


def story(kind: str, seconds: float = 30.0) -> tuple[tuple[str, ...], float, np.ndarray, np.ndarray]:
    """Return columns, rate, values and jittered times with holes and missing values."""
    random = np.random.default_rng(8)
    names, rate, unit_ns = {"camera": (CAMERA, 30.0, 33_333_333), "microphone": (MICROPHONE, 31.25, 32_000_000),
                            "eeg": (("Fp1", "Fz", "C3", "O1", "O2"), 250.0, 4_000_000),
                            "context": (("speed_kmh", "demand"), 10.0, 100_000_000)}[kind]
    count = int(seconds * rate)
    steps = np.full(count, unit_ns) + random.integers(-unit_ns // 10, unit_ns // 10, count)
    steps[random.choice(count // 2, 5 if kind == "eeg" else 9, replace=False)] += 3 * unit_ns
    times = START_NS + np.cumsum(steps).astype(np.int64)
    values = random.random((count, len(names)))
    if kind == "camera":
        values[:, CAMERA.index("face")] = random.random(count) > 0.05
        values[:, CAMERA.index("ear_left")] = values[:, CAMERA.index("ear_right")] = 0.3 * random.random(count) ** 0.1
        for first in range(40, count - 60, 60):
            values[first:first + random.integers(3, 25), 10:12] *= 0.2
        values[:, CAMERA.index("luma")] = 120
        looks = random.normal(0, 0.3, (count, 2))[np.sort(random.integers(0, count, count // 12)).searchsorted(
            np.arange(count))]
        values[:, :2] = looks + random.normal(0, 0.003, (count, 2))
    elif kind == "microphone":
        values[:, 1:4] = random.normal(-40, 5, (count, 3))
        values[:, MICROPHONE.index("f0")] = 100 + 100 * random.random(count)
    elif kind == "eeg":
        values = np.cumsum(random.normal(0, 3, values.shape), axis=0) * 0.3 - 20_000
    values[:count // 2][random.random((count // 2, len(names))) < 0.01] = np.nan
    return names, rate, values, times


def tracker(kind: str) -> Any:
    names, rate, _, _ = story(kind)
    return make(kind, names, rate, 3.0, unit="uV")


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_the_cut_changes_no_bit(kind: str) -> None:
    _, _, values, times = story(kind)
    count = len(times)
    random = np.random.default_rng(9)
    at, whole = run(tracker(kind), values, times)
    measured = {feature.name for feature in FEATURES if np.isfinite(column(whole, feature.name)).any()}
    assert {feature.name for feature in FEATURES if feature.modality == kind} - measured <= {
        "gaze_entropy_60s", "transition_entropy_60s"}  # these need 50 steps between fixations
    for cuts in (range(count), range(0, count, 7), np.sort(random.integers(0, count, count // 5)),
                 np.repeat(np.arange(0, count, 11), 3)):
        assert_array_equal(run(tracker(kind), values, times, cuts=cuts)[1], whole)
    # Asked four times as often, or only at the end, it says the same at the same tick. (What several modalities say
    # together is sampled on a grid of ticks, and no single stream has it.)
    own = [feature.modality == kind for feature in FEATURES]
    assert_array_equal(run(tracker(kind), values, times, tick_hz=80.0)[1][3::4][:len(whole), own], whole[:, own])
    once = tracker(kind)
    stop = np.searchsorted(times, times[0] + round(at[-1] * 1e9), side="right")
    once.advance(values[:stop].astype(np.float32), times[:stop])
    vector = np.full(len(FEATURES), np.nan, np.float32)
    once.fill(int(times[0] + round(at[-1] * 1e9)), vector)
    assert_array_equal(vector[own], whole[-1, own])


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_every_value_lies_in_its_range(kind: str) -> None:
    _, _, values, times = story(kind)
    assert in_range(run(tracker(kind), values, times)[1])


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_columns_are_found_by_name(kind: str) -> None:
    names, rate, values, times = story(kind)
    order = np.random.default_rng(3).permutation(len(names))
    shuffled = make(kind, [names[k] for k in order], rate, 3.0, unit="uV")
    again = run(shuffled, values[:, order], times)[1]
    ours = run(tracker(kind), values, times)[1]
    if kind == "eeg":  # channels are summed and sorted in another order, so only the rounding may differ
        np.testing.assert_allclose(again, ours, rtol=1e-4, atol=1e-4)
    else:
        assert_array_equal(again, ours)


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_missing_columns_are_not_measured(kind: str) -> None:
    _, rate, values, times = story(kind)
    vectors = run(make(kind, ["nothing", "known"], rate), values[:, :2], times)[1]
    assert np.isnan(column(vectors, "gaze_yaw")).all()
    unknown = {feature.name for feature in FEATURES if np.isfinite(column(vectors, feature.name)).any()}
    assert unknown <= {"microphone_quality"}


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_no_sample_no_feature(kind: str) -> None:
    vector = np.full(len(FEATURES), np.nan, np.float32)
    silent = tracker(kind)
    silent.advance(np.empty((0, len(story(kind)[0])), np.float32), np.empty(0, np.int64))
    silent.fill(START_NS, vector)
    assert np.isnan(vector).all()


@pytest.mark.parametrize("kind", ["camera", "microphone", "eeg", "context"])
def test_a_stream_that_stops_is_no_longer_measured(kind: str) -> None:
    _, _, values, times = story(kind)
    vectors = run(tracker(kind), values, times, until_s=36.0)[1]
    assert np.isnan(vectors[-1]).all()
