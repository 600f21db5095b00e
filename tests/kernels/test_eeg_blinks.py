"""Blinks of frontal electrodes against a plain twin, on worked examples, and on labelled blinks."""

from pathlib import Path

import numpy as np
import pytest
from eeg_signals import START_NS, column, grid, over_time, pink, run
from numpy.testing import assert_array_equal

from kernels import eeg_blinks
from tests.reference import brain as reference

RATE = 250.0


def detect(values, times=None):
    detector = np.zeros(1, eeg_blinks.DETECTOR)
    eeg_blinks.clear(detector, RATE)
    times = grid(len(values)) if times is None else times
    peaks = [eeg_blinks.step(detector[0], int(t), float(x)) for t, x in zip(times, values, strict=True)]
    return np.array([peak for peak in peaks if peak >= 0])


def bumps(seconds, at_s, width_s=0.3, size=150.0):
    x = np.zeros(int(seconds * RATE))
    for at in at_s:
        width = int(width_s * RATE)
        first = int(at * RATE) - width // 2
        x[first:first + width] += size * np.hanning(width)
    return x


@pytest.mark.parametrize("kind", ["blinks", "random", "loud", "constant", "offset", "nan", "empty", "single"])
def test_blinks_match_the_naive_twin(kind):
    random = np.random.default_rng(0)
    x = bumps(20, (2, 4, 4.35, 4.7, 9, 15)) + random.normal(0, 8, 5000)
    if kind == "random":
        x = np.cumsum(random.normal(0, 12, 5000)) % 300 - 150
    elif kind == "loud":
        x = x * 1e4
    elif kind == "constant":
        x[:] = 80.0
    elif kind == "offset":
        x = x + 1e8
    elif kind == "nan":
        x[random.random(5000) < 0.01] = np.nan
    x = x[:{"empty": 0, "single": 1}.get(kind, 5000)]
    found = detect(x)
    assert_array_equal(found, [peak for peak, _ in reference.naive_blinks(grid(len(x)), x, RATE)])
    assert (len(found) > 0) == (kind in ("blinks", "random", "nan"))


@pytest.mark.parametrize(("at_s", "width_s", "size", "count"), [
    ((2.0, 5.0), 0.3, 150.0, 2),
    ((2.0, 5.0), 0.3, -150.0, 2),  # whichever way the electrodes are connected
    ((2.0, 5.0), 0.3, 55.0, 0),  # too small
    ((2.0, 5.0), 0.08, 150.0, 0),  # too short
    ((2.0, 5.0), 1.2, 150.0, 0),  # too long
    ((2.0, 2.36), 0.3, 150.0, 1),  # too soon after another: 0.11 s between the halves of the limit
    ((2.0, 2.5), 0.3, 150.0, 2),
])
def test_what_is_a_blink(at_s, width_s, size, count):
    found = detect(bumps(8, at_s, width_s, size))
    assert len(found) == count
    if count == 2:
        assert np.abs((found - START_NS) / 1e9 - at_s).max() < 0.01


def test_the_limit_follows_what_is_usual():
    noisy = np.random.default_rng(1).normal(0, 60, 15_000)
    usual = detect(np.r_[np.convolve(noisy, np.ones(25) / 5, "same"), bumps(4, (2.0,), size=200.0)])
    assert not len(usual[usual > START_NS + 40_000_000_000])


def test_the_rate_counts_watched_minutes_only():
    values = pink(90, 3, rms=5.0)
    at_s = np.arange(3.0, 88.0, 4.0)
    values[:, :2] += bumps(90, at_s)[:, None]
    values[7500:10_000, :2] = 187_500.0
    at, vectors, _ = over_time(values, ("Fp1", "Fp2", "Cz"))
    rate = column(vectors, "eeg_blinks_60s")
    assert np.isnan(rate[at < 11]).all()
    assert rate[at > 13].min() >= 12
    assert rate[at > 13].max() <= 19  # one each 4 s; the first 10 s of a rate hold 2 or 3
    assert np.isnan(column(run(values, ("C3", "C4", "Cz"))[0], "eeg_blinks_60s"))


def test_a_peak_is_found_where_it_is():
    values = pink(12, 2, rms=3.0) + bumps(12, (3.0, 5.0, 7.0, 9.0))[:, None]
    _, record = run(values, ("Fp1", "Fp2"))
    late = (record["blink_ns"][0, :4] - START_NS) / 1e9 - np.array([3.0, 5.0, 7.0, 9.0])
    assert record["blink_count"][0] == 4
    assert np.abs(late).max() < 0.03


def test_labelled_blinks_of_a_forehead_electrode(shared_data: Path) -> None:
    """One forehead channel at 100 Hz, 31 blinks labelled by hand from the camera's eye aspect ratio."""
    import mne

    raw = mne.io.read_raw_fif(shared_data / "blinks" / "ear_eog_first900s_raw.fif", verbose=False)
    forehead = raw.get_data()[1][:, None] * 1e6
    _, _, record = over_time(forehead, ("Fpz",), 100.0, tick_s=1.0)
    assert record["blink_count"][0] < 100
    middle = np.array(raw.annotations.onset) + np.array(raw.annotations.duration) / 2
    setup_found = (detected(forehead) - START_NS) / 1e9
    hits = [np.abs(setup_found - at).min() < 0.4 for at in middle]
    assert np.mean(hits) >= 0.95  # measured: 30 of 31
    # A forehead electrode cannot tell a look down from a blink: as many again are found (measured: 36 more).
    assert len(setup_found) <= 70


def detected(values):
    """All blinks of a long recording, in pieces that the ring of 64 can hold."""
    from eeg_signals import make

    from kernels import brain

    records, table = make(("Fpz",), 100.0)
    times, found, seen = grid(len(values), 100.0), [], 0
    for a in range(0, len(values), 1000):
        brain.push(records[0], table, values[a:a + 1000].astype(np.float32), times[a:a + 1000])
        count = int(records["blink_count"][0])
        found += [records["blink_ns"][0, k % 64] for k in range(seen, count)]
        seen = count
    return np.array(found)
