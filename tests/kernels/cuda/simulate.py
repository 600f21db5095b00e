"""Run a function of a module here in a process of its own, in which numba simulates CUDA.

``python simulate.py MODULE FUNCTION INPUT.npz OUTPUT.npz``: the arrays of the input are the function's arguments, the
arrays of the dict it returns become the output. A process of its own, because numba decides at import whether to
simulate, and kernels are then not compiled: so one run of pytest has both, the compiled CPU and the simulated GPU.
"""

import importlib
import sys

import numpy as np


def main(module: str, function: str, given: str, result: str) -> None:
    with np.load(given) as arrays:
        found = getattr(importlib.import_module(module), function)(**arrays)
    np.savez(result, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
