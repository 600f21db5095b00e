"""A toy with the shape of the real tick: begin, then each electrode by a lane of its own, then finish, with barriers.

Its functions are what all kernels are: Python that numba compiles for the CPU and CUDA and that the simulator runs.
"""

import math
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels.jit import kernel

ELECTRODES, ROWS, FEATURES, SECONDS = 16, 25, 3, 8

ELECTRODE = np.dtype([("total", np.float64), ("newest", np.float32, (8,)), ("count", np.int64)], align=True)
CLOCK = np.dtype([("ticks", np.int64), ("ring_ns", np.int64, (SECONDS,))], align=True)
SESSION = np.dtype([("tick_ns", np.int64), ("clock", CLOCK), ("electrodes", ELECTRODE, (ELECTRODES,)),
                    ("table", np.float32, (4, 4))], align=True)
INBOX = np.dtype([("tick_ns", np.int64), ("count", np.int32), ("values", np.float32, (ROWS, ELECTRODES))], align=True)


@kernel
def begin(session: Any, tick_ns: int) -> None:
    session.tick_ns = tick_ns
    session.clock.ring_ns[session.clock.ticks % SECONDS] = tick_ns
    session.clock.ticks += 1


@kernel
def push(electrode: Any, values: NDArray[np.float32], column: int) -> None:
    for row in range(values.shape[0]):
        value = values[row, column]
        if not math.isfinite(value):
            continue
        electrode.newest[electrode.count % 8] = value
        electrode.total += value
        electrode.count += 1


@kernel
def variance(newest: NDArray[np.float32], count: int) -> float:
    used = min(count, newest.shape[0])
    if used == 0:
        return math.nan
    mean, total = 0.0, 0.0
    for k in range(used):
        mean += newest[k]  # in double precision when compiled, which is what the simulator has to be told
    mean /= used
    for k in range(used):
        total += (newest[k] - mean) * (newest[k] - mean)
    return total / used


@kernel
def channel(session: Any, index: int, values: NDArray[np.float32]) -> None:
    electrode = session.electrodes[index]
    push(electrode, values, index)
    session.table[index // 4, index % 4] = variance(electrode.newest, electrode.count)


@kernel
def finish(session: Any, out: NDArray[np.float32]) -> None:
    mean, strongest = 0.0, 0.0
    for k in range(ELECTRODES):
        electrode = session.electrodes[k]
        mean += electrode.total / max(1, electrode.count) / ELECTRODES
        strongest = max(strongest, session.table[k // 4, k % 4])
    out[0], out[1] = mean, math.log10(1.0 + strongest)
    oldest = session.clock.ring_ns[session.clock.ticks % SECONDS]
    out[2] = (session.tick_ns - oldest) * 1e-9 if session.clock.ticks > SECONDS else math.nan


@kernel
def tick(session: Any, inbox: Any, out: NDArray[np.float32]) -> None:
    """The same on one core of the CPU."""
    begin(session, inbox.tick_ns)
    for k in range(ELECTRODES):
        channel(session, k, inbox.values[:inbox.count])
    finish(session, out)


def tick_batch(sessions: Any, table: Any, inboxes: Any, out: Any) -> None:
    """The same for a block of threads a session."""
    session, inbox = sessions[cuda.blockIdx.x], inboxes[cuda.blockIdx.x]
    if cuda.threadIdx.x == 0:
        begin(session, inbox.tick_ns)
    cuda.syncthreads()
    for k in range(cuda.threadIdx.x, ELECTRODES, cuda.blockDim.x):
        channel(session, k, inbox.values[:inbox.count])
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        finish(session, out[cuda.blockIdx.x])


def inboxes(values: NDArray[np.float32], counts: NDArray[np.int64], step: int) -> NDArray[Any]:
    """Return what every session takes in at one step, of values (session, step, row, electrode)."""
    boxes = np.zeros(len(values), INBOX)
    boxes["tick_ns"], boxes["count"], boxes["values"] = 50_000_000 * (step + 1), counts[:, step], values[:, step]
    return boxes


def on_cpu(values: NDArray[np.float32], counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    sessions = np.zeros(len(values), SESSION)
    out = np.full((len(values), values.shape[1], FEATURES), np.nan, np.float32)
    for step in range(values.shape[1]):
        boxes = inboxes(values, counts, step)
        for k in range(len(values)):
            tick(sessions[k], boxes[k], out[k, step])
    return {"out": out, "count": sessions["electrodes"]["count"], "newest": sessions["electrodes"]["newest"]}


def on_cuda(values: NDArray[np.float32], counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    from kernels.cuda.launch import Batch

    compiled = cuda.jit(tick_batch)
    batch = Batch(np.zeros(len(values), SESSION), np.zeros((1, 1, 1), np.float32))
    out = np.full((values.shape[1], len(values), FEATURES), np.nan, np.float32)
    for step in range(values.shape[1]):
        batch.run(compiled, inboxes(values, counts, step), out[step], wait=step % 2 == 0)
    sessions = batch.sessions()
    return {"out": out.swapaxes(0, 1), "count": sessions["electrodes"]["count"],
            "newest": sessions["electrodes"]["newest"]}
