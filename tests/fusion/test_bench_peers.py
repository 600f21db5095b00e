"""The libraries really compute the features they are timed with, from what the kernels get, too."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fusion import bench_peers
from fusion.bench_example import ALPHA_HZ, ALPHA_UV, EEG_HZ, ELECTRODES, Example, example
from fusion.bench_feed import Feed
from fusion.bench_groups import GROUPS, members
from fusion.bench_peers_scipy import Beside, bands, entropy
from kernels.layout import INDEX
from sensors.clock import SECOND


@pytest.fixture(scope="module")
def given() -> Example:
    return example()


@pytest.fixture(scope="module")
def ours(given: Example) -> Beside:
    return Beside(given)


def test_the_example_is_the_same_at_every_run(given: Example) -> None:
    again = example()
    assert np.array_equal(again.eeg, given.eeg)
    assert all(np.array_equal(again.camera[name], column) for name, column in given.camera.items())
    assert all(np.array_equal(again.microphone[name], column, equal_nan=True)
               for name, column in given.microphone.items())
    assert given.eeg_window.shape == (16, 1000)
    assert len(given.camera["ear_left"]) == 1800
    assert len(given.microphone["rms_db"]) == 1875


def test_every_group_is_known_to_the_layout() -> None:
    features = [name for group in GROUPS for name in group.features]
    assert set(features) <= set(INDEX)
    assert len(features) == len(set(features))


def test_members_of_a_group_and_of_a_modality() -> None:
    assert members("lids") == ("lids",)
    assert members("camera") == ("lids", "gaze_spread", "gaze_entropy")
    with pytest.raises(KeyError, match="no group and no modality 'nose'"):
        members("nose")


@pytest.mark.filterwarnings("ignore")  # of libraries under test, whose warnings are theirs
def test_libraries_agree_on_the_features_of_a_group(given: Example, ours: Beside) -> None:
    known = {group.name: group.features for group in GROUPS}
    loaded = bench_peers.load(given)
    assert loaded["scipy"] is not None
    for library, groups in loaded.items():
        for name, call in (groups or {}).items():
            found, ref = call(), ours.groups()[name]()
            if name == "eeg_filter":
                assert np.isfinite(found).all()
                continue
            assert set(found) <= set(known[name]), (library, name)
            for feature, value in found.items():
                # BrainFlow's segments of 256 samples have no bin at 1 Hz, and it halves those at a band's edges; other
                # libraries take the entropy of all frequencies instead of 1-45 Hz.
                within = 0.3 if library == "brainflow" else 0.06 if name in ("eeg_bands", "eeg_entropy") else 1e-3
                close = pytest.approx(ref[feature], abs=within * max(1.0, abs(ref[feature])))
                assert value == close, (library, feature)


def test_scipy_offers_every_group_and_every_feature(ours: Beside) -> None:
    for group in GROUPS:
        found = ours.groups()[group.name]()
        if group.features:
            assert set(found) == set(group.features)
            assert all(math.isfinite(value) for value in found.values())


def test_a_known_oscillation_has_its_power() -> None:
    t = np.arange(1000) / EEG_HZ
    from scipy import signal

    hz, density = signal.welch(np.tile(ALPHA_UV * np.sin(2 * np.pi * ALPHA_HZ * t), (16, 1)), EEG_HZ, nperseg=250)
    # A sine of amplitude A has the power A ** 2 / 2, and Hann spreads it over bins that all lie within the band.
    assert bands(hz, density)["alpha"] == pytest.approx(math.log10(ALPHA_UV**2 / 2), abs=0.01)


def test_the_short_ways_equal_the_long_ones(given: Example, ours: Beside) -> None:
    from scipy import stats

    assert entropy(np.array([3, 0, 5, 1])) == pytest.approx(stats.entropy([3, 0, 5, 1]))
    height = np.log10(np.median(ours._density[:, ours._fit], axis=0))
    ref = -stats.theilslopes(height, np.log10(ours._hz[ours._fit]))[0]
    assert ours.aperiodic()["aperiodic"] == pytest.approx(ref)


def test_blinks_and_turns_of_the_example_are_found(given: Example, ours: Beside) -> None:
    lids = ours.lids()
    assert lids["blink_rate_60s"] == 18  # one every 100 frames from frame 45 on
    assert 0.1 < lids["blink_duration_60s"] < 0.2
    assert ours.aperiodic()["aperiodic"] == pytest.approx(1.2, abs=0.2)  # as it was made
    assert ours.voice_modulation()["modulation_10s"] > 0.25
    assert np.median(given.eeg.std(axis=1)) > 10.0


def test_the_running_filter_equals_one_over_the_whole(given: Example, ours: Beside) -> None:
    from scipy import signal

    fresh = Beside(given)
    comp = np.hstack([fresh.filter() for _ in range(4)])
    ref = signal.sosfilt(ours._sos, np.tile(given.eeg_new, 4), axis=-1)
    assert_allclose(comp, ref, rtol=1e-9, atol=1e-9)


def test_a_missing_library_is_named_and_nothing_fails(given: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_peers, "PEERS", (bench_peers.Row("nowhere", "fusion.bench_peers_nowhere"),
                                               bench_peers.Row("scipy", "fusion.bench_peers_scipy")))
    loaded = bench_peers.load(given)
    assert loaded["nowhere"] is None
    assert loaded["scipy"] is not None


def test_the_feed_gives_every_row_once_and_time_goes_on(given: Example) -> None:
    feed = Feed(given)
    assert feed.columns["eeg"] == ELECTRODES
    counts, last, rows = np.zeros(3, int), [-1, -1, -1], []
    for tick in range(1200):
        got = feed.take()
        assert got.tick_ns == (tick + 1) * SECOND // 10
        for k, (values, times_ns) in enumerate((got.eeg, got.camera, got.microphone)):
            assert len(values) == len(times_ns)
            assert values.dtype == np.float32
            counts[k] += len(times_ns)
            assert times_ns[0] > last[k]
            assert (np.diff(times_ns) > 0).all()
            assert got.tick_ns - SECOND // 10 < times_ns[0] <= times_ns[-1] <= got.tick_ns
            last[k] = times_ns[-1]
        if tick >= 600:
            rows.append(got.eeg[0].copy())
    assert counts.tolist() == [30_000, 3_600, 3_750]
    assert np.array_equal(np.vstack(rows), given.eeg.T.astype(np.float32))
