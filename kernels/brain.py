"""What the EEG says: rhythms, entropies and shape of the last 4 s, the person's own change, trust, and blinks.

Everything is worked out when a one-second segment ends, twice a second, over the seven segments of the 4 s before;
between segments the features hold. The stream is taken in pieces that no hole and no segment's end interrupts. Each
piece goes through steps of two kinds, so that one source serves a processor and a warp of 32 lanes per person: `begin`
and `finish` are for one lane, the others share out channels (or bins), of which none looks at another's.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import buckets, eeg_blinks, filters, hjorth, quality, spectral
from kernels.brain_record import (
    BLINK_RING,
    LOWEST_RATE_HZ,
    MARKS,
    PIECE,
    RING,
    SETTLE_NS,
    Setup,
    brain_dtype,
    capacity,
    reset,
)
from kernels.brain_summary import segment_bins, segment_channels, summarise
from kernels.jit import kernel
from kernels.layout import INDEX

__all__ = ["LOWEST_RATE_HZ", "Setup", "begin", "brain_dtype", "capacity", "channels", "features", "finish",
           "mark_blink", "push", "reset", "segment_bins", "segment_channels", "table"]

GATE_NS = 200_000_000
"""A camera's blink spoils frontal EEG from this long before it until this long after."""
HOLD_NS = 1_300_000_000
"""How long the last segment's features hold: a segment, and a little for late samples."""
FIRST_SEGMENT_NS = 2_000_000_000
"""Settling, and the first segment."""
MINUTE_S, MINUTE_NS = 60, 60_000_000_000
LEAST_WATCHED_NS = 10_000_000_000
"""Watched time from which blinks make a rate."""
SEEN, BLINKS = 0, 1
"""Columns of `minute`: ns in which the electrodes near the eyes could be believed, and blinks."""

FIRST = INDEX["delta"]
EEG_BLINKS_60S, EEG_QUALITY = INDEX["eeg_blinks_60s"], INDEX["eeg_quality"]


def table(setup: Setup) -> NDArray[np.float32]:
    """Return the Fourier table (taper, length, WIDTH) that `push` needs; all sessions of a rate may share it."""
    return spectral.fourier_table(setup.rate_hz if setup.usable else 250.0, setup.spectrum)


@kernel
def begin(brain: Any, times_ns: NDArray[np.int64], start: int) -> int:
    """Begin a piece at sample `start` and return where it stops: before a hole, at a segment's end, or for its size.

    One lane. `brain.ended` is then 1 if a segment ends with the piece.
    """
    before, now = brain.newest_ns, times_ns[start]
    brain.since += brain.piece
    brain.settle = 0
    if before < 0 or now - before > SETTLE_NS:
        brain.settle = 1
        brain.position = -brain.length
        brain.since = 0
    elif now - before > brain.hole_ns:
        brain.position = min(0, brain.position)
        brain.since = 0
    if brain.first_ns < 0:
        brain.first_ns = now
    brain.place = brain.position
    room = -brain.place if brain.place < 0 else brain.hop - brain.place % brain.hop
    last = min(times_ns.shape[0], start + min(PIECE, room))
    stop = start + 1
    while stop < last and times_ns[stop] - times_ns[stop - 1] <= brain.hole_ns:
        stop += 1
    brain.piece = stop - start
    brain.position = brain.place + brain.piece
    brain.newest_ns = times_ns[stop - 1]
    brain.ended = 1 if brain.piece == room and brain.position >= brain.length else 0
    if brain.place >= 0:
        half = brain.place // brain.hop % 2
        for order in range(2):
            if brain.place % brain.hop == 0:
                brain.differences[half, order] = 0
            brain.differences[half, order] += brain.piece - min(brain.piece, max(0, order + 1 - brain.since))
    if brain.ended == 1:
        _open_segment(brain, times_ns[stop - 1])
    return stop


@kernel
def _open_segment(brain: Any, end_ns: int) -> None:
    """Give the segment that ends with the piece its place in the ring, and say which others lie in the window."""
    brain.slot = brain.segments % RING
    brain.segments += 1
    brain.ended_ns[brain.slot] = end_ns
    brain.started_ns[brain.slot] = end_ns - int(brain.period_ns * (brain.length - 1))
    brain.recent = 0
    brain.clear_of_blinks = 0
    for s in range(min(RING, brain.segments)):
        if brain.ended_ns[s] > end_ns - brain.window_ns:
            brain.recent |= 1 << s
            blinked = False
            for k in range(min(MARKS, brain.mark_count)):
                if (brain.mark_end_ns[k] <= end_ns and brain.mark_end_ns[k] + GATE_NS >= brain.started_ns[s]
                        and brain.mark_onset_ns[k] - GATE_NS <= brain.ended_ns[s]):
                    blinked = True
            if not blinked:
                brain.clear_of_blinks |= 1 << s


