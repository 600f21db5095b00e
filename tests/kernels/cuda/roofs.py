"""The GPU's roof, as the simulator has one."""

import time

import numpy as np

from kernels.cuda import roof


def measured() -> dict[str, np.ndarray]:
    return {"bytes_per_s": np.float64(roof.bytes_per_s(time.perf_counter_ns)),
            "operations_per_s": np.float64(roof.operations_per_s(time.perf_counter_ns))}
