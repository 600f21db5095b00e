"""SciPy and NumPy, as somebody who knows them would write the features: all channels at once, filters with state."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import signal, special

from fusion.bench_example import CAMERA_HZ, EEG_HZ, MICROPHONE_HZ, Example
from fusion.bench_groups import Call

BANDS = (("delta", 1.0, 4.0), ("theta", 4.0, 8.0), ("alpha", 8.0, 13.0), ("beta", 13.0, 30.0), ("gamma", 30.0, 45.0))
OPEN_EAR, SHUT, HALF = 0.3, 0.2, 0.5
DIRECTIONS = 16
AWAY_RAD, LAG_S = 0.2, 2.0

Values = dict[str, float]


class Beside:
    """The groups by SciPy; see `fusion.bench_groups.Peer`."""

    def __init__(self, example: Example) -> None:
        self._new, self._window = example.eeg_new, example.eeg_window
        self._sos = np.vstack([
            signal.butter(2, 0.5, "highpass", fs=EEG_HZ, output="sos"),
            *(signal.tf2sos(*signal.iirnotch(mains, 30.0, EEG_HZ)) for mains in (50.0, 60.0)),
            signal.butter(4, 45.0, fs=EEG_HZ, output="sos")])
        self._state = np.zeros((len(self._sos), len(self._new), 2))
        self._ear = example.camera["ear_left"]
        self._gaze = np.stack([example.camera["gaze_yaw"], example.camera["gaze_pitch"]])
        self._newest_gaze = np.ascontiguousarray(self._gaze[:, -round(10 * CAMERA_HZ):])
        self._ten = {name: example.voice_window(name)
                     for name in ("speech", "rms_db", "f0", "centroid", "flatness", "flux")}
        self._speech, self._level = example.microphone["speech"], example.microphone["rms_db"]
        self._row_s = np.arange(len(self._speech)) / MICROPHONE_HZ
        self._frame_s = np.arange(len(self._ear)) / CAMERA_HZ
        self.bands()
        self._fit = np.flatnonzero((self._hz >= 2.0) & (self._hz <= 40.0) & ((self._hz < 7.0) | (self._hz > 14.0)))
        self._earlier, self._later = np.triu_indices(len(self._fit), 1)
        log_hz = np.log10(self._hz[self._fit])
        self._run = log_hz[self._later] - log_hz[self._earlier]

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group."""
        return {"eeg_filter": self.filter, "eeg_bands": self.bands, "eeg_entropy": self.entropy,
                "eeg_aperiodic": self.aperiodic, "eeg_hjorth": self.hjorth, "lids": self.lids,
                "gaze_spread": self.gaze_spread, "gaze_entropy": self.gaze_entropy, "voice_levels": self.voice_levels,
                "voice_modulation": self.voice_modulation, "gaze_speech": self.gaze_speech}

    def filter(self) -> NDArray[np.float64]:
        """Filter the new samples of all channels and carry the state on."""
        clean: NDArray[np.float64]
        clean, self._state = signal.sosfilt(self._sos, self._new, axis=-1, zi=self._state)
        return clean

    def bands(self) -> Values:
        """Average Hann periodograms of a second, half overlapped, sum the bands; the density stays for what follows."""
        self._hz, self._density = signal.welch(self._window, EEG_HZ, nperseg=round(EEG_HZ), detrend=False)
        return bands(self._hz, self._density)

    def entropy(self) -> Values:
        """Return the entropy of 1-45 Hz over its largest value, from the density of `bands`."""
        used = self._density[:, (self._hz >= 1.0) & (self._hz < 45.0)]
        shares = special.entr(used / used.sum(axis=1, keepdims=True)).sum(axis=1)
        return {"spectral_entropy": float(np.median(shares)) / math.log(used.shape[1])}

    def aperiodic(self) -> Values:
        """Take the median slope of all pairs of bins (Theil and Sen) of `bands`, 2-40 Hz without alpha.

        `scipy.stats.theilslopes` gives the same and its confidence limits, which nobody asked for, in more time.
        """
        height = np.log10(np.median(self._density[:, self._fit], axis=0))
        return {"aperiodic": -float(np.median((height[self._later] - height[self._earlier]) / self._run))}

    def hjorth(self) -> Values:
        """Take variances of the signal, its slope and the slope's slope."""
        slope = np.diff(self._window, axis=-1)
        activity, slopes = self._window.var(axis=-1), slope.var(axis=-1)
        mobility = np.sqrt(slopes / activity)
        return hjorth(activity, mobility, np.sqrt(np.diff(slope, axis=-1).var(axis=-1) / slopes) / mobility)

    def lids(self) -> Values:
        """Find valleys of the lids' opening and their width at half depth, and the share of time the lids are shut."""
        openness = self._ear / OPEN_EAR
        found, about = signal.find_peaks(-openness, prominence=HALF, width=(None, None), rel_height=HALF)
        return {"perclos_60s": float(np.mean(openness < SHUT)),
                "blink_rate_60s": 60 * CAMERA_HZ * len(found) / len(openness),
                "blink_duration_60s": float(about["widths"].mean() / CAMERA_HZ)}

    def gaze_spread(self) -> Values:
        """Return root mean square distance from the mean, and the ellipse of 68 %, from one covariance."""
        (xx, xy), (_, yy) = np.cov(self._newest_gaze, bias=True)
        return {"gaze_dispersion_10s": math.sqrt(xx + yy),
                "bcea_10s": 2 * 1.14 * math.pi * math.sqrt(max(0.0, xx * yy - xy * xy))}

    def gaze_entropy(self) -> Values:
        """Return the entropy of 16 directions of gaze, and that of the next one given this one."""
        code = directions(self._gaze)
        pairs = np.bincount(code[:-1] * DIRECTIONS + code[1:], minlength=DIRECTIONS**2)
        before = entropy(np.bincount(code[:-1], minlength=DIRECTIONS))
        return {"gaze_entropy_60s": entropy(np.bincount(code, minlength=DIRECTIONS)) / math.log(DIRECTIONS),
                "transition_entropy_60s": (entropy(pairs) - before) / math.log(DIRECTIONS - 1)}

    def voice_levels(self) -> Values:
        """Take means, spreads and a percentile of the microphone's columns."""
        ten = self._ten
        speaking = ten["speech"] >= HALF
        return {"speech_ratio_10s": float(speaking.mean()), "speech_ratio_60s": float((self._speech >= HALF).mean()),
                "level_sd_10s": float(ten["rms_db"][speaking].std()), "f0_mean_10s": float(np.nanmean(ten["f0"])),
                "f0_sd_10s": float(np.nanstd(ten["f0"])), "centroid_10s": float(ten["centroid"][speaking].mean()),
                "flatness_10s": float(ten["flatness"][speaking].mean()), "flux_10s": float(ten["flux"].mean()),
                "ambient_60s": float(np.percentile(self._level, 10))}

    def voice_modulation(self) -> Values:
        """Return the share of the level's movement at 0.5-12 Hz that lies at 3-7 Hz."""
        hz, power = signal.periodogram(self._ten["rms_db"], MICROPHONE_HZ, window="hann", detrend="constant")
        return {"modulation_10s": modulation(hz, power)}

    def gaze_speech(self) -> Values:
        """Correlate speech with looking away at all lags to 2 s, on the camera's grid."""
        speech = np.interp(self._frame_s, self._row_s, self._speech)
        away = (np.abs(self._gaze[0]) > AWAY_RAD).astype(np.float64)
        speech -= speech.mean()
        away -= away.mean()
        most = round(LAG_S * CAMERA_HZ)
        middle = len(away) - 1
        lags = signal.correlate(away, speech, method="fft")[middle - most:middle + most + 1]
        strongest = int(np.argmax(np.abs(lags)))
        return {"gaze_speech_60s": float(lags[strongest] / math.sqrt((speech @ speech) * (away @ away))),
                "gaze_speech_lag_60s": (strongest - most) / CAMERA_HZ}


