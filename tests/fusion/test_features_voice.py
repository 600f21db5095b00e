"""The microphone's features and the context's."""

import math

import numpy as np
import pytest
from tracked import column, grid, make, run

NAMES = ("speech", "loudness_short", "f0", "transient", "clipped", "silent")
SPEECH, LOUDNESS, F0, TRANSIENT, CLIPPED, SILENT = range(6)


def room(seconds: float) -> np.ndarray:
    """Return a quiet room's columns at 31.25 Hz."""
    values = np.zeros((int(seconds * 31.25), len(NAMES)))
    values[:, LOUDNESS], values[:, F0] = -52.0, np.nan
    return values


def features(values: np.ndarray) -> np.ndarray:
    return run(make("microphone", NAMES, 31.25), values, grid(len(values), 31.25))[1]


def test_speech_has_hysteresis() -> None:
    values = room(40)
    values[:, SPEECH] = 0.4
    assert column(features(values), "speech_ratio_10s")[-1] == 0
    values[100, SPEECH] = 0.6  # once on, 0.4 is enough to stay
    assert column(features(values), "speech_ratio_10s")[-1] == 1
    values[1000, SPEECH] = 0.3
    last = features(values)[-1:]
    assert column(last, "speech_ratio_10s")[0] == pytest.approx(0.205, abs=0.01)
    assert column(last, "speech_ratio_60s")[0] == pytest.approx(900 / 1250, abs=0.01)


def test_pitch_loudness_and_sudden_sounds() -> None:
    values = room(12)
    values[200:300:2, F0], values[201:300:2, F0] = 110.0, 130.0
    values[[150, 220, 310], TRANSIENT] = 1
    last = features(values)[-1:]
    assert column(last, "f0_mean_10s")[0] == pytest.approx(120)
    assert column(last, "f0_sd_10s")[0] == pytest.approx(10)
    assert column(last, "transients_10s")[0] == pytest.approx(3)
    assert column(last, "loudness_3s")[0] == -52


def test_nobody_spoke_means_no_pitch() -> None:
    last = features(room(5))[-1:]
    assert np.isnan(column(last, "f0_mean_10s")[0])
    assert column(last, "microphone_quality")[0] == 1


@pytest.mark.parametrize(("place", "value"), [(SILENT, 1.0), (CLIPPED, 0.2)])
def test_a_dead_or_clipped_microphone_is_not_trusted(place: int, value: float) -> None:
    values = room(12)
    values[:, place] = value
    assert column(features(values), "microphone_quality")[-1] == 0


def test_context_holds_the_newest_value_until_it_is_stale() -> None:
    values = np.array([[50.0, 0.2], [np.nan, 0.4], [60.0, np.nan]])
    times = grid(3, 10.0)
    at, vectors = run(make("context", ("speed_kmh", "demand"), 10.0), values, times, until_s=4.0)
    fresh = at <= 2.0
    assert (column(vectors, "speed_kmh")[(at > 0.25) & fresh] == 60).all()
    assert math.isclose(column(vectors, "demand")[np.searchsorted(at, 2.0)], 0.4, rel_tol=1e-6)
    assert np.isnan(vectors[-1]).all()
