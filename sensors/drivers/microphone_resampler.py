"""Any rate to 16 kHz, block by block."""

import math

import numpy as np

from kernels import audio_resample
from sensors.drivers.microphone_mend import mend
from sensors.drivers.microphone_source import RATE_HZ
from sensors.messages import FloatArray


class Resampler:
    """Converts a stream to 16 kHz; how it is cut into blocks changes no bit of the result.

    Parameters
    ----------
    rate_hz
        Rate of the input. 16 kHz passes through untouched.

    Attributes
    ----------
    mended : int
        Input samples so far that were no plausible numbers; see `mend`.
    """

    def __init__(self, rate_hz: int) -> None:
        common = math.gcd(rate_hz, RATE_HZ)
        self._in, self._out = rate_hz // common, RATE_HZ // common
        self._rate_hz = rate_hz
        self._through = rate_hz == RATE_HZ
        self._width = 0 if self._through else audio_resample.half_width(self._in, self._out)
        self._table = np.zeros((1, 2)) if self._through else audio_resample.phases(self._in, self._out)
        # Silence before the first sample.
        self._kept = np.zeros(self._width, np.float32)
        self._offset = -self._width
        self._received = 0
        self.mended = 0
        self._given = 0

    def push(self, samples: FloatArray) -> FloatArray:
        """Return the output samples that `samples` (n,) make possible."""
        # Mended before it is filtered: one NaN would spread over a whole filter length.
        samples, bad = mend(samples)
        self.mended += bad
        self._received += samples.size
        if self._through:
            self._given += samples.size
            return samples
        # Output n needs the input up to floor(n in / out) + width + 1.
        ready = (self._received - self._width - 2) * self._out // self._in + 1
        return self._until(ready, samples)

    def finish(self) -> FloatArray:
        """Return what is left once the input is over, with silence after it."""
        if self._through:
            return np.empty(0, np.float32)
        return self._until(-(-self._received * self._out // self._in), np.zeros(self._width + 2, np.float32))

    @property
    def lag_s(self) -> float:
        """Time from the newest output sample to the newest input sample, in seconds."""
        return (self._received - 1) / self._rate_hz - (self._given - 1) / RATE_HZ

    def _until(self, stop: int, samples: FloatArray) -> FloatArray:
        signal = np.concatenate([self._kept, samples])
        out = np.empty(max(0, stop - self._given), np.float32)
        audio_resample.resample(signal, self._offset, self._given, self._in, self._table, out)
        self._given += out.size
        needed = self._given * self._in // self._out - self._width
        cut = min(max(0, needed - self._offset), signal.size)
        self._kept = signal[cut:]
        self._offset += cut
        return out
