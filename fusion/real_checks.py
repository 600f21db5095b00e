"""What must not tell the labels of a public set, tested on its takes: their length, and the electrodes' health."""

from collections.abc import Sequence

import numpy as np

from fusion.real_sets import RealSet, Take, without
from models import leakage
from models.channel_health import contact_trouble


def leaks(recorded: Sequence[Take], which: RealSet) -> list[leakage.Finding]:
    """Return what take length and contact trouble tell of the labels, of the channels that are used."""
    used = [without(take, which.excluded) for take in recorded]
    person, label = _who_and_what(used, which)
    trouble = _trouble(used, which)
    return [leakage.duration_tells_nothing(person, label, np.array([take.seconds for take in used])),
            leakage.quality_tells_nothing(person, label, trouble.reshape(len(used), -1), labels=which.labels),
            *leakage.channels_tell_nothing(person, label, trouble, used[0].channels, labels=which.labels)]


def why_excluded(recorded: Sequence[Take], which: RealSet) -> list[leakage.Finding]:
    """Return what the health of the excluded channels tells, tested among all channels; these should fail."""
    channels = recorded[0].channels
    if not which.excluded:
        return []
    person, label = _who_and_what(recorded, which)
    found = leakage.channels_tell_nothing(person, label, _trouble(recorded, which), channels, labels=which.labels)
    return [finding for channel, finding in zip(channels, found, strict=True) if channel in which.excluded]


def _who_and_what(takes: Sequence[Take], which: RealSet) -> tuple[list[str], leakage.Labels]:
    return [take.person for take in takes], np.array([which.labels.index(take.label) for take in takes])


def _trouble(takes: Sequence[Take], which: RealSet) -> leakage.Doubles:
    """Return (take, channel, measure)."""
    return np.array([contact_trouble(take.values_uv, take.rate_hz, which.rail_uv) for take in takes])
