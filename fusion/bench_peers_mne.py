"""MNE-Python: Welch's density of arrays, the fastest of its spectra (its multitaper takes six times as long).

Its filters keep no state from call to call, so filtering the new samples of a tick is not among its groups.
"""

from collections.abc import Mapping

import numpy as np
from mne.time_frequency import psd_array_welch

from fusion.bench_example import EEG_HZ, MICROPHONE_HZ, Example
from fusion.bench_groups import Call
from fusion.bench_peers_scipy import Values, bands, modulation


class Beside:
    """The groups by MNE; see `fusion.bench_groups.Peer`."""

    def __init__(self, example: Example) -> None:
        self._window = example.eeg_window
        level = example.voice_window("rms_db")
        self._level = level - level.mean()

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group."""
        return {"eeg_bands": self.bands, "voice_modulation": self.voice_modulation}

    def bands(self) -> Values:
        """Return band powers from segments of a second, half overlapped."""
        second = round(EEG_HZ)
        density, hz = psd_array_welch(self._window, EEG_HZ, fmin=1.0, fmax=45.0, n_fft=second, n_per_seg=second,
                                      n_overlap=second // 2, remove_dc=False, window="hann", verbose="error")
        return bands(hz, density)

    def voice_modulation(self) -> Values:
        """Return the share of 3-7 Hz in the level's movement, from one segment of 10 s."""
        count = len(self._level)
        power, hz = psd_array_welch(self._level, MICROPHONE_HZ, fmin=0.4, fmax=12.0, n_fft=count, n_per_seg=count,
                                    window="hann", verbose="error")
        return {"modulation_10s": modulation(hz, np.asarray(power))}
