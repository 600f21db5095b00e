"""Columns of sound: what each means, and that cutting the sound differently changes no bit."""

import itertools

import numpy as np
import pytest

from kernels import audio, audio_pitch
from sensors.drivers.microphone_frames import COLUMNS, Frames
from sensors.drivers.microphone_mel import LogMel
from sensors.drivers.microphone_resampler import Resampler

RATE = 16_000
NAMES = [column.name for column in COLUMNS]


def rows_of(samples, cuts=(), mel=False):
    frames = Frames(mel)
    edges = [0, *cuts, len(samples)]
    parts = [frames.push(samples[start:stop]) for start, stop in itertools.pairwise(edges)]
    ends = [start + end for start, (_, found) in zip(edges, parts, strict=False) for end in found]
    return np.concatenate([values for values, _ in parts]), np.array(ends)


def column(values, name):
    return values[:, NAMES.index(name)]


def sound(seconds, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 8)) * (np.sin(2 * np.pi * 3 * t) > 0) * 0.1
    return (voice + rng.standard_normal(t.size) * 0.003).astype(np.float32)


@pytest.fixture(scope="module")
def whole():
    return rows_of(sound(1.3), mel=True)


CUTS = {
    "by 160": range(160, 20_800, 160),
    "by 511": range(511, 20_800, 511),
    "irregular": np.sort(np.random.default_rng(5).integers(0, 20_800, 60)),
    "with empty blocks": [0, 0, 100, 100, 512, 512, 512, 9000, 20_800],
}


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS.keys())
def test_cutting_the_sound_differently_changes_no_bit(whole, cuts):
    values, ends = rows_of(sound(1.3), cuts, mel=True)
    assert values.tobytes() == whole[0].tobytes()
    assert np.array_equal(ends, whole[1])


def test_sample_by_sample_changes_no_bit(whole):
    values, ends = rows_of(sound(1.3)[:2048], range(1, 2048), mel=True)
    assert values.tobytes() == whole[0][:4].tobytes()
    assert ends.tolist() == [511, 1023, 1535, 2047]


def test_rows_are_float32_with_one_column_per_name(whole):
    values, _ = whole
    assert values.shape == (40, len(COLUMNS) + 64)
    assert values.dtype == np.float32
    assert values.flags.c_contiguous


def test_mel_bands_are_published_only_when_asked_for():
    assert [c.name for c in Frames().columns if c.name.startswith("mel")] == []
    assert [c.name for c in Frames(mel_columns=True).columns][-64:] == [f"mel_{band:02d}" for band in range(64)]


def test_streamed_log_mel_is_the_whole_files_log_mel():
    import torch
    import torchaudio

    samples = sound(1.0)
    mel = torchaudio.transforms.MelSpectrogram(RATE, n_fft=512, win_length=400, hop_length=160, n_mels=64, f_min=50,
                                               f_max=7600, center=False)
    whole = torch.log(mel(torch.from_numpy(samples)) + 1e-6).numpy()
    log_mel, done = LogMel(), 0
    for start in range(0, samples.size - 511, 512):
        bands = log_mel(samples[start:start + 512])
        stop = (start + 512 - 512) // 160 + 1
        np.testing.assert_allclose(bands, whole[:, done:stop].mean(axis=1), rtol=1e-4, atol=1e-4)
        done = stop
    assert done == whole.shape[1] == 97


def test_coarse_bands_are_means_of_eight_mel_bands(whole):
    values, _ = whole
    coarse, mel = values[:, NAMES.index("band_0"):len(COLUMNS)], values[:, len(COLUMNS):]
    np.testing.assert_allclose(coarse, mel.reshape(-1, 8, 8).mean(axis=2), rtol=1e-5, atol=1e-5)


def test_loudness_is_nan_until_its_window_is_full_and_right_from_then_on():
    t = np.arange(RATE * 4) / RATE
    values, _ = rows_of(np.sin(2 * np.pi * 997 * t).astype(np.float32))
    momentary, short = column(values, "loudness_momentary"), column(values, "loudness_short")
    # 400 ms are 12.5 rows, 3 s are 93.75.
    assert np.isnan(momentary[:12]).all()
    assert np.isnan(short[:93]).all()
    np.testing.assert_allclose(momentary[13:], -3.01, atol=0.02)
    np.testing.assert_allclose(short[94:], -3.01, atol=0.02)


def test_digital_silence_is_told_and_nothing_is_infinite():
    values, _ = rows_of(np.zeros(RATE * 4, np.float32))
    assert (column(values, "silent") == 1).all()
    assert (column(values, "rms_db") == -120).all()
    assert (column(values, "loudness_momentary")[13:] == -120).all()
    assert (column(values, "loudness_short")[94:] == -120).all()
    assert np.isnan(column(values, "f0")).all()
    assert (column(values, "voicing") == 0).all()
    assert (column(values, "transient") == 0).all()
    assert not np.isinf(values).any()
    assert (column(values, "speech") < 0.1).all()


