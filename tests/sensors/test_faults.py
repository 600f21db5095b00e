import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.clock import MILLISECOND, SECOND, FakeClock
from sensors.driver import Samples, Setting
from sensors.errors import DeviceError
from sensors.faults import Faulty
from sensors.messages import Column, StreamInfo
from sensors.simulated.story import Fault, ParticipantConfig

START_NS = 50 * SECOND
STEP_NS = 4 * MILLISECOND


class Steady:
    """A driver that has one sample every 4 ms and hands out what the clock has reached, at most `most` a read."""

    def __init__(self, clock: FakeClock, most: int) -> None:
        self.clock, self.most, self.next, self.closed = clock, most, 0, 0

    def open(self) -> StreamInfo:
        return StreamInfo(t_ns=0, stream="eeg", kind="eeg", driver="steady", rate_hz=250, columns=(Column("a", "uV"),))

    def read(self, timeout_s: float) -> Samples:
        self.clock.sleep(timeout_s)
        due = min((self.clock.now_ns() - START_NS) // STEP_NS + 1 - self.next, self.most)
        index = np.arange(self.next, self.next + max(0, due))
        self.next += index.size
        times = START_NS + index * STEP_NS
        return Samples(index[:, None].astype(np.float32), times, times + 7)

    def close(self) -> None:
        self.closed += 1

    def lost(self) -> int:
        return 3


def run(*faults: Fault, seconds: float = 4.0, most: int = 1000, seed: int = 7,
        timeout_s: float = 0.1) -> tuple[Faulty, Samples, list[int]]:
    clock = FakeClock(START_NS)
    setting = Setting(stream="eeg", start_ns=START_NS, clock=clock,
                      participant=ParticipantConfig(seed=seed, faults=faults))
    faulty = Faulty(Steady(clock, most), setting)
    faulty.open()
    parts, sizes = [], []
    while clock.now_ns() < START_NS + seconds * SECOND:
        part = faulty.read(timeout_s)
        assert part is not None
        parts.append(part)
        sizes.append(len(part.times_ns))
    device = np.concatenate([part.device_ns for part in parts if part.device_ns is not None])
    joined = Samples(np.concatenate([part.values for part in parts]),
                     np.concatenate([part.times_ns for part in parts]), device)
    return faulty, joined, sizes


def fault(kind: str, at_s: float = 1.0, for_s: float = 2.0, amount: float = 1.0, stream: str = "eeg") -> Fault:
    return Fault(stream=stream, kind=kind, at_s=at_s, for_s=for_s, amount=amount)


def seconds(samples: Samples) -> np.ndarray:
    return (samples.times_ns - START_NS) / SECOND


def test_without_a_fault_nothing_changes() -> None:
    faulty, samples, _ = run(fault("drop", stream="camera"), fault("rail"))
    assert np.array_equal(samples.values[:, 0], np.arange(len(samples.times_ns)))
    assert np.array_equal(samples.times_ns, START_NS + np.arange(len(samples.times_ns)) * STEP_NS)
    assert faulty.lost() == 3


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_drop_takes_its_share_and_counts_it(share: float) -> None:
    faulty, samples, _ = run(fault("drop", amount=share))
    _, whole, _ = run()
    missing = np.setdiff1d(whole.values[:, 0], samples.values[:, 0]) * STEP_NS / SECOND
    assert missing.min() >= 1.0
    assert missing.max() < 3.0
    assert missing.size / 500 == pytest.approx(share, abs=0.06)
    assert faulty.lost() == 3 + missing.size
    assert np.array_equal(samples.device_ns, samples.times_ns + 7)


@settings(max_examples=20, deadline=None)
@given(most=st.integers(1, 60), timeout_s=st.floats(0.002, 0.4))
def test_the_same_samples_are_struck_however_they_are_read(most: int, timeout_s: float) -> None:
    faults = (fault("drop", amount=0.3), fault("jitter", at_s=0.5, amount=30.0))
    _, one, _ = run(*faults, most=most, timeout_s=timeout_s, seconds=1.5)
    _, two, _ = run(*faults, seconds=1.5)
    count = min(len(one.times_ns), len(two.times_ns))
    assert np.array_equal(one.values[:count], two.values[:count])
    assert np.array_equal(one.times_ns[:count], two.times_ns[:count])


def test_another_seed_strikes_other_samples() -> None:
    one, two = (run(fault("drop", amount=0.5), seed=seed)[1] for seed in (1, 2))
    assert not np.array_equal(one.values, two.values)


def test_jitter_delays_but_never_turns_back() -> None:
    _, samples, _ = run(fault("jitter", amount=20.0))
    exact = START_NS + samples.values[:, 0].astype(np.int64) * STEP_NS
    late_ms = (samples.times_ns - exact) / MILLISECOND
    struck = (exact >= START_NS + SECOND) & (exact < START_NS + 3 * SECOND)
    assert (np.diff(samples.times_ns) > 0).all()
    assert late_ms[struck].std() > 2
    assert late_ms.min() >= 0
    assert late_ms.max() < 20.1
    # The last delayed stamp may hold back the first few after it, and no more.
    assert late_ms[exact >= START_NS + 3 * SECOND + 20 * MILLISECOND].max() < 0.001
    assert late_ms[exact < START_NS + SECOND].max() == 0


def test_a_stall_is_silent_for_its_whole_time_and_nothing_comes_later() -> None:
    faulty, samples, sizes = run(fault("stall"))
    times = seconds(samples)
    assert not ((times >= 1.0) & (times < 3.0)).any()
    assert times.max() > 3.5
    assert sizes.count(0) >= 19
    assert faulty.lost() == 3 + 500


def test_a_crash_strikes_once_and_not_again_after_a_restart() -> None:
    clock = FakeClock(START_NS)
    setting = Setting(stream="eeg", start_ns=START_NS, clock=clock,
                      participant=ParticipantConfig(faults=(fault("crash", at_s=1.0),)))
    faulty = Faulty(Steady(clock, 1000), setting)
    faulty.read(0.9)
    with pytest.raises(DeviceError, match=r"'eeg' crashed, as the rig asked for at 1 s"):
        faulty.read(0.2)
    assert len(faulty.read(0.1).times_ns)  # type: ignore[union-attr]
    anew = Faulty(Steady(clock, 1000), setting)
    clock.advance(1.0)
    assert anew.read(0.1) is not None


def test_the_end_of_a_source_passes_through() -> None:
    class Over(Steady):
        def read(self, timeout_s: float) -> None:  # type: ignore[override]
            return None

    clock = FakeClock(START_NS)
    setting = Setting(stream="eeg", start_ns=START_NS, clock=clock,
                      participant=ParticipantConfig(faults=(fault("drop", at_s=0.0),)))
    driver = Over(clock, 1)
    faulty = Faulty(driver, setting)
    assert faulty.read(0.1) is None
    faulty.close()
    assert driver.closed == 1


def test_no_arithmetic_warning_for_any_seed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in (-1, 0, 2**63, 10**30):
            run(fault("drop", amount=0.5), seed=seed, seconds=1.5)