@kernel
def channels(brain: Any, table: NDArray[np.float32], values: NDArray[np.float32], start: int, stop: int, lane: int,
             lanes: int) -> None:
    """Take in a piece for each of a lane's channels: filters, statistics, Fourier sums."""
    count, place, hop = stop - start, brain.place, brain.hop
    block = place // hop if place >= 0 else 0
    offset = place % hop if place >= 0 else 1
    fresh = 1 if offset == 0 else 0
    for c in range(lane, brain.channels, lanes):
        if fresh == 1:
            filters.forget_nothing(brain.filter, c)
            filters.forget_nothing(brain.blink_filter, c)
        filters.cascade(brain.sections, brain.filter, brain.held, brain.settle, values, brain.columns[c], start, count,
                        c, brain.with_mains, brain.clean)
        if brain.blink_sites[c] == 1:  # what its first section leaves is of no interest: the rest overwrites it
            filters.cascade(brain.blink_sections, brain.blink_filter, brain.blink_held, brain.settle, values,
                            brain.columns[c], start, count, c, brain.blinking, brain.blinking)
        quality.collect(brain.statistics[block % 2], fresh, brain.last_raw, brain.same, brain.before[c], brain.since,
                        values, brain.columns[c], start, count, brain.clean, c)
        hjorth.collect(brain.moments[block % 2], fresh, brain.before, brain.slope, brain.since, brain.clean, count, c)
        if place < 0:
            continue
        for t in range(brain.tapers):
            spectral.add(table[t], offset, brain.with_mains, c, count, fresh, brain.sums[block % 2, t, c])
            if block > 0:
                spectral.add(table[t], hop + offset, brain.with_mains, c, count, 0, brain.sums[(block + 1) % 2, t, c])


@kernel
def finish(brain: Any, times_ns: NDArray[np.int64], start: int, stop: int) -> None:
    """Look for blinks in a piece and, where a segment ended, work out the features of the 4 s before. One lane."""
    for i in range(start, stop):
        total = 0.0
        count = 0
        for c in range(brain.channels):
            if brain.seeing[c] == 1:
                total += np.float64(brain.blinking[i - start, c])
                count += 1
        now = times_ns[i]
        connected = brain.seen_ns >= 0 and now - brain.seen_ns <= brain.hole_ns
        if count == 0 or not connected:
            eeg_blinks.step(brain.detector, now, math.nan)
        if count == 0:
            brain.seen_ns = -1
            continue
        if connected:
            buckets.add(brain.minute, now, SEEN, now - brain.seen_ns)
        brain.seen_ns = now
        peak_ns = eeg_blinks.step(brain.detector, now, total / count)
        if peak_ns >= 0:
            brain.blink_ns[brain.blink_count % BLINK_RING] = peak_ns
            brain.blink_count += 1
            buckets.add(brain.minute, now, BLINKS, 1)
    if brain.ended == 1:
        summarise(brain, times_ns[stop - 1])
        for c in range(brain.channels):  # from the next sample on, however the stream was cut
            brain.seeing[c] = 1 if brain.blink_sites[c] == 1 and brain.contact[c] >= quality.GOOD else 0


@kernel
def push(brain: Any, table: NDArray[np.float32], values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in samples of the stream.

    Parameters
    ----------
    brain : record of `brain_dtype`
        Changed in place.
    table : (taper, length, WIDTH) float32
        From `table`, of the same setup.
    values : (n, column) float32
        uV; NaN where a sample was lost.
    times_ns : (n,) int64
        Increasing.
    """
    if brain.channels == 0:
        return
    start = 0
    while start < times_ns.shape[0]:
        stop = begin(brain, times_ns, start)
        channels(brain, table, values, start, stop, 0, 1)
        if brain.ended == 1:
            segment_channels(brain, 0, 1)
            segment_bins(brain, 0, 1)
        finish(brain, times_ns, start, stop)
        start = stop


@kernel
def mark_blink(brain: Any, onset_ns: int, end_ns: int) -> None:
    """Remember a blink that the camera saw: segments of frontal channels that hold it are left out of averages.

    A blink counts for the segments that are summed up at its end or later; where no segment is free of blinks, all
    are used.
    """
    slot = brain.mark_count % MARKS
    brain.mark_onset_ns[slot] = onset_ns
    brain.mark_end_ns[slot] = end_ns
    brain.mark_count += 1


@kernel
def features(brain: Any, tick_ns: int, out: NDArray[np.float32]) -> None:
    """Write the EEG's features at a tick.

    Parameters
    ----------
    brain : record of `brain_dtype`
    tick_ns : int
    out : (SIZE,) float32
        NaN on entry, and left so where nothing was measured. The blink rate's minute is the tick's running second and
        the 59 before.
    """
    if brain.first_ns < 0 or tick_ns - brain.newest_ns > HOLD_NS:
        return
    if brain.segments > 0 and tick_ns - brain.ended_ns[brain.slot] <= HOLD_NS:
        for k in range(brain.kept.shape[0]):
            out[FIRST + k] = brain.kept[k]
    elif tick_ns - brain.first_ns > FIRST_SEGMENT_NS + HOLD_NS:
        out[EEG_QUALITY] = 0.0  # it speaks, but never a whole second
    watched = buckets.total(brain.minute, tick_ns, MINUTE_S, SEEN)
    if watched >= LEAST_WATCHED_NS:
        out[EEG_BLINKS_60S] = buckets.total(brain.minute, tick_ns, MINUTE_S, BLINKS) * (MINUTE_NS / watched)
