"""Files as they are and files packed by gzip, read alike; and tables of numbers with damaged lines told, not hidden."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import ForeignFileError

GZIP = b"\x1f\x8b"
HEAD = 65_536
"""Bytes that are looked at to tell a format."""
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


def head(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises
    ------
    ForeignFileError
        If the file is missing, empty, a folder, unreadable, or packed and broken.
    """
    with unpacked(path, most=HEAD) as plain, plain.open("rb") as file:
        return file.read(HEAD)


@contextmanager
def unpacked(path: Path, most: int = -1) -> Iterator[Path]:
    """Give the path of the file's plain form, for as long as the context lasts.

    Parameters
    ----------
    path
        Any file; one that is not packed is given as it is.
    most
        Unpack only so many bytes; -1 for all.
    """
    try:
        with path.open("rb") as file:
            first = file.read(2)
    except FileNotFoundError:
        raise ForeignFileError(f"There is no file {path}.", f"ls {path.parent}") from None
    except IsADirectoryError:
        raise ForeignFileError(f"{path} is a folder, expected a file.", f"ls {path}") from None
    except OSError as error:
        raise ForeignFileError(f"{path} cannot be read: {error.strerror}.", f"ls -l {path}") from None
    if not first:
        raise ForeignFileError(f"{path} is empty.", "Was it copied whole?")
    if first != GZIP:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="attnflow-import-") as folder:
        plain = Path(folder) / (path.stem if path.suffix == ".gz" else path.name)
        try:
            with gzip.open(path, "rb") as packed, plain.open("wb") as file:
                if most < 0:
                    shutil.copyfileobj(packed, file)
                else:
                    file.write(packed.read(most))
        except BROKEN as error:
            raise ForeignFileError(f"{path} is packed with gzip and breaks off: {error}.",
                                   f"Check it with: gzip -t {path}") from None
        yield plain


def lines(path: Path) -> list[str]:
    """Return the lines of a text file without their ends; what is no UTF-8 is replaced."""
    return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()


def numbers(rows: list[list[str]], columns: list[int],
            width: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Return some columns of a table as numbers.

    Parameters
    ----------
    rows
        The fields of each line.
    columns
        Which of them are wanted.
    width
        How many fields a whole line has.

    Returns
    -------
    tuple
        (row, column) float64 of the whole lines; (line,) which lines those were; how many were not whole.
    """
    whole = np.zeros(len(rows), bool)
    table = np.empty((len(rows), len(columns)))
    count = 0
    for at, fields in enumerate(rows):
        if len(fields) != width:
            continue
        try:
            table[count] = [float(fields[column] or "nan") for column in columns]
        except ValueError:
            continue
        whole[at] = True
        count += 1
    return table[:count], whole, len(rows) - count


def damage(bad: int, total: int, where: str) -> list[str]:
    """Return the sentence about damaged lines, if there are any.

    Raises
    ------
    ForeignFileError
        If no line is whole, or more than half are damaged: that is another kind of file.
    """
    if total == 0:
        raise ForeignFileError(f"{where} holds no sample.", "Was it copied whole?")
    if 2 * bad > total:
        raise ForeignFileError(f"{bad} of {total} lines of {where} are damaged or of another length.",
                               "Is it of this format? Name another with --format.")
    if not bad:
        return []
    if bad == 1:
        return [f"One of {total} lines is damaged or cut short and was left out."]
    return [f"{bad} of {total} lines are damaged or cut short and were left out."]
