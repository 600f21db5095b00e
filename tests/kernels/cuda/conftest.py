"""What the tests of the CUDA side share: the simulator, and compiling for a GPU that is not there."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


@pytest.fixture
def simulated(tmp_path: Path) -> Callable[..., dict[str, np.ndarray]]:
    """Return a function that runs ``module:function`` of this folder with arrays, in numba's CUDA simulator."""

    def run(case: str, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        module, function = case.split(":")
        given, result = tmp_path / "given.npz", tmp_path / "result.npz"
        np.savez(given, **arrays)
        path = os.pathsep.join([str(ROOT), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run([sys.executable, str(HERE / "simulate.py"), module, function, str(given), str(result)],
                              env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": path}, cwd=tmp_path,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        with np.load(result) as found:
            return dict(found)

    return run


@pytest.fixture
def ptx(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that compiles a kernel for compute capability 9.0; no GPU and no driver are needed for that."""
    for library in ("numba-cuda", "nvidia-nvvm"):
        try:
            version(library)
        except PackageNotFoundError:
            pytest.skip(f"{library} is not installed; it comes with the extra 'cuda'")
    from numba import cuda
    from numba.cuda import dispatcher

    class Hopper:
        compute_capability = (9, 0)

    # Functions called by a kernel are compiled for the GPU at hand, without a way to name another one.
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: Hopper)

    def compile_kernel(function: Callable[..., None], signature: Any) -> str:
        text, _ = cuda.compile(function, signature, device=False, cc=Hopper.compute_capability, output="ptx",
                               abi="numba")
        return text if isinstance(text, str) else text.decode()

    return compile_kernel
