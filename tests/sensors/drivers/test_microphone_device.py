"""A sound device, played by a stand-in for PortAudio that calls back when the test says so."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sensors.driver import Setting
from sensors.drivers.microphone import Microphone
from sensors.drivers.microphone_config import MicrophoneConfig
from sensors.drivers.microphone_device import list_microphones
from sensors.drivers.microphone_portaudio import QUEUED, DeviceSource
from sensors.errors import DeviceError

RATE = 16_000
LATENCY_S = 0.020


class PortAudioError(Exception):
    """What sounddevice raises."""


class PortAudio:
    """Stands in for the sounddevice module."""

    PortAudioError = PortAudioError

    def __init__(self, clock, refuse=(), start_fails=False):
        self.clock, self.refuse, self.start_fails = clock, refuse, start_fails
        self.devices = [
            {"index": 0, "name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
            {"index": 1, "name": "Built-in Microphone", "max_input_channels": 2, "default_samplerate": 48_000.0},
            {"index": 2, "name": "USB Headset", "max_input_channels": 1, "default_samplerate": 44_100.0},
        ]
        self.streams = []
        self.stream_s = 1000.0

    def query_devices(self, kind=None):
        if kind is None:
            return self.devices
        if not any(device["max_input_channels"] for device in self.devices):
            raise PortAudioError("Error querying device -1")
        return self.devices[1]

    def InputStream(self, **asked):  # noqa: N802  # sounddevice's own name
        if (round(asked["samplerate"]), asked["channels"]) in self.refuse:
            raise PortAudioError("Invalid sample rate")
        stream = SimpleNamespace(**{**asked, "open": True, "latency": LATENCY_S})
        stream.start = self._start
        stream.close = lambda: setattr(stream, "open", False)
        self.streams.append(stream)
        return stream

    def _start(self):
        if self.start_fails:
            raise PortAudioError("Device unavailable")

    def play(self, samples, overflow=False, told=True, late_s=0.0):
        """Let the time of `samples` pass and call back with them, `late_s` late."""
        stream = self.streams[-1]
        length_s = len(samples) / stream.samplerate
        self.clock.advance(length_s + late_s)
        self.stream_s += length_s
        block = np.repeat(np.asarray(samples, np.float32)[:, None], stream.channels, axis=1)
        # Full duplex drivers reuse the buffer: whoever keeps it without copying hears the next block twice.
        times = SimpleNamespace(currentTime=self.stream_s + late_s + LATENCY_S if told else 0.0,
                                inputBufferAdcTime=self.stream_s - length_s if told else 0.0)
        stream.callback(block, len(block), times, SimpleNamespace(input_overflow=overflow))
        block[:] = 9.0


@pytest.fixture
def plug(monkeypatch, clock):
    def plug_in(**how):
        audio = PortAudio(clock, **how)
        monkeypatch.setitem(sys.modules, "sounddevice", audio)
        return audio
    return plug_in


def opened(clock, source="default"):
    driver = Microphone(MicrophoneConfig(source=source), Setting(stream="microphone", start_ns=0, clock=clock))
    return driver, driver.open()


def tone(count, start=0, rate=RATE):
    return 0.1 * np.sin(2 * np.pi * 200 * np.arange(start, start + count) / rate)


def play_and_read(audio, driver, blocks, size=160, **how):
    parts = []
    rate = audio.streams[-1].samplerate
    for block in range(blocks):
        audio.play(tone(size, block * size, rate), **how)
        parts.append(driver.read(0.0))
    return parts


# sound comes through, with its time


def test_sound_comes_through_with_the_time_of_the_converter(plug, clock):
    audio = plug()
    driver, info = opened(clock)
    start_ns = clock.now_ns()
    parts = play_and_read(audio, driver, 100)
    times = np.concatenate([part.times_ns for part in parts])
    assert len(times) == 100 * 160 // 512
    # Sample n was converted at start + n / rate less the latency that the device tells.
    expected = start_ns + (np.arange(1, len(times) + 1) * 512 - 1) * 62_500 - LATENCY_S * 1e9
    assert np.abs(times - expected).max() < 70_000
    assert info.device == "Built-in Microphone, 16000 Hz, 1 channel"
    values = np.concatenate([part.values for part in parts])
    np.testing.assert_allclose(values[3:, info.names.index("f0")], 200, rtol=0.01)
    np.testing.assert_allclose(values[3:, info.names.index("rms_db")], -23.0, atol=0.3)


def test_the_device_stamp_travels_beside_ours(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    parts = play_and_read(audio, driver, 32)
    device = np.concatenate([part.device_ns for part in parts])
    expected = 1000.0e9 + (np.arange(1, len(device) + 1) * 512 - 1) * 62_500
    assert device.dtype == np.int64
    assert np.abs(device - expected).max() < 1000


def test_a_host_api_without_stamps_gives_none_and_arrival_stands_in(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    parts = play_and_read(audio, driver, 32, told=False)
    assert all(part.device_ns is None for part in parts)
    times = np.concatenate([part.times_ns for part in parts])
    assert (np.diff(times) > 0).all()
    assert times[-1] <= clock.now_ns()


def test_a_device_stamp_from_another_epoch_is_not_believed(plug, clock):
    audio = plug()
    audio.stream_s = 5.0
    driver, _ = opened(clock)
    stream = audio.streams[-1]
    clock.advance(0.032)
    stream.callback(tone(512)[:, None], 512, SimpleNamespace(currentTime=1e6, inputBufferAdcTime=5.0),
                    SimpleNamespace(input_overflow=False))
    samples = driver.read(0.0)
    assert samples.times_ns.tolist() == [clock.now_ns()]
    assert samples.device_ns is None


def test_scheduling_jitter_does_not_reach_the_stamps(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    rng = np.random.default_rng(0)
    times = []
    late_s = 0.0
    for block in range(600):
        # Each callback is late by its own amount; the sound itself keeps its pace.
        wait_s = float(rng.uniform(0, 0.005))
        audio.play(tone(160, block * 160), told=False, late_s=max(wait_s - late_s, -0.01))
        late_s = wait_s
        times.extend(driver.read(0.0).times_ns)
    steps = np.diff(times[20:])
    assert np.abs(steps - 32_000_000).max() < 1_000_000


@pytest.mark.parametrize("refuse", [[(16_000, 1)], [(16_000, 1), (48_000, 1)]], ids=["own rate", "own channels"])
def test_a_device_that_refuses_16_khz_mono_is_taken_as_it_is_and_converted(plug, clock, refuse):
    audio = plug(refuse=refuse)
    driver, info = opened(clock)
    start_ns = clock.now_ns()
    parts = play_and_read(audio, driver, 100, size=480 if len(refuse) == 1 else 160)
    values = np.concatenate([part.values for part in parts])
    times = np.concatenate([part.times_ns for part in parts])
    np.testing.assert_allclose(values[3:, info.names.index("f0")], 200, rtol=0.01)
    expected = start_ns + (np.arange(1, len(times) + 1) * 512 - 1) * 62_500 - LATENCY_S * 1e9
    assert np.abs(times - expected).max() < 200_000
    assert info.meta["device_rate_hz"] == ("48000" if len(refuse) == 1 else "16000")
    assert info.meta["device_channels"] == ("1" if len(refuse) == 1 else "2")


def test_nothing_new_is_an_empty_read(plug, clock):
    plug()
    driver, info = opened(clock)
    samples = driver.read(0.0)
    assert samples.values.shape == (0, len(info.columns))
    assert samples.times_ns.shape == (0,)


# what gets lost is counted


def test_an_overflow_leaves_a_hole_in_time_and_is_counted(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    before = np.concatenate([part.times_ns for part in play_and_read(audio, driver, 64)])
    assert driver.lost() == 0
    clock.advance(0.1)
    audio.stream_s += 0.1
    audio.play(tone(160), overflow=True)
    after = [driver.read(0.0), *play_and_read(audio, driver, 8)]
    times = np.concatenate([before, *(part.times_ns for part in after)])
    assert driver.lost() == -(-1600 // 512)
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() == pytest.approx(32e6 + 0.1e9, abs=2e6)


def test_blocks_that_nobody_fetched_are_counted(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    for _ in range(QUEUED + 32):
        audio.play(tone(16))
    driver.read(0.0)
    audio.play(tone(16))
    driver.read(0.0)
    assert driver.lost() == 1
    assert driver._source.lost() == 32 * 16


def test_a_nan_from_the_device_is_counted(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    audio.play(np.full(512, np.nan))
    samples = driver.read(0.0)
    assert driver.lost() == 1
    assert len(samples.times_ns) == 1


# which device


@pytest.mark.parametrize(("source", "index"), [("default", 1), (2, 2), ("2", 2), ("USB Headset", 2), ("headset", 2)])
def test_a_device_is_found_by_index_and_by_name(plug, clock, source, index):
    audio = plug()
    opened(clock, source)
    assert audio.streams[-1].device == index


@pytest.mark.parametrize("source", ["Blue Yeti", 7, 0])
def test_an_unknown_device_is_told_with_the_known_ones(plug, clock, source):
    plug()
    with pytest.raises(DeviceError, match="There is no microphone") as told:
        opened(clock, source)
    assert "1: Built-in Microphone; 2: USB Headset" in str(told.value)
    assert "attnflow devices" in told.value.next_step


def test_no_default_microphone_is_told(plug, clock):
    plug().devices = []
    with pytest.raises(DeviceError, match="no default microphone") as told:
        opened(clock)
    assert "known inputs: none" in str(told.value)


def test_listing_names_inputs_only(plug):
    plug()
    assert list_microphones() == ("1: Built-in Microphone", "2: USB Headset")


def test_listing_without_inputs_says_so(plug):
    plug().devices = []
    assert "no sound input" in list_microphones()


# what can go wrong


class NoPortAudio:
    """Finds sounddevice, whose import fails as it does without the library."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, name, path=None, target=None):
        if name == "sounddevice":
            raise self.error


