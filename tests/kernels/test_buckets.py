"""Totals and peaks by the second against plain lists."""

import numpy as np
import pytest

from kernels import buckets, peaks

SECOND = 1_000_000_000
THREE = buckets.buckets(3)


def empty() -> tuple[np.ndarray, np.ndarray]:
    record, highest = np.zeros(1, THREE), np.zeros(1, peaks.PEAKS)
    buckets.clear(record)
    peaks.clear(highest)
    return record, highest


@pytest.mark.parametrize("gaps", ["dense", "sparse", "hours", "from the first second"])
def test_totals_and_peaks_match_plain_lists(gaps: str) -> None:
    random = np.random.default_rng(1)
    longest_s = {"dense": 0.1, "sparse": 40.0, "hours": 9000.0}.get(gaps, 1.0)
    times = np.cumsum(random.uniform(0.001, longest_s, 400) * SECOND).astype(np.int64)
    if gaps != "from the first second":
        times += 3_600 * SECOND
    amounts, columns = random.integers(0, 10**12, 400), random.integers(0, 3, 400)
    record, highest = empty()
    for k, (t, amount, column) in enumerate(zip(times, amounts, columns, strict=True)):
        buckets.add(record[0], t, column, amount)
        peaks.lift(highest[0], t, amount)
        if k % 40:
            continue
        for tick in (t, t + SECOND, t + 200 * SECOND):
            for seconds in (1, 30, 60, 180):
                inside = [m for m in range(k + 1) if tick // SECOND - seconds < times[m] // SECOND <= tick // SECOND]
                for wanted in range(3):
                    expected = sum(int(amounts[m]) for m in inside if columns[m] == wanted)
                    assert buckets.total(record[0], tick, seconds, wanted) == expected
                assert peaks.peak(highest[0], tick, seconds) == max((amounts[m] for m in inside), default=0)


def test_sixty_seconds_are_the_running_one_and_the_59_before_it() -> None:
    record, highest = empty()
    for second in range(100, 200):
        buckets.add(record[0], second * SECOND + 999_999_999, 0, 1)
        peaks.lift(highest[0], second * SECOND, 300 - second)
    assert buckets.total(record[0], 199 * SECOND, 60, 0) == 60
    assert buckets.total(record[0], 200 * SECOND, 60, 0) == 59
    assert peaks.peak(highest[0], 199 * SECOND, 60) == 300 - 140
    assert peaks.peak(highest[0], 400 * SECOND, 60) == 0


def test_a_tick_a_second_behind_still_has_its_whole_window() -> None:
    record, _ = empty()
    for second in range(1000):
        buckets.add(record[0], second * SECOND, 2, second)
    assert buckets.total(record[0], 998 * SECOND, 180, 2) == sum(range(819, 999))
