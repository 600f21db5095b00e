"""Plain spectral views of a piece of EEG, for classifiers that are fitted to one set: log powers and covariances."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

BANDS_HZ = ((1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 45.0))
WINDOW_S = 4.0
"""How far back each row looks, as the EEG features of the session do."""
SETTLE_S = 0.5
"""Left out after a hole, while the filters settle."""
LEAST_UV2 = 1e-3
"""Added to powers: no electrode is quieter than its amplifier."""


def derivations(values_uv: Doubles) -> Doubles:
    """Return the channels, their mean and the differences of neighbours, (n, 2 * channel) for two channels or more.

    A mean keeps what all electrodes share (eyes, a common reference), a difference what they do not.
    """
    if values_uv.shape[1] < 2:
        return values_uv
    return np.column_stack((values_uv, values_uv.mean(axis=1), -np.diff(values_uv, axis=1)))


def usable(times_s: Doubles, rate_hz: float, at_s: Doubles, window_s: float = WINDOW_S) -> NDArray[np.bool_]:
    """Return at which moments the last `window_s`, and the settling before it, are without a hole, (moment,)."""
    steps = np.diff(times_s)
    holes = times_s[1:][steps > max(0.1, 3.0 / rate_hz)]
    begun = np.concatenate((times_s[:1], holes))
    last = begun[np.maximum(np.searchsorted(begun, at_s, side="right") - 1, 0)]
    newest = times_s[np.maximum(np.searchsorted(times_s, at_s, side="right") - 1, 0)]
    fit: NDArray[np.bool_] = (at_s - last >= window_s + SETTLE_S - 1e-6) & (at_s - newest < 2.0 / rate_hz + 1e-6)
    return fit


def _windows(values_uv: Doubles, times_s: Doubles, rate_hz: float, at_s: Doubles, window_s: float) -> Doubles:
    """Return the last `window_s` before each moment, (moment, time, column)."""
    count = round(window_s * rate_hz)
    stops = np.searchsorted(times_s, at_s, side="right")
    return np.stack([values_uv[stop - count:stop] for stop in stops]) if len(at_s) else \
        np.zeros((0, count, values_uv.shape[1]))


def band_powers(values_uv: Doubles, times_s: Doubles, rate_hz: float, at_s: Doubles,
                window_s: float = WINDOW_S) -> Doubles:
    """Return log10 power (uV2/Hz) of each derivation in each band, (moment, derivation * band).

    The mean over the band's bins of the logarithm of Welch's spectrum (Welch 1967), 1 s segments, half overlapping:
    the mean of logarithms lets one narrow disturbance weigh less than a logarithm of means.
    """
    from scipy.signal import welch

    pieces = _windows(derivations(values_uv), times_s, rate_hz, at_s, window_s)
    if not len(pieces):
        return np.zeros((0, derivations(values_uv).shape[1] * len(BANDS_HZ)))
    hz, power = welch(pieces, rate_hz, nperseg=round(rate_hz), axis=1, detrend="linear")
    logs = np.log10(power + LEAST_UV2 * 1e-3)
    return np.concatenate([logs[:, (hz >= low) & (hz < high)].mean(axis=1) for low, high in BANDS_HZ], axis=1)


def covariances(values_uv: Doubles, times_s: Doubles, rate_hz: float, at_s: Doubles, window_s: float = WINDOW_S,
                bands_hz: Sequence[tuple[float, float]] = BANDS_HZ) -> Doubles:
    """Return the covariance of the channels in each band, (moment, band, channel, channel) in uV2.

    Filters run forward only (Butterworth, order 4), so that a row knows nothing of what follows.
    """
    from scipy.signal import butter, sosfilt

    channels = values_uv.shape[1]
    found = np.zeros((len(at_s), len(bands_hz), channels, channels))
    centred = values_uv - values_uv[:1]
    for number, band in enumerate(bands_hz):
        filtered = sosfilt(butter(4, band, "bandpass", fs=rate_hz, output="sos"), centred, axis=0)
        pieces = _windows(filtered, times_s, rate_hz, at_s, window_s)
        found[:, number] = np.einsum("eti,etj->eij", pieces, pieces) / pieces.shape[1] + LEAST_UV2 * np.eye(channels)
    return found
