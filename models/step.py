"""One step of the network as plain arrays in, plain arrays out: what is exported, and what every engine offers."""

from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.labels import LANES
from models.presets import PERIODS_S, Preset

Array = NDArray[np.float32]


class StepInput(NamedTuple):
    """What one step needs."""

    inputs: Array
    """(2, SIZE) from `models.inputs`; NaN where not measured."""
    quality: Array
    """(modality,)."""
    cosine: Array
    """(size / 2,) of the step's time; so is sine. See `turned`."""
    sine: Array
    keys: Array
    """(layer, lane, head, reach - 1, size) of the steps before, in any order: each was turned by its own time.

    So are the values."""
    values: Array
    barred: Array
    """(reach - 1,) large and negative where no step was yet, else 0."""


class StepOutput(NamedTuple):
    """What one step brings."""

    logits: Array
    """(state,)"""
    scores: Array
    """(3, 2) attention, vigilance, load: mean and standard deviation."""
    lapse: Array
    """(horizon,)"""
    beta: Array
    """() share of external attention."""
    weights: Array
    """(lane,)"""
    pooled: Array
    """(width,) what the heads read."""
    heard: Array
    """(kind,) 1 for each of `models.inputs.KINDS` that was measured and familiar, 0 for those that count as absent."""
    keys: Array
    """(layer, lane, head, size) of this step, for those that follow; so are the values."""
    values: Array


class Engine(Protocol):
    """Something that runs steps."""

    preset: Preset

    def run(self, given: StepInput) -> StepOutput:
        """Run one step."""
        ...


def turned(time_s: float, size: int) -> tuple[Array, Array]:
    """Return cosine and sine (size / 2,) of a time, as `models.attention.rotations` does."""
    angles = 2 * np.pi * time_s / _periods(size // 2)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@cache
def _periods(count: int) -> NDArray[np.float64]:
    return np.geomspace(*PERIODS_S, count)


def memory_shape(preset: Preset) -> tuple[int, ...]:
    """Return the shape of the keys of the steps before: (layer, lane, head, reach - 1, size)."""
    return preset.layers, len(LANES) + preset.bottlenecks, preset.heads, preset.reach - 1, preset.size
