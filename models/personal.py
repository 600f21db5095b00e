"""Fitting the network to one person from a few minutes of labels, kept only if it is no worse on time held out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.adapter import Adapter, changed, fresh, merged
from models.checkpoint import Trained
from models.errors import ModelError
from models.fitness import Score, chance_of, compared, scored
from models.holdout import Cut, cut
from models.labels import NOT_LABELLED, STATES
from models.reservoir import trimmed
from models.sequences import whole
from models.windows import STEP_S, Windows

LEAST_S = 60.0
"""Labelled time from which there is something to learn and something to decide on."""
LEAST_STATE_S = 8.0
"""Labelled time from which a state counts."""
LEARNING_RATE = 5e-3
EPOCHS, PATIENCE = 40, 5
SHARES = (1.0, 0.5, 0.25, 0.125)
"""An update that helps, but makes earlier sessions worse, goes so much of its way instead."""
FAMILIAR, FAMILIAR_WEIGHT = 0.8, 10.0
"""Strangeness that learning may not push a step over, and what a step over it costs. Without this, what the heads read
wanders off to where it looks like nothing known, and a session would be blind for the person it learned about."""


@dataclass(frozen=True)
class Report:
    """What an update brought, on labelled time it did not learn from."""

    person: str
    labelled_s: dict[str, float]
    """By state."""
    learned_s: float
    held_s: float
    epochs: int
    share: float
    """Of the way that was learned, what was gone."""
    before: Score
    after: Score
    chance: float
    """Share of shifted labels that fit as well: small when what was learned is about these labels."""
    earlier_before: Score | None
    """On what was held out of the earlier sessions; None at the first update."""
    earlier_after: Score | None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain tables."""
        return asdict(self)


class RefusedError(ModelError):
    """An update that is not kept; `report` tells why."""

    def __init__(self, message: str, next_step: str, report: Report) -> None:
        super().__init__(message, next_step)
        self.report = report


def personalise(trained: Trained, labelled: Sequence[Windows], person: str, present: Adapter | None = None,
                earlier: Sequence[Windows] = (), say: Callable[[float], None] = lambda share: None,
                ) -> tuple[Adapter, Report]:
    """Return an adapter that is no worse than what there was, with what it gained.

    Parameters
    ----------
    trained
        The network that everybody shares; it is not changed.
    labelled
        New sessions of this person; steps without a label are only looked back on.
    person
        A pseudonym.
    present
        What is known about the person, to go on from.
    earlier
        Sessions of earlier updates: their learned part is learned again, their held part must not get worse.
    say
        Told the share done.

    Raises
    ------
    ModelError
        If the labels do not suffice: less than `LEAST_S`, or fewer than two states.
    RefusedError
        If the update is worse on time held out, or what it learned is nothing about the labels.
    """
    amount = _amount(labelled)
    fitted = [trimmed(one, trained.net.preset) for one in labelled]
    begun = present or fresh(trained.net, person)
    parts, old = [cut(one) for one in fitted], [cut(one) for one in earlier]
    tensors, epochs = _learned(trained, begun, [*fitted, *earlier], [*parts, *old], say)

    def judged(adapter: Adapter) -> tuple[Score, float, Score | None]:
        net = replace(trained, net=merged(trained.net, adapter))
        held = [part.held for part in parts]
        return (scored(net, fitted, held), chance_of(net, fitted, held),
                scored(net, earlier, [part.held for part in old]) if old else None)

    before, _, earlier_before = judged(begun)
    for share in SHARES if old else SHARES[:1]:
        adapter = replace(begun, tensors={name: torch.lerp(value, tensors[name], share)
                                          for name, value in begun.tensors.items()})
        after, chance, earlier_after = judged(adapter)
        worse = compared(before, after, chance, earlier_before, earlier_after)
        # Only where it is the earlier sessions that suffer does going less far help; wrong labels get one try.
        if not worse or compared(before, after, chance):
            break
    learned_s, held_s = (STEP_S * sum(int(mask.sum()) for mask in masks)
                         for masks in ([part.learn for part in parts], [part.held for part in parts]))
    report = Report(person, amount, learned_s, held_s, epochs, share, before, after, chance, earlier_before,
                    earlier_after)
    if worse:
        raise RefusedError(f"Nothing was learned about '{person}': {worse}", "What was known before stays as it is. "
                           "Check the labels, or give some more.", report)
    told = {key: value for key, value in report.as_dict().items() if key != "person"}
    return replace(adapter, history=(*begun.history, told)), report


