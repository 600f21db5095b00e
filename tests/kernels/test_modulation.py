"""The rhythm of syllables against closed forms and scipy's filters."""

import numpy as np
import pytest
from scipy import signal
from test_voice_record import RATE, grid, last

from kernels import modulation

FREQUENCIES = np.linspace(0.1, 15, 300)


def rhythm(level_db, times=None, **setup):
    return last({"rms_db": level_db}, times, **setup)["modulation_10s"]


def sine(frequency_hz, seconds=60, depth_db=6.0, rate_hz=RATE):
    return -40 + depth_db * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize("band", [modulation.MOVEMENT_HZ, modulation.SYLLABLES_HZ])
@pytest.mark.parametrize("rate_hz", [25.0, 31.25, 40.0])
def test_the_band_passes_are_scipys(band, rate_hz):
    sections = modulation.band_pass(*band, rate_hz)
    mine = np.hstack([sections[:, :3], np.ones((2, 1)), sections[:, 3:]])
    frequencies = np.linspace(0.1, rate_hz / 2 - 0.1, 300)
    theirs = signal.butter(2, band, "bandpass", fs=rate_hz, output="sos")
    np.testing.assert_allclose(signal.sosfreqz(mine, frequencies, fs=rate_hz)[1],
                               signal.sosfreqz(theirs, frequencies, fs=rate_hz)[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("frequency_hz", "share", "within"), [
    (5, 1.0, 0.01), (4.4, 1.0, 0.01), (3, 0.5, 0.01), (7, 0.5, 0.01), (1, 0.0, 0.01), (2, 0.08, 0.04),
    (11, 0.02, 0.02)])
def test_a_level_that_moves_as_a_sine_has_the_share_of_its_frequency(frequency_hz, share, within):
    assert rhythm(sine(frequency_hz)) == pytest.approx(share, abs=within)


def test_depth_and_offset_do_not_matter():
    expected = rhythm(sine(3.5))
    assert rhythm(sine(3.5, depth_db=0.5)) == pytest.approx(expected, rel=1e-4)
    assert rhythm(sine(3.5) - 40) == pytest.approx(expected, rel=1e-4)


def test_white_movement_has_the_share_of_the_bandwidth():
    # Of the filters' own bandwidths: the mean of |w n|^2 over that of |w|^2.
    wide, narrow = (np.abs(signal.sosfreqz(signal.butter(2, band, "bandpass", fs=RATE, output="sos"), FREQUENCIES,
                                           fs=RATE)[1]) ** 2
                    for band in (modulation.MOVEMENT_HZ, modulation.SYLLABLES_HZ))
    expected = np.sum(wide * narrow) / np.sum(wide)
    assert expected == pytest.approx(4 / 11.5, abs=0.03)
    random = np.random.default_rng(2)
    shares = [rhythm(random.normal(-60, 3, 900)) for _ in range(40)]
    assert np.mean(shares) == pytest.approx(expected, abs=0.02)


def test_two_movements_share_by_their_power():
    # Depths 2:1, powers 4:1.
    assert rhythm(sine(4.6, depth_db=4.0) + sine(1.0, depth_db=2.0) + 40) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("level_db", [-120.0, -40.0, 0.0])
def test_a_level_that_does_not_move_has_no_rhythm(level_db):
    assert np.isnan(rhythm(np.full(4000, level_db)))
    assert np.isnan(rhythm(level_db + 1e-3 * (sine(5) + 40) * (1 if level_db < 0 else -1) - 0.01 * (level_db == 0)))


def test_an_echo_of_the_filters_is_no_rhythm():
    # Syllables that ended 10 s ago: the narrower filter rings for longer than the other.
    level = np.full(800, -40.0)
    n = np.arange(213)
    level[:213] += 20 * np.sin(2 * np.pi * 6 * n / RATE + 1.77)
    level[213:] = level[212]
    shares = np.array([rhythm(level[:213 + 312 + k]) for k in range(-20, 30)])
    assert shares[0] == pytest.approx(1.0, abs=0.01)
    assert np.isnan(shares[20:24]).all()
    assert not (shares[24:] > 0.5).any()


def test_the_share_is_never_above_one():
    assert modulation.share(2.0, 2.1) == 1.0
    assert np.isnan(modulation.share(2.0, 2.3))


def test_it_takes_two_seconds_to_settle_and_two_to_listen():
    # 63 frames settle, 63 are 2.016 s.
    assert np.isnan(rhythm(sine(5)[:125]))
    assert rhythm(sine(5)[:126]) > 0.95


def test_a_step_at_the_beginning_is_not_movement():
    level = sine(5, seconds=4.5)
    level[:2] = -90.0
    assert rhythm(level[2:]) == pytest.approx(rhythm(sine(5)), abs=0.02)


@pytest.mark.parametrize("fault", ["nan", "hole"])
def test_the_rhythm_begins_anew_after_a_fault(fault):
    level, times = sine(5)[:1000], grid(1000)
    if fault == "nan":
        level[900] = np.nan
    else:
        times[901:] += 80_000_000
    # The window still holds what came before.
    assert rhythm(level, times) == pytest.approx(0.998, abs=0.005)
    assert np.isnan(rhythm(level[890:], times[890:]))
    steps = level.copy()
    steps[901:] -= 50  # a jump across a fault is not a movement
    assert rhythm(steps, times) == pytest.approx(rhythm(level, times), rel=1e-4)


@pytest.mark.parametrize("rate_hz", [0.0, 10.0, 24.9])
def test_slow_or_irregular_frames_carry_no_rhythm(rate_hz):
    assert np.isnan(rhythm(sine(5), rate_hz=rate_hz))


def test_a_still_level_leaves_no_denormal_numbers_behind():
    records = np.zeros(1, modulation.MODULATION)
    modulation.reset(records, RATE)
    for level_db in (*sine(5, seconds=4), *[-40.0] * 20_000):
        modulation.step(records[0], level_db, False)
    state = np.abs(records["state"])
    assert ((state == 0) | (state > 1e-30)).all()
