"""The audio kernels against plain twins, against the recommendation's own figures, and against known pitches."""

import itertools

import numpy as np
import pytest

from kernels import audio, audio_pitch, audio_resample
from tests.reference import audio as reference

RATE = 16_000
TWIN = 1e-4


def noise(count, seed=1):
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32) * 0.1


def weigh(samples, rate=RATE, cuts=()):
    out, state, sections = np.empty(len(samples)), np.zeros((2, 2)), audio.k_weighting(rate)
    edges = [0, *cuts, len(samples)]
    for start, stop in itertools.pairwise(edges):
        audio.weight(samples[start:stop], sections, state, out[start:stop])
    return out


# K-weighting and loudness


def test_k_weighting_at_48_khz_is_the_printed_table():
    # ITU-R BS.1770-4, tables 1 and 2.
    printed = [[1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585],
               [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621]]
    np.testing.assert_allclose(audio.k_weighting(48_000.0), printed, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("level_db", "reading"), [(0.0, -3.01), (-20.0, -23.01), (-60.0, -63.01)])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_997_hz_sine_reads_3_01_under_its_level(rate, level_db, reading):
    # BS.1770-4, annex 1: 0 dB FS, 997 Hz, one channel reads -3.01 LKFS; and it is a level, so decibels shift it.
    sine = (10 ** (level_db / 20) * np.sin(2 * np.pi * 997 * np.arange(4 * rate) / rate)).astype(np.float32)
    weighted = weigh(sine, rate)[rate:]
    powers = np.empty(3 * rate // 100)
    audio.block_powers(weighted, powers)
    assert audio.loudness(powers, powers.size) == pytest.approx(reading, abs=0.005)


def test_loudness_is_not_gated():
    # Half of the blocks silent: half of the mean square, 3.01 dB less. A gated measure would leave them out.
    assert audio.loudness(np.array([1.0, 1.0, 0.0, 0.0]), 4) == pytest.approx(-0.691 - 3.0103, abs=1e-4)


def test_the_16_khz_curve_follows_the_48_khz_curve_within_a_ninth_of_a_decibel():
    for frequency in (30, 60, 125, 250, 500, 1000, 2000, 3000, 4000, 6000, 7600):
        narrow = audio._gain(audio.k_weighting(16_000.0), frequency, 16_000.0)
        wide = audio._gain(audio.k_weighting(48_000.0), frequency, 48_000.0)
        assert abs(20 * np.log10(narrow / wide)) < 0.11, frequency


def test_weight_equals_its_twin():
    samples = noise(3000)
    np.testing.assert_allclose(weigh(samples), reference.biquads(samples, audio.k_weighting(RATE)), rtol=TWIN,
                               atol=1e-9)


def test_weight_carries_its_state_over_any_cut():
    samples = noise(3000)
    assert np.array_equal(weigh(samples), weigh(samples, cuts=(1, 2, 700, 700, 2999)))


def test_loudness_equals_its_twin_and_takes_only_the_newest_blocks():
    weighted = weigh(noise(128 * 50))
    powers = np.empty(50)
    audio.block_powers(weighted, powers)
    assert audio.loudness(powers, 50) == pytest.approx(reference.loudness(weighted), rel=TWIN)
    assert audio.loudness(powers, 10) == pytest.approx(reference.loudness(weighted[-1280:]), rel=TWIN)


def test_loudness_of_silence_is_the_floor_and_of_a_window_not_full_is_nan():
    assert audio.loudness(np.zeros(5), 5) == audio.FLOOR_DB
    assert np.isnan(audio.loudness(np.array([np.nan, 1.0, 1.0]), 3))
    assert np.isfinite(audio.loudness(np.array([np.nan, 1.0, 1.0]), 2))


# level


def test_level_of_a_full_scale_sine_is_minus_3_dbfs_and_of_a_square_wave_0():
    sine = np.sin(2 * np.pi * 1000 * np.arange(512) / RATE).astype(np.float32)
    assert audio.level(sine)[0] == pytest.approx(-3.01, abs=0.01)
    assert audio.level(np.tile(np.float32([1, -1]), 256)) == (0.0, 1.0, 0.0)


def test_level_counts_samples_at_16_bit_full_scale():
    samples = np.zeros(512, np.float32)
    samples[:3] = 32767 / 32768, -1.0, 0.99
    _rms, clipped, silent = audio.level(samples)
    assert (clipped, silent) == (2 / 512, 0.0)


@pytest.mark.parametrize("value", [0.0, 0.25, -1.0])
def test_equal_samples_are_digital_silence_whatever_their_value(value):
    assert audio.level(np.full(512, value, np.float32))[2] == 1.0


# sudden sounds


def run_sudden(levels, new=4, back=6):
    history, armed, found = np.full(back + new, np.nan), np.ones(1), []
    for start in range(0, len(levels), new):
        audio.shift_in(history, np.array(levels[start:start + new], float))
        found.append(audio.sudden(history, new, back, 15.0, -70.0, armed))
    return found


def test_a_step_counts_once():
    assert run_sudden([-50.0] * 14 + [-30.0] * 14) == [0, 0, 0, 1, 0, 0, 0]


def test_a_slow_rise_is_not_sudden():
    assert sum(run_sudden(list(np.linspace(-60, -10, 40)))) == 0


def test_a_rise_of_15_db_is_not_more_than_15_db():
    assert sum(run_sudden([-50.0] * 12 + [-35.0] * 8)) == 0
    assert sum(run_sudden([-50.0] * 12 + [-34.9] * 8)) == 1


def test_far_below_hearing_nothing_is_sudden():
    assert sum(run_sudden([-120.0] * 12 + [-72.0] * 8)) == 0


def test_the_beginning_of_the_stream_is_not_sudden():
    assert sum(run_sudden([-10.0] * 12)) == 0
    assert run_sudden([-60.0] * 3 + [-10.0] * 9) == [1, 0, 0]


def test_two_knocks_are_two():
    knock = [-30.0] * 2 + [-60.0] * 10
    assert sum(run_sudden([-60.0] * 12 + knock + knock)) == 2


# spectral shape


def test_spectral_shape_equals_its_twin():
    previous = np.full(257, np.nan)
    units = []
    for seed in (1, 2):
        power = (np.abs(np.fft.rfft(noise(512, seed))) ** 2).astype(np.float32)
        centroid, flatness, flux = audio.spectral_shape(power, 31.25, 2, 244, previous)
        expected = reference.shape(power, 31.25, 2, 244)
        units.append(expected[2])
        assert (centroid, flatness) == pytest.approx(expected[:2], rel=TWIN)
    assert flux == pytest.approx(np.linalg.norm(units[1] - units[0]), rel=TWIN)


def test_flatness_tells_a_tone_from_noise_and_flux_a_steady_sound_from_a_changing_one():
    previous = np.full(257, np.nan)
    tone = np.sin(2 * np.pi * 1000 * np.arange(512) / RATE) * np.hanning(512)
    power = (np.abs(np.fft.rfft(tone)) ** 2).astype(np.float32)
    centroid, flatness, flux = audio.spectral_shape(power, 31.25, 2, 244, previous)
    assert centroid == pytest.approx(1000, rel=0.01)
    assert flatness < 1e-3
    assert np.isnan(flux)
    assert audio.spectral_shape(power * 7, 31.25, 2, 244, previous)[2] == pytest.approx(0, abs=1e-6)
    white = np.mean([audio.spectral_shape((np.abs(np.fft.rfft(noise(512, s))) ** 2).astype(np.float32), 31.25, 2, 244,
                                          previous)[1] for s in range(50)])
    assert white == pytest.approx(np.exp(-np.euler_gamma), abs=0.03)


def test_spectral_shape_of_flat_and_of_disjoint_spectra_is_the_closed_form():
    previous = np.full(257, np.nan)
    flat, other = np.zeros((2, 257), np.float32)
    flat[2:102], other[102:244] = 9.0, 0.25
    centroid, flatness, _ = audio.spectral_shape(flat, 31.25, 2, 102, previous)
    assert centroid == pytest.approx(51.5 * 31.25)  # the middle of equal magnitudes
    assert flatness == pytest.approx(1.0)
    audio.spectral_shape(flat, 31.25, 2, 244, previous)
    assert audio.spectral_shape(other, 31.25, 2, 244, previous)[2] == pytest.approx(np.sqrt(2))  # a right angle


def test_no_power_has_no_shape():
    previous = np.ones(257)
    assert np.isnan(audio.spectral_shape(np.zeros(257, np.float32), 31.25, 2, 244, previous)).all()
    assert np.isnan(previous).all()


# pitch


def find(window):
    return audio_pitch.pitch(window.astype(np.float32), float(RATE), 60.0, 500.0, np.zeros(269))


def stack(frequency, partials, level=0.1, seed=0):
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 16)
    n = np.arange(1024)
    return level * sum(np.sin(2 * np.pi * frequency * k * n / RATE + phase[k]) / k for k in partials)


