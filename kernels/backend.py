"""CPU or CUDA for a batch of sessions: what is possible on this machine, and which was measured to be faster.

Nothing is guessed. CUDA is chosen by itself only from the number of sessions on at which it was seen to win here, with
this GPU, this driver and these kernels; `attnflow bench kernels` measures it.
"""

import functools
import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple

from kernels.errors import InputError
from kernels.jit import SIMULATED, cache_root, source_hash

Backend = Literal["cpu", "cuda"]
Prepare = Callable[[int], Callable[[], object]]
"""Takes a number of sessions and returns a call that runs one tick of all of them, and returns when it is done."""

SIZES = (1, 4, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Numbers of sessions that are tried."""
REPEATS = 9
"""Ticks of each kind that are timed at each size, in turn."""
MEASURE = "Run: attnflow bench kernels"


class Trouble(NamedTuple):
    """Why CUDA cannot be used."""

    reason: str
    """A sentence without its full stop; empty if CUDA can be used."""
    remedy: str
    """The next command."""


def pick(name: str = "auto", sessions: int = 1) -> Backend:
    """Return what is to run a batch.

    Parameters
    ----------
    name
        "cpu" or "cuda" to insist; "auto" takes CUDA from the measured crossover on, and the CPU without a measurement.
    sessions
        How many sessions the batch has.

    Raises
    ------
    InputError
        If the name is none of these, there is no session, or "cuda" is insisted on where it is not possible.
    """
    if sessions < 1:
        raise InputError(f"backend.pick: sessions is {sessions}, expected 1 or more.")
    if name == "cpu":
        return "cpu"
    if name == "cuda":
        trouble = _trouble()
        if trouble.reason:
            raise InputError(f"backend.pick: 'cuda' was asked for, but {trouble.reason}. {trouble.remedy}")
        return "cuda"
    if name != "auto":
        raise InputError(f"backend.pick: name is '{name}', expected auto, cpu or cuda.")
    wins_from = crossover()
    return "cuda" if wins_from is not None and sessions >= wins_from else "cpu"


def why() -> str:
    """Return one sentence about CUDA on this machine, for `attnflow doctor`."""
    trouble = _trouble()
    if trouble.reason:
        return f"Batches run on the CPU: {trouble.reason}. {trouble.remedy}"
    known = _measured().get(_key())
    if known is None:
        return f"Batches run on the CPU until it is measured from where {_device_name()} is faster. {MEASURE}"
    if known["sessions"] is None:
        return f"Batches run on the CPU: {_device_name()} was measured, never faster up to {known['tried']} sessions."
    return f"Batches of {known['sessions']} sessions and more run on {_device_name()}, as measured here."


def crossover() -> int | None:
    """Return from how many sessions CUDA beats the CPU here; None if it never does, cannot, or was never measured."""
    measured = _measured()
    if not any(key.endswith(source_hash()) for key in measured) or _trouble().reason:
        return None  # without a measurement of these kernels the GPU need not even be looked for, which takes a second
    known = measured.get(_key())
    return None if known is None else known["sessions"]


def measure_crossover(cpu: Prepare, cuda: Prepare, now_ns: Callable[[], int],
                      sizes: Sequence[int] = SIZES) -> int | None:
    """Measure from how many sessions CUDA beats the CPU, keep it for later runs, and return it.

    Both are timed in turn at each size, so that whatever disturbs the machine disturbs both; medians are compared. The
    answer is the smallest size from which CUDA won at every size tried: it is not chosen where it was not seen to win.

    Parameters
    ----------
    cpu, cuda
        Make the tick of so many sessions on each; copies to and from the GPU belong to the tick.
    now_ns
        The clock; kernels read none of their own.
    sizes
        Numbers of sessions to try, increasing.

    Returns
    -------
    int or None
        None if CUDA did not win at the largest size.

    Raises
    ------
    InputError
        If CUDA is not possible here, or the sizes do not increase from 1 or more.
    """
    trouble = _trouble()
    if trouble.reason:
        raise InputError(f"backend.measure_crossover: {trouble.reason}. {trouble.remedy}")
    if not sizes or min(sizes) < 1 or list(sizes) != sorted(set(sizes)):
        raise InputError(f"backend.measure_crossover: sizes are {tuple(sizes)}, expected increasing numbers from 1 on.")
    wins_from: int | None = None
    for size in sizes:
        slow_ns, fast_ns = _race(cpu(size), cuda(size), now_ns)
        if fast_ns >= slow_ns:
            wins_from = None
        elif wins_from is None:
            wins_from = size
    _keep(_key(), {"sessions": wins_from, "tried": max(sizes)})
    return wins_from


def _race(first: Callable[[], object], second: Callable[[], object], now_ns: Callable[[], int]) -> tuple[float, float]:
    """Return the median durations of two calls that take turns; the first round of each is warm-up."""
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(REPEATS + 1):
        for call, durations in zip((first, second), times, strict=True):
            began = now_ns()
            call()
            durations.append(now_ns() - began)
    return median(times[0][1:]), median(times[1][1:])


@functools.cache
def _trouble() -> Trouble:
    """Return why CUDA cannot be used, asked once per process."""
    if SIMULATED:
        return Trouble("", "")
    if importlib.util.find_spec("numba_cuda") is None:
        return Trouble("numba-cuda is not installed", "Run: pip install 'attnflow[cuda]'")
    try:
        from numba import cuda

        refused = cuda.cuda_error()
        if refused:
            return Trouble(f"the NVIDIA driver cannot be used ({_first_line(refused)})", "Run: nvidia-smi")
        if not cuda.is_available():
            return Trouble("numba-cuda finds no compiler for the GPU", "Run: pip install 'attnflow[cuda]'")
        if len(cuda.gpus) == 0:
            return Trouble("the NVIDIA driver knows no GPU", "Run: nvidia-smi")
    # Vendor libraries fail in ways of their own; whichever it is, there is no CUDA here and the CPU does the work.
    except Exception as error:
        return Trouble(f"numba-cuda does not load ({type(error).__name__}: {_first_line(str(error))})",
                       "Run: pip install --upgrade 'attnflow[cuda]'")
    return Trouble("", "")


def _first_line(text: str) -> str:
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return lines[0].rstrip(".:") if lines else "it says nothing"


def _device_name() -> str:
    if SIMULATED:
        return "the simulator"
    from numba import cuda

    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def _driver_version() -> str:
    if SIMULATED:
        return "simulated"
    from cuda.bindings import driver

    return str(driver.cuDriverGetVersion()[1])


def _key() -> str:
    """Return what a measurement holds for: another GPU, driver or kernel makes it worthless."""
    return f"{_device_name()} | driver {_driver_version()} | kernels {source_hash()}"


def _file() -> Path:
    return cache_root() / "crossover.json"


def _measured() -> dict[str, dict[str, Any]]:
    """Return what was measured, by `_key`; nothing where the file is missing or spoilt."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(_believable(found))


def _believable(found: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in found.items() if isinstance(found, dict) else ():
        if isinstance(entry, dict) and type(entry.get("sessions")) in (int, type(None)) \
                and type(entry.get("tried")) is int:
            yield key, entry


def _keep(key: str, entry: dict[str, Any]) -> None:
    """Add a measurement to the file in one step; a folder that cannot be written only means measuring again."""
    path = _file()
    new = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(_measured() | {key: entry}, indent=1), encoding="utf-8")
        new.replace(path)
