"""From windows to a network ready for use: deal out the people, train, calibrate, write the card."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.calibration import Calibration, fit
from models.checkpoint import Trained
from models.errors import ModelError
from models.familiar import limits
from models.fusion_net import FusionNet
from models.labels import NOT_LABELLED
from models.recipe import Recipe
from models.sequences import whole
from models.train import Told, as_card, learn, parts
from models.windows import Windows, people


def build(recipe: Recipe, sessions: Sequence[Windows], folder: Path | None = None,
          say: Callable[[Told], None] = lambda told: None, device: str = "cpu", *, resume: bool = False) -> Trained:
    """Train and calibrate a network; see `models.train.learn` for the parameters and errors."""
    dealt = parts(recipe, sessions)
    training, validation, held = (of(sessions, names) for names in
                                  (dealt.training, dealt.validation, dealt.calibration))
    net = learn(recipe, training, validation, folder, say, device, resume=resume).cpu()
    net.limit.copy_(limits(net, held))
    return Trained(net, calibrated(net, training, held), as_card(recipe, dealt, sessions))


def of(sessions: Sequence[Windows], names: Sequence[str]) -> list[Windows]:
    """Return the sessions of these people."""
    return [one for one in sessions if one.person in set(names)]


def calibrated(net: FusionNet, training: Sequence[Windows], held: Sequence[Windows]) -> Calibration:
    """Fit the calibration of a network on people held out of its training.

    Raises
    ------
    ModelError
        If a person is on both sides, or nothing is labelled.
    """
    both = sorted(set(people(training)) & set(people(held)))
    if both:
        raise ModelError(f"{both[0]} is among the training and the calibration people, expected different ones.")
    logits, state, pooled, owner = _read_out(net, held)
    if not len(state):
        raise ModelError("No step of the calibration people is labelled.", "Add labels, or people who have some.")
    counts = np.bincount(owner)
    _, known_state, known, _ = _read_out(net, training)
    return fit(logits, state, 1.0 / counts[owner], pooled, (known, known_state))


@torch.inference_mode()
def _read_out(net: FusionNet, sessions: Sequence[Windows]) -> tuple[NDArray[np.float32], NDArray[np.int64],
                                                                    NDArray[np.float32], NDArray[np.int64]]:
    """Return logits, state, what the heads read and the person's number, of every labelled step."""
    names = people(sessions)
    found: list[tuple[NDArray[np.generic], ...]] = []
    for one in sessions:
        out = net(*whole(one))
        labelled = one.state != NOT_LABELLED
        found.append((out.readout.state[0].numpy()[labelled], one.state[labelled].astype(np.int64),
                      out.pooled[0].numpy()[labelled], np.full(labelled.sum(), names.index(one.person))))
    logits, state, pooled, owner = (np.concatenate(part) for part in zip(*found, strict=True))
    return logits, state, pooled, owner
