"""The world outside: speed and demand as last told, until they are stale."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.columns import check_records, find
from kernels.errors import InputError
from kernels.jit import kernel
from kernels.layout import FEATURES, INDEX

WANTED = ("demand", "speed_kmh")
"""Columns that are read, named as their features; one that is missing stays unmeasured."""
PLACES = tuple(INDEX[name] for name in WANTED)
LOWS = tuple(float(FEATURES[place].low) for place in PLACES)
HIGHS = tuple(float(FEATURES[place].high) for place in PLACES)
"""A value outside cannot be true and is not taken."""
HIGHEST_STALE_MS = 3_600_000.0
"""An hour."""

CONTEXT = np.dtype([
    ("columns", np.int32, (len(WANTED),)), ("stale_ns", np.int64), ("first_ns", np.int64),
    ("newest", np.float64, (len(WANTED),)), ("newest_ns", np.int64, (len(WANTED),)),
], align=True)
"""The newest value of each column and its time; -1 before the first."""


@dataclass(frozen=True)
class Setup:
    """What is known of the context's stream."""

    columns: tuple[str, ...]
    """Names of the columns, in order."""
    stale_ms: float = 2000.0
    """How long a value holds."""

    def __post_init__(self) -> None:
        find("context", self.columns, WANTED)
        if not 0 < self.stale_ms <= HIGHEST_STALE_MS:
            raise InputError(f"context: stale_ms is {self.stale_ms}, expected above 0 to {HIGHEST_STALE_MS:g}")


def reset(records: NDArray[np.void], setup: Setup) -> None:
    """Set (n,) `CONTEXT` records to the start of a stream.

    Raises
    ------
    InputError
        `records` is no (n,) array of `CONTEXT`.
    """
    check_records("context", records, CONTEXT)
    records["columns"] = find("context", setup.columns, WANTED)
    records["stale_ns"] = round(setup.stale_ms * 1e6)
    records["newest"] = math.nan
    records["first_ns"] = records["newest_ns"] = -1


@kernel
def push(context: Any, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in samples: values (n, column) float32, times_ns (n,) int64 strictly increasing; n may be 0."""
    for i in range(times_ns.shape[0]):
        if context.first_ns < 0:
            context.first_ns = times_ns[i]
        for k in range(len(PLACES)):
            column = context.columns[k]
            if column >= 0:
                value = float(values[i, column])
                if LOWS[k] <= value <= HIGHS[k]:
                    context.newest[k] = value
                    context.newest_ns[k] = times_ns[i]


@kernel
def features(context: Any, tick_ns: int, out: NDArray[np.float32]) -> None:
    """Write the context's features at a tick into `out` (SIZE,), NaN on entry; the record is unchanged."""
    for k in range(len(PLACES)):
        if tick_ns - context.newest_ns[k] <= context.stale_ns:
            out[PLACES[k]] = context.newest[k]
