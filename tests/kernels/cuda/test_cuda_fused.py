"""The fused tick on the (simulated) GPU gives what the CPU gives, and compiles for a real one."""

from collections.abc import Callable

import numba
import numpy as np
import sessions
from numba import types
from numpy.testing import assert_allclose, assert_array_equal

from kernels import fused
from kernels.inbox import inbox_dtype
from kernels.layout import FEATURES
from tests.kernels.signals import CAMERA, CONTEXT, MICROPHONE


def test_the_simulated_gpu_fills_the_same_vectors(simulated: Callable[..., dict[str, np.ndarray]]) -> None:
    given = sessions.prepared()
    gpu = simulated("sessions:run", **given)
    cpu = sessions.run(**given, backend="cpu")
    assert_array_equal(np.isnan(gpu["out"]), np.isnan(cpu["out"]))
    assert_allclose(gpu["out"], cpu["out"], rtol=1e-4, atol=1e-6)
    for name in ("z", "blinks"):
        assert_allclose(gpu[name], cpu[name], rtol=1e-4, atol=1e-5)
    # In the other session a channel rails: single precision holds little of what is left beside 187 mV.
    assert_allclose(gpu["power"][0], cpu["power"][0], rtol=1e-4, atol=1e-6)
    assert np.any(gpu["power"] != given["sessions"]["brain"]["power"])  # a segment of EEG did end
    measured = np.isfinite(cpu["out"]).any(axis=(0, 1))
    assert [feature.name for feature, seen in zip(FEATURES, measured, strict=True) if not seen] == []


def test_the_fused_tick_compiles_for_a_gpu(ptx: Callable[..., str]) -> None:
    from kernels.cuda.fused import tick

    columns = {"camera": len(CAMERA), "microphone": len(MICROPHONE), "context": len(CONTEXT), "eeg": 16}
    signature = types.void(numba.from_dtype(fused.session_dtype(16))[::1], types.float32[:, :, ::1],
                           numba.from_dtype(inbox_dtype(columns))[::1], types.float32[:, ::1])
    text = ptx(tick, signature)
    assert ".target sm_90" in text
    assert text.count("bar.sync") >= 5
    assert ".extern .func" not in text  # nothing is called that is not in it
