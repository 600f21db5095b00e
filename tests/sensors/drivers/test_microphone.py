"""The microphone driver on sound files and on the simulated voice: times, pace, ends, and errors that help."""

import subprocess
import sys
import types

import numpy as np
import pytest
import soundfile

from sensors import driver as drivers
from sensors.clock import FakeClock
from sensors.driver import Setting
from sensors.drivers.microphone import Microphone
from sensors.drivers.microphone_config import MicrophoneConfig
from sensors.errors import DeviceError
from sensors.simulated.story import ParticipantConfig, Scene

RATE = 16_000
FRAME_NS = 32_000_000
SAMPLE_NS = 62_500


def tone(seconds, rate=RATE, frequency=440.0, level=0.1):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(1.0), RATE, subtype="FLOAT")
    return path


def microphone(source, clock, **config):
    return Microphone(MicrophoneConfig(source=str(source), **config),
                      Setting(stream="microphone", start_ns=clock.now_ns(), clock=clock))


def read_all(driver, timeout_s=0.1, limit=10_000):
    values, times = [], []
    for _ in range(limit):
        samples = driver.read(timeout_s)
        if samples is None:
            break
        values.append(samples.values)
        times.append(samples.times_ns)
        assert samples.device_ns is None
    return np.concatenate(values), np.concatenate(times)


def column(info, values, name):
    return values[:, info.names.index(name)]


def heard(source, clock, **config):
    driver = microphone(source, clock, realtime=False, **config)
    info = driver.open()
    values, times = read_all(driver)
    driver.close()
    return info, values, times


# files


def test_a_row_carries_the_time_of_its_last_sample(wav, clock):
    start_ns = clock.now_ns()
    info, values, times = heard(wav, clock)
    assert times.dtype == np.int64
    assert times.tolist() == [start_ns + (512 * (row + 1) - 1) * SAMPLE_NS for row in range(31)]
    assert values.shape == (31, len(info.columns))
    assert info.rate_hz == 31.25
    assert info.kind == "microphone"
    assert info.meta["simulated"] == "no"


def test_reading_as_fast_as_possible_leaves_the_clock_alone(wav, clock):
    before = clock.now_ns()
    heard(wav, clock)
    assert clock.now_ns() == before


def test_in_real_time_no_row_comes_before_its_time_nor_a_row_late(wav, clock):
    driver = microphone(wav, clock)
    driver.open()
    rows = 0
    while (samples := driver.read(0.1)) is not None:
        rows += len(samples.times_ns)
        for t_ns in samples.times_ns:
            assert 0 <= clock.now_ns() - t_ns < FRAME_NS
    assert rows == 31
    assert clock.now_ns() - 3_600_000_000_000 < 1.1e9


def test_a_read_waits_no_longer_than_its_timeout(wav, clock):
    driver = microphone(wav, clock)
    driver.open()
    before = clock.now_ns()
    assert len(driver.read(0.010).times_ns) == 0
    assert clock.now_ns() - before == 10_000_000


def test_speed_and_pace_change_no_bit(wav, clock):
    fast = heard(wav, clock)[1]
    paced = microphone(wav, FakeClock(5))
    paced.open()
    assert read_all(paced)[0].tobytes() == fast.tobytes()


def test_opened_a_second_late_a_file_catches_up_and_loses_nothing(wav, clock):
    driver = microphone(wav, clock)
    clock.advance(1.0)
    driver.open()
    assert len(read_all(driver)[1]) == 31


def test_opened_again_later_a_file_goes_on_where_the_session_is(tmp_path, clock):
    path = tmp_path / "long.wav"
    soundfile.write(path, tone(10.0), RATE)
    start_ns = clock.now_ns()
    driver = microphone(path, clock)
    clock.advance(6.0)
    driver.open()
    _, times = read_all(driver)
    assert times[0] - start_ns > 5.9e9
    assert (times - start_ns + SAMPLE_NS).max() == 312 * FRAME_NS


def test_a_looping_file_goes_on_without_a_seam(wav, clock):
    driver = microphone(wav, clock, realtime=False, loop=True)
    driver.open()
    values, times = read_all(driver, limit=10)
    twice = wav.with_name("twice.wav")
    soundfile.write(twice, np.tile(tone(1.0), 6), RATE, subtype="FLOAT")
    expected = heard(twice, clock)
    assert len(times) > 150
    assert values.tobytes() == expected[1][:len(times)].tobytes()
    assert (np.diff(times) == FRAME_NS).all()


@pytest.mark.parametrize(("rate", "channels", "suffix"), [(48_000, 2, "wav"), (44_100, 1, "flac"), (8000, 1, "wav"),
                                                          (22_050, 6, "wav")])
def test_any_rate_and_channel_count_is_read_and_told(tmp_path, clock, rate, channels, suffix):
    path = tmp_path / f"odd.{suffix}"
    soundfile.write(path, np.tile(tone(1.0, rate)[:, None], channels), rate)
    info, values, times = heard(path, clock)
    assert len(times) == 31
    np.testing.assert_allclose(column(info, values, "f0")[3:], 440, rtol=0.01)
    np.testing.assert_allclose(column(info, values, "rms_db")[3:30], -23.0, atol=0.2)
    assert f"{rate} Hz" in info.device
    assert "read as 16000 Hz mono" in info.device
    assert info.meta["file_channels"] == str(channels)


