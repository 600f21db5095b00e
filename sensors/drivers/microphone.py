"""The microphone driver: sound in, one row of columns per 32 ms out. The sound itself never leaves this process."""

from functools import cache
from pathlib import Path

from kernels import audio_resample
from sensors.driver import Samples, Setting
from sensors.drivers import microphone_frames
from sensors.drivers.microphone_config import MicrophoneConfig
from sensors.drivers.microphone_device import list_microphones
from sensors.drivers.microphone_file import FileSource, is_file
from sensors.drivers.microphone_frames import FRAME_HZ, Frames
from sensors.drivers.microphone_portaudio import DeviceSource
from sensors.drivers.microphone_source import FRAME, SimulatedSource, Source
from sensors.errors import DeviceError
from sensors.messages import StreamInfo

__all__ = ["Microphone", "list_microphones", "warm"]


@cache
def warm() -> None:
    """Compile and run everything once in this process, so that `open` is quick."""
    audio_resample.warm()
    microphone_frames.warm()


class Microphone:
    """A sound device, a sound file or the simulated voice, as columns; see `Frames` for what they mean.

    A row covers 512 samples at 16 kHz and carries the time of the last of them.
    """

    def __init__(self, config: MicrophoneConfig, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._source: Source = self._choose()
        self._frames: Frames | None = None

    def open(self) -> StreamInfo:
        """Open the source and say what it granted.

        Raises
        ------
        DeviceError
            If the device, the file or the speech model cannot be opened.
        """
        try:
            frames = Frames(self._config.mel_columns)
            warm()
            device, meta = self._source.open()
        except BaseException:
            self.close()
            raise
        self._frames = frames
        return StreamInfo(
            t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, kind="microphone", driver="microphone",
            rate_hz=FRAME_HZ, columns=frames.columns, device=device,
            meta={"simulated": "yes" if self._source.simulated else "no", "speech_model": frames.speech_model,
                  "sample_rate_hz": "16000", "frame_samples": str(FRAME), **meta})

    def read(self, timeout_s: float) -> Samples | None:
        """Return the rows that new sound completed, waiting at most `timeout_s` for some.

        Raises
        ------
        DeviceError
            If the driver is not open or the device vanished.
        """
        if self._frames is None:
            raise DeviceError(f"The microphone '{self._setting.stream}' is not open.", "Call open() first.")
        pcm = self._source.read(timeout_s)
        if pcm is None:
            return None
        values, ends = self._frames.push(pcm.samples)
        times_ns = pcm.times_ns[ends]
        return Samples(values, times_ns, None if pcm.device_ns is None else pcm.device_ns[ends])

    def close(self) -> None:
        """Release the source; safe to call twice."""
        self._source.close()
        self._frames = None

    def lost(self) -> int:
        """Return the sound lost since `open`, in rows of 512 samples, rounded up: dropped, or no plausible numbers."""
        mended = self._frames.mended if self._frames else 0
        return -(-(self._source.lost() + mended) // FRAME)

    def _choose(self) -> Source:
        source, setting, config = self._config.source, self._setting, self._config
        if source == "simulated":
            return SimulatedSource(setting, config.realtime)
        if isinstance(source, str) and source != "default" and is_file(source):
            return FileSource(Path(source), setting, config.loop, config.realtime)
        return DeviceSource(source, setting.clock)
