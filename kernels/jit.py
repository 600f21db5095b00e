"""The compiler's settings, in one place: every kernel is made with `kernel`.

A kernel is a plain function over arrays and records that allocates nothing. One source serves three: numba compiles it
for the CPU, `kernels.cuda` compiles the same functions for the GPU, and numba's CUDA simulator runs them as Python.
"""

import functools
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])

SIMULATED = bool(numba.config.ENABLE_CUDASIM)
"""Whether NUMBA_ENABLE_CUDASIM=1 was set: then kernels stay Python, as the simulator can run nothing else."""
VERSIONS = 3
"""Other versions of the kernels whose machine code is kept; older ones are removed."""


@functools.cache
def source_hash() -> str:
    """Return a name of this version of the kernels: the start of the SHA-256 of all their source files."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Return the user's folder for what the kernels keep between runs: machine code, and what was measured here."""
    chosen = numba.config.CACHE_DIR
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attnflow"


def _cache_folder() -> str:
    """Return where machine code is kept: a folder of its own for every version of the kernels' source.

    Numba looks only at the file of the function it is asked for. A kernel that calls one in another file would go on
    running the old code of that one, so the hash of all the files is part of the path. Empty where nothing can be
    written: then every process compiles for itself.
    """
    folder = cache_root() / f"kernels-{source_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [path for path in folder.parent.glob("kernels-*") if path != folder]
        for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-VERSIONS]:
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


FOLDER = "" if SIMULATED else _cache_folder()
"""Where machine code is kept; empty where it cannot be."""


def kernel(function: Kernel) -> Kernel:
    """Compile a function at its first call for each kind of argument, without Python's lock, and keep the machine code.

    Floating point is strict: no reordering, so the same samples give the same bits however they were cut.
    """
    return function if SIMULATED else _cached(numba.njit(function, fastmath=False, nogil=True, error_model="numpy"))


def parallel(function: Kernel) -> Kernel:
    """Compile a function as `kernel` does, its `prange` loops spread over the cores."""
    return function if SIMULATED else _cached(numba.njit(function, fastmath=False, parallel=True, error_model="numpy"))


prange = range if SIMULATED else numba.prange
"""The loop that `parallel` spreads."""


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Let `parallel` kernels use so many cores for a while; 0 means all."""
    before = numba.get_num_threads()
    numba.set_num_threads(count or numba.config.NUMBA_NUM_THREADS)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _cached(compiled: Any) -> Any:
    if not FOLDER:
        return compiled
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = FOLDER  # read once, when caching is enabled; other users of numba keep their own
    try:
        compiled.enable_caching()
    finally:
        numba.config.CACHE_DIR = before
    return compiled