def test_the_last_whole_row_of_a_converted_file_is_not_lost(tmp_path, clock):
    path = tmp_path / "ten rows.wav"
    soundfile.write(path, tone(0.32, 48_000), 48_000)
    assert len(heard(path, clock)[2]) == 10


def test_nan_in_a_file_is_counted_as_lost_rows(tmp_path, clock):
    path = tmp_path / "nan.wav"
    samples = tone(1.0, 48_000)
    samples[100:200] = np.nan
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    driver = microphone(path, clock, realtime=False)
    driver.open()
    values, _ = read_all(driver)
    assert driver.lost() == 1
    assert not np.isinf(values).any()


def test_after_the_end_there_is_only_the_end(wav, clock):
    driver = microphone(wav, clock, realtime=False)
    driver.open()
    read_all(driver)
    assert driver.read(0.1) is None


def test_a_muted_file_is_silent_and_not_minus_infinity(tmp_path, clock):
    path = tmp_path / "mute.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    info, values, _ = heard(path, clock)
    assert (column(info, values, "silent") == 1).all()
    assert column(info, values, "loudness_momentary")[-1] == -120


# what can be wrong


def broken(tmp_path, name):
    path = tmp_path / f"{name}.wav"
    if name == "zero-length":
        path.touch()
    elif name == "no samples":
        soundfile.write(path, np.empty(0, np.float32), RATE)
    elif name == "text":
        path.write_text("this is no sound\n" * 100)
    elif name == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(("name", "says"), [
    ("missing", "There is no sound file"), ("zero-length", "it is empty"), ("no samples", "holds no sound"),
    ("text", "cannot be read"), ("folder", "is a folder")])
def test_a_wrong_file_is_told_in_one_sentence_with_the_next_step(tmp_path, clock, name, says):
    driver = microphone(broken(tmp_path, name), clock)
    with pytest.raises(DeviceError, match=says) as told:
        driver.open()
    assert told.value.next_step
    assert f"{name}.wav" in told.value.message
    driver.close()
    driver.close()


def test_a_file_that_breaks_off_is_told(tmp_path, clock):
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).standard_normal(RATE * 10) * 0.1, RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2:] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    driver = microphone(path, clock, realtime=False)
    driver.open()
    with pytest.raises(DeviceError, match=r"breaks off after [3-5]\.\d s"):
        read_all(driver)


def test_reading_before_open_is_told(wav, clock):
    with pytest.raises(DeviceError, match="is not open"):
        microphone(wav, clock).read(0.1)


# the simulated voice


class Counting:
    """A voice that says which samples it was asked for."""

    def __init__(self, participant):
        self.participant = participant

    def samples(self, start, count):
        return ((np.arange(start, start + count) % 256) / 512).astype(np.float32)


@pytest.fixture
def counting_voice(monkeypatch):
    monkeypatch.setitem(sys.modules, "sensors.simulated.voice", types.SimpleNamespace(Voice=Counting))


def test_the_simulated_voice_is_asked_for_every_sample_in_order(counting_voice, clock):
    driver = Microphone(MicrophoneConfig(source="simulated"), Setting(
        stream="microphone", start_ns=clock.now_ns(), clock=clock, participant=ParticipantConfig(seed=11)))
    start_ns = clock.now_ns()
    info = driver.open()
    assert info.meta["simulated"] == "yes"
    assert info.meta["seed"] == "11"
    values, times = read_all(driver, limit=40)
    assert times[0] == start_ns + 511 * SAMPLE_NS
    assert (np.diff(times) == FRAME_NS).all()
    # A ramp of 256 samples repeats twice in a row: every row is the same sound exactly if no sample is missing.
    assert len(set(column(info, values, "rms_db").tolist())) == 1


def test_a_simulated_voice_opened_again_joins_the_present(counting_voice, clock):
    driver = microphone("simulated", clock)
    start_ns = clock.now_ns()
    clock.advance(100.0)
    driver.open()
    _, times = read_all(driver, limit=5)
    assert times[0] > start_ns + 99.9e9


# the registry, and what importing costs


def test_the_registry_builds_it(wav, clock):
    setting = Setting(stream="microphone", start_ns=0, clock=clock)
    assert isinstance(drivers.build("microphone", MicrophoneConfig(source=str(wav)), setting), Microphone)


def test_listing_devices_loads_neither_torch_nor_onnxruntime_nor_numba():
    code = ("import sys; from sensors.drivers.microphone_device import list_microphones; found = list_microphones();"
            "assert isinstance(found, (tuple, str));"
            "assert not {'torch', 'torchaudio', 'onnxruntime', 'silero_vad', 'numba'} & set(sys.modules), 'heavy'")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_simulated_participant_is_heard_talking_on_the_phone(clock):
    participant = ParticipantConfig(script=(Scene(at_s=0.0, state="distracted_cognitive"),))
    driver = Microphone(MicrophoneConfig(source="simulated", realtime=False), Setting(
        stream="microphone", start_ns=0, clock=clock, participant=participant))
    info = driver.open()
    values, _ = read_all(driver, limit=40)
    assert len(values) == 40 * 16
    assert not np.isinf(values).any()
    speech, voiced = column(info, values, "speech") > 0.5, np.isfinite(column(info, values, "f0"))
    assert speech.mean() > 0.15
    assert voiced[speech].mean() > 0.5
