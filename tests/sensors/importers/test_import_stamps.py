"""Times of imported samples: holes stay holes, bursts are smoothed, losses are counted, set clocks are told."""

import numpy as np
import pytest

from sensors.clock import SECOND
from sensors.errors import ForeignFileError
from sensors.importers.stamps import as_ns, as_they_are, place


def steps_ms(placed):
    return np.diff(placed.times_ns) / 1e6


def test_regular_stamps_and_the_hole_between_them_are_taken_as_they_are():
    stamps = np.concatenate((np.arange(500), np.arange(500) + 500 + 900 * 250)) * 4_000_000
    placed = place(stamps, 1000, 250.0)
    assert np.array_equal(placed.times_ns, stamps)
    assert placed.holes_s() == pytest.approx([900.0])
    assert placed.lost == 0
    assert placed.irregular_ns == 0


def test_bursts_are_spread_at_the_true_rate_and_the_spread_is_told():
    # A device 200 ppm fast, delivered in bursts of ten with a delay of 5 to 25 ms: seeded, so always the same.
    true_ns = np.arange(20_000) * (4_000_000 * (1 - 200e-6))
    late = np.random.default_rng(7).uniform(5e6, 25e6, 2000)
    stamps = np.maximum.accumulate(np.repeat(true_ns[9::10] + late, 10)).astype(np.int64)
    placed = place(stamps, 20_000, 250.0)
    error = placed.times_ns - true_ns
    assert np.ptp(error) < 2e6, "all times stand in one constant delay"
    assert steps_ms(placed).min() > 3.9
    assert placed.holes_s().size == 0
    assert 18e6 < placed.irregular_ns < 23e6
    assert any("bursts of up to 10 samples" in text for text in placed.warnings)


def test_a_late_first_burst_makes_no_hole():
    """The first half second waits in a buffer; live that would be caught up with, a file can be seen whole."""
    true_ns = np.arange(2500) * 4_000_000
    stamps = np.repeat(true_ns[24::25], 25)
    stamps[:125] = stamps[124] + 450_000_000
    stamps = np.maximum.accumulate(stamps)
    placed = place(stamps, 2500, 250.0)
    assert steps_ms(placed) == pytest.approx(np.full(2499, 4.0), abs=1e-3)


def test_bursts_that_were_held_up_and_then_hurried_make_no_hole():
    """A radio that fell behind in two steps and then delivered quicker than usual has lost nothing."""
    arrivals = np.arange(1, 201) * 100_000_000
    arrivals[100:110] += 300_000_000
    arrivals[110:] = np.maximum(arrivals[110:], arrivals[110] + 600_000_000 + np.arange(90) * 20_000_000)
    placed = place(np.repeat(arrivals, 25), 5000, 250.0)
    assert steps_ms(placed) == pytest.approx(np.full(4999, 4.0), abs=1e-2)
    assert placed.irregular_ns == pytest.approx(600e6, abs=1e6)


def test_a_pause_among_bursts_stays_a_hole():
    stamps = np.repeat(np.arange(1, 201) * 100_000_000, 25)
    stamps[2500:] += 7 * SECOND
    placed = place(stamps, 5000, 250.0)
    assert placed.holes_s() == pytest.approx([7.0], abs=0.01)
    assert any("1 pause" in text for text in placed.warnings)


def test_lost_packages_leave_holes_of_their_length():
    numbers = np.delete(np.arange(1000) % 256, [100, 400, 401, 402]).astype(float)
    placed = place(None, 996, 250.0, numbers=numbers, board="CYTON_BOARD")
    assert placed.lost == 4
    assert placed.holes_s() == pytest.approx([0.004, 0.012])
    assert (placed.times_ns[-1] - placed.times_ns[0]) / SECOND == pytest.approx(999 / 250)
    assert any("no time stamps" in text for text in placed.warnings)


def test_lost_packages_in_bursts_leave_holes_too():
    kept = np.delete(np.arange(5000), np.arange(2000, 2020))
    stamps = (kept // 25 + 1) * 100_000_000
    placed = place(stamps, len(kept), 250.0, numbers=(kept % 256).astype(float), board="CYTON_BOARD")
    assert placed.lost == 20
    assert placed.holes_s() == pytest.approx([0.08], abs=1e-3)


def test_a_clock_that_was_set_back_is_told_and_time_goes_on():
    stamps = np.arange(1000) * 4_000_000
    stamps[600:] -= 3600 * SECOND
    placed = place(stamps, 1000, 250.0)
    assert steps_ms(placed) == pytest.approx(np.full(999, 4.0))
    assert any("run back 1 time" in text and "3599.996" in text for text in placed.warnings)


def test_a_wrong_nominal_rate_gives_way_to_the_stamps_unless_the_user_says_so():
    stamps = np.rint(np.arange(2000) * (SECOND / 93.0)).astype(np.int64)
    taken = place(stamps, 2000, 100.0)
    assert taken.rate_hz == pytest.approx(93.0, abs=0.01)
    assert any("93.0" in text for text in taken.warnings)
    assert place(stamps, 2000, 100.0, fixed_rate=True).rate_hz == 100.0


def test_neither_stamps_nor_rate_is_an_error_that_names_the_option():
    with pytest.raises(ForeignFileError, match="--rate"):
        place(None, 10, 0.0)


def test_dates_since_1970_keep_their_microseconds():
    assert as_ns(np.array([1533222559.839001]))[0] == pytest.approx(1533222559839001000, abs=300)


def test_an_irregular_stream_has_no_holes():
    placed = as_they_are(np.array([0, SECOND, 50 * SECOND]), 0.0)
    assert placed.holes_s().size == 0
