"""What training makes small: one number for all heads together, over what is labelled."""

import torch
from torch import Tensor
from torch.nn import functional

from models.fusion_net import Outputs
from models.heads import SLEEPINESS_LEVELS
from models.labels import NOT_LABELLED
from models.sequences import Batch

WEIGHTS = {"state": 1.0, "sleepiness": 0.3, "scores": 0.1, "lapse": 0.5}


def loss(outputs: Outputs, batch: Batch, balance: Tensor) -> Tensor:
    """Return the weighted sum of the heads' losses.

    Parameters
    ----------
    outputs
    batch
        With the truth.
    balance : (state,)
        Weight of each state's examples.
    """
    readout = outputs.readout
    total = outputs.pooled.sum() * 0.0
    if (batch.state != NOT_LABELLED).any():
        total = total + WEIGHTS["state"] * functional.cross_entropy(
            readout.state.flatten(0, 1), batch.state.flatten(), balance, ignore_index=NOT_LABELLED)
    attention, vigilance, load = batch.scores.unbind(-1)
    # A level is passed where the truth lies above it: the ordinal loss of Cao 2020.
    thresholds = torch.arange(SLEEPINESS_LEVELS - 1) + 0.5
    above = ((1 - vigilance) * (SLEEPINESS_LEVELS - 1)).unsqueeze(-1) > thresholds
    total = total + WEIGHTS["sleepiness"] * _mean(functional.binary_cross_entropy_with_logits(
        readout.sleepiness, above.float(), reduction="none").mean(dim=-1), ~torch.isnan(vigilance))
    for told, true in ((readout.attention, attention), (readout.load, load)):
        mean, sd = told.unbind(-1)
        off = torch.nan_to_num(true) - mean
        total = total + WEIGHTS["scores"] * _mean(torch.log(sd) + 0.5 * (off / sd) ** 2, ~torch.isnan(true))
    known = ~torch.isnan(batch.lapse)
    return total + WEIGHTS["lapse"] * _mean(functional.binary_cross_entropy(
        readout.lapse.clamp(1e-6, 1 - 1e-6), torch.nan_to_num(batch.lapse), reduction="none"), known)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