def bands(hz: NDArray[np.float64], density: NDArray[np.float64]) -> Values:
    """Return the band features of a density (channel, bin) in uV2/Hz at frequencies `hz` (bin,)."""
    step = float(hz[1] - hz[0])
    powers = np.stack([density[:, (hz >= low) & (hz < high)].sum(axis=1) for _, low, high in BANDS]) * step
    return band_values(powers)


def band_values(powers: NDArray[np.float64]) -> Values:
    """Return the band features of powers (band, channel) in uV2."""
    middle = np.median(np.log10(powers), axis=1)
    values = {name: float(value) for (name, _, _), value in zip(BANDS, middle, strict=True)}
    values["theta_beta"] = values["theta"] - values["beta"]
    values["engagement"] = values["beta"] - math.log10(10.0 ** values["alpha"] + 10.0 ** values["theta"])
    return values


def hjorth(activity: NDArray[np.float64], mobility: NDArray[np.float64], complexity: NDArray[np.float64]) -> Values:
    """Return the Hjorth features of descriptors per channel, mobility per sample; the entropy of a Gaussian with it."""
    variance = float(np.median(activity))
    return {"hjorth_activity": math.log10(variance), "hjorth_mobility": float(np.median(mobility)) * EEG_HZ,
            "hjorth_complexity": float(np.median(complexity)),
            "differential_entropy": 0.5 * math.log(2 * math.pi * math.e * variance)}


def entropy(counts: NDArray[np.int64]) -> float:
    """Return the entropy of counted symbols in nat; the ufunc takes a tenth of the time of `scipy.stats.entropy`."""
    return float(special.entr(counts / counts.sum()).sum())


def directions(gaze: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which of 16 equal sectors around straight ahead each gaze (2, n) lies in."""
    turn = np.arctan2(gaze[1], gaze[0]) / (2 * math.pi) + 0.5
    sector: NDArray[np.int64] = np.minimum((turn * DIRECTIONS).astype(np.int64), DIRECTIONS - 1)
    return sector


def modulation(hz: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    """Return the share of 3-7 Hz in 0.5-12 Hz."""
    return float(power[(hz >= 3.0) & (hz < 7.0)].sum() / power[(hz >= 0.5) & (hz < 12.0)].sum())
