"""A network that learned a simple simulated world, trained once per run, and people who differ from it."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from synthetic_sessions import TELLING, sessions

from kernels.layout import INDEX, MODALITIES, SIZE
from models.build import build
from models.checkpoint import Trained
from models.labels import NOT_LABELLED
from models.recipe import Augment, Recipe
from models.windows import Windows


@cache
def small() -> Trained:
    """Return a tiny network that tells the states of `synthetic_sessions` apart."""
    torch.set_num_threads(1)
    recipe = Recipe(name="test", preset="tiny", epochs=7, batch=8, sequence_steps=40, learning_rate=6e-3,
                    augment=Augment(modality_absent=0.1, modality_lost=0.1))
    return build(recipe, sessions(range(10), steps=200))


def person(seed: int, rounds: int, stay: int = 30, swapped: bool = True, states: int = 4) -> Windows:
    """Return a session of rounds through the states; in this person, the first two show as each other do in others."""
    draw = np.random.default_rng(seed)
    state = np.tile(np.repeat(np.arange(states), stay), rounds).astype(np.int8)
    n = len(state)
    features = draw.normal(size=(n, SIZE)) + draw.normal(size=SIZE)
    shown = np.where(state == 0, 1, np.where(state == 1, 0, state)) if swapped else state
    for k, name in enumerate(TELLING):
        features[:, INDEX[name]] = draw.normal(0, 0.6, n) + 3.0 * (shown == k)
    nan = np.full(n, np.nan, np.float32)
    return Windows("someone", f"s{seed}", "simulated", np.arange(n) * 0.5, features.astype(np.float32),
                   np.ones((n, len(MODALITIES)), np.float32), state, nan, nan, nan, nan)


def labelled(windows: Windows, first: int, last: int) -> Windows:
    """Return the session with the labels of these steps alone."""
    state = np.full(len(windows), NOT_LABELLED, np.int8)
    state[first:last] = windows.state[first:last]
    return replace(windows, state=state)
