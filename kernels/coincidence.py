"""Events that two sensors should both see: how many they share, and how far apart their clocks put them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

CELL_NS = 100_000_000
"""Grid on which it is remembered when a sensor was blind."""
CELLS = 640
"""Cells remembered: a minute, and a little for the reach of its oldest event."""

BLIND = np.dtype([("cell", np.int64), ("last", np.int64, (CELLS,))], align=True)
"""The newest cell (time // `CELL_NS`; -1: none yet), and for each of the last cells which cell, up to it, was the last
in which a sensor was blind (-1: none): one look then tells whether there was any in a stretch."""


def reset(records: NDArray[Any]) -> None:
    """Set memories in which no sensor was blind yet; records (n,) BLIND."""
    records["cell"] = records["last"] = -1


@kernel
def mark(memory: Any, tick_ns: int, newest_ns: int, silent_ns: int, trusted: int) -> None:
    """Move on to the cell of `tick_ns`, and note whether a sensor was blind.

    A sensor that has been silent for more than `silent_ns` was blind since its newest sample, so the cells since then
    are noted, too; those that an earlier call has noted are not gone through again.

    Parameters
    ----------
    memory : BLIND
        Changed in place.
    tick_ns : int
        In a later cell than the last call's; not negative.
    newest_ns : int
        Newest sample of the sensor that lags most; -1 if one has none.
    silent_ns : int
    trusted : int
        0 if a sensor's samples are not to be trusted at this tick.
    """
    cell = tick_ns // CELL_NS
    before = memory.cell
    last = memory.last[before % CELLS] if before >= 0 else -1
    for c in range(max(before + 1, cell - CELLS + 1), cell + 1):
        memory.last[c % CELLS] = last
    if trusted == 0:
        memory.last[cell % CELLS] = cell
    if tick_ns - newest_ns > silent_ns:
        first = max(newest_ns // CELL_NS, before - silent_ns // CELL_NS)
        for c in range(max(first, cell - CELLS + 1), cell + 1):
            memory.last[c % CELLS] = c
    memory.cell = cell


@kernel
def coincide(memory: Any, first_ns: NDArray[np.int64], first_count: int, second_ns: NDArray[np.int64],
             second_count: int, after_ns: int, covered_from_ns: int, covered_to_ns: int,
             reach_ns: int) -> tuple[int, int, int]:
    """Look for each event of a first sensor among those of a second one; the nearest within reach is its match.

    Events are judged only if the whole reach around them lies inside the time that both covered, and no sensor was
    blind in it. Where the second ring has forgotten events, that time begins at its oldest one.

    Parameters
    ----------
    memory : BLIND
    first_ns, second_ns : (ring,) int64
        Times in increasing order; event number k stands at k % ring.
    first_count, second_count : int
        Events so far.
    after_ns : int
        Events up to here are too old.
    covered_from_ns, covered_to_ns : int
        The time that both covered.
    reach_ns : int

    Returns
    -------
    tuple of int
        Events of the first sensor that were judged, those of them with a match, and the sum of match time less event
        time in nanoseconds.
    """
    judged = matched = total_ns = 0
    size, second_size = first_ns.shape[0], second_ns.shape[0]
    left = min(second_count, second_size)  # events of the second sensor that are not yet too new to match
    slot = second_count % second_size
    if second_count > second_size:
        covered_from_ns = max(covered_from_ns, second_ns[slot])
    slot = slot - 1 if slot > 0 else second_size - 1
    first_slot = first_count % size
    for _ in range(min(first_count, size)):
        first_slot = first_slot - 1 if first_slot > 0 else size - 1
        at_ns = first_ns[first_slot]
        if at_ns <= after_ns or at_ns - reach_ns < covered_from_ns:
            break
        if at_ns + reach_ns > covered_to_ns:
            continue
        if memory.last[(at_ns + reach_ns) // CELL_NS % CELLS] >= (at_ns - reach_ns) // CELL_NS:
            continue
        judged += 1
        while left > 0 and second_ns[slot] > at_ns + reach_ns:
            left -= 1
            slot = slot - 1 if slot > 0 else second_size - 1
        nearest_ns = reach_ns + 1
        candidate = slot
        for _ in range(left):
            apart_ns = second_ns[candidate] - at_ns
            if apart_ns < -reach_ns:
                break
            if abs(apart_ns) < abs(nearest_ns):
                nearest_ns = apart_ns
            candidate = candidate - 1 if candidate > 0 else second_size - 1
        if abs(nearest_ns) <= reach_ns:
            matched += 1
            total_ns += nearest_ns
    return judged, matched, total_ns
