"""AntroPy: spectral entropy and Hjorth's descriptors of all channels at once."""

from collections.abc import Mapping

import antropy
import numpy as np

from fusion.bench_example import EEG_HZ, Example
from fusion.bench_groups import Call
from fusion.bench_peers_scipy import Values, hjorth


class Beside:
    """The groups by AntroPy; see `fusion.bench_groups.Peer`."""

    def __init__(self, example: Example) -> None:
        self._window = example.eeg_window

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group."""
        return {"eeg_entropy": self.entropy, "eeg_hjorth": self.hjorth}

    def entropy(self) -> Values:
        """Return the spectral entropy, of all frequencies, from segments of a second."""
        found = antropy.spectral_entropy(self._window, EEG_HZ, method="welch", nperseg=round(EEG_HZ), normalize=True,
                                         axis=-1)
        return {"spectral_entropy": float(np.median(found))}

    def hjorth(self) -> Values:
        """Return Hjorth's descriptors; its call leaves out the variance, which NumPy adds."""
        mobility, complexity = antropy.hjorth_params(self._window, axis=-1)
        return hjorth(self._window.var(axis=-1), mobility, complexity)
