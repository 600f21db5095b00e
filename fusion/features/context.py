"""The world outside: speed and demand as last told."""

import numpy as np
from numpy.typing import NDArray

from fusion.features.history import sources
from fusion.person import Person
from kernels import windows
from kernels.layout import INDEX
from sensors.clock import MILLISECOND
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

WANTED = ("demand", "speed_kmh")


class Context:
    """Holds the newest value of each column until it is stale; see `fusion.features.Tracker`."""

    modality = "context"

    def __init__(self, info: StreamInfo, session: SessionConfig, person: Person) -> None:
        self._source = sources(info.names, WANTED)
        self._longest_ns = round(session.stale_ms.get("context", 2000.0) * MILLISECOND)
        self._person = person
        self._newest = np.full(len(WANTED), np.nan)
        self._newest_ns = np.zeros(len(WANTED), np.int64)

    def advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in samples; see `fusion.features.Tracker`."""
        if len(times_ns) == 0:
            return
        self._person.meet(int(times_ns[0]))
        windows.hold(values, self._source, times_ns, self._newest, self._newest_ns)

    def fill(self, tick_ns: int, vector: NDArray[np.float32]) -> None:
        """Write the features; see `fusion.features.Tracker`."""
        for name, value, at_ns in zip(WANTED, self._newest.tolist(), self._newest_ns.tolist(), strict=True):
            vector[INDEX[name]] = value if tick_ns - at_ns <= self._longest_ns else np.nan
