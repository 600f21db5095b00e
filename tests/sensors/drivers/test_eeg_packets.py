"""Lost samples from package numbers: known boards, learned boards, resets, and any cutting into chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.drivers.eeg_packets import CYCLES, LEARN, PackageCounter

ROOM = 200


def sent(first: int, count: int, low: int, high: int, step: int = 1, samples: int = 1) -> np.ndarray:
    """Return the package numbers of `count` packages, each repeated for its samples."""
    numbers = low + (first - low + step * np.arange(count)) % (high - low + step)
    return np.repeat(numbers, samples).astype(float)


#          board              low  high  step samples of one number
BOARDS = [("CYTON_BOARD",          0,   255, 1, 1),
          ("SYNTHETIC_BOARD",      0,   255, 1, 1),
          ("CYTON_DAISY_BOARD",    1,   255, 2, 1),
          ("CYTON_DAISY_BOARD",    0,   254, 2, 1),
          ("GANGLION_BOARD",       0,   100, 1, 2),
          ("GANGLION_NATIVE_BOARD", 100, 199, 1, 2),
          ("MUSE_2_BOARD",         0, 65535, 1, 12),
          ("SOME_NEW_BOARD",       0,   255, 1, 1),
          ("SOME_NEW_BOARD",       0, 65535, 4, 3),
          ("SOME_NEW_BOARD",       0,   99,  1, 5)]


@pytest.mark.parametrize(("board", "low", "high", "step", "samples"), BOARDS)
def test_a_whole_stream_has_no_loss(board: str, low: int, high: int, step: int, samples: int):
    counter = PackageCounter(board)
    gaps = counter.skipped(sent(low + 20 * step, 1000, low, high, step, samples), ROOM)
    assert not gaps.any()
    assert (counter.lost, counter.resets) == (0, 0)


@pytest.mark.parametrize(("board", "low", "high", "step", "samples"), BOARDS)
def test_missing_packages_are_counted_in_samples_at_their_place(board: str, low: int, high: int, step: int,
                                                                 samples: int):
    counter = PackageCounter(board)
    numbers = sent(low + 20 * step, 900, low, high, step, samples)
    missing = np.zeros(900, bool)
    missing[[300, 500, 501, 502]] = True
    kept = numbers[~np.repeat(missing, samples)]
    gaps = counter.skipped(kept, ROOM)
    assert counter.lost == 4 * samples
    assert np.flatnonzero(gaps).tolist() == [300 * samples, 499 * samples]
    assert gaps[gaps > 0].tolist() == [samples, 3 * samples]


@pytest.mark.parametrize("board", ["CYTON_BOARD", "SOME_NEW_BOARD"])
@pytest.mark.parametrize("lost", [[254], [255], [256], [254, 255, 256, 257]])
def test_losses_at_the_wrap(board: str, lost: list[int]):
    counter = PackageCounter(board)
    numbers = sent(0, 600, 0, 255)
    counter.skipped(np.delete(numbers, np.array(lost) + 256), ROOM)  # the second wrap; the first was learned from
    assert counter.lost == len(lost)


def test_ganglion_firmware_2_numbers_zero_and_then_101_to_200():
    cycle = np.repeat(np.concatenate([[0], np.arange(101, 201)]), 2).astype(float)
    counter = PackageCounter("GANGLION_BOARD")
    assert not counter.skipped(np.tile(cycle, 4), ROOM).any()
    assert counter.skipped(np.array([103.0, 103.0]), ROOM).tolist() == [2 * 3, 0]


def test_an_unknown_board_is_watched_before_it_is_counted():
    counter = PackageCounter("SOME_NEW_BOARD")
    counter.skipped(np.delete(sent(0, LEARN, 0, 255), 5), ROOM)
    assert counter.lost == 0


def test_a_loss_that_time_has_no_room_for_is_a_reset():
    counter = PackageCounter("CYTON_BOARD")
    counter.skipped(np.array([100.0, 101.0]), ROOM)
    assert not counter.skipped(np.array([100.0, 101.0]), ROOM).any()
    assert (counter.lost, counter.resets) == (0, 1)
    assert counter.skipped(np.array([100.0]), room=255).tolist() == [254]


def test_a_restart_forgets_the_last_number():
    counter = PackageCounter("CYTON_BOARD")
    counter.skipped(np.array([100.0]), ROOM)
    counter.restart()
    assert not counter.skipped(np.array([150.0]), ROOM).any()


def test_a_sample_without_a_number_is_passed_over():
    counter = PackageCounter("CYTON_BOARD")
    assert counter.skipped(np.array([1.0, np.nan, 2.0, 5.0]), ROOM).tolist() == [0, 0, 0, 2]
    assert counter.skipped(np.full(3, np.nan), ROOM).tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(BOARDS))
def test_how_the_stream_is_cut_changes_nothing(data, board):
    name, low, high, step, samples = board
    numbers = sent(low + 20 * step, 300, low, high, step, samples)
    lost = data.draw(st.lists(st.integers(0, numbers.size - 1), max_size=10, unique=True))
    numbers = np.delete(numbers, lost)
    cuts = data.draw(st.lists(st.integers(0, numbers.size), max_size=12).map(sorted))
    whole, cut = PackageCounter(name), PackageCounter(name)
    expected = whole.skipped(numbers, ROOM)
    assert np.concatenate([cut.skipped(part, ROOM) for part in np.split(numbers, cuts)]).tolist() == expected.tolist()
    assert (cut.lost, cut.resets) == (whole.lost, whole.resets)


def test_the_table_knows_only_boards_that_brainflow_has():
    from sensors.drivers.eeg_boards import list_boards

    assert set(CYCLES) <= {board.name for board in list_boards()}
