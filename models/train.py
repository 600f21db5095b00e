"""Training: seeded, by person, stopped on people it does not learn from, resumed where it was interrupted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.augment import disturbed
from models.errors import ModelError
from models.fusion_net import FusionNet
from models.labels import NOT_LABELLED, STATES
from models.losses import loss
from models.optimisers import average, groups, optimisers
from models.parallel import Group
from models.presets import preset
from models.pretrain import Filler, filling_loss
from models.progress import Progress
from models.recipe import Recipe
from models.sequences import Batch, Session, balance, batches, scaling, session
from models.windows import Windows, people

LARGEST_GRADIENT = 1.0
SIMULATED_ONLY = ("Trained, stopped, calibrated and tested on simulated people alone: how well it reads real people is "
                  "not known. Not a medical device, not a certified safety device, and it labels no emotions.")
WARM_UP = 0.05
"""Share of the training in which the learning rate rises."""


@dataclass(frozen=True)
class Told:
    """What is said after each epoch."""

    stage: str
    epoch: int
    epochs: int
    training: float
    validation: float


@dataclass(frozen=True)
class Parts:
    """Who is trained on, stopped on and calibrated on: names."""

    training: list[str]
    validation: list[str]
    calibration: list[str]


def parts(recipe: Recipe, sessions: Sequence[Windows]) -> Parts:
    """Deal the people out, by the recipe's seed.

    Raises
    ------
    ModelError
        If there are fewer than three people.
    """
    everybody = people(sessions)
    if len(everybody) < 3:
        raise ModelError(f"There are {len(everybody)} people in the windows, expected 3 or more: one to train on, one "
                         "to stop on and one to calibrate on.", "Simulate some with: attnflow dataset simulate")
    order = [everybody[k] for k in np.random.default_rng(recipe.seed).permutation(len(everybody))]
    first = max(1, round(recipe.calibration_share * len(order)))
    second = first + max(1, round(recipe.validation_share * len(order)))
    return Parts(sorted(order[second:]), sorted(order[first:second]), sorted(order[:first]))


def learn(recipe: Recipe, training: Sequence[Windows], validation: Sequence[Windows], folder: Path | None = None,
          say: Callable[[Told], None] = lambda told: None, device: str = "cpu", *, resume: bool = False,
          begin: FusionNet | None = None) -> FusionNet:
    """Train a network.

    Parameters
    ----------
    recipe
    training, validation
        No person may be in both.
    folder
        Where progress is kept after every epoch, and TensorBoard's log; None keeps nothing.
    say
        Told after every epoch.
    device
        "cpu" or "cuda".
    resume
        Go on where the training in `folder` was interrupted.
    begin
        Weights to begin with, instead of seeded ones; its scaling is kept.

    Raises
    ------
    ModelError
        If a person is on both sides, a state has no examples, or memory runs out.
    """
    both = sorted(set(people(training)) & set(people(validation)))
    if both:
        raise ModelError(f"{both[0]} is among the training and the validation people, expected different ones.")
    group = Group()
    torch.manual_seed(recipe.seed)
    net = FusionNet(preset(recipe.preset)) if begin is None else begin
    ours, theirs = [session(one) for one in training], [session(one) for one in validation]
    if begin is None:
        mean, spread = scaling(ours)
        net.mean.copy_(mean)
        net.spread.copy_(spread)
    weights = balance(ours)
    if not weights.any():
        raise ModelError("No step of the training people is labelled.", "Give labels: attnflow dataset build --labels")
    return _Training(recipe, net.to(device), ours, theirs, weights, group, Progress(folder, recipe, group.first),
                     say).run(resume=resume)


class _Training:
    def __init__(self, recipe: Recipe, net: FusionNet, training: list[Session], validation: list[Session],
                 weights: Tensor, group: Group, progress: Progress, say: Callable[[Told], None]) -> None:
        self.recipe, self.net, self.training, self.validation = recipe, net, training, validation
        self.filler = Filler(net.preset.width).to(net.mean.device)
        self.weights, self.group, self.progress, self.say = weights.to(net.mean.device), group, progress, say
        self.optimisers = optimisers(recipe, net, self.filler)
        self.average = average(net, recipe.averaging)
        self.parts = {"net": net, "filler": self.filler, "average": self.average}

    def run(self, *, resume: bool) -> FusionNet:
        recipe = self.recipe
        total = recipe.pretrain_epochs + recipe.epochs
        best, waited, first = float("inf"), 0, 0
        if resume:
            first, best, waited = self.progress.restore(self.parts, self.optimisers)
        for epoch in range(first, total):
            filling = epoch < recipe.pretrain_epochs
            lost = self._epoch(epoch, total, filling=filling)
            checked = float("nan") if filling else self._validate()
            better = checked < best
            if not filling:
                best, waited = min(best, checked), 0 if better else waited + 1
            self.progress.keep(self.parts, self.optimisers, epoch + 1, best, waited,
                               self.average.module if better else None)
            self.progress.log(epoch, lost, checked)
            if self.group.first:
                self.say(Told("filling in" if filling else "states", epoch + 1, total, lost, checked))
            if waited >= recipe.patience:
                break
        self.progress.best(self.net)
        return self.net.eval()

    def _epoch(self, epoch: int, epochs: int, *, filling: bool) -> float:
        recipe, group = self.recipe, self.group
        torch.manual_seed(recipe.seed * 1_000_003 + epoch * 1_009 + group.rank)
        draw = torch.Generator().manual_seed(recipe.seed * 999_983 + epoch * 1_013 + group.rank)
        order = np.random.default_rng([recipe.seed, epoch])
        self.net.train()
        cut = list(batches(self.training, recipe.batch, recipe.sequence_steps, recipe.augment.warp, order))
        mine = cut[group.rank:len(cut) // group.size * group.size:group.size] or cut[:1]
        sum_, spread = 0.0, self.net.spread.cpu()
        for k, batch in enumerate(mine):
            for place in groups(self.optimisers):
                place["lr"] = place["initial_lr"] * pace((epoch + k / len(mine)) / epochs)
            noisy = self._there(disturbed(batch, spread, recipe.augment, draw))
            every = recipe.augment.adversarial_every
            hostile = every > 0 and k % every == 0 and not filling
            sum_ += self._step(noisy, draw, filling=filling, hostile=hostile)
        return sum_ / len(mine)

    def _step(self, batch: Batch, draw: torch.Generator, *, filling: bool, hostile: bool) -> float:
        try:
            if hostile:
                batch = self._worst(batch)
            for one in self.optimisers:
                one.zero_grad(set_to_none=True)
            lost = self._fill(batch, draw) if filling else self._loss(batch)
            lost.backward()  # type: ignore[no-untyped-call]
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise ModelError(f"Memory ran out at a batch of {self.recipe.batch} sequences of "
                             f"{self.recipe.sequence_steps} steps.",
                             "Make batch smaller in the recipe; what was learned so far is kept: --resume") from error
        learned = [p for place in groups(self.optimisers) for p in place["params"] if p.grad is not None]
        self.group.average(learned)
        nn.utils.clip_grad_norm_(learned, LARGEST_GRADIENT)
        for one in self.optimisers:
            one.step()
        self.average.update_parameters(self.net)
        return float(lost.detach())

    def _fill(self, batch: Batch, draw: torch.Generator) -> Tensor:
        return filling_loss(self.net, self.filler, batch, draw)

    def _loss(self, batch: Batch, net: nn.Module | None = None) -> Tensor:
        device = self.net.mean.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            outputs = (net or self.net)(batch.inputs, batch.quality, batch.times_s)
        return loss(outputs._replace(readout=type(outputs.readout)(*(part.float() for part in outputs.readout))),
                    batch, self.weights)

    def _worst(self, batch: Batch) -> Batch:
        """Move the inputs a little the way that hurts most (Goodfellow 2015, fast gradient sign)."""
        inputs = batch.inputs.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self._loss(batch._replace(inputs=inputs)), inputs)
        size = self.recipe.augment.adversarial_size
        return batch._replace(inputs=(inputs + size * self.net.spread * torch.nan_to_num(gradient).sign()).detach())

    @torch.inference_mode()
    def _validate(self) -> float:
        net = self.average.module.eval()
        draw = np.random.default_rng(0)
        found = [float(self._loss(self._there(batch), net)) for batch in batches(
            self.validation, self.recipe.batch, self.recipe.sequence_steps, 0.0, draw)]
        return sum(found) / len(found)

    def _there(self, batch: Batch) -> Batch:
        return Batch(*(part.to(self.net.mean.device) for part in batch))


def pace(done: float) -> float:
    """Return the share of the learning rate: a rise, then half a cosine down to a fiftieth."""
    if done < WARM_UP:
        return max(0.02, done / WARM_UP)
    return 0.02 + 0.49 * (1 + float(np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))))


def class_counts(sessions: Sequence[Windows]) -> dict[str, int]:
    """Return how many labelled steps each state has."""
    counts = np.zeros(len(STATES), int)
    for one in sessions:
        counts += np.bincount(one.state[one.state != NOT_LABELLED], minlength=len(STATES))
    return dict(zip(STATES, counts.tolist(), strict=True))


def as_card(recipe: Recipe, dealt: Parts, sessions: Sequence[Windows]) -> dict[str, Any]:
    """Return the part of the model card that says what was trained on."""
    sources = sorted({one.source for one in sessions})
    statement = (SIMULATED_ONLY if sources == ["simulated"] else f"Trained on people of: {', '.join(sources)}.")
    return {"statement": statement, "recipe": recipe.as_dict(), "sources": sources,
            "people": {"training": len(dealt.training), "validation": len(dealt.validation),
                       "calibration": len(dealt.calibration)},
            "labelled_steps": class_counts([one for one in sessions if one.person in set(dealt.training)])}