def test_quiet_noise_is_not_digital_silence():
    quiet = (np.random.default_rng(0).integers(-1, 2, 4096) / 32768).astype(np.float32)
    assert (column(rows_of(quiet)[0], "silent") == 0).all()


def test_a_row_of_silence_after_sound_has_no_pitch():
    values, _ = rows_of(np.concatenate([sound(0.16)[:2048], np.zeros(1024, np.float32)]))
    assert np.isnan(column(values, "f0")[-2:]).all()


def test_pitch_of_a_voice_is_its_fundamental():
    values, _ = rows_of(sound(0.16))
    np.testing.assert_allclose(column(values, "f0")[2:], 140, rtol=0.01)


def test_a_clap_is_one_transient_and_noise_is_none():
    samples = np.random.default_rng(1).standard_normal(RATE * 3).astype(np.float32) * 0.01
    samples[RATE:RATE + 800] *= 30
    transient = column(rows_of(samples)[0], "transient")
    assert np.flatnonzero(transient).tolist() == [RATE // 512]


def test_clipping_is_the_share_of_samples_at_full_scale():
    samples = np.clip(1.5 * np.sin(2 * np.pi * 100 * np.arange(5120) / RATE), -1, 1).astype(np.float32)
    clipped = column(rows_of(samples)[0], "clipped")
    assert clipped.mean() == pytest.approx(np.arccos(1 / 1.5) * 2 / np.pi, abs=0.02)
    assert column(rows_of(samples * 0.9)[0], "clipped").max() == 0


def test_nan_and_infinity_become_silence_and_are_counted():
    samples = sound(0.5)
    samples[[5, 600, 601]] = np.nan, np.inf, -np.inf
    clean = np.where(np.isfinite(samples), samples, 0).astype(np.float32)
    frames = Frames()
    values, _ = frames.push(samples)
    assert frames.mended == 3
    assert values.tobytes() == rows_of(clean)[0].tobytes()


@pytest.mark.parametrize("samples", [
    np.full(1024, 1e30), np.full(1024, 1e300), np.array(["loud"] * 1024), np.full(1024, None),
    np.full(1024, 1j), np.ones(1024, bool)], ids=["huge", "huger", "text", "object", "complex", "bool"])
def test_what_is_no_sound_is_counted_and_harms_nothing(samples):
    frames = Frames()
    values, _ = frames.push(samples)
    assert frames.mended == 1024
    assert not np.isinf(values).any()
    assert np.isfinite(frames.push(sound(0.1))[0][:, NAMES.index("speech")]).all()


@pytest.mark.parametrize(("dtype", "scale", "middle"), [("int16", 32768, 0), ("int32", 2**31, 0), ("uint8", 128, 128)])
def test_integers_are_scaled_by_their_range(dtype, scale, middle):
    exact = np.round(sound(0.1) * 100) / 128
    values, _ = rows_of((exact * scale + middle).astype(dtype))
    assert values.tobytes() == rows_of(exact.astype(np.float32))[0].tobytes()


def test_after_warming_no_row_compiles_anything():
    audio.warm()
    audio_pitch.warm()
    kernels = [value for module in (audio, audio_pitch) for value in vars(module).values()
               if hasattr(value, "signatures")]
    rows_of(sound(0.2))
    assert {kernel.py_func.__name__: len(kernel.signatures) for kernel in kernels} == {
        kernel.py_func.__name__: 1 for kernel in kernels}


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 48_000, 96_000])
def test_resampling_equals_torchaudio_and_no_cut_changes_a_bit(rate):
    import torch
    import torchaudio

    from kernels.audio_resample import ROLLOFF, ZEROS

    samples = np.random.default_rng(rate).standard_normal(rate // 4).astype(np.float32) * 0.1
    expected = torchaudio.functional.resample(torch.from_numpy(samples).double(), rate, RATE,
                                              lowpass_filter_width=ZEROS, rolloff=ROLLOFF).numpy()
    outputs = []
    for cuts in ([], [0, 1, 2, 2, 777], range(256, samples.size, 256)):
        resampler = Resampler(rate)
        edges = [0, *cuts, samples.size]
        parts = [resampler.push(samples[a:b]) for a, b in itertools.pairwise(edges)]
        outputs.append(np.concatenate([*parts, resampler.finish()]))
    assert outputs[0].tobytes() == outputs[1].tobytes() == outputs[2].tobytes()
    assert outputs[0].size == -(-samples.size * RATE // rate)
    np.testing.assert_allclose(outputs[0], expected[:outputs[0].size], atol=1e-6)


def test_one_nan_does_not_spread_through_the_resampler():
    resampler = Resampler(48_000)
    samples = np.zeros(4800, np.float32)
    samples[1000] = np.nan
    assert np.isfinite(resampler.push(samples)).all()
    assert resampler.mended == 1
