"""A batch on the (simulated) GPU gives what the CPU gives, and kernels compile for a real one."""

from collections.abc import Callable

import numba
import numpy as np
import pipeline
import pytest
from numba import types
from numpy.testing import assert_allclose, assert_array_equal

from kernels.cuda import simulator
from kernels.errors import InputError


def example(sessions: int, steps: int, offset: float = 0.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    values = random.normal(offset, 10.0, (sessions, steps, pipeline.ROWS, pipeline.ELECTRODES)).astype(np.float32)
    values[random.random(values.shape) < 0.05] = np.nan
    counts = random.integers(0, pipeline.ROWS + 1, (sessions, steps))
    counts[0, 0] = 0
    return {"values": values, "counts": counts}


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_the_simulated_gpu_agrees_with_the_cpu(simulated: Callable[..., dict[str, np.ndarray]], offset: float) -> None:
    arrays = example(3, 10, offset)
    ref, comp = pipeline.on_cpu(**arrays), simulated("pipeline:on_cuda", **arrays)
    assert_array_equal(comp["count"], ref["count"])
    assert_array_equal(comp["newest"], ref["newest"])
    assert_allclose(comp["out"], ref["out"], rtol=1e-4)
    assert np.isfinite(ref["out"][:, -1]).all()


def test_kernels_compile_for_a_gpu(ptx: Callable[..., str]) -> None:
    signature = types.void(numba.from_dtype(pipeline.SESSION)[::1], types.float32[:, :, ::1],
                           numba.from_dtype(pipeline.INBOX)[::1], types.float32[:, ::1])
    text = ptx(pipeline.tick_batch, signature)
    assert ".target sm_90" in text
    assert text.count("bar.sync") >= 2
    assert ".extern" not in text  # nothing is called that is not in it


def test_wrong_arrays_are_told_at_the_edge(simulated: Callable[..., dict[str, np.ndarray]]) -> None:
    found = simulated("wrong_arrays:sentences")
    assert [str(text) for text in found["sentences"]] == [
        "Batch: sessions is float64 (3,), expected records (n,), n > 0.",
        "Batch: sessions is [('a', '<f4')] (0,), expected records (n,), n > 0.",
        "Batch.run: inboxes is (2,), expected 3 rows, contiguous.",
        "Batch.run: out is (3, 2), expected 3 rows, contiguous.",
        "The simulator cannot reach the fields mean, stream: arrays of NumPy have attributes of these names; "
        "expected other names."]


def test_the_simulator_holds_doubles_and_gives_back_the_same_layout() -> None:
    wide = simulator.widened(pipeline.SESSION)
    assert wide["table"].base == np.float64
    assert wide["electrodes"].base["newest"].base == np.float64
    assert wide["clock"] == pipeline.CLOCK
    sessions = np.zeros(2, pipeline.SESSION)
    sessions["electrodes"]["newest"] = np.float32(0.1)
    sessions["clock"]["ring_ns"] = 2**62 + 1
    back = simulator.host_form(simulator.simulator_form(sessions), pipeline.SESSION)
    assert back.dtype == pipeline.SESSION
    assert_array_equal(back, sessions)


def test_hidden_fields_are_found_however_deep() -> None:
    inner = np.dtype([("size", np.int64), ("fine", np.float32)])
    assert simulator.hidden_fields(np.dtype([("a", inner, (3,)), ("sum", np.int64)])) == ["size", "sum"]
    assert simulator.hidden_fields(pipeline.SESSION) == []
    with pytest.raises(InputError, match="size"):
        simulator.simulator_form(np.zeros(1, inner))


def test_the_roof_is_measured_with_a_kernel_that_multiplies_and_adds(simulated: Callable[..., dict[str, np.ndarray]],
                                                                     ptx: Callable[..., str]) -> None:
    found = simulated("roofs:measured")
    assert found["bytes_per_s"] > 0
    assert found["operations_per_s"] > 0
    from kernels.cuda.roof import multiply_add

    text = ptx(multiply_add, types.void(types.float32[::1], types.float32, types.int64))
    assert text.count("fma.rn.f32") >= 8
    assert ".f64" not in text
