"""A batch of sessions that lives on the GPU: at each tick one packed record a session goes in, one vector comes out."""

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels.cuda.simulator import host_form, simulator_form
from kernels.errors import InputError
from kernels.jit import SIMULATED

THREADS = 32
"""Threads of a block: one warp, whose lanes share a session's electrodes."""


class Batch:
    """Sessions that stay on the device from tick to tick; only what is new travels.

    A kernel gets four arrays, because each costs about 4 us a launch: the sessions, the table that all share, one
    packed record a session with all that came in since the last tick, and the output. Each batch has a stream of its
    own, so the copies of one can overlap the work of another.

    Parameters
    ----------
    sessions : (n,) structured
        The records' starting state; n is 1 or more.
    table : float32
        What all sessions read and none changes.

    Raises
    ------
    InputError
        If there is no session, or the array is not one of records.
    """

    def __init__(self, sessions: NDArray[Any], table: NDArray[np.float32]) -> None:
        if sessions.ndim != 1 or sessions.dtype.names is None or len(sessions) == 0:
            raise InputError(f"Batch: sessions is {sessions.dtype} {sessions.shape}, expected records (n,), n > 0.")
        self._dtype, self._count = sessions.dtype, len(sessions)
        self._stream = cuda.stream()
        self._sessions = cuda.to_device(_sendable(sessions), stream=self._stream)
        self._table = cuda.to_device(_sendable(table), stream=self._stream)
        self._inboxes: Any = None
        self._out: Any = None
        self._awaited: list[tuple[NDArray[Any], NDArray[Any]]] = []

    def __len__(self) -> int:
        """Return the number of sessions."""
        return self._count

    def run(self, kernel: Any, inboxes: NDArray[Any], out: NDArray[Any], *, wait: bool = True) -> None:
        """Run one tick of all sessions.

        Parameters
        ----------
        kernel
            Made with `cuda.jit`; takes (sessions, table, inboxes, out) and is launched with `THREADS` threads in a
            block for each session.
        inboxes : (n,) structured
            What each session takes in; faster from `page_locked`.
        out : (n, ...) float32
            Filled with what the kernel wrote.
        wait
            False returns at once; `out` is then filled, and `inboxes` free, after `wait`.

        Raises
        ------
        InputError
            If an array has not as many rows as there are sessions, or is not contiguous.
        """
        for name, array in (("inboxes", inboxes), ("out", out)):
            if array.ndim == 0 or len(array) != self._count or not array.flags.c_contiguous:
                raise InputError(f"Batch.run: {name} is {array.shape}, expected {self._count} rows, contiguous.")
        sent, received = _sendable(inboxes), _sendable(out)
        self._inboxes = self._room(self._inboxes, sent)
        self._out = self._room(self._out, received)
        self._inboxes.copy_to_device(sent, stream=self._stream)
        kernel[self._count, THREADS, self._stream](self._sessions, self._table, self._inboxes, self._out)
        self._out.copy_to_host(received, stream=self._stream)
        self._awaited.append((out, received))
        if wait:
            self.wait()

    def wait(self) -> None:
        """Return when all that was begun is done and every `out` is filled."""
        self._stream.synchronize()
        for out, received in self._awaited:
            if received is not out:
                out[...] = received
        self._awaited.clear()

    def sessions(self) -> NDArray[Any]:
        """Return a copy of the sessions as they are now, (n,) structured."""
        self.wait()
        found: NDArray[Any] = self._sessions.copy_to_host()
        return host_form(found, self._dtype)

    def _room(self, held: Any, array: NDArray[Any]) -> Any:
        if held is not None and held.shape == array.shape and held.dtype == array.dtype:
            return held
        return cuda.device_array(array.shape, array.dtype, stream=self._stream)


def page_locked(count: int, dtype: "np.dtype[Any]") -> NDArray[Any]:
    """Return zeroed memory (count,) that the GPU copies from without a stop on the way, and while the CPU goes on."""
    memory: NDArray[Any] = cuda.pinned_array(count, dtype)
    memory.view(np.uint8)[...] = 0
    return memory


def _sendable(array: NDArray[Any]) -> NDArray[Any]:
    return simulator_form(array) if SIMULATED else array
