"""Feature trackers: one a modality, from columns to its part of the feature vector."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fusion.person import Person
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig


class Tracker(Protocol):
    """Turns one stream's samples into its modality's features.

    A tracker is pure: what it writes at a tick follows from the samples up to that tick and from nothing else, above
    all not from how they were cut into calls or from how often it was asked.

    Parameters
    ----------
    info
        The stream: its columns are found by name, and one that is missing leaves its features unmeasured.
    session
        The rig's ``[session]`` table.
    person
        The personal baselines, learnt on the way.
    """

    modality: str

    def __init__(self, info: StreamInfo, session: SessionConfig, person: Person) -> None: ...

    def advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in samples (n, column) and their times (n,), in order; n may be 0."""
        ...

    def fill(self, tick_ns: int, vector: NDArray[np.float32]) -> None:
        """Write this modality's features at `tick_ns` into the vector; ticks never go back."""
        ...


def _trackers() -> dict[str, type[Tracker]]:
    from fusion.features.brain import Brain
    from fusion.features.context import Context
    from fusion.features.eyes import Eyes
    from fusion.features.voice import Voice

    return {kind.modality: kind for kind in (Eyes, Voice, Brain, Context)}


TRACKERS = _trackers()
"""The tracker of each modality."""
