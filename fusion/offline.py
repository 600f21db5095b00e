"""Streams to windows, off line: the session's own feature kernels, tick by tick, faster than any message could be.

The features that need several modalities work in cells of a tenth of a second, so ticks are 10 Hz as in a live
session, and every fifth vector is kept. What comes out is equal, bit for bit, to the session's vectors for the same
samples in messages.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusion.features import Features, quality_of
from kernels.layout import MODALITIES, SIZE
from models.windows import STEP_S
from sensors.clock import MILLISECOND, SECOND
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

TICK_NS = SECOND // 10
KEEP = round(STEP_S * SECOND / TICK_NS)
"""Every so many ticks, a vector is kept."""


class Stream(NamedTuple):
    """All samples of one sensor."""

    info: StreamInfo
    values: NDArray[np.float32]
    """(n, column)"""
    times_ns: NDArray[np.int64]
    """(n,), increasing."""


class Vectors(NamedTuple):
    """What a session made of its streams, at each kept tick."""

    ticks_ns: NDArray[np.int64]
    features: NDArray[np.float32]
    """(n, SIZE)"""
    quality: NDArray[np.float32]
    """(n, modality)"""


def fold(streams: Mapping[str, Stream], config: SessionConfig, start_ns: int, end_ns: int,
         advanced: Callable[[float], None] = lambda share: None) -> Vectors:
    """Return the vectors of a session.

    Parameters
    ----------
    streams
        One stream a modality, by modality.
    config
        The rig's ``[session]`` table; its tick rate does not count.
    start_ns, end_ns
        The first kept tick is `STEP_S` after `start_ns`, which is on the grid of ticks; none is after `end_ns`.
    advanced
        Is told the share done, now and then.
    """
    features = Features(config)
    ticks = np.arange(start_ns + TICK_NS, end_ns + 1, TICK_NS)
    ordered = [(kind, streams[kind]) for kind in MODALITIES if kind in streams]
    # How many samples each tick may see, told for all ticks at once.
    seen = {}
    stale_ns = {}
    for kind, stream in ordered:
        features.meet(stream.info)
        seen[kind] = np.searchsorted(stream.times_ns, ticks, "right").tolist()
        stale_ns[kind] = config.stale_ms[kind] * MILLISECOND
    kept = len(ticks) // KEEP
    out = Vectors(ticks[KEEP - 1::KEEP].copy(), np.full((kept, SIZE), np.nan, np.float32),
                  np.zeros((kept, len(MODALITIES)), np.float32))
    before = dict.fromkeys(streams, 0)
    for number, tick_ns in enumerate(ticks.tolist()):
        for kind, stream in ordered:
            first, last = before[kind], seen[kind][number]
            if last > first:
                features.advance(kind, stream.values[first:last], stream.times_ns[first:last])
                before[kind] = last
        vector = features.fill(tick_ns)
        if (number + 1) % KEEP:
            continue
        row = number // KEEP
        fresh = {kind for kind, stream in ordered if before[kind]
                 and tick_ns - int(stream.times_ns[before[kind] - 1]) <= stale_ns[kind]}
        out.features[row] = vector
        out.quality[row] = list(quality_of(vector.tolist(), fresh).values())
        if row % 64 == 0:
            advanced(number / len(ticks))
    return out
