"""The network as an ONNX file, checked against torch."""

import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kernels.layout import MODALITIES, SIZE
from models.checkpoint import Trained
from models.engine_onnx import OnnxEngine
from models.engine_torch import StepNet, TorchEngine
from models.errors import ModelError
from models.step import Engine, StepInput, StepOutput
from models.stream import Stream, blank

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

    net = StepNet(trained.net.eval())
    part = path.with_suffix(".part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own parts
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(net, tuple(torch.from_numpy(value) for value in _example(trained)), str(part), dynamo=True,
                          input_names=list(StepInput._fields), output_names=_outputs(), verbose=False,
                          external_data=False)
    model = onnx.load(str(part))
    onnx.helper.set_model_props(model, trained.header.as_text())
    onnx.save(model, str(part))
    error = difference(TorchEngine(trained.net), OnnxEngine(part), trained)
    if error > LARGEST_ERROR:
        part.unlink()
        raise ModelError(f"{path}: the exported network is off by {error:.1e}, expected {LARGEST_ERROR:.0e} at most.")
    part.replace(path)
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
            largest = max(largest, float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max()))
    return largest


def _step(trained: Trained, draw: np.random.Generator, k: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    features = (trained.net.mean.numpy() + trained.net.spread[0].numpy() * draw.normal(size=SIZE)).astype(np.float32)
    features[draw.random(SIZE) < 0.1 + 0.8 * (k // 10 % 3 == 2)] = np.nan
    return features, draw.uniform(0, 1, len(MODALITIES)).astype(np.float32)


def _example(trained: Trained) -> StepInput:
    size = trained.net.preset.size
    return StepInput(np.zeros((1, 1, 2, SIZE), np.float32), np.ones((1, 1, len(MODALITIES)), np.float32),
                     np.ones((1, 1, size // 2), np.float32), np.zeros((1, 1, size // 2), np.float32),
                     *blank(trained.net.preset))


def _outputs() -> list[str]:
    return [name if name not in StepInput._fields else f"next_{name}" for name in StepOutput._fields]
