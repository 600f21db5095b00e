"""A recording as the steps that the network saw: its feature vectors, recomputed by the session that made it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.network import STEP_NS
from fusion.replaying import messages, session_of
from kernels.layout import MODALITIES, SIZE
from models.labels import NOT_LABELLED
from models.windows import Windows
from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.messages import State, Tick
from sensors.recording import Recording
from sensors.topics import SESSION_TOPICS


class Steps:
    """Collects the vectors of every half second of event time, as `fusion.network.Network` takes them."""

    def __init__(self) -> None:
        self._next_ns = -1
        self._times: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []
        self._trust: list[list[float]] = []

    def add(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> None:
        """Take in a tick; only the first one of each half second is kept."""
        if tick_ns < self._next_ns:
            return
        self._times.append(tick_ns)
        self._vectors.append(vector.copy())
        self._trust.append([quality.get(name, 0.0) for name in MODALITIES])
        self._next_ns = (tick_ns // STEP_NS + 1) * STEP_NS

    def windows(self, person: str, session: str, source: str, start_ns: int) -> Windows:
        """Return the steps so far, without labels; their times are seconds since `start_ns`."""
        n = len(self._times)
        unknown = np.full(n, np.nan, np.float32)
        return Windows(person, session, source, (np.array(self._times, np.int64) - start_ns) / SECOND,
                       np.array(self._vectors, np.float32).reshape(n, SIZE),
                       np.array(self._trust, np.float32).reshape(n, len(MODALITIES)),
                       np.full(n, NOT_LABELLED, np.int8), unknown, unknown, unknown, unknown)


def steps_of(path: Path, person: str) -> tuple[Windows, str]:
    """Return a recording's steps, and when it was begun as ISO 8601 UTC text, "" if it does not tell.

    Seconds count from the first tick on, as in the report of the recording.

    Raises
    ------
    RecordingError
        If its session cannot be rebuilt, or it holds no step.
    """
    recording = Recording(path)
    session, steps = session_of(recording), Steps()
    start_ns = -1
    for got in messages(recording):
        if got.topic not in SESSION_TOPICS:
            continue
        if start_ns < 0 and isinstance(got.message, Tick):
            start_ns = got.received_ns
        for output in session.update(got.message):
            if isinstance(output, State):
                steps.add(output.t_ns, session.vector, output.quality)
    windows = steps.windows(person, path.stem, "recording", start_ns)
    if not len(windows):
        raise RecordingError(f"{path} holds no state, so there is nothing to learn from.")
    return windows, recording.metadata.get("start_utc", "")
