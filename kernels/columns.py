"""Finding a stream's columns by name: done once, so that kernels only see numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InputError
from kernels.jit import kernel


def find(stream: str, names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int32]:
    """Return where each wanted column stands among a stream's columns.

    Parameters
    ----------
    stream
        What the stream is called in an error.
    names
        The stream's columns, in order. Columns that nobody wants are no error.
    wanted
        The columns asked for.

    Returns
    -------
    NDArray of int32
        (wanted,) positions; -1 for a column that is missing.

    Raises
    ------
    InputError
        No columns at all, a name that is no text or empty, two columns of one name, or none that is wanted.
    """
    if isinstance(names, str) or len(names) == 0:
        raise InputError(f"{stream}: columns is {names!r}, expected a sequence of at least one name")
    for name in names:
        if not isinstance(name, str) or not name:
            raise InputError(f"{stream}: columns has the name {name!r}, expected text that is not empty")
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise InputError(f"{stream}: columns has '{twice}' more than once, expected names that differ")
    if not set(names) & set(wanted):
        raise InputError(f"{stream}: columns are {', '.join(names)}, expected at least one of {', '.join(wanted)}")
    return np.array([list(names).index(name) if name in names else -1 for name in wanted], np.int32)


def check_records(stream: str, records: NDArray[np.void], dtype: np.dtype[np.void]) -> None:
    """Raise `InputError` unless `records` is a (n,) array of `dtype`."""
    if not isinstance(records, np.ndarray) or records.dtype != dtype or records.ndim != 1:
        got = f"{records.dtype} {records.shape}" if isinstance(records, np.ndarray) else type(records).__name__
        raise InputError(f"{stream}: records is {got[:60]}, expected a (n,) array of the {stream} record")


@kernel
def measured(record: Any, row: NDArray[np.float32], wanted: int, low: float, high: float) -> float:
    """Return the value of a wanted column in a row; NaN where it is missing or cannot be.

    ``record.columns`` says where the wanted columns stand, as `find` gives it.
    """
    column = record.columns[wanted]
    if column < 0 or column >= row.shape[0]:
        return math.nan
    value = float(row[column])
    return value if low <= value <= high else math.nan
