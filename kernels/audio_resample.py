"""Sampling-rate conversion that does not care how the signal is cut: a polyphase windowed sinc."""

import math

import numpy as np

from kernels.audio import Float32, Float64
from kernels.jit import kernel

ZEROS = 16
"""Zero crossings of the sinc on each side."""

ROLLOFF = 0.96
"""Edge of the pass band as a share of the lower Nyquist frequency."""


def half_width(rate_in: int, rate_out: int) -> int:
    """Return how many input samples each output sample needs on either side."""
    return math.ceil(ZEROS * rate_in / (min(rate_in, rate_out) * ROLLOFF))


def phases(rate_in: int, rate_out: int) -> Float64:
    """Return the filter of every phase, for rates without a common divisor.

    A sinc at `ROLLOFF` times the lower Nyquist frequency under a Hann window of `ZEROS` crossings, the same filter as
    ``torchaudio.functional.resample`` with those two parameters.

    Returns
    -------
    Float64
        (rate_out, 2 * half_width + 2): row p weighs the input around an output that falls p / rate_out of a sample
        behind an input sample.
    """
    width = half_width(rate_in, rate_out)
    base = min(rate_in, rate_out) * ROLLOFF
    offset = np.arange(-width, width + 2)[None, :] - np.arange(rate_out)[:, None] / rate_out
    crossing = np.clip(offset * base / rate_in, -ZEROS, ZEROS)
    return np.asarray(np.sinc(crossing) * np.cos(crossing * math.pi / ZEROS / 2) ** 2 * base / rate_in)


@kernel
def resample(signal: Float32, offset: int, first: int, rate_in: int, table: Float64, out: Float32) -> None:
    """Write the output samples `first` .. ``first + out.size`` of a signal at `rate_in`.

    Parameters
    ----------
    signal
        (n,) input samples; signal[0] is the input's sample number `offset`. It must reach `half_width` samples before
        the first output and `half_width` + 1 after the last.
    offset, first
        Absolute sample numbers of ``signal[0]`` and ``out[0]``.
    rate_in
        Input rate over the common divisor of both rates.
    table
        From `phases`; its number of rows is the output rate over the common divisor.
    out
        (m,) written.
    """
    rate_out, taps = table.shape
    for i in range(out.size):
        position = (first + i) * rate_in
        start = position // rate_out - (taps // 2 - 1) - offset
        row = table[position % rate_out]
        total = 0.0
        for tap in range(taps):
            total += row[tap] * signal[start + tap]
        out[i] = total


def warm() -> None:
    """Compile `resample`, or load it from the cache."""
    resample(np.zeros(200, np.float32), -100, 0, 3, phases(3, 1), np.zeros(2, np.float32))