@pytest.mark.parametrize(("error", "says", "then"), [
    (OSError("PortAudio library not found"), "PortAudio is not installed", "apt-get install libportaudio2"),
    (ModuleNotFoundError("No module named 'sounddevice'"), "sounddevice is not installed", "pip install")])
def test_a_missing_library_is_told_with_the_command_to_run(monkeypatch, clock, error, says, then):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPortAudio(error), *sys.meta_path])
    with pytest.raises(DeviceError, match=says) as told:
        opened(clock)
    assert then in told.value.next_step
    assert says in list_microphones()


def test_a_device_that_refuses_everything_is_told_and_released(plug, clock):
    audio = plug(start_fails=True)
    with pytest.raises(DeviceError, match="does not open") as told:
        opened(clock)
    assert "Device unavailable" in str(told.value)
    assert audio.streams
    assert not any(stream.open for stream in audio.streams)


def test_a_device_that_falls_silent_is_told(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    play_and_read(audio, driver, 8)
    clock.advance(1.9)
    assert len(driver.read(0.0).times_ns) == 0
    clock.advance(0.2)
    with pytest.raises(DeviceError, match=r"'Built-in Microphone' has been silent for 2\.1 s"):
        driver.read(0.0)


def test_a_stream_that_ends_is_told_at_once(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    audio.streams[-1].finished_callback()
    with pytest.raises(DeviceError, match="ended its stream"):
        driver.read(0.0)


def test_close_releases_the_device_and_may_come_twice(plug, clock):
    audio = plug()
    driver, _ = opened(clock)
    driver.close()
    driver.close()
    assert not audio.streams[-1].open


def test_nothing_of_the_device_is_touched_before_open(plug, clock):
    audio = plug()
    DeviceSource("default", clock)
    assert not audio.streams
