"""Blinks against a plain twin, against hand-labelled recordings, and whatever the cut."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import blinks
from tests.reference import eyes as reference

SECOND = 1_000_000_000


def grid(count: int, rate_hz: float, start_ns: int = 3_600 * SECOND) -> np.ndarray:
    return start_ns + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def eye(seconds: float, rate_hz: float, at_s: tuple[float, ...], width_s: float = 0.12, depth: float = 0.8,
        noise: float = 0.01, level: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """An open eye with raised-cosine blinks: `width_s` at half amplitude."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    dip = np.zeros_like(t)
    for at in at_s:
        near = np.abs(t - at) < width_s
        dip[near] += 0.5 + 0.5 * np.cos(np.pi * (t[near] - at) / width_s)
    random = np.random.default_rng(5)
    return grid(len(t), rate_hz), level * (1 - depth * dip) * (1 + noise * random.normal(size=len(t)))


def as_rows(found: np.ndarray) -> np.ndarray:
    return np.array([(b["onset_ns"] / 1e9, b["lowest_ns"] / 1e9, b["end_ns"] / 1e9, b["duration_s"], b["depth"])
                     for b in found]).reshape(-1, 5)


@pytest.mark.parametrize("kind", ["blinks", "random", "constant", "offset", "nan", "gaps", "single", "empty"])
@pytest.mark.parametrize("rate_hz", [30.0, 100.0])
def test_blinks_match_the_naive_twin(kind: str, rate_hz: float) -> None:
    random = np.random.default_rng(1)
    times, opening = eye(20, rate_hz, (2.0, 4.0, 4.4, 9.0, 15.0))
    if kind == "random":
        opening = random.random(len(times))
    elif kind == "constant":
        opening[:] = 0.3
    elif kind == "offset":
        opening = opening * 1e8
    elif kind == "nan":
        opening[random.random(len(times)) < 0.1] = np.nan
    elif kind == "gaps":
        kept = np.sort(random.choice(len(times), len(times) * 2 // 3, replace=False))
        times, opening = times[kept], opening[kept]
    elif kind in ("single", "empty"):
        count = int(kind == "single")
        times, opening = times[:count], opening[:count]
    comp, ref = as_rows(blinks.detect(times, opening)), reference.blinks(times, opening)
    assert comp.shape == ref.shape
    assert_allclose(comp, ref, rtol=1e-4)
    assert (len(ref) > 0) == (kind not in ("constant", "single", "empty"))


def test_duration_is_that_at_half_amplitude() -> None:
    for rate_hz in (30.0, 60.0, 250.0):
        found = blinks.detect(*eye(10, rate_hz, (3.0, 6.013), width_s=0.15, noise=0.0))
        assert len(found) == 2
        # At 30 Hz the lowest frame may miss the bottom, which makes half amplitude higher and the blink shorter.
        assert_allclose(found["duration_s"], 0.15, atol=0.03 if rate_hz == 30.0 else 0.01)


@pytest.mark.parametrize("shape", ["stays down", "slow", "one frame", "squint"])
def test_what_is_no_blink(shape: str) -> None:
    times = grid(300, 30.0)
    opening = np.full(300, 0.3)
    if shape == "stays down":
        opening[100:140] = 0.05
    elif shape == "slow":
        opening[100:200] = 0.3 - 0.12 * np.sin(np.linspace(0, np.pi, 100))
    elif shape == "one frame":
        opening[100] = 0.05
    else:
        opening[100:] = 0.21
    assert len(blinks.detect(times, opening)) == 0


def test_two_blinks_in_a_row_are_two() -> None:
    assert len(blinks.detect(*eye(10, 60.0, (5.0, 5.4)))) == 2


def test_sample_by_sample_finds_what_the_whole_recording_does() -> None:
    times, opening = eye(30, 100.0, (2.0, 4.0, 4.4, 9.0, 15.0, 22.0))
    record, found = np.zeros(1, blinks.BLINKS), []
    for t, value in zip(times, opening, strict=True):
        if blinks.step(record[0], t, value):
            found.append(record["found"][0].copy())
    assert_array_equal(np.array(found, blinks.BLINK), blinks.detect(times, opening))


def test_a_lid_that_was_never_open_does_not_blink() -> None:
    assert len(blinks.detect(grid(90, 30.0), np.tile([0.0, 0.0, -0.1], 30))) == 0


def recorded(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mne = pytest.importorskip("mne")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file's name and its old header are not what is tested
        raw = mne.io.read_raw_fif(path, preload=True, verbose="ERROR")
    opening = raw.get_data(picks=["EAR-avg_ear"])[0]
    labels = np.array([(a["onset"], a["onset"] + a["duration"]) for a in raw.annotations])
    return grid(len(opening), raw.info["sfreq"], 0), opening, labels


def event_f1(found: np.ndarray, labels: np.ndarray) -> float:
    """F1 of events that overlap, each label and each event used once."""
    free = list(range(len(found)))
    hits = 0
    for begin, end in labels:
        match = next((k for k in free if found[k]["onset_ns"] / 1e9 <= end and found[k]["end_ns"] / 1e9 >= begin), None)
        if match is not None:
            free.remove(match)
            hits += 1
    return 2 * hits / (len(found) + len(labels))


@pytest.mark.parametrize(("rate_hz", "least"), [(100.0, 0.94), (50.0, 0.94), (30.0, 0.94)])
def test_labelled_blinks_of_a_real_person(shared_data: Path, rate_hz: float, least: float) -> None:
    times, opening, labels = recorded(shared_data / "blinks" / "ear_eog_first900s_raw.fif")
    assert len(labels) == 31
    chosen = np.round(np.arange(0, len(times) - 1, 100.0 / rate_hz)).astype(np.int64)
    assert event_f1(blinks.detect(times[chosen], opening[chosen].copy()), labels) >= least
