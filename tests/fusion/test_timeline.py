"""Samples in waiting: handed out by time, whatever the cuts; what cannot be kept is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.timeline import WAITING_S, Pending
from sensors.clock import SECOND
from sensors.messages import Chunk, Column, StreamInfo, decode, encode

INFO = StreamInfo(t_ns=0, stream="eeg", kind="eeg", driver="eeg", rate_hz=100.0,
                  columns=(Column("a", "uV"), Column("number", "1")))


def chunk(first: int, last: int, seq: int = 0, step_ns: int = SECOND // 100) -> Chunk:
    numbers = np.arange(first, last)
    values = np.stack([np.sin(numbers), numbers], axis=1).astype(np.float32)
    return Chunk(t_ns=int(numbers[-1]) * step_ns if len(numbers) else 0, stream="eeg", seq=seq, values=values,
                 times_ns=numbers.astype(np.int64) * step_ns)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 300))
def test_what_is_taken_does_not_depend_on_the_cuts(cuts: list[int], ask: int) -> None:
    pending, first = Pending(INFO), 0
    for seq, size in enumerate(cuts):
        pending.push(chunk(first, first + size, seq))
        first += size
    values, times = pending.take(ask * SECOND // 100)
    expected = np.arange(min(first, ask + 1))
    np.testing.assert_array_equal(values[:, 1], expected)
    np.testing.assert_array_equal(times, expected * SECOND // 100)
    rest, _ = pending.take(2**62)
    assert len(rest) == first - len(expected)


@pytest.mark.parametrize("chunks", [1, 2])
def test_what_is_taken_is_of_the_one_type_that_kernels_are_compiled_for(chunks: int) -> None:
    pending = Pending(INFO)
    for number in range(chunks):
        wired = decode(encode(chunk(number * 10, number * 10 + 10, number)))
        assert isinstance(wired, Chunk)
        assert not wired.values.flags.writeable, "arrays off the wire are read-only"
        pending.push(wired)
    for array in pending.take(2**62):
        assert array.flags.writeable
        assert array.flags.c_contiguous


def test_a_long_session_never_loses_or_repeats_a_sample() -> None:
    pending, seen = Pending(INFO), []
    for second in range(200):
        pending.push(chunk(second * 100, second * 100 + 100, second))
        seen.append(pending.take(second * SECOND)[0][:, 1].copy())
    np.testing.assert_array_equal(np.concatenate(seen), np.arange(199 * 100 + 1))
    assert (pending.overflow, pending.backwards, pending.gaps) == (0, 0, 0)


def test_too_many_waiting_samples_drop_the_oldest_and_are_counted() -> None:
    pending = Pending(INFO)
    rows = round(WAITING_S * 100)
    for second in range(40):
        pending.push(chunk(second * 100, second * 100 + 100, second))
    values, _ = pending.take(2**62)
    assert pending.overflow == 4000 - len(values)
    assert len(values) == rows
    assert values[-1, 1] == 3999


def test_one_chunk_larger_than_the_buffer_keeps_its_newest() -> None:
    pending = Pending(INFO)
    pending.push(chunk(0, 5000))
    values, _ = pending.take(2**62)
    assert values[-1, 1] == 4999
    assert pending.overflow == 5000 - len(values)


def test_time_that_runs_back_is_refused_and_counted() -> None:
    pending = Pending(INFO)
    pending.push(chunk(0, 10))
    pending.push(chunk(5, 15))
    values, times = pending.take(2**62)
    np.testing.assert_array_equal(values[:, 1], np.arange(15))
    assert pending.backwards == 5
    assert bool(np.all(np.diff(times) > 0))


def test_gaps_and_foreign_columns_are_counted() -> None:
    pending = Pending(INFO)
    pending.push(chunk(0, 10, seq=0))
    pending.push(chunk(10, 20, seq=4))
    pending.push(Chunk(t_ns=0, seq=5, stream="eeg", values=np.zeros((1, 3), np.float32), times_ns=np.array([2**40])))
    assert (pending.gaps, pending.unfit, pending.samples) == (3, 1, 20)
