"""A real microphone through PortAudio, which is reached only when it is opened."""

import queue
from typing import Any, NamedTuple

import numpy as np

from sensors.clock import SECOND, Clock
from sensors.drivers.microphone_device import inputs, portaudio
from sensors.drivers.microphone_resampler import Resampler
from sensors.drivers.microphone_source import RATE_HZ, SAMPLE_NS, Pcm, empty
from sensors.errors import DeviceError
from sensors.messages import FloatArray
from sensors.timing import SampleClock

GONE_S = 2.0
"""Silence of the callback after which the device is gone; it calls every few milliseconds, muted or not."""
LATENCY_LIMIT_S = 2.0
"""A device stamp further back than this is an invention of the host API."""
QUEUED = 1024
"""Blocks that wait for the reader at most; several seconds at any usual block size."""


class Block(NamedTuple):
    """What one callback brought."""

    samples: FloatArray
    """(n,) mono at the device's rate."""
    now_ns: int
    """When the callback ran."""
    adc_s: float
    """The device's time of the first sample, on PortAudio's clock."""
    current_s: float
    """PortAudio's clock when the callback ran."""
    overflow: bool
    """Whether PortAudio dropped input before this block."""
    dropped: int
    """Samples that we dropped before this block because the reader was too slow."""


class DeviceSource:
    """A sound input.

    A stamp is when the converter took the sample, as far as the host API tells: the callback's time less the latency
    that PortAudio reports, smoothed by a `SampleClock` so that scheduling jitter does not reach it.

    Parameters
    ----------
    wanted
        "default", an index, or a name or part of one.
    clock
        The session clock.
    """

    simulated = False

    def __init__(self, wanted: int | str, clock: Clock) -> None:
        self._wanted, self._clock = wanted, clock
        self._stream: Any = None
        self._queue: queue.Queue[Block] = queue.Queue(QUEUED)
        self._dropped = 0
        self._heard_ns = 0
        self._lost = 0
        self._ended = False
        self._name = str(wanted)
        self._start(RATE_HZ)

    def open(self) -> tuple[str, dict[str, str]]:
        """Find the device and start it at 16 kHz, or at its own rate if it refuses."""
        sd = portaudio()
        index, device = self._find(sd)
        self._name = device["name"]
        own = round(device["default_samplerate"]) or 48_000
        most = int(device["max_input_channels"])
        refusals = []
        for rate, channels in dict.fromkeys(((RATE_HZ, 1), (own, 1), (RATE_HZ, most), (own, most))):
            stream = None
            try:
                stream = sd.InputStream(device=index, samplerate=rate, channels=channels, dtype="float32",
                                        latency="low", callback=self._hear, finished_callback=self._end)
                self._start(rate)
                stream.start()
            except (sd.PortAudioError, ValueError) as error:
                refusals.append(f"{rate} Hz x {channels}: {error}")
                if stream is not None:
                    stream.close()
                continue
            self._stream = stream
            return (f"{self._name}, {rate} Hz, {channels} channel{'s' if channels > 1 else ''}",
                    {"device_rate_hz": str(rate), "device_channels": str(channels), "device_index": str(index),
                     "latency_ms": f"{1000 * float(stream.latency):.1f}"})
        raise DeviceError(f"The microphone '{self._name}' does not open ({'; '.join(refusals)}).",
                          "Close other programs that use it and check the system's microphone permission.")

    def read(self, timeout_s: float) -> Pcm | None:
        """Return what the device has brought."""
        blocks = []
        try:
            blocks.append(self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait())
            while True:
                blocks.append(self._queue.get_nowait())
        except queue.Empty:
            if not blocks:
                self._check_alive()
                return empty()
        parts = [self._stamp(block) for block in blocks]
        device = [part.device_ns for part in parts if part.device_ns is not None]
        return Pcm(np.concatenate([part.samples for part in parts]), np.concatenate([part.times_ns for part in parts]),
                   np.concatenate(device) if len(device) == len(parts) else None)

    def close(self) -> None:
        """Stop and release the device."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def lost(self) -> int:
        """Return how many samples at 16 kHz were dropped by the device or by us, or were no numbers."""
        return self._lost + self._resampler.mended

    def _start(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz)
        self._sample_clock = SampleClock(RATE_HZ)
        self._arrival_ns = self._stamped_ns = self._newest_ns = 0
        self._ended = False
        self._heard_ns = self._clock.now_ns()

    def _find(self, sd: Any) -> tuple[int, dict[str, Any]]:
        known_inputs = inputs(sd)
        known = "; ".join(f"{index}: {device['name']}" for index, device in known_inputs) or "none"
        if self._wanted == "default":
            try:
                found = sd.query_devices(kind="input")
            except (sd.PortAudioError, ValueError) as error:
                raise DeviceError(f"There is no default microphone on this machine (known inputs: {known}).",
                                  "Plug one in, or set microphone.source to a file or \"simulated\".") from error
            return int(found["index"]), found
        text = str(self._wanted)
        if text.lstrip("-").isdigit():
            matches = [(index, device) for index, device in known_inputs if index == int(text)]
        else:
            matches = [(index, device) for index, device in known_inputs if device["name"] == text] or [
                (index, device) for index, device in known_inputs if text.casefold() in device["name"].casefold()]
        if not matches:
            raise DeviceError(f"There is no microphone '{self._wanted}'; known inputs: {known}.",
                              "Run: attnflow devices")
        # One device shows up once per host API; the first is PortAudio's own preference.
        return matches[0]

    def _hear(self, indata: Any, frames: int, time: Any, status: Any) -> None:
        """Take over a block; runs in PortAudio's thread, so it copies and leaves."""
        now_ns = self._clock.now_ns()
        self._heard_ns = now_ns
        block = Block(indata.mean(axis=1, dtype=np.float32), now_ns, time.inputBufferAdcTime, time.currentTime,
                      bool(status.input_overflow), self._dropped)
        try:
            self._queue.put_nowait(block)
            self._dropped = 0
        except queue.Full:
            self._dropped += frames

    def _end(self) -> None:
        self._ended = True

    def _stamp(self, block: Block) -> Pcm:
        count = block.samples.size
        latency_s = block.current_s - block.adc_s
        told = block.adc_s > 0 and 0 <= latency_s <= LATENCY_LIMIT_S
        first_ns = block.now_ns - round(latency_s * SECOND) if told else 0
        last_ns = first_ns + round((count - 1) * SECOND / self._rate_hz) if told else block.now_ns
        # The last sample cannot be younger than the callback that brought it.
        arrival_ns = min(last_ns, block.now_ns)
        missing = block.dropped
        if block.overflow:
            since = round((arrival_ns - self._arrival_ns) * self._rate_hz / SECOND) - count if self._arrival_ns else 0
            missing = max(missing, since, 1)
        self._arrival_ns = arrival_ns
        skipped = -(-missing * RATE_HZ // self._rate_hz)
        self._lost += skipped
        samples = self._resampler.push(block.samples)
        lag_ns = round(self._resampler.lag_s * SECOND)
        self._stamped_ns = max(self._stamped_ns, arrival_ns - lag_ns)
        times_ns = self._sample_clock.stamp(samples.size, self._stamped_ns, skipped)
        device_ns = None
        if told:
            newest_ns = round((block.adc_s + (count - 1) / self._rate_hz) * SECOND) - lag_ns
            device_ns = newest_ns - np.arange(samples.size - 1, -1, -1, dtype=np.int64) * SAMPLE_NS
        return Pcm(samples, times_ns, device_ns)

    def _check_alive(self) -> None:
        silent_s = (self._clock.now_ns() - self._heard_ns) / SECOND
        if self._ended or silent_s > GONE_S:
            why = "ended its stream" if self._ended else f"has been silent for {silent_s:.1f} s"
            raise DeviceError(f"The microphone '{self._name}' {why}.", "Check its cable or its battery.")
