"""`attnflow bench model`: what one step of the network costs, how exact its export is, and what eight bits cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fusion.bench_race import Times, race
from fusion.evaluate_figures import accuracy_of
from kernels.layout import MODALITIES, SIZE
from models.calibration import Calibration
from models.engine_onnx import OnnxEngine
from models.predictions import of_states, predict_all
from models.shipped import path_of
from models.step import Engine
from models.stream import Stream
from models.windows import STEP_S, Windows

STEPS = 4_000
PRUNED_SHARE = 0.5
"""Share of the weights that the pruned variant leaves out."""


@dataclass(frozen=True)
class Figures:
    """What was measured; times of one thread."""

    step: Times
    bare: Times
    """A bare loop timed in turn with the step, as in `attnflow bench kernels`."""
    parameters: int
    weights_mb: float
    onnx_max_error: float
    int8_step: Times
    int8_mb: float
    int8_accuracy_drop: float
    """Balanced accuracy on simulated people lost by eight bits, in points of 1."""
    pruned_accuracy_drop: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as the command's JSON."""
        return {
            "step_ms": _ms(self.step), "bare_loop_ms": _ms(self.bare), "parameters": self.parameters,
            "weights_mb": round(self.weights_mb, 3), "onnx_max_error": self.onnx_max_error,
            "int8": {"accuracy_drop": round(self.int8_accuracy_drop, 4), "step_ms": _ms(self.int8_step),
                     "weights_mb": round(self.int8_mb, 3)},
            "pruned": {"share": PRUNED_SHARE, "accuracy_drop": round(self.pruned_accuracy_drop, 4)}}


def bench_model(weights: str, people: Sequence[Windows]) -> Figures:
    """Measure shipped weights, or those of a path.

    Parameters
    ----------
    weights
        Name or path of a .safetensors file; the .onnx file lies beside it.
    people
        Labelled windows of people that the weights were not trained on.
    """
    from fusion.bench_roofline import bare_loop
    from models.checkpoint import load
    from models.compress import pruned, quantised
    from models.engine_torch import TorchEngine
    from models.export import difference
    from models.fusion_net import parameters
    from models.network import Network

    path = path_of(weights)
    trained, exported = load(path), OnnxEngine(path.with_suffix(".onnx"))
    with TemporaryDirectory() as folder:
        small = Path(folder) / "int8.onnx"
        quantised(path.with_suffix(".onnx"), small, trained.header)
        eight = OnnxEngine(small)
        times = race({"step": _Steps(exported), "int8": _Steps(eight), "bare": lambda: bare_loop(500_000)},
                     budget_s=15.0, most=STEPS)
        full = accuracy(exported, trained.calibration, people)
        fewer = Network(pruned(trained, PRUNED_SHARE))
        return Figures(
            step=times["step"], bare=times["bare"], parameters=parameters(trained.net),
            weights_mb=path.stat().st_size / 1e6,
            onnx_max_error=difference(TorchEngine(trained.net), exported, trained),
            int8_step=times["int8"], int8_mb=small.stat().st_size / 1e6,
            int8_accuracy_drop=full - accuracy(eight, trained.calibration, people),
            pruned_accuracy_drop=full - accuracy_of(people, predict_all(fewer, people)))


def accuracy(engine: Engine, calibration: Calibration, people: Sequence[Windows]) -> float:
    """Return the balanced accuracy over all people's steps together, each session streamed step by step."""
    said = []
    for one in people:
        stream = Stream(engine, calibration)
        said.append(of_states(np.array([stream.step(float(time_s), one.features[k], one.quality[k]).probabilities
                                        for k, time_s in enumerate(one.times_s)])))
    return accuracy_of(people, said)


class _Steps:
    """Endless steps of made-up features."""

    def __init__(self, engine: Engine) -> None:
        self._stream = Stream(engine, Calibration())
        self._features = np.random.default_rng(0).normal(size=(64, SIZE)).astype(np.float32)
        self._quality = np.ones(len(MODALITIES), np.float32)
        self._taken = 0

    def __call__(self) -> object:
        self._taken += 1
        return self._stream.step(self._taken * STEP_S, self._features[self._taken % 64], self._quality)



def _ms(times: Times) -> dict[str, float]:
    return {name: round(getattr(times, name) / 1e3, 4) for name in ("p50", "p99")}
