"""Running one feature tracker over whole recordings, cut as a test likes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion.features import Features
from kernels.layout import FEATURES, INDEX, SIZE
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig

START_NS = 3_600 * SECOND


def grid(count: int, rate_hz: float) -> np.ndarray:
    """Return uniform times of `count` samples."""
    return START_NS + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


class Tracked:
    """The features of one stream alone."""

    def __init__(self, info: StreamInfo, session: SessionConfig) -> None:
        self.kind = info.kind
        self.features = Features(session)
        self.features.meet(info)

    @property
    def record(self) -> np.ndarray:
        return self.features.record

    def advance(self, values: np.ndarray, times: np.ndarray) -> None:
        self.features.advance(self.kind, values, times)

    def fill(self, tick_ns: int, vector: np.ndarray) -> None:
        vector[:] = self.features.fill(tick_ns)


def make(kind: str, names: Sequence[str], rate_hz: float, calibration_s: float = 5.0, unit: str = "1",
         meta: dict[str, str] | None = None, **session: Any) -> Tracked:
    """Return the fresh features of one stream; what the kernels know is at `tracker.record`."""
    info = StreamInfo(t_ns=0, stream=kind, kind=kind, driver="test", rate_hz=rate_hz,
                      columns=tuple(Column(name, unit) for name in names), meta=meta or {})
    return Tracked(info, SessionConfig(calibration_s=calibration_s, **session))


def run(tracker: Any, values: np.ndarray, times: np.ndarray, tick_hz: float = 20.0,
        cuts: Sequence[int] | None = None, until_s: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return tick times in seconds from the first sample, and the vectors (tick, feature).

    The samples of a tick are handed over in pieces that end at `cuts` (sample numbers).
    """
    values = np.ascontiguousarray(values, np.float32)
    seconds = (times[-1] - times[0]) / SECOND if until_s is None else until_s
    ticks = times[0] + (np.arange(1, int(seconds * tick_hz) + 1) * SECOND / tick_hz).astype(np.int64)
    vectors, done = [], 0
    for tick in ticks:
        stop = int(np.searchsorted(times, tick, side="right"))
        inner = [] if cuts is None else [cut for cut in cuts if done <= cut <= stop]
        for last in [*inner, stop]:
            tracker.advance(values[done:last], times[done:last])
            done = last
        vector = np.full(SIZE, np.nan, np.float32)
        tracker.fill(int(tick), vector)
        vectors.append(vector)
    return (ticks - times[0]) / SECOND, np.array(vectors)


def column(vectors: np.ndarray, name: str) -> np.ndarray:
    """Return one feature over the ticks."""
    return vectors[:, INDEX[name]]


def in_range(vectors: np.ndarray) -> bool:
    """Return whether every measured value lies where the layout says it can."""
    low, high = (np.array([getattr(feature, side) for feature in FEATURES]) for side in ("low", "high"))
    return bool((np.isnan(vectors) | ((vectors >= low) & (vectors <= high))).all())
