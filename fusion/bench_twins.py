"""How far the kernels are from their naive twins, and CUDA from the CPU: the errors of `attnflow bench kernels`."""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import kernels
from fusion.bench_example import EEG_HZ, Example
from fusion.bench_feed import Feed
from fusion.bench_groups import Call
from fusion.bench_kernels import Place
from kernels import brain, fused
from kernels.layout import INDEX, SIZE

EEG_TICKS, TICKS = 120, 600
"""The twins of the EEG are slow: 12 s are enough for every window of theirs but the blinks'."""
WRONG = 1e9
"""Told where one of two has a value and the other none; JSON knows no infinity."""
LEAST = 1e-6
"""Values smaller than this are compared as if they had this size."""


def cpu_error(example: Example, setup: fused.Setup) -> float | None:
    """Return the largest relative error of the simulated minute's vector; None where the repository is not at hand.

    The twins are slow and plain, in float64, and belong to the tests: `tests/reference`. Every feature of the camera,
    the microphone and the EEG is compared; those of several modalities have no raw signal to start from, and are
    compared in the tests alone.
    """
    root = Path(kernels.__file__).resolve().parents[1]
    if not (root / "tests" / "reference").is_dir():
        return None
    sys.path.insert(0, str(root))
    try:
        camera, voice, eeg = (importlib.import_module(f"tests.reference.{name}")
                              for name in ("camera", "voice", "brain"))
    finally:
        sys.path.remove(str(root))
    assert setup.camera is not None
    assert setup.eeg is not None
    vector, feed, tick_ns = _run(example, setup, TICKS, "camera", "microphone")
    values, times = feed["camera"]
    target = setup.camera.target_yaw, setup.camera.target_pitch, setup.camera.target_radius
    errors = [_largest(vector, camera.Camera(times, values, list(setup.camera.columns), setup.camera.rate_hz, target,
                                             setup.camera.calibration_s).features(tick_ns))]
    values, times = feed["microphone"]
    assert setup.microphone is not None
    heard = dict(zip(setup.microphone.columns, values.T.astype(np.float64), strict=True))
    errors.append(_largest(vector, voice.voice(heard, times, tick_ns)))
    vector, feed, tick_ns = _run(example, setup, EEG_TICKS, "eeg")
    values, times = feed["eeg"]
    errors.append(_largest(vector, eeg.named_features(values.astype(np.float64), times, tick_ns, EEG_HZ,
                                                      setup.eeg.columns, calibration_s=setup.eeg.calibration_s)[0]))
    return float(max(errors))


def _run(example: Example, setup: fused.Setup, ticks: int, *modalities: str,
         ) -> tuple[NDArray[np.float32], dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]], int]:
    """Return the vector after so many ticks of some modalities, what they had taken in, and the last tick's time."""
    session, feed, out = fused.new_sessions(1, setup), Feed(example), np.full(SIZE, np.nan, np.float32)
    assert setup.eeg is not None
    table = brain.table(setup.eeg)
    taken: dict[str, list[tuple[NDArray[np.float32], NDArray[np.int64]]]] = {name: [] for name in modalities}
    tick_ns = 0
    for _ in range(ticks):
        new = feed.take()
        tick_ns = new.tick_ns
        for name in modalities:
            values, times = getattr(new, name)
            taken[name].append((values, times.copy()))
            if name == "eeg":
                fused.take_eeg(session, table, values, times)
            else:
                {"camera": fused.take_camera, "microphone": fused.take_microphone}[name](session, values, times)
    fused.features(session, tick_ns, out)
    return out, {name: (np.concatenate([values for values, _ in parts]), np.concatenate([t for _, t in parts]))
                 for name, parts in taken.items()}, tick_ns


def _largest(vector: NDArray[np.float32], twin: Mapping[str, float]) -> float:
    """Return the largest relative error; `WRONG` where one of the two has a value and the other none."""
    worst = 0.0
    for name, expected in twin.items():
        got = float(vector[INDEX[name]])
        if np.isnan(got) != np.isnan(expected):
            return WRONG
        if not np.isnan(expected):
            worst = max(worst, abs(got - expected) / max(LEAST, abs(expected)))
    return worst


def cuda_error(batch: Callable[[Place], Call | None]) -> float | None:
    """Return the largest relative difference between the vectors of CUDA and of the CPU; None without CUDA.

    Parameters
    ----------
    batch
        Makes a call that runs one tick of the same sessions there and returns their vectors.
    """
    gpu = batch("cuda")
    if gpu is None:
        return None
    cpu = batch("all cores")
    assert cpu is not None
    expected, got = cpu(), gpu()
    worst = 0.0
    for _ in range(EEG_TICKS):
        expected, got = cpu(), gpu()
        both = np.isfinite(expected) & np.isfinite(got)
        if (np.isnan(expected) != np.isnan(got)).any():
            return WRONG
        worst = max(worst, float(np.max(np.abs(got - expected)[both] / np.maximum(LEAST, np.abs(expected[both])),
                                        initial=0.0)))
    return worst
