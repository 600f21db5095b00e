"""The groups of features that other libraries have, too, and what is measured of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Group:
    """Features that one pass over one window gives."""

    name: str
    modality: str
    features: tuple[str, ...]
    """Names in `kernels.layout`."""


GROUPS: tuple[Group, ...] = (
    Group("eeg_filter", "eeg", ()),
    Group("eeg_bands", "eeg", ("delta", "theta", "alpha", "beta", "gamma", "theta_beta", "engagement")),
    Group("eeg_entropy", "eeg", ("spectral_entropy",)),
    Group("eeg_aperiodic", "eeg", ("aperiodic",)),
    Group("eeg_hjorth", "eeg", ("hjorth_activity", "hjorth_mobility", "hjorth_complexity", "differential_entropy")),
    Group("lids", "camera", ("perclos_60s", "blink_rate_60s", "blink_duration_60s")),
    Group("gaze_spread", "camera", ("gaze_dispersion_10s", "bcea_10s")),
    Group("gaze_entropy", "camera", ("gaze_entropy_60s", "transition_entropy_60s")),
    Group("voice_levels", "microphone", ("speech_ratio_10s", "speech_ratio_60s", "level_sd_10s", "f0_mean_10s",
                                         "f0_sd_10s", "centroid_10s", "flatness_10s", "flux_10s", "ambient_60s")),
    Group("voice_modulation", "microphone", ("modulation_10s",)),
    Group("gaze_speech", "fusion", ("gaze_speech_60s", "gaze_speech_lag_60s")),
)
"""`eeg_filter` has no feature of its own: high-pass, both mains notches and low-pass of the samples of one tick."""

MODALITIES = tuple(dict.fromkeys(group.modality for group in GROUPS))

Call = Callable[[], Any]
"""One tick's work."""


class Peer(Protocol):
    """A library that computes some of the groups; made with an `Example`, which it may lay out as it likes best."""

    def groups(self) -> Mapping[str, Call]:
        """Return a call for each group it can do, which computes it from its window; each gives feature to value."""
        ...


def members(name: str) -> tuple[str, ...]:
    """Return the groups that a row of the comparison covers: a group itself, or all groups of a modality.

    Raises
    ------
    KeyError
        If there is neither such a group nor such a modality.
    """
    found = tuple(group.name for group in GROUPS if name in (group.name, group.modality))
    if not found:
        raise KeyError(f"There is no group and no modality '{name}'; groups: {', '.join(g.name for g in GROUPS)}; "
                       f"modalities: {', '.join(MODALITIES)}.")
    return found
