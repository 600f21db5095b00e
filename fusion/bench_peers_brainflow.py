"""BrainFlow's DataFilter: C++ under a call that takes one channel at a time.

Its filters keep no state, so as in its own examples the whole window is filtered at every tick. Its one call for
average band powers gives shares of their sum and takes longer than a density and five sums a channel, which is what
runs here. Segments must be a power of two long: 256 samples instead of 250.
"""

from collections.abc import Mapping

import numpy as np
from brainflow.data_filter import DataFilter, FilterTypes, NoiseTypes, WindowOperations
from numpy.typing import NDArray

from fusion.bench_example import EEG_HZ, Example
from fusion.bench_groups import Call
from fusion.bench_peers_scipy import BANDS, Values, band_values

SEGMENT = 256
HANN = 3 / 8
"""Share of power that the window leaves; BrainFlow's densities are not corrected for it."""


class Beside:
    """The groups by BrainFlow; see `fusion.bench_groups.Peer`."""

    def __init__(self, example: Example) -> None:
        self._window = example.eeg_window

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group."""
        return {"eeg_filter": self.filter, "eeg_bands": self.bands}

    def filter(self) -> NDArray[np.float64]:
        """Band-pass the window and take both mains out, in place, in a copy."""
        clean = self._window.copy()
        rate, kind = round(EEG_HZ), FilterTypes.BUTTERWORTH.value
        for channel in clean:
            DataFilter.perform_bandpass(channel, rate, 0.5, 45.0, 2, kind, 0)
            DataFilter.remove_environmental_noise(channel, rate, NoiseTypes.FIFTY_AND_SIXTY.value)
        return clean

    def bands(self) -> Values:
        """Return band powers from segments of 256 samples, half overlapped."""
        powers = np.empty((len(BANDS), len(self._window)))
        for k, channel in enumerate(self._window):
            density = DataFilter.get_psd_welch(channel, SEGMENT, SEGMENT // 2, round(EEG_HZ),
                                               WindowOperations.HANNING.value)
            powers[:, k] = [DataFilter.get_band_power(density, low, high) for _, low, high in BANDS]
        return band_values(powers / HANN)
