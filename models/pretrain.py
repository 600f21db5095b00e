"""Learning from recordings that nobody labelled: features are hidden, and the network fills them in."""

import torch
from torch import Tensor, nn

from models.fusion_net import HIGHEST, FusionNet, Outputs
from models.inputs import columns_of
from models.labels import LANES
from models.sequences import Batch

HIDDEN = 0.4
"""Share of each step's measured features that are hidden."""


class Filler(nn.Module):
    """Reads the hidden features of each modality out of its token behind the last layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.guess = nn.ModuleDict({kind: nn.Linear(width, len(columns_of(kind))) for kind in LANES})

    def forward(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the guessed levels (batch, step, feature of the kind) of each lane, in standard deviations."""
        return {kind: self.guess[kind](outputs.lanes[:, k]) for k, kind in enumerate(LANES)}


def hidden(batch: Batch, draw: torch.Generator) -> tuple[Batch, Tensor]:
    """Return the batch with features hidden, and which (batch, step, SIZE).

    A feature stays hidden for the whole sequence or for single steps, each in half of the cases: the first asks for
    what other features say, the second for what was before.
    """
    size, steps, _, width = batch.inputs.shape
    lasting = torch.rand((size, 1, width), generator=draw) < HIDDEN / 2
    passing = torch.rand((size, steps, width), generator=draw) < HIDDEN / 2
    where = (lasting | passing) & ~torch.isnan(batch.inputs[:, :, 0])
    return batch._replace(inputs=batch.inputs.masked_fill(where.unsqueeze(2), torch.nan)), where


def filling_loss(net: FusionNet, filler: Filler, batch: Batch, draw: torch.Generator) -> Tensor:
    """Return the mean squared error of the hidden levels, in standard deviations."""
    masked, where = hidden(batch, draw)
    guesses = filler(net(masked.inputs, masked.quality, masked.times_s))
    level = ((batch.inputs[:, :, 0] - net.mean) / net.spread[0]).clamp(-HIGHEST, HIGHEST)
    total = count = torch.zeros(())
    for kind, guess in guesses.items():
        asked = where[..., columns_of(kind)]
        off = guess - torch.nan_to_num(level[..., columns_of(kind)])
        total = total + (off**2 * asked).sum()
        count = count + asked.sum()
    return total / count.clamp(min=1)
