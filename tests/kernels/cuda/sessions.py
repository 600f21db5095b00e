"""The last ticks of whole sessions, on the CPU and on the (simulated) GPU, from the same state and the same inboxes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import brain, fused
from kernels.batch import Batch
from kernels.inbox import inbox_dtype, put
from kernels.layout import SIZE
from tests.kernels.signals import CAMERA, CONTEXT, MICROPHONE, START_NS, setup, streams

ELECTRODES = ("Fp1", "Fz", "Cz", "PO7", "Oz", "PO8")
SECONDS, TICK_NS, SESSIONS = 66.0, 100_000_000, 2
TICKS = 8
"""On the GPU: few, as the simulator runs every lane of every session as a Python thread. A segment ends among them."""


def prepared() -> dict[str, NDArray[Any]]:
    """Return sessions that have run for a minute on the CPU, their table, and the inboxes (tick, session) to come."""
    made = setup(ELECTRODES, 250.0)
    sessions, table = fused.new_sessions(SESSIONS, made), brain.table(made.eeg)
    columns = {"camera": len(CAMERA), "microphone": len(MICROPHONE), "context": len(CONTEXT), "eeg": len(ELECTRODES)}
    inboxes = np.zeros((int(SECONDS * 1e9) // TICK_NS, SESSIONS), inbox_dtype(columns))
    many = [streams(SECONDS, ELECTRODES, 250.0, seed) for seed in range(SESSIONS)]
    many[1]["eeg"][0][-300:, 3] = 187_500.0
    many[1]["camera"][0][-30:, CAMERA.index("face")] = 0.0
    for tick, boxes in enumerate(inboxes):
        for name, (_, times) in many[0].items():
            new = slice(*np.searchsorted(times, START_NS + TICK_NS * np.array([tick, tick + 1]), side="right"))
            put(boxes, name, np.stack([given[name][0][new] for given in many]), times[new])
        boxes["tick_ns"] = START_NS + TICK_NS * (tick + 1)
    batch, out = Batch(sessions, table, "cpu"), np.empty((SESSIONS, SIZE), np.float32)
    for boxes in inboxes[:-TICKS]:
        batch.run(boxes, out)
    return {"sessions": batch.sessions().copy(), "table": table, "inboxes": inboxes[-TICKS:]}


def run(sessions: NDArray[Any], table: NDArray[np.float32], inboxes: NDArray[Any], backend: str = "cuda",
        ) -> dict[str, NDArray[Any]]:
    """Return the vectors (tick, session, feature) and some of the state after them."""
    batch, out = Batch(sessions, table, backend), np.empty((len(inboxes), len(sessions), SIZE), np.float32)
    for boxes, vectors in zip(inboxes, out, strict=True):
        batch.run(boxes, vectors)
    last = batch.sessions()
    return {"out": out, "power": last["brain"]["power"], "blinks": last["eyes"]["blink_count"], "z": last["cross"]["z"]}
