"""The network itself on a real EEG set: trained on the session's EEG features of all people but one.

The take's label stands where a simulated session has its state. With filling in, the network first learns, without
labels, to tell hidden features of the training people from the others (`models.pretrain`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fusion.real_evaluation import Moments, Scored, scored
from fusion.real_sets import RealSet, Take
from fusion.real_windows import as_windows
from models.inputs import LONG_TAILED, compress
from models.recipe import Augment, Recipe
from models.windows import Windows

RECIPE = Recipe(name="real", preset="tiny", epochs=25, batch=8, sequence_steps=40, learning_rate=3e-3, patience=8,
                augment=Augment(modality_absent=0.0, modality_lost=0.0, channel_absent=0.1))
FILLING_EPOCHS = 15


def network_rows(which: RealSet, read: Sequence[Take], found: Moments) -> list[Scored]:
    """Return the network's figures with and without alignment and filling in; rows as in `found`."""
    windows = [_labelled(as_windows(take, which.name), which.labels.index(take.label)) for take in read]
    everything = np.ones(len(found.label), bool)
    rows = []
    for aligned in (False, True):
        given = _aligned(windows) if aligned else windows
        for filling in (0, FILLING_EPOCHS):
            name = f"network, {'aligned' if aligned else 'plain'}, filling in {'on' if filling else 'off'}"
            told = _leave_one_out(given, found, len(which.labels), replace(RECIPE, pretrain_epochs=filling))
            rows.append(scored(name, found, found.label, everything, told))
    return rows


def _leave_one_out(windows: Sequence[Windows], found: Moments, classes: int, recipe: Recipe) -> NDArray[np.float64]:
    """Return the probabilities of every row, by a network that knows nothing of the row's person.

    Another person of the training ones is left out of it, too: the training is stopped on that one.
    """
    import torch

    from models.calibration import Calibration
    from models.checkpoint import Trained
    from models.network import Network
    from models.train import learn

    torch.set_num_threads(1)
    everybody = sorted({one.person for one in windows})
    told = np.zeros((len(found.label), classes))
    for k, person in enumerate(everybody):
        stopping = everybody[(k + 1) % len(everybody)]
        net = learn(recipe, [one for one in windows if one.person not in (person, stopping)],
                    [one for one in windows if one.person == stopping])
        network = Network(Trained(net, Calibration(), {}))
        for one in windows:
            if one.person != person:
                continue
            here = found.take == one.session
            said = network.predict(one).probabilities[np.searchsorted(one.times_s, found.at_s[here] - 1e-6), :classes]
            told[here] = said / said.sum(axis=1, keepdims=True)
    return told


def _labelled(windows: Windows, label: int) -> Windows:
    return replace(windows, state=np.full(len(windows), label, np.int8))


def _aligned(windows: Sequence[Windows]) -> list[Windows]:
    """Move each person's mean over all takes to that of everybody; it uses no label."""
    levels = [compress(one.features) for one in windows]
    middle = _mean(levels)
    found: list[Windows] = []
    for one, level in zip(windows, levels, strict=True):
        own = _mean([other for other, of in zip(levels, windows, strict=True) if of.person == one.person])
        moved = level - own + middle
        moved[:, LONG_TAILED] = np.expm1(np.maximum(moved[:, LONG_TAILED], 0.0))
        found.append(replace(one, features=moved.astype(np.float32)))
    return found


def _mean(levels: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    values = np.concatenate(levels)
    known = np.isfinite(values)
    mean: NDArray[np.float64] = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean
