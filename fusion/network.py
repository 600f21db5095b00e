"""The trained network as an estimator of the session."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.estimator import BLIND, STATES, Estimate, Scored
from kernels.layout import MODALITIES
from models.backbone import fingerprint_of
from models.engine_onnx import OnnxEngine
from models.errors import ModelError
from models.labels import LANES, SENSING
from models.people import NETWORK, folder_of
from models.shipped import path_of
from models.stream import Answer, Stream
from models.windows import STEP_S
from sensors.clock import SECOND

STEP_NS = round(STEP_S * SECOND)


class Network:
    """The network as an `Estimator`: a step on every half second of event time, whose estimate holds until the next.

    Parameters
    ----------
    weights
        Shipped weights by name, or the path of an .onnx file.
    person
        A pseudonym: what was learned about this person from these weights is used, if there is anything.
    """

    name = "network"

    def __init__(self, weights: str = "default", person: str = "") -> None:
        engine = _engine(path_of(weights, ".onnx"), person)
        self._stream = Stream(engine, engine.calibration)
        self._first_ns = self._next_ns = -1
        self._held = BLIND

    def estimate(self, tick_ns: int, vector: NDArray[np.float32], quality: dict[str, float]) -> Estimate:
        """Return the estimate for one tick; see `fusion.estimator.Estimator`."""
        if tick_ns >= self._next_ns:
            if self._first_ns < 0:
                self._first_ns = tick_ns
            trust = np.array([quality.get(name, 0.0) for name in MODALITIES], np.float32)
            answer = self._stream.step((tick_ns - self._first_ns) / SECOND, vector, trust)
            self._held = told(answer, quality)
            self._next_ns = (tick_ns // STEP_NS + 1) * STEP_NS
        return self._held


def _engine(shared: Path, person: str) -> OnnxEngine:
    """Return the person's own network, or the shared one where nothing is known about the person.

    Raises
    ------
    ModelError
        If the person's was learned from other weights.
    """
    own = folder_of(person) / NETWORK if person else shared
    if own == shared or not own.is_file():
        return OnnxEngine(shared)
    engine = OnnxEngine(own)
    wanted = {"person": person, "backbone": fingerprint_of(shared.with_suffix(".safetensors"))}
    for name, ours in wanted.items():
        made_for = engine.header.card.get(name, "")
        if made_for != ours:
            raise ModelError(f"{own}: what was learned about '{person}' is for the {name} '{made_for}', expected "
                             f"'{ours}'.", "Run attnflow person forget, and attnflow personalise again.")
    return engine


def told(answer: Answer, quality: dict[str, float]) -> Estimate:
    """Return what the network answered in the session's terms; blind where the input is like nothing it knows."""
    if answer.strangeness >= 1.0 or not math.isfinite(answer.strangeness):
        return BLIND
    attention, vigilance, load = (Scored(float(value), float(sd)) for value, sd in answer.scores)
    soon, later = answer.lapse.tolist()
    probabilities = answer.probabilities.astype(float)
    return Estimate(
        probabilities=tuple((probabilities / probabilities.sum()).tolist()),
        attention=attention, vigilance=vigilance, load=load, lapse_risk_3s=soon, lapse_risk_10s=later,
        weights=shares(answer, quality),
        conformal=tuple(state for state, member in zip(STATES, answer.members.tolist(), strict=True) if member))


def shares(answer: Answer, quality: dict[str, float]) -> dict[str, float]:
    """Return each modality's share in an answer, summing to 1; the context's is that of external attention.

    What the features of several modalities contributed is dealt out to those that were there.
    """
    found = dict(zip(LANES, answer.weights.astype(float).tolist(), strict=True))
    there = [name for name in SENSING if quality.get(name, 0.0) > 0.0] or list(SENSING)
    own = {name: found[name] + (found["fusion"] / len(there) if name in there else 0.0) for name in SENSING}
    total = sum(own.values())
    return {name: (1.0 - answer.beta) * part / total for name, part in own.items()} | {"context": answer.beta}
