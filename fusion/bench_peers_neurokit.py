"""NeuroKit2, whose functions take one channel at a time: band powers, entropies, Hjorth, blinks.

`eeg_power` takes all channels, but loops over them and takes longer than the density of each, which is what runs here.
Of its four ways to find blinks the fastest is taken; its peaks carry no duration. It has nothing for fixations.
"""

import math
from collections.abc import Mapping

import neurokit2 as nk
import numpy as np

from fusion.bench_example import CAMERA_HZ, EEG_HZ, Example
from fusion.bench_groups import Call
from fusion.bench_peers_scipy import DIRECTIONS, Values, bands, directions, hjorth


class Beside:
    """The groups by NeuroKit2; see `fusion.bench_groups.Peer`."""

    def __init__(self, example: Example) -> None:
        self._window = example.eeg_window
        self._shut = -example.camera["ear_left"]
        self._gaze = np.stack([example.camera["gaze_yaw"], example.camera["gaze_pitch"]])

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group."""
        return {"eeg_bands": self.bands, "eeg_entropy": self.entropy, "eeg_hjorth": self.hjorth, "lids": self.lids,
                "gaze_entropy": self.gaze_entropy}

    def bands(self) -> Values:
        """Return band powers from Hann segments of a second."""
        found = [nk.signal_psd(channel, EEG_HZ, method="welch", window=1, min_frequency=1, max_frequency=45,
                               normalize=False) for channel in self._window]
        return bands(found[0]["Frequency"].to_numpy(), np.stack([psd["Power"].to_numpy() for psd in found]))

    def entropy(self) -> Values:
        """Return the spectral entropy of each channel, of all its frequencies."""
        return {"spectral_entropy": float(np.median([nk.entropy_spectral(channel)[0] for channel in self._window]))}

    def hjorth(self) -> Values:
        """Return Hjorth's descriptors of each channel."""
        found = [nk.complexity_hjorth(channel) for channel in self._window]
        return hjorth(np.array([about["Activity"] for _, about in found]),
                      np.array([about["Mobility"] for _, about in found]), np.array([value for value, _ in found]))

    def lids(self) -> Values:
        """Count the blinks."""
        found = nk.eog_findpeaks(self._shut, sampling_rate=round(CAMERA_HZ), method="mne")
        return {"blink_rate_60s": 60 * CAMERA_HZ * len(found) / len(self._shut)}

    def gaze_entropy(self) -> Values:
        """Return the entropy of 16 directions of gaze, and that of the next one given this one."""
        code = directions(self._gaze)
        stationary, before = nk.entropy_shannon(code)[0], nk.entropy_shannon(code[:-1])[0]
        pairs = nk.entropy_shannon(code[:-1] * DIRECTIONS + code[1:])[0]
        return {"gaze_entropy_60s": float(stationary) / math.log2(DIRECTIONS),
                "transition_entropy_60s": float(pairs - before) / math.log2(DIRECTIONS - 1)}
