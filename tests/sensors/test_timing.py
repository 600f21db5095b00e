"""Sample numbers to session time, and another host's clock to ours."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.clock import MILLISECOND, SECOND
from sensors.timing import JUMP_S, ClockOffset, SampleClock

START_NS = 10**16 + 123_456_789
"""A clock that has run for four months: float64 could only tell 2 ns apart here."""


class Arrival(NamedTuple):
    """One call of `stamp`: `count` samples, the last of which was true at `newest_ns`, seen at `arrival_ns`."""

    count: int
    newest_ns: float
    arrival_ns: int


def polled(rate_hz: float, seconds: float, seed: int) -> Iterator[Arrival]:
    """A thread pushes samples at once; a driver polls every 40 ms and sleeps a little too long."""
    random, now, sent = np.random.default_rng(seed), START_NS, 0
    while now < START_NS + seconds * SECOND:
        now += round(40e6 + random.exponential(0.2e6))
        count = int((now - START_NS) * rate_hz / SECOND) - sent
        sent += count
        yield Arrival(count, START_NS + sent * SECOND / rate_hz, now)


def bluetooth(rate_hz: float, seconds: float, seed: int) -> Iterator[Arrival]:
    """Packets of 12 samples, each 5 ms of transport and then a gamma-distributed delay of 40 ms mean late."""
    random, now, sent = np.random.default_rng(seed), START_NS, 0
    while now < START_NS + seconds * SECOND:
        sent += 12
        newest = START_NS + sent * SECOND / rate_hz
        now = max(now + 1000, round(newest + 5e6 + random.gamma(2.0, 20e6)))
        yield Arrival(12, newest, now)


def errors_ms(clock: SampleClock, arrivals: Iterator[Arrival], rate_hz: float, after_s: float) -> np.ndarray:
    """Stamp all, check the invariants, and return stamp less truth of the samples after `after_s`, in ms."""
    found, last = [], 0
    for count, newest, arrival_ns in arrivals:
        stamps = clock.stamp(count, arrival_ns)
        if not count:
            continue
        assert np.all(np.diff(stamps, prepend=last) > 0)
        assert stamps[-1] <= arrival_ns
        last = int(stamps[-1])
        truth = newest - np.arange(count - 1, -1, -1) * SECOND / rate_hz
        if newest - START_NS > after_s * SECOND:
            found.append((stamps - truth) / MILLISECOND)
    return np.concatenate(found)


def test_a_perfect_stream_is_stamped_exactly():
    clock = SampleClock(250.0)
    for number in range(1, 3000):
        stamps = clock.stamp(1, START_NS + number * 4_000_000)
        assert stamps.tolist() == [START_NS + number * 4_000_000]
    assert clock.rate_hz == 250.0
    assert clock.drift_ppm == 0.0
    assert clock.jitter_ns == 0
    assert clock.jumps == 0


def test_a_rate_that_is_no_whole_number_of_nanoseconds_does_not_add_up_errors():
    clock, rate = SampleClock(220.0), 220.0
    for number in range(0, 220 * 3600, 220):
        stamps = clock.stamp(220, START_NS + round((number + 219) * SECOND / rate))
    assert abs(int(stamps[-1]) - (START_NS + round((220 * 3600 - 1) * SECOND / rate))) <= 1


@pytest.mark.parametrize("drift_ppm", [0.0, 50.0, -50.0, 3000.0])
def test_polling_leaves_less_than_a_millisecond(drift_ppm: float):
    rate = 250.0 * (1 + drift_ppm * 1e-6)
    clock = SampleClock(250.0)
    errors = errors_ms(clock, polled(rate, 60, seed=1), rate, after_s=10)
    assert np.abs(errors).max() < 0.5
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=5)
    assert clock.jitter_ns == pytest.approx(4e6, rel=0.1)  # one sample period
    assert clock.jumps == 0


@pytest.mark.parametrize("drift_ppm", [0.0, 50.0, -50.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_bluetooth_bursts_leave_a_constant_and_less_than_a_millisecond_of_wander(drift_ppm: float, seed: int):
    rate = 256.0 * (1 + drift_ppm * 1e-6)
    clock = SampleClock(256.0)
    errors = errors_ms(clock, bluetooth(rate, 200, seed), rate, after_s=90)
    assert errors.std() < 1.0
    assert 4.5 < np.median(errors) < 8.0  # 5 ms is the transport's constant part; nothing can see that
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=40)
    assert clock.jitter_ns > 60e6
    assert clock.jumps == 0


def test_stamps_are_ten_times_steadier_than_arrivals():
    spread = np.std([arrival - newest for _, newest, arrival in bluetooth(256.0, 150, seed=4)]) / MILLISECOND
    errors = errors_ms(SampleClock(256.0), bluetooth(256.0, 150, seed=4), 256.0, after_s=60)
    assert errors.std() < spread / 10


def test_a_rate_a_fifth_off_is_learned_without_a_jump():
    clock = SampleClock(250.0)
    errors = errors_ms(clock, polled(203.0, 60, seed=2), 203.0, after_s=10)
    assert clock.rate_hz == pytest.approx(203.0, abs=0.01)
    assert np.abs(errors).max() < 1.0
    assert clock.jumps == 0


@pytest.mark.parametrize("cut", [1, 7, 25, 250])
def test_how_arrivals_are_cut_hardly_changes_the_rate(cut: int):
    rate = 250.0 * (1 + 80e-6)
    clock, sent, random = SampleClock(250.0), 0, np.random.default_rng(3)
    arrival = START_NS
    while sent < 250 * 60:
        sent += cut
        arrival = max(arrival, START_NS + round(sent * SECOND / rate + random.exponential(1e6)))
        clock.stamp(cut, arrival)
    assert clock.drift_ppm == pytest.approx(80.0, abs=15)


def test_known_losses_are_holes_and_nothing_else():
    whole, holed = SampleClock(250.0), SampleClock(250.0)
    lost = np.array([0, 3, 0, 0, 10, 0, 0, 0, 0, 0], np.int64)
    for number in range(0, 1000, 10):
        arrival = START_NS + (number + 9) * 4_000_000
        holed.stamp(10, arrival)
        whole.stamp(10, arrival)
    arrival = START_NS + 1022 * 4_000_000
    stamps = holed.stamp(10, arrival, skipped=lost)
    expected = whole.stamp(23, arrival)[np.cumsum(lost + 1) - 1]
    assert stamps.tolist() == expected.tolist()
    before = holed.stamp(1, arrival + 6 * 4_000_000, skipped=5)
    assert before.tolist() == [arrival + 24_000_000]
    assert holed.jumps == 0


def test_an_empty_call_changes_nothing():
    clock = SampleClock(250.0)
    first = clock.stamp(5, START_NS)
    assert clock.stamp(0, START_NS + 10 * SECOND).tolist() == []
    assert clock.stamp(5, START_NS + 20_000_000).tolist() == [int(first[-1]) + 4_000_000 * k for k in range(1, 6)]


def fed(clock: SampleClock, first: int, end: int, at_ns: Callable[[int], int]) -> np.ndarray:
    """Feed samples first..end in tens; `at_ns` says when sample number n is there."""
    return np.concatenate([clock.stamp(10, at_ns(number + 9)) for number in range(first, end, 10)])


def test_a_silent_loss_is_followed_and_counted():
    clock = SampleClock(250.0)
    fed(clock, 0, 2500, lambda n: START_NS + n * 4_000_000)
    later = START_NS + 400 * 4_000_000  # 1.6 s of samples vanish, and no package number tells
    after = fed(clock, 2500, 5000, lambda n: later + n * 4_000_000)
    assert clock.jumps == 1
    assert np.all(np.diff(after) > 0)
    assert int(after[-1]) == later + 4999 * 4_000_000


def test_a_hole_of_minutes_is_followed_at_once():
    clock = SampleClock(250.0)
    fed(clock, 0, 2500, lambda n: START_NS + n * 4_000_000)
    later = START_NS + 900 * SECOND
    first = clock.stamp(10, later + 2509 * 4_000_000)
    assert clock.jumps == 1
    assert int(first[-1]) == later + 2509 * 4_000_000
    assert np.all(np.diff(first) > 0)


def test_samples_faster_than_time_are_a_jump():
    clock = SampleClock(250.0)
    fed(clock, 0, 2500, lambda n: START_NS + n * 4_000_000)
    now = START_NS + 2500 * 4_000_000
    stamps = clock.stamp(1000, now)  # four seconds of samples in 4 ms
    assert clock.jumps == 1
    assert np.all(np.diff(stamps) > 0)
    assert stamps[-1] <= now


def test_a_stalled_radio_that_catches_up_is_no_jump():
    clock = SampleClock(250.0)
    fed(clock, 0, 2500, lambda n: START_NS + n * 4_000_000)
    stalled = START_NS + 2700 * 4_000_000  # 0.8 s of nothing, then all of it at once
    backlog = clock.stamp(200, stalled)
    assert clock.jumps == 0
    assert backlog.tolist() == [START_NS + n * 4_000_000 for n in range(2500, 2700)]


def test_what_was_learned_of_the_rate_outlives_a_jump():
    clock, period = SampleClock(250.0), 4_000_000 * (1 - 200e-6)
    fed(clock, 0, 25_000, lambda n: START_NS + round(n * period))
    learned = clock.rate_hz
    later = START_NS + 60 * SECOND
    fed(clock, 25_000, 25_250, lambda n: later + round(n * period))
    assert clock.jumps == 1
    assert clock.rate_hz == pytest.approx(learned, rel=2e-6)


def test_memory_is_bounded():
    clock = SampleClock(250.0)
    fed(clock, 0, 250 * 400, lambda n: START_NS + n * 4_000_000)
    assert len(clock._low) <= 65
    assert len(clock._late) <= 256


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3 * SECOND), st.integers(0, 300)), min_size=1,
                max_size=60), st.sampled_from([50.0, 220.0, 250.0, 16_000.0]))
def test_whatever_arrives_stamps_increase_and_do_not_pass_their_arrival(steps, rate_hz: float):
    clock, now, last = SampleClock(rate_hz), START_NS, -1
    for count, wait_ns, skipped in steps:
        shared = wait_ns < count
        now += wait_ns
        stamps = clock.stamp(count, now, skipped)
        assert stamps.shape == (count,)
        if count:
            assert stamps.dtype == np.int64
            assert np.all(np.diff(stamps, prepend=last) > 0)
            last = int(stamps[-1])
            # Calls that share an arrival may pass it by their counts, which can add up over such calls.
            assert last <= now + (40 * len(steps) if shared or last - now < 40 * len(steps) else 0)


@pytest.mark.parametrize(("call", "said"), [
    (lambda clock: clock.stamp(-1, START_NS), "count -1"),
    (lambda clock: clock.stamp(3, START_NS, -2), "skipped -2"),
    (lambda clock: (clock.stamp(3, START_NS), clock.stamp(3, START_NS - 1)), "before the last one"),
])
def test_nonsense_is_refused(call, said: str):
    with pytest.raises(ValueError, match=said):
        call(SampleClock(250.0))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_must_be_positive(rate: float):
    with pytest.raises(ValueError, match="nominal_hz"):
        SampleClock(rate)


def test_the_jump_limit_is_beyond_bluetooth():
    assert JUMP_S * 1000 >= 2 * 100  # science.md 7.2: BLE EEG jitters by 20-100 ms


# --- ClockOffset ---------------------------------------------------------------------------------------------------


def exchange(now_ns: int, offset_ns: int, there_ns: int, back_ns: int) -> tuple[int, int, int, int]:
    """One round trip: `there_ns` on the way, 5 us in their hands, `back_ns` on the way back."""
    received = now_ns + there_ns + offset_ns
    return now_ns, received, received + 5_000, received + 5_000 - offset_ns + back_ns


def asked(remote: ClockOffset, seconds: int, offset_ns: Callable[[int], int], seed: int) -> int:
    """Ask once a second over a jittery path; return the time of the last question."""
    random = np.random.default_rng(seed)
    for second in range(seconds):
        now = START_NS + second * SECOND
        there, back = (50_000 + random.exponential(100_000, 2)).astype(int)
        remote.add(*exchange(now, offset_ns(now), int(there), int(back)))
    return now


def test_a_symmetric_path_gives_the_exact_offset():
    remote = ClockOffset()
    remote.add(*exchange(START_NS, -7 * SECOND, 80_000, 80_000))
    assert remote.offset_ns == -7 * SECOND
    assert remote.bound_ns == 80_000
    assert remote.jumps == 0


@pytest.mark.parametrize("drift_ppm", [0.0, 30.0, -30.0])
def test_offset_and_drift_of_a_jittery_path(drift_ppm: float):
    remote = ClockOffset()

    def truth(now: int) -> int:
        return 123_456_789 + round((now - START_NS) * drift_ppm * 1e-6)

    now = asked(remote, 120, truth, seed=5)
    assert remote.offset_ns == pytest.approx(truth(now), abs=60_000)
    assert remote.drift_ppm == pytest.approx(drift_ppm, abs=2)
    assert remote.at(now + 10 * SECOND) == pytest.approx(truth(now + 10 * SECOND), abs=100_000)
    assert 0 < remote.spread_ns < 150_000
    assert 50_000 <= remote.bound_ns < 80_000


def test_slow_round_trips_are_not_believed():
    remote = ClockOffset()
    for second in range(40):
        slow = second % 2 == 0
        remote.add(*exchange(START_NS + second * SECOND, 1_000_000, 60_000, 90_000_000 if slow else 60_000))
    assert remote.offset_ns == pytest.approx(1_000_000, abs=10)
    assert remote.jumps == 0


def test_a_reset_clock_is_a_jump_and_the_old_time_is_forgotten():
    remote = ClockOffset()
    now = asked(remote, 60, lambda now: 5 * SECOND, seed=6)
    remote.add(*exchange(now + SECOND, -3 * SECOND, 60_000, 60_000))
    assert remote.jumps == 1
    assert remote.offset_ns == -3 * SECOND


def test_age_and_the_state_before_the_first_exchange():
    remote = ClockOffset()
    assert (remote.offset_ns, remote.spread_ns, remote.drift_ppm, remote.age_ns(START_NS)) == (0, 0, 0.0, -1)
    with pytest.raises(ValueError, match="no exchange yet"):
        remote.at(START_NS)
    remote.add(*exchange(START_NS, 0, 50_000, 50_000))
    assert remote.age_ns(START_NS + 2 * SECOND) == 2 * SECOND - 52_500


@pytest.mark.parametrize("stamps", [(10, 0, 0, 9), (0, 10, 9, 5), (0, 0, 20, 5)])
def test_an_exchange_that_contradicts_itself_is_refused(stamps: tuple[int, int, int, int]):
    with pytest.raises(ValueError, match="contradicts itself"):
        ClockOffset().add(*stamps)


def test_memory_of_exchanges_is_bounded():
    remote = ClockOffset(keep=16)
    asked(remote, 200, lambda now: 0, seed=7)
    assert len(remote._exchanges) == 16
    with pytest.raises(ValueError, match="keep 1"):
        ClockOffset(keep=1)