def test_normalised_difference_equals_its_twin():
    window, difference = noise(1024), np.zeros(269)
    audio_pitch.pitch(window, float(RATE), 60.0, 500.0, difference)
    np.testing.assert_allclose(difference, reference.normalised_difference(window, 269), rtol=TWIN)


@pytest.mark.parametrize("partials", [(1,), (1, 2, 3, 4, 5), (2, 3, 4)], ids=["tone", "stack", "no fundamental"])
def test_pitch_from_80_to_400_hz_is_within_one_percent(partials):
    for frequency in np.geomspace(80, 400, 60):
        found, voicing = find(stack(frequency, partials))
        assert found == pytest.approx(frequency, rel=0.01)
        assert voicing > 0.9


def test_pitch_holds_in_noise_10_db_below():
    for seed, frequency in enumerate(np.geomspace(80, 400, 30)):
        clean = stack(frequency, (1, 2, 3, 4, 5), seed=seed)
        dirty = clean + noise(1024, seed) * 10 * np.sqrt(np.mean(clean**2) / 10)
        assert find(dirty)[0] == pytest.approx(frequency, rel=0.02)


def test_white_noise_is_unvoiced():
    found = [find(noise(1024, seed)) for seed in range(200)]
    assert all(np.isnan(f0) and voicing < 0.3 for f0, voicing in found)


