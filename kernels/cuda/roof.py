"""What this GPU can do at most: bytes it copies and float32 operations it does in a second, measured."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels.jit import SIMULATED

COPIED_BYTES = 4096 if SIMULATED else 512 << 20
BLOCKS, THREADS = (1, 2) if SIMULATED else (4096, 256)
CHAINS, STEPS = 8, 4 if SIMULATED else 4096
"""Independent sums of each thread, as one multiply-add waits four cycles for the last; and their length."""
REPEATS = 5


def bytes_per_s(now_ns: Callable[[], int]) -> float:
    """Return how many bytes a second the GPU's memory moves, read and written counted each, best of a few copies."""
    source = cuda.to_device(np.zeros(COPIED_BYTES, np.uint8))
    target = cuda.device_array(COPIED_BYTES, np.uint8)
    return 2 * COPIED_BYTES / _best_s(lambda: target.copy_to_device(source), now_ns)


def operations_per_s(now_ns: Callable[[], int]) -> float:
    """Return how many float32 operations a second the GPU does, a fused multiply-add counted as two."""
    out = cuda.to_device(np.zeros(BLOCKS * THREADS, np.float32))
    compiled: Any = cuda.jit(multiply_add)
    work = 2.0 * CHAINS * STEPS * BLOCKS * THREADS
    return work / _best_s(lambda: compiled[BLOCKS, THREADS](out, np.float32(0.999), STEPS), now_ns)


def multiply_add(out: NDArray[np.float32], factor: np.float32, steps: int) -> None:
    """Run eight chains of multiply-adds in each thread and write their sum, so that none can be left out."""
    k = cuda.grid(1)
    a = b = c = d = e = f = g = h = out[k]
    for _ in range(steps):
        a = a * factor + factor
        b = b * factor + a
        c = c * factor + factor
        d = d * factor + c
        e = e * factor + factor
        f = f * factor + e
        g = g * factor + factor
        h = h * factor + g
    out[k] = a + b + c + d + e + f + g + h


def _best_s(call: Callable[[], object], now_ns: Callable[[], int]) -> float:
    best = math.inf
    for _ in range(REPEATS + 1):  # the first compiles, and being slowest is never the best
        cuda.synchronize()
        began = now_ns()
        call()
        cuda.synchronize()
        best = min(best, now_ns() - began)
    return max(best, 1.0) * 1e-9
