"""The network as an ONNX file, checked against torch."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MODALITIES, SIZE
from models.checkpoint import Trained
from models.engine_onnx import OnnxEngine
from models.engine_torch import TorchEngine
from models.errors import ModelError
from models.files import appearing
from models.inputs import columns_of
from models.onnx_step import step_graph
from models.step import Engine
from models.stream import Stream

LARGEST_ERROR = 1e-4
"""The exported network may differ from torch by so much, in any output."""
CHECKED_STEPS = 60


def export(path: Path, trained: Trained) -> float:
    """Write one step of the network as ONNX, with the header of the weights, and return how far it is off.

    Raises
    ------
    ModelError
        If it is off by more than `LARGEST_ERROR`; nothing is left behind then.
    """
    import onnx

    with appearing(path) as part:
        onnx.save(step_graph(trained.net.eval(), trained.header.as_text()), str(part))
        error = difference(TorchEngine(trained.net), OnnxEngine(part), trained)
        if error > LARGEST_ERROR:
            raise ModelError(f"{path}: the exported network is off by {error:.1e}, expected {LARGEST_ERROR:.0e} at "
                             "most.")
    return error


def difference(one: Engine, other: Engine, trained: Trained, steps: int = CHECKED_STEPS) -> float:
    """Return the largest difference of two engines in any number they tell, over random steps.

    Sensors come and go in these. Which states are in the set is no number: it follows from the probabilities.
    """
    draw = np.random.default_rng(0)
    streams = [Stream(engine, trained.calibration) for engine in (one, other)]
    largest = 0.0
    for k in range(steps):
        features, quality = _step(trained, draw, k)
        answers = [stream.step(0.5 * k, features, quality) for stream in streams]
        for a, b in zip(*(answer._replace(members=np.zeros(1, bool)) for answer in answers), strict=True):
            # Both may say that a step is infinitely strange; one of them alone may not.
            first, second = (np.nan_to_num(np.asarray(told, float), posinf=1e6) for told in (a, b))
            largest = max(largest, float(np.abs(first - second).max()))
    return largest


def _step(trained: Trained, draw: np.random.Generator, k: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    features = (trained.net.mean.numpy() + trained.net.spread[0].numpy() * draw.normal(size=SIZE)).astype(np.float32)
    features[draw.random(SIZE) < 0.1 + 0.8 * (k // 10 % 3 == 2)] = np.nan
    if k % 4 == 3:  # a sensor that says what nobody says
        features[columns_of(MODALITIES[k // 4 % len(MODALITIES)])] += 1e3
    return features, draw.uniform(0, 1, len(MODALITIES)).astype(np.float32)