@pytest.mark.parametrize("window", [np.zeros(1024), np.full(1024, 0.5), noise(1024) * 1e-6],
                         ids=["zeros", "offset", "dither"])
def test_silence_is_unvoiced(window):
    f0, voicing = find(window)
    assert np.isnan(f0)
    assert voicing == 0.0


@pytest.mark.parametrize("frequency", [25.0, 40.0, 57.0, 59.0, 530.0, 700.0, 1000.0, 2500.0])
def test_a_tone_outside_the_range_is_unvoiced(frequency):
    assert np.isnan(find(stack(frequency, (1,)))[0])


def test_an_offset_does_not_move_the_pitch():
    window = stack(150, (1, 2, 3))
    assert find(window + 0.5)[0] == pytest.approx(find(window)[0], rel=1e-4)


# resampling


@pytest.mark.parametrize(("rate_in", "rate_out"), [(3, 1), (441, 160), (1, 2), (441, 640), (6, 1)])
def test_resample_equals_its_twin(rate_in, rate_out):
    samples = noise(400)
    width = audio_resample.half_width(rate_in, rate_out)
    padded = np.concatenate([np.zeros(width), samples, np.zeros(width + 2)]).astype(np.float32)
    expected = reference.resampled(samples, rate_in, rate_out, audio_resample.ZEROS, audio_resample.ROLLOFF)
    out = np.empty(expected.size, np.float32)
    audio_resample.resample(padded, -width, 0, rate_in, audio_resample.phases(rate_in, rate_out), out)
    np.testing.assert_allclose(out, expected, rtol=TWIN, atol=1e-6)


def test_warm_compiles_every_kernel_of_the_module():
    for module in (audio, audio_pitch, audio_resample):
        module.warm()
        kernels = [value for value in vars(module).values() if hasattr(value, "signatures")]
        assert kernels
        assert all(kernel.signatures for kernel in kernels)
