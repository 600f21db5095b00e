"""Running one feature tracker over whole recordings, cut as a test likes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion.features import TRACKERS
from fusion.person import Person
from kernels.layout import FEATURES, INDEX, SIZE
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig

START_NS = 3_600 * SECOND


def grid(count: int, rate_hz: float) -> np.ndarray:
    """Return uniform times of `count` samples."""
    return START_NS + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def make(kind: str, names: Sequence[str], rate_hz: float, calibration_s: float = 5.0, unit: str = "1",
         meta: dict[str, str] | None = None, **session: Any) -> Any:
    """Return a fresh tracker; its person is at `tracker._person`."""
    info = StreamInfo(t_ns=0, stream=kind, kind=kind, driver="test", rate_hz=rate_hz,
                      columns=tuple(Column(name, unit) for name in names), meta=meta or {})
    return TRACKERS[kind](info, SessionConfig(**session), Person(calibration_s))


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
