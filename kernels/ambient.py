"""The background's level: what nine tenths of the frames exceed (L90 of ISO 1996-1), over two trailing windows.

A histogram of the level in bins of 0.5 dB is kept for each window: a frame is added when it comes and taken out when
it leaves, so a percentile costs the same however long the window. It is the middle of the lowest bin at or under which
a tenth of the frames lie, so within 0.25 dB of that frame's level.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel
from kernels.speech import CAPACITY

LOW_DB = -120.0
"""Lower edge of the first bin; what digital silence reads."""
HIGH_DB = 0.0
"""Upper edge of the last bin: a square wave at full scale. What is louder is overdriven, and no measure of the room."""
BIN_DB = 0.5
BINS = int((HIGH_DB - LOW_DB) / BIN_DB)
ONE_IN = 10
"""One frame in ten is at or under the background."""

HISTOGRAM = np.dtype([("counts", np.int32, (BINS,)), ("total", np.int64)], align=True)
"""Frames of one window by level."""

AMBIENT = np.dtype([("bins", np.int16, (CAPACITY,)), ("recent", HISTOGRAM), ("minute", HISTOGRAM),
                    ("scratch", np.int32, (BINS,))], align=True)
"""The levels of the last minute, and their histograms over its last 10 s and the whole."""


@kernel
def add(ambient: Any, slot: int, level_db: float) -> None:
    """Take in a frame's level at a free slot of the ring: LOW_DB to HIGH_DB, or NaN, which is not counted."""
    place = -1
    if not math.isnan(level_db):
        place = min(BINS - 1, int((level_db - LOW_DB) / BIN_DB))
    ambient.bins[slot] = place
    _count(ambient.recent, place, 1)
    _count(ambient.minute, place, 1)


@kernel
def drop_recent(ambient: Any, slot: int) -> None:
    """Take the frame in a slot out of the last 10 s."""
    _count(ambient.recent, ambient.bins[slot], -1)


@kernel
def drop_minute(ambient: Any, slot: int) -> None:
    """Take the frame in a slot out of the last minute."""
    _count(ambient.minute, ambient.bins[slot], -1)


@kernel
def _count(histogram: Any, place: int, sign: int) -> None:
    if place >= 0:
        histogram.counts[place] += sign
        histogram.total += sign


@kernel
def background(ambient: Any, histogram: Any, oldest: int, first: int, least: int) -> float:
    """Return the level in dBFS that nine tenths of a window's frames exceed.

    Parameters
    ----------
    ambient : AMBIENT
    histogram : HISTOGRAM
        Its `recent` or `minute`.
    oldest, first
        Number of the oldest frame in the histogram, and of the first that is inside the window.
    least
        Frames without which it is NaN.
    """
    gone = ambient.scratch
    for place in range(BINS):
        gone[place] = 0
    total = histogram.total
    for number in range(oldest, first):
        place = ambient.bins[number % CAPACITY]
        if place >= 0:
            gone[place] += 1
            total -= 1
    if total < max(1, least):
        return math.nan
    below = 0
    place = -1
    while below * ONE_IN < total:
        place += 1
        below += histogram.counts[place] - gone[place]
    return LOW_DB + (place + 0.5) * BIN_DB


def reset(records: NDArray[np.void]) -> None:
    """Set (n,) `AMBIENT` records to the start of a stream."""
    records[...] = np.zeros((), AMBIENT)
