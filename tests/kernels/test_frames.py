"""The last seconds of frames against their plain twin."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import frames
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


@pytest.mark.parametrize("kind", ["random", "constant", "riddled", "all missing", "over the ring", "single", "empty"])
def test_the_summary_matches_the_naive_twin(kind: str) -> None:
    random = np.random.default_rng(7)
    count = {"single": 1, "empty": 0, "over the ring": frames.CAPACITY + 300}.get(kind, 300)
    steps_ms = random.choice([33, 34, 70, 250], count, p=[0.6, 0.3, 0.08, 0.02])
    times = START + np.cumsum(steps_ms).astype(np.int64) * 1_000_000
    rows = random.normal(0.4, 0.1, (frames.ROWS, count)).astype(np.float32).astype(np.float64)
    trusted = random.integers(0, 2, count)
    if kind == "constant":
        rows[:] = np.float32(0.3)
    elif kind == "riddled":
        rows[random.random(rows.shape) < 0.3] = np.nan
    elif kind == "all missing":
        rows[:] = np.nan
    record = np.zeros(1, frames.FRAMES)
    for k in range(count):
        frames.remember(record[0], times[k], trusted[k], *rows[:, k])
    for tick in [int(times[-1]), int(times[-1]) - 700_000_000] if count else [START]:
        comp, counts = np.empty(frames.SUMMARY), np.empty(frames.ROWS, np.int64)
        frames.summarise(record[0], tick, counts, comp)
        inside = reference.window(times, tick, 2)
        head = rows[frames.HEAD_YAW:frames.HEAD_ROLL + 1]
        ref = [inside.sum(), trusted[inside].sum(), reference.mean(times, rows[frames.LUMA], tick, 1),
               *(reference.mean(times, row, tick, 0.5) for row in rows[frames.HEAD_YAW:]),
               reference.angular_speed(times, *head, tick)]
        assert_allclose(comp, ref, rtol=1e-4, atol=1e-12)


def test_the_highest_pitch_ignores_what_is_too_old_or_missing() -> None:
    record = np.zeros(1, frames.FRAMES)
    for k, pitch in enumerate([0.9, 0.2, np.nan, 0.5, 0.3]):
        frames.remember(record[0], START + k, 1, np.nan, 0.0, pitch, 0.0, 0.0)
    assert frames.highest_pitch(record[0], START) == pytest.approx(0.5)
    assert frames.highest_pitch(record[0], START - 1) == pytest.approx(0.9)
    assert np.isnan(frames.highest_pitch(record[0], START + 4))
