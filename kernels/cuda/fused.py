"""The fused tick on a GPU: one launch, a warp for a session, its lanes over the electrodes.

The work of each step is the CPU's own source; only who does which part, and the barriers between, are written here.
"""

from typing import Any

from numba import cuda
from numpy.typing import NDArray

from kernels import brain, fused


def tick(sessions: NDArray[Any], table: NDArray[Any], inboxes: NDArray[Any], out: NDArray[Any]) -> None:
    """Run one tick of every session; the body of `features_batch`, with its arguments."""
    session, inbox = sessions[cuda.blockIdx.x], inboxes[cuda.blockIdx.x]
    lane, lanes = cuda.threadIdx.x, cuda.blockDim.x
    head = session.brain
    if lane == 0:
        fused.take_others(session, inbox)
    cuda.syncthreads()
    start = 0
    while head.channels > 0 and start < inbox.eeg_count:
        if lane == 0:
            brain.begin(head, inbox.eeg_ns[:inbox.eeg_count], start)
        cuda.syncthreads()
        stop = start + head.piece
        brain.channels(head, table, inbox.eeg, start, stop, lane, lanes)
        cuda.syncthreads()
        if head.ended == 1:
            brain.segment_channels(head, lane, lanes)
            cuda.syncthreads()
            brain.segment_bins(head, lane, lanes)
            cuda.syncthreads()
        if lane == 0:
            brain.finish(head, inbox.eeg_ns, start, stop)
        cuda.syncthreads()
        start = stop
    if lane == 0:
        fused.fill(session, out[cuda.blockIdx.x])


features_batch = cuda.jit(tick, fastmath=False)
"""`kernels.fused.features_batch` for `kernels.cuda.launch.Batch`."""
