"""Twins of `kernels.audio*` so plain that they need no test: float64, loops and textbook formulas."""

import numpy as np


def biquads(samples, sections):
    """Direct form I, one sample at a time."""
    signal = [float(x) for x in samples]
    for b0, b1, b2, a1, a2 in sections:
        out = []
        for i, x in enumerate(signal):
            x1, x2 = (signal[i - 1] if i > 0 else 0.0), (signal[i - 2] if i > 1 else 0.0)
            y1, y2 = (out[i - 1] if i > 0 else 0.0), (out[i - 2] if i > 1 else 0.0)
            out.append(b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2)
        signal = out
    return np.array(signal)


def loudness(weighted):
    """BS.1770-4 equation 2, one channel, no gate."""
    return -0.691 + 10 * np.log10(np.mean(np.square(weighted)))


def normalised_difference(window, lags):
    """YIN equations 6 and 8."""
    x = np.asarray(window, np.float64)
    span = x.size - lags
    d = [float(np.sum((x[:span] - x[lag:lag + span]) ** 2)) for lag in range(lags)]
    return np.array([1.0] + [d[lag] / np.mean(d[1:lag + 1]) for lag in range(1, lags)])


def shape(power, bin_hz, first, last):
    """Centroid, flatness and the unit-length magnitudes."""
    p = np.asarray(power, np.float64)[first:last]
    frequencies = np.arange(first, last) * bin_hz
    magnitudes = np.sqrt(p)
    return (np.sum(frequencies * magnitudes) / np.sum(magnitudes), np.exp(np.mean(np.log(p))) / np.mean(p),
            magnitudes / np.linalg.norm(magnitudes))


def resampled(samples, rate_in, rate_out, zeros, rolloff):
    """Each output sample as an explicit sum over the whole input."""
    base = min(rate_in, rate_out) * rolloff
    n = np.arange(len(samples))
    out = []
    for i in range(-(-len(samples) * rate_out // rate_in)):
        crossing = (n - i * rate_in / rate_out) * base / rate_in
        window = np.where(np.abs(crossing) <= zeros, np.cos(crossing * np.pi / zeros / 2) ** 2, 0.0)
        out.append(np.sum(np.asarray(samples, np.float64) * np.sinc(crossing) * window * base / rate_in))
    return np.array(out)