def _amount(labelled: Sequence[Windows]) -> dict[str, float]:
    """Return the labelled seconds of each state that has some; see `personalise` for the errors."""
    counts = sum((np.bincount(one.state[one.state != NOT_LABELLED], minlength=len(STATES)) for one in labelled),
                 np.zeros(len(STATES), np.int64))
    found = {name: float(STEP_S * n) for name, n in zip(STATES, counts.tolist(), strict=True) if n}
    total = sum(found.values())
    if total < LEAST_S:
        raise ModelError(f"There are {total:g} s of labels, expected {LEAST_S:g} s or more.",
                         "One to five minutes, of several states, are good.")
    enough = [name for name, seconds in found.items() if seconds >= LEAST_STATE_S]
    if len(enough) < 2:
        raise ModelError(f"Only {' and '.join(found)} is labelled for {LEAST_STATE_S:g} s or more, expected two states "
                         "at least: what sets them apart is what is learned.",
                         "Tell also a time when it was another one.")
    return found


def _learned(trained: Trained, begun: Adapter, sessions: Sequence[Windows], parts: Sequence[Cut],
             say: Callable[[float], None]) -> tuple[Mapping[str, Tensor], int]:
    """Return the tensors that are best on what learning stops on, and how many epochs it took."""
    net = trained.net.eval()
    tensors = {name: value.clone().requires_grad_() for name, value in begun.tensors.items()}
    optimiser = torch.optim.AdamW(tensors.values(), LEARNING_RATE, weight_decay=0.0)
    given = [whole(one) for one in sessions]
    learn, stop = ([np.where(getattr(part, name), one.state, NOT_LABELLED) for one, part in
                    zip(sessions, parts, strict=True)] for name in ("learn", "stop"))
    weights = [_balance(truth) for truth in (learn, stop)]
    best, least, waited, epoch = dict(begun.tensors), float("inf"), 0, 0
    for epoch in range(1, EPOCHS + 1):
        optimiser.zero_grad(set_to_none=True)
        stopping = 0.0
        for steps, truth, watched in zip(given, learn, stop, strict=True):
            out = torch.func.functional_call(net, changed(net, tensors), steps)
            logits = out.readout.state[0] / trained.calibration.temperature
            lost = _surprise(logits, truth, weights[0]) + FAMILIAR_WEIGHT * _stranger(out.pooled[0], trained)
            lost.backward()  # type: ignore[no-untyped-call]
            stopping += float(_surprise(logits.detach(), watched, weights[1]))
        if stopping < least:
            best, least, waited = {name: value.detach().clone() for name, value in tensors.items()}, stopping, 0
        else:
            waited += 1
        say(epoch / EPOCHS)
        if waited >= PATIENCE:
            break
        optimiser.step()
    say(1.0)
    return best, epoch


def _balance(truth: Sequence[NDArray[np.int8]]) -> Tensor:
    """Return the weight (state,) of one step of each state: every state counts the same, all steps together 1."""
    counts = sum((np.bincount(one[one != NOT_LABELLED], minlength=len(STATES)) for one in truth),
                 np.zeros(len(STATES), np.int64))
    return torch.from_numpy(np.where(counts > 0, 1 / np.maximum(counts, 1) / max(1, (counts > 0).sum()), 0)).float()


def _surprise(logits: Tensor, truth: NDArray[np.int8], weights: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, torch.from_numpy(truth.astype(np.int64)), weights,
                                             ignore_index=NOT_LABELLED, reduction="sum")


def _stranger(pooled: Tensor, trained: Trained) -> Tensor:
    """Return by how much steps (n, width) are stranger than `FAMILIAR`, the mean of the squares."""
    known = trained.calibration
    if not known.precision.size:
        return pooled.sum() * 0.0
    off = pooled.unsqueeze(1) - torch.from_numpy(known.centres)
    squared = torch.einsum("nsi,ij,nsj->ns", off, torch.from_numpy(known.precision), off).amin(dim=1)
    return torch.relu(squared.clamp(min=1e-6).sqrt() / known.strange - FAMILIAR).square().mean()
