"""How near a batch comes to what the machine can do at most: by the bytes it must move and the operations it must do.

The roofline model (Williams, Waterman and Patterson 2009): no tick can be shorter than its bytes over the measured
bandwidth, nor than its operations over the measured rate; whichever is longer is the roof.
"""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.machine import available_cores
from kernels.jit import cores, kernel, parallel, prange
from sensors.clock import now_ns

COPIED_BYTES = 128 << 20
"""More than any cache holds."""
SIDE = 1024
REPEATS = 5
SPINS, SPIN_STEPS = 64, 100_000


@dataclass(frozen=True)
class Roof:
    """What a processor can do at most."""

    bytes_per_s: float
    """Read and written bytes each count."""
    operations_per_s: float
    """In float32; a multiply-add counts as two."""


@dataclass(frozen=True)
class Work:
    """What one tick of one session cannot do without."""

    bytes: float
    operations: float

    def shortest_s(self, roof: Roof, sessions: int) -> float:
        """Return the time under which no machine with this roof gets through a tick of so many sessions."""
        return sessions * max(self.bytes / roof.bytes_per_s, self.operations / roof.operations_per_s)


def fraction(work: Work, roof: Roof, sessions_per_s: float) -> float:
    """Return the share of the roof that was reached, 0..1, when so many sessions were ticked a second."""
    return work.shortest_s(roof, 1) * sessions_per_s


def traffic(record: "np.dtype[Any]", shares: Mapping[str, float]) -> float:
    """Return the bytes of a record that a tick reads and writes back, counted from its layout.

    Parameters
    ----------
    record
        The session's dtype.
    shares
        Dotted path of a field ("brain.ring") to the share of its bytes that a tick touches, for rings and tables of
        which most lies still; all other fields count whole. Read and written back counts twice.

    Raises
    ------
    KeyError
        If a path names no field.
    """
    left = dict(shares)
    touched = _touched(record, "", left)
    if left:
        raise KeyError(f"The record has no field {', '.join(sorted(left))}.")
    return 2.0 * touched


def _touched(dtype: "np.dtype[Any]", path: str, shares: dict[str, float]) -> float:
    if path in shares:
        return dtype.itemsize * shares.pop(path)
    if dtype.subdtype is not None and dtype.subdtype[0].names is not None:
        base, shape = dtype.subdtype
        return math.prod(shape) * _touched(base, path, shares)
    if dtype.names is None:
        return float(dtype.itemsize)
    return sum(_touched(dtype[name], f"{path}.{name}".lstrip("."), shares) for name in dtype.names)


def spin(count: int) -> Callable[[], object]:
    """Return a call that runs a bare loop of additions, `SPINS` times over, on `count` cores; 0 means all."""
    totals = np.zeros(SPINS)

    def call() -> None:
        with cores(count):
            _spin(totals)

    return call


@parallel
def _spin(totals: NDArray[np.float64]) -> None:
    for k in prange(totals.shape[0]):
        totals[k] = bare_loop(SPIN_STEPS)


@kernel
def bare_loop(steps: int) -> float:
    """Add so many numbers, each waiting for the one before: nothing but the core itself is needed."""
    total = 0.0
    for i in range(steps):
        total += 1.0 / (i + 1.0)
    return total


def cpu_roof() -> Roof:
    """Measure all cores of this machine: copies between arrays too large for a cache, and a matrix product."""
    count = available_cores()
    source, target = (np.ones((count, COPIED_BYTES // count), np.uint8) for _ in range(2))
    with ThreadPoolExecutor(count) as pool:
        copy_s = _best_s(lambda: list(pool.map(np.copyto, target, source)))
    left, right, product = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    product_s = _best_s(lambda: np.matmul(left, right, out=product))
    return Roof(2 * source.nbytes / copy_s, 2 * SIDE**3 / product_s)


def cuda_roof() -> Roof:
    """Measure the GPU: copies within its memory, and chains of multiply-adds."""
    from kernels.cuda import roof

    return Roof(roof.bytes_per_s(now_ns), roof.operations_per_s(now_ns))


def _best_s(call: Callable[[], object]) -> float:
    best = math.inf
    for _ in range(REPEATS):
        began = now_ns()
        call()
        best = min(best, now_ns() - began)
    return best * 1e-9
