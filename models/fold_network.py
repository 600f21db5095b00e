"""FusionNet on a small set of people with labels of its own: trained anew for each person, on all others.

A head of the set's own classes reads what the state head would read. Nothing is chosen or stopped by looking at how
well it does: the recipe stands before the first training, and the last weights are the ones that are judged. With four
people there is nobody to spare to stop on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.alignment import aligned_together, population
from models.augment import disturbed
from models.errors import ModelError
from models.fusion_net import FusionNet
from models.labels import NOT_LABELLED
from models.presets import preset
from models.pretrain import Filler, filling_loss
from models.recipe import Augment
from models.sequences import Batch, Session, batches, scaling, session, whole
from models.train import LARGEST_GRADIENT, pace
from models.windows import Windows, people

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class FoldRecipe:
    """How a network is trained for one left-out person; set once, from the size of such sets, before any result."""

    preset: str = "tiny"
    updates: int = 60
    """Of the weights, by the labels."""
    filling_updates: int = 60
    """Before that, by hidden features, if the variant asks for it."""
    batch: int = 16
    sequence_steps: int = 24
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    seed: int = 1
    augment: Augment = field(default_factory=lambda: Augment(modality_absent=0.0, modality_lost=0.0, context_absent=0.0,
                                                             channel_absent=0.1, adversarial_every=0))
    """There is one modality: it must not be taken away."""


@dataclass(frozen=True)
class Variant:
    """What is done before the labels are learned; neither needs a label."""

    name: str
    aligned: bool
    """Each person's features are moved onto the training people's: the tested person's by all of that person's takes,
    without their labels."""
    pretrained: bool
    """Hidden features of the training people are filled in first; the tested person's takes are not used."""


VARIANTS = (Variant("plain", aligned=False, pretrained=False), Variant("aligned", aligned=True, pretrained=False),
            Variant("pretrained", aligned=False, pretrained=True),
            Variant("aligned_pretrained", aligned=True, pretrained=True))


class Classifier(nn.Module):
    """FusionNet with a head for a set's own classes.

    Parameters
    ----------
    net
    classes
        How many.
    """

    def __init__(self, net: FusionNet, classes: int) -> None:
        super().__init__()
        self.net = net
        self.head = nn.Sequential(nn.LayerNorm(net.preset.width), nn.Linear(net.preset.width, classes))

    def forward(self, inputs: Tensor, quality: Tensor, times_s: Tensor) -> Tensor:
        """Return logits (batch, step, class); see `FusionNet.forward`."""
        logits: Tensor = self.head(self.net(inputs, quality, times_s).pooled)
        return logits


def leave_one_out(sessions: Sequence[Windows], label: Sequence[Labels], variant: Variant,
                  recipe: FoldRecipe | None = None) -> list[NDArray[np.float64]]:
    """Return the probabilities (step, class) of each session, by a network that was trained on other people alone.

    Parameters
    ----------
    sessions
    label
        Of each session (step,), 0 and up; `NOT_LABELLED` where a step is neither trained nor judged on.
    variant
    recipe
        None is `FoldRecipe` as it stands.

    Raises
    ------
    ModelError
        If there is one person only, or a class is missing without somebody.
    """
    everybody = people(sessions)
    if len(everybody) < 2:
        raise ModelError(f"These sessions are of {len(everybody)} person; leave-one-person-out needs at least two.",
                         "Add recordings of somebody else.")
    how = recipe or FoldRecipe()
    classes = 1 + max(int(one.max()) for one in label)
    told: list[NDArray[np.float64]] = [np.empty(0)] * len(sessions)
    with _one_thread():
        for name in everybody:
            given = aligned_by(sessions, name) if variant.aligned else list(sessions)
            training = [k for k, one in enumerate(given) if one.person != name]
            missing = set(range(classes)) - {int(value) for k in training for value in np.unique(label[k])}
            if missing:
                raise ModelError(f"Without {name} there is no example of class {min(missing)} to train on.",
                                 "Add recordings of it by somebody else.")
            net = trained([given[k] for k in training], [label[k] for k in training], classes,
                          how if variant.pretrained else replace(how, filling_updates=0))
            for k in set(range(len(given))) - set(training):
                with torch.inference_mode():
                    told[k] = net(*whole(given[k]))[0].softmax(dim=-1).numpy().astype(np.float64)
    return told


def aligned_by(sessions: Sequence[Windows], tested: str) -> list[Windows]:
    """Return all sessions, each person's moved onto what everybody but the tested person looks like."""
    towards = population([one for one in sessions if one.person != tested])
    moved = {id(one): other for name in people(sessions)
             for own in [[one for one in sessions if one.person == name]]
             for one, other in zip(own, aligned_together(own, towards), strict=True)}
    return [moved[id(one)] for one in sessions]


def trained(sessions: Sequence[Windows], label: Sequence[Labels], classes: int, recipe: FoldRecipe) -> Classifier:
    """Return a network that was trained on all of these sessions, ready to tell; seeded by the recipe."""
    torch.manual_seed(recipe.seed)
    model = Classifier(FusionNet(preset(recipe.preset)), classes)
    ours = [replace(session(one), state=of) for one, of in zip(sessions, label, strict=True)]
    mean, spread = scaling(ours)
    model.net.mean.copy_(mean)
    model.net.spread.copy_(spread)
    if recipe.filling_updates:
        filler, draw = Filler(model.net.preset.width), torch.Generator().manual_seed(recipe.seed)
        _learn(model.net, filler, ours, recipe, recipe.filling_updates,
               lambda batch: filling_loss(model.net, filler, batch, draw))
    counts = np.bincount(np.concatenate([of[of != NOT_LABELLED] for of in label]), minlength=classes)
    weights = torch.from_numpy(counts.sum() / (classes * np.maximum(counts, 1))).float()

    def told_wrong(batch: Batch) -> Tensor:
        logits = model(batch.inputs, batch.quality, batch.times_s)
        return functional.cross_entropy(logits.flatten(0, 1), batch.state.flatten(), weights,
                                        ignore_index=NOT_LABELLED)

    _learn(model.net, model.head, ours, recipe, recipe.updates, told_wrong)
    return model.eval()


def _learn(net: FusionNet, head: nn.Module, sessions: Sequence[Session], recipe: FoldRecipe, updates: int,
           lost: Callable[[Batch], Tensor]) -> None:
    """Train a net and its head in place, by AdamW with a rate that rises and falls (Loshchilov 2019)."""
    both = nn.ModuleList([net, head])
    moved = torch.optim.AdamW(both.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    draw = torch.Generator().manual_seed(recipe.seed)
    both.train()
    for k, batch in enumerate(islice(_endless(sessions, recipe), updates)):
        for place in moved.param_groups:
            place["lr"] = recipe.learning_rate * pace(k / updates)
        moved.zero_grad(set_to_none=True)
        lost(disturbed(batch, net.spread, recipe.augment, draw)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(both.parameters(), LARGEST_GRADIENT)
        moved.step()


def _endless(sessions: Sequence[Session], recipe: FoldRecipe) -> Iterator[Batch]:
    """Yield batches in which some step is labelled, epoch after epoch."""
    draw = np.random.default_rng(recipe.seed)
    while True:
        for batch in batches(sessions, recipe.batch, recipe.sequence_steps, recipe.augment.warp, draw):
            if (batch.state != NOT_LABELLED).any():
                yield batch


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run on one thread: for nets this small, more of them only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
