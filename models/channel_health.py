"""What is wrong with an electrode, as numbers that say nothing of what it measures."""

import numpy as np
from numpy.typing import NDArray

BEYOND_UV = 500.0
"""Further from its median than blinks take a forehead electrode (220 to 380 uV on a Cyton): the contact swings."""
FLAT_S = 0.1
MAINS_HZ = (50.0, 60.0)
MAINS_UV = 10.0
"""Root mean square of the mains at which they are as strong as ordinary EEG. It is no share of the EEG: that would
grow when a person relaxes and moves less, and so tell the state itself."""
MEASURES = ("lost", "swinging", "flat", "mains")
"""What `contact_trouble` measures of each channel, in order."""

Doubles = NDArray[np.floating]


def contact_trouble(values_uv: Doubles, rate_hz: float, rail_uv: float) -> Doubles:
    """Return what is wrong with each channel of a take, (channel, measure) in the order of `MEASURES`.

    Parameters
    ----------
    values_uv
        (time, channel) in uV; NaN where lost.
    rate_hz
        Samples a second.
    rail_uv
        The amplifier's full scale.

    Returns
    -------
    ndarray
        For each channel: share of samples missing or at 90 % of the rail; share further than `BEYOND_UV` from the
        median; share that has not moved for `FLAT_S`; share of seconds in which the mains are over `MAINS_UV`.
    """
    off = np.abs(values_uv - np.nanmedian(values_uv, axis=0))
    lost = (~np.isfinite(values_uv) | (np.abs(values_uv) >= 0.9 * rail_uv)).mean(axis=0)
    still = np.diff(values_uv, axis=0) == 0
    wide = max(1, round(FLAT_S * rate_hz))
    counted = np.concatenate((np.zeros((1, values_uv.shape[1])), np.cumsum(still, axis=0)))
    flat = (counted[wide:] - counted[:-wide] == wide).mean(axis=0) if len(counted) > wide else still.mean(axis=0)
    return np.stack((lost, (off > BEYOND_UV).mean(axis=0), flat, _mains(values_uv, rate_hz)), axis=1)


def _mains(values_uv: Doubles, rate_hz: float) -> Doubles:
    """Return the share of whole seconds in which 2 Hz around the mains are over `MAINS_UV`, (channel,)."""
    count = round(rate_hz)
    seconds = len(values_uv) // count
    share: Doubles = np.zeros(values_uv.shape[1])
    if not seconds:
        return share
    pieces = np.nan_to_num(values_uv[:seconds * count]).reshape(seconds, count, -1)
    taper = np.hanning(count)[:, None]
    power = 2 * np.abs(np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * taper, axis=1)) ** 2
    power /= count * (taper**2).sum()
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    for mains in MAINS_HZ:
        rms = np.sqrt(power[:, np.abs(hz - mains) <= 1.0].sum(axis=1))
        share = np.maximum(share, (rms > MAINS_UV).mean(axis=0))
    return share
