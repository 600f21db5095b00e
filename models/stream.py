"""The network in a session: step by step, each at the same cost however long the session is."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.inputs import KINDS, Preparation
from models.labels import SENSING
from models.presets import BARRED, Preset
from models.step import Engine, StepInput, memory_shape, turned

_SENSING = [KINDS.index(kind) for kind in SENSING]


class Answer(NamedTuple):
    """What the network says at one step."""

    probabilities: NDArray[np.float32]
    """(state,) calibrated."""
    members: NDArray[np.bool_]
    """(state,) which cannot be ruled out."""
    scores: NDArray[np.float32]
    """(3, 2) attention, vigilance, load: value and standard deviation."""
    lapse: NDArray[np.float32]
    """(horizon,) chance of a lapse."""
    beta: float
    """Share of external attention."""
    weights: NDArray[np.float32]
    """(lane,) share of each of `models.labels.LANES`."""
    strangeness: float
    """1 and more is like nothing the network knows."""


class Stream:
    """One person's session.

    Parameters
    ----------
    engine
        What computes.
    calibration
    """

    def __init__(self, engine: Engine, calibration: Calibration) -> None:
        self._engine, self._calibration = engine, calibration
        self._preparation = Preparation()
        self._keys, self._values, self._barred = blank(engine.preset)
        self._taken = 0

    def step(self, time_s: float, features: NDArray[np.float32], quality: NDArray[np.float32]) -> Answer:
        """Return the answer to the next step.

        Parameters
        ----------
        time_s
            When it is; times increase.
        features : (SIZE,) float32
            NaN where not measured.
        quality : (modality,) float32
            Trust in each modality of `kernels.layout.MODALITIES`, 0..1.
        """
        inputs = self._preparation.push(features, quality)
        out = self._engine.run(StepInput(inputs, quality, *turned(time_s, self._engine.preset.size), self._keys,
                                         self._values, self._barred))
        # The oldest step makes place for the newest.
        place = self._taken % len(self._barred)
        self._keys[..., place, :], self._values[..., place, :], self._barred[place] = out.keys, out.values, 0.0
        self._taken += 1
        probabilities = self._calibration.probabilities(out.logits)
        # Without any sensor that is like a person's, there is nothing to say.
        strange = float(self._calibration.strangeness(out.pooled)) if out.heard[_SENSING].any() else math.inf
        return Answer(probabilities, self._calibration.members(probabilities), out.scores, out.lapse, float(out.beta),
                      out.weights, strange)


def blank(preset: Preset) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the keys, values and bars before the first step."""
    shape = memory_shape(preset)
    return np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.full(preset.reach - 1, BARRED, np.float32)
