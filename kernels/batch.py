"""Many sessions at once, on whichever processor was measured to be faster here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import fused
from kernels.backend import pick
from kernels.errors import InputError
from kernels.layout import SIZE

PARTS = {"camera": "eyes", "microphone": "voice", "eeg": "brain", "context": "context"}
"""Which record of a session takes in which stream."""


class Batch:
    """Sessions that tick together.

    Parameters
    ----------
    sessions : (n,) records of `fused.session_dtype`
        Their starting state; on the CPU they are changed in place.
    table : (taper, length, width) float32
        From `brain.table`; all sessions have EEG of one rate.
    backend
        "cpu", "cuda", or "auto" for what `kernels.backend.pick` chooses.

    Raises
    ------
    InputError
        If there is no session, or "cuda" is asked for where it is not possible.
    """

    def __init__(self, sessions: NDArray[Any], table: NDArray[np.float32], backend: str = "auto") -> None:
        self.backend = pick(backend, len(sessions))
        length = int(sessions["brain"]["length"].max())
        if sessions["brain"]["channels"].any() and (table.ndim != 3 or table.shape[1] != length):
            raise InputError(f"Batch: table is {table.shape}, expected (taper, {length}, width) from brain.table.")
        self._columns = {name: int(sessions[part]["columns"].max()) + 1 for name, part in PARTS.items()}
        self._sessions, self._table = sessions, table
        self._device: Any = None
        if self.backend == "cuda":
            from kernels.cuda.launch import Batch as DeviceBatch

            self._device = DeviceBatch(sessions, table)

    def run(self, inboxes: NDArray[Any], out: NDArray[np.float32]) -> None:
        """Run one tick of every session.

        Parameters
        ----------
        inboxes : (n,) records of `kernels.inbox.inbox_dtype`
            What came in since the last tick, and when this tick is. What is left in an inbox is taken in again.
        out : (n, SIZE) float32
            Filled with the vectors, in the order of `kernels.layout`.

        Raises
        ------
        InputError
            If the arrays do not fit the sessions.
        """
        expected = (len(self._sessions), SIZE)
        if len(inboxes) != expected[0] or out.shape != expected or out.dtype != np.float32:
            raise InputError(f"Batch.run: {len(inboxes)} inboxes and out {out.dtype} {out.shape}, expected "
                             f"{expected[0]} inboxes and out float32 {expected}.")
        for name, least in self._columns.items():
            if inboxes.dtype[name].shape[1] < least:
                raise InputError(f"Batch.run: rows of the {name} have {inboxes.dtype[name].shape[1]} columns, expected "
                                 f"{least} or more.")
        if self._device is None:
            fused.features_batch(self._sessions, self._table, inboxes, out)
        else:
            from kernels.cuda.fused import features_batch

            self._device.run(features_batch, inboxes, out)

    def sessions(self) -> NDArray[Any]:
        """Return a copy of the sessions as they are now."""
        found: NDArray[Any] = self._sessions.copy() if self._device is None else self._device.sessions()
        return found
