"""What is read out of the bottleneck: state, sleepiness, load, attention, and the lapse to come."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.labels import STATES

SLEEPINESS_LEVELS = 9
"""Ordered levels like those of the Karolinska Sleepiness Scale (Akerstedt 1990): 1 very alert, 9 fighting sleep."""
LEAST_SD = 0.02


class Readout(NamedTuple):
    """The heads' output at each step; all (batch, step, ...)."""

    state: Tensor
    """(..., state) logits."""
    sleepiness: Tensor
    """(..., SLEEPINESS_LEVELS - 1) logits of being above each level, falling."""
    load: Tensor
    """(..., 2): the mean, 0..1, and its standard deviation; so is attention."""
    attention: Tensor
    lapse: Tensor
    """(..., 2) chance of a lapse within `models.labels.HORIZONS_S`; the second is never the smaller."""

    def vigilance(self) -> tuple[Tensor, Tensor]:
        """Return the mean and standard deviation of 1 - (level - 1) / (levels - 1)."""
        above = torch.sigmoid(self.sleepiness)
        steps = SLEEPINESS_LEVELS - 1
        below = torch.cat([torch.ones_like(above[..., :1]), above], dim=-1)
        share = below - torch.cat([above, torch.zeros_like(above[..., :1])], dim=-1)
        values = 1 - torch.arange(SLEEPINESS_LEVELS, device=above.device) / steps
        mean = (share * values).sum(dim=-1)
        return mean, ((share * (values - mean.unsqueeze(-1)) ** 2).sum(dim=-1) + LEAST_SD**2).sqrt()


class Heads(nn.Module):
    """Linear readouts of the bottleneck's mean (batch, step, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.state = nn.Linear(width, len(STATES))
        self.sleepiness = nn.Linear(width, 1)
        # One score against ordered thresholds: the levels cannot cross (Cao 2020, CORAL).
        self.first = nn.Parameter(torch.tensor(2.0))
        self.gaps = nn.Parameter(torch.zeros(SLEEPINESS_LEVELS - 2))
        self.load, self.attention, self.lapse = nn.Linear(width, 2), nn.Linear(width, 2), nn.Linear(width, 2)

    def forward(self, pooled: Tensor) -> Readout:
        """Return what the heads say."""
        x = self.norm(pooled)
        falls = torch.cat([torch.zeros_like(self.gaps[:1]), torch.cumsum(nn.functional.softplus(self.gaps), dim=0)])
        soon, later = torch.sigmoid(self.lapse(x)).unbind(-1)
        return Readout(self.state(x), self.sleepiness(x) + self.first - falls, _scored(self.load(x)),
                       _scored(self.attention(x)), torch.stack([soon, soon + (1 - soon) * later], dim=-1))


def _scored(x: Tensor) -> Tensor:
    mean, width = x.unbind(-1)
    return torch.stack([torch.sigmoid(mean), LEAST_SD + nn.functional.softplus(width - 2.0)], dim=-1)
