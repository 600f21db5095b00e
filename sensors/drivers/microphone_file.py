"""A sound file as a microphone."""

from pathlib import Path

import numpy as np
import soundfile

from sensors.driver import Setting
from sensors.drivers.microphone_resampler import Resampler
from sensors.drivers.microphone_source import RATE_HZ, Pace, Pcm, empty
from sensors.errors import DeviceError
from sensors.messages import FloatArray

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64",
                      ".rf64"})
"""File names that mean a sound file even when there is none, so that a typing error is told as what it is."""
BLOCK = 4096


def is_file(source: str) -> bool:
    """Return whether `source` means a sound file rather than a device's name."""
    path = Path(source)
    return path.suffix.lower() in SUFFIXES or path.exists()


class FileSource:
    """A WAV, FLAC or other file that libsndfile reads, at any rate and with any number of channels.

    Channels are averaged and the rate is converted; sample n of the result is true at ``start_ns + n * 62500``. What a
    file holds beyond its last whole frame of 512 samples is too short for a row.

    Parameters
    ----------
    path
        The file.
    setting
        Clock and start of the session.
    loop
        Whether to begin again at the end; time goes on.
    realtime
        Whether to pace it by the clock.
    """

    simulated = False

    def __init__(self, path: Path, setting: Setting, loop: bool, realtime: bool) -> None:
        self._path, self._loop = path, loop
        self._pace = Pace(setting.clock, setting.start_ns, realtime)
        self._file: soundfile.SoundFile | None = None
        self._over = False
        self._position = 0
        self._pending = np.empty(0, np.float32)
        self._resampler = Resampler(RATE_HZ)

    def open(self) -> tuple[str, dict[str, str]]:
        """Open the file, and go to where the session is if that began long ago."""
        if not self._path.exists():
            raise DeviceError(f"There is no sound file '{self._path}'.", "Check the path in microphone.source.")
        if not self._path.is_file():
            raise DeviceError(f"'{self._path}' is a folder, expected a sound file.", "Check microphone.source.")
        try:
            self._file = soundfile.SoundFile(self._path)
        except (soundfile.SoundFileError, OSError, TypeError) as error:
            reason = "it is empty" if self._path.stat().st_size == 0 else str(error)
            raise DeviceError(f"The sound file '{self._path}' cannot be read: {reason}.",
                              "It must be WAV, FLAC or another format of libsndfile; convert it first.") from error
        rate, channels, frames = self._file.samplerate, self._file.channels, self._file.frames
        if frames <= 0:
            self.close()
            raise DeviceError(f"The sound file '{self._path}' holds no sound: 0 samples.", "Choose another file.")
        self._resampler = Resampler(rate)
        self._over = False
        self._position = self._pace.first()
        seek = self._position * rate // RATE_HZ
        self._over = seek >= frames and not self._loop
        self._file.seek(seek % frames)
        told = f"{self._path.name}, {rate} Hz, {channels} channel{'s' if channels > 1 else ''}, {frames / rate:.1f} s"
        if rate != RATE_HZ or channels != 1:
            told += ", read as 16000 Hz mono"
        return told, {"file_rate_hz": str(rate), "file_channels": str(channels), "file_format": self._file.format}

    def read(self, timeout_s: float) -> Pcm | None:
        """Return what is due; None at the end of a file that does not loop."""
        if self._over and not self._pending.size:
            return None
        count = self._pace.grant(self._position, timeout_s)
        while self._pending.size < count and not self._over:
            self._pending = np.concatenate([self._pending, self._more()])
        samples, self._pending = self._pending[:count], self._pending[count:]
        if not samples.size:
            return None if count else empty()
        start = self._position
        self._position += samples.size
        return Pcm(samples, self._pace.times_ns(start, samples.size))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def lost(self) -> int:
        """Return how many samples of the file were no plausible numbers."""
        return self._resampler.mended

    def _more(self) -> FloatArray:
        block = self._block()
        if not len(block) and self._loop:
            assert self._file is not None
            self._file.seek(0)
            block = self._block()
            if not len(block):
                raise DeviceError(f"The sound file '{self._path}' gave no more sound from its beginning.",
                                  "It was cut or replaced while it was playing; check it.")
        if not len(block):
            self._over = True
            return self._resampler.finish()
        return self._resampler.push(block.mean(axis=1, dtype=np.float32))

    def _block(self) -> FloatArray:
        if self._file is None:
            raise DeviceError(f"The sound file '{self._path}' is not open.", "Call open() first.")
        try:
            block: FloatArray = self._file.read(BLOCK, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            at_s = self._position / RATE_HZ
            raise DeviceError(f"The sound file '{self._path}' breaks off after {at_s:.1f} s: {error}.",
                              "It is damaged; convert it or choose another.") from error
        return block
