"""What a session takes in at one tick, as one packed record: the samples of every stream since the tick before."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InputError
from kernels.layout import MODALITIES

ROWS = {"camera": 16, "microphone": 8, "eeg": 128, "context": 4}
"""Rows that a tick may bring of each stream: a tenth of a second, with room for a late one."""


def inbox_dtype(columns: Mapping[str, int], rows: Mapping[str, int] = ROWS) -> "np.dtype[Any]":
    """Return the record of one session's new samples.

    Parameters
    ----------
    columns
        Number of columns of each stream, by modality; a modality left out has no stream.
    rows
        Most rows a tick may bring, by modality.

    Returns
    -------
    dtype
        `tick_ns`, and for each modality `<modality>_count`, `<modality>_ns` (row,) and `<modality>` (row, column).

    Raises
    ------
    InputError
        If a modality is unknown, or a number is negative.
    """
    for name, number in (*columns.items(), *rows.items()):
        if name not in MODALITIES:
            raise InputError(f"inbox_dtype: there is no modality '{name}', expected {', '.join(MODALITIES)}.")
        if number < 0:
            raise InputError(f"inbox_dtype: {number} for the {name}, expected 0 or more.")
    fields: list[tuple[Any, ...]] = [("tick_ns", np.int64)]
    for name in MODALITIES:
        room = rows.get(name, ROWS[name])
        fields += [(f"{name}_count", np.int64), (f"{name}_ns", np.int64, (room,)),
                   (name, np.float32, (room, max(1, columns.get(name, 0))))]
    return np.dtype(fields, align=True)


def put(inboxes: NDArray[Any], modality: str, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Give every inbox new samples of one stream.

    Parameters
    ----------
    inboxes : (n,) records of `inbox_dtype`
        Changed in place.
    modality
        Which stream.
    values : (n, m, column) or (m, column) float32
        One for each session, or the same for all.
    times_ns : (n, m) or (m,) int64
        Increasing along m.

    Raises
    ------
    InputError
        If the modality is unknown, or the samples do not fit the inboxes.
    """
    if modality not in MODALITIES:
        raise InputError(f"inbox.put: there is no modality '{modality}', expected {', '.join(MODALITIES)}.")
    room, columns = inboxes.dtype[modality].shape
    count = times_ns.shape[-1] if times_ns.ndim in (1, 2) else -1
    fits = values.shape[-2:] == (count, columns) and count <= room
    if not fits or values.shape[:-2] not in ((), inboxes.shape) or times_ns.shape[:-1] not in ((), inboxes.shape):
        raise InputError(f"inbox.put: {modality} is {values.shape} with times {times_ns.shape}, expected up to {room} "
                         f"rows of {columns} columns and as many times.")
    inboxes[modality][:, :count] = values
    inboxes[f"{modality}_ns"][:, :count] = times_ns
    inboxes[f"{modality}_count"] = count
