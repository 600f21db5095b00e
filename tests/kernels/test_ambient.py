"""The background's level against numpy's percentiles."""

import numpy as np
import pytest
from test_voice_record import last


def ambient(level_db, **more):
    features = last({"rms_db": level_db}, **more)
    return features["ambient_60s"], features["ambient_change_60s"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [400, 1875, 4000])
def test_it_is_numpys_tenth_percentile_within_half_a_bin(seed, count):
    level = np.random.default_rng(seed).normal(-55, 12, count)
    minute, ten = (np.percentile(level[-window:], 10, method="inverted_cdf") for window in (1875, 312))
    background, change = ambient(level)
    assert background == pytest.approx(minute, abs=0.2501)
    assert change == pytest.approx(np.percentile(level[-313:], 10, method="inverted_cdf") - minute, abs=0.75)
    assert ten == pytest.approx(change + background, abs=0.5)


def test_speech_does_not_raise_it_and_a_fan_does():
    room = np.full(1875, -60.1)
    room[::2] = -20.0
    assert ambient(room)[0] == -60.25
    room[-312:] = -45.1
    assert ambient(room) == (-60.25, 15.0)


@pytest.mark.parametrize(("level_db", "background"), [(-120.0, -119.75), (0.0, -0.25), (-0.1, -0.25), (-59.9, -59.75)])
def test_the_ends_of_the_scale_belong_to_it(level_db, background):
    assert ambient(np.full(400, level_db)) == (background, 0.0)


@pytest.mark.parametrize("level_db", [np.nan, 0.1, -120.1, np.inf, 1e30])
def test_what_cannot_be_a_level_is_not_counted(level_db):
    level = np.full(800, -50.0)
    level[::2] = level_db
    assert ambient(level)[0] == -49.75
    assert np.isnan(ambient(np.full(800, level_db))).all()


def test_ten_seconds_are_needed_and_five_for_the_change():
    assert np.isnan(ambient(np.full(311, -50.0))).all()
    assert ambient(np.full(312, -50.0)) == (-49.75, 0.0)
    level = np.full(800, -50.0)
    level[-157:] = np.nan
    assert ambient(level)[1] == 0.0
    level[-160:] = np.nan
    assert np.isnan(ambient(level)[1])
