"""FusionNet: feature tokens of the modalities and the environment in, attention states with their doubt out.

At each step every modality brings one token, made of its features, their change against the person's own level, and
its quality. Each token looks back over its own past; the tokens of a step meet in a few bottleneck tokens; both kinds
of attention are partly the person's own and partly the environment's. Nothing looks ahead.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kernels.layout import MODALITIES, SIZE
from models.attention import rotations
from models.heads import Heads, Readout
from models.inputs import KINDS, columns_of
from models.labels import LANES
from models.layer import Layer, Memory
from models.presets import Preset

ENVIRONMENT = "context"
HIGHEST = 5.0
"""Standard deviations beyond which an input says no more."""
FARTHEST = 20.0
"""Standard deviations beyond which a feature is no stranger."""


class Tokens(NamedTuple):
    """What the features of each step become."""

    lanes: Tensor
    """(batch, lane, step, width)"""
    environment: Tensor
    """(batch, step, width)"""
    heard: Tensor
    """(batch, step, kind) bool, see `Outputs`."""


class Outputs(NamedTuple):
    """What the network says at each step, and why."""

    readout: Readout
    pooled: Tensor
    """(batch, step, width) the bottleneck's mean: what the heads read."""
    lanes: Tensor
    """(batch, lane, step, width) the modalities' tokens behind the last layer."""
    beta: Tensor
    """(batch, step) share of external attention, the mean over layers; alpha is 1 - beta."""
    weights: Tensor
    """(batch, step, lane) share of each of `LANES` in the answer."""
    memory: tuple[Memory, ...]
    """Of each layer, for the steps that follow."""
    heard: Tensor
    """(batch, step, kind) which of `models.inputs.KINDS` were measured and familiar; the others count as absent."""


class FusionNet(nn.Module):
    """The network.

    Parameters
    ----------
    preset
        Its size.
    """

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        width = preset.width
        self.embed = nn.ModuleDict({kind: nn.Linear(3 * len(columns_of(kind)) + 1, width)
                                    for kind in KINDS})
        self.absent = nn.Parameter(0.02 * torch.randn(len(KINDS), width))
        self.lane = nn.Parameter(0.02 * torch.randn(len(LANES), width))
        self.bottleneck = nn.Parameter(0.5 * torch.randn(preset.bottlenecks, width))
        self.layers = nn.ModuleList(Layer(preset, len(LANES)) for _ in range(preset.layers))
        self.heads = Heads(width)
        # Of the training people: mean and spread of each level, spread of each change.
        self.register_buffer("mean", torch.zeros(SIZE))
        self.register_buffer("spread", torch.ones(2, SIZE))
        # How far the features of each kind may lie from the training people's; see `models.familiar`.
        self.register_buffer("limit", torch.full((len(KINDS),), torch.inf))
        for kind in KINDS:
            self.register_buffer(f"columns_{kind}", torch.tensor(columns_of(kind)), persistent=False)
        self.mean: Tensor
        self.spread: Tensor
        self.limit: Tensor

    def forward(self, inputs: Tensor, quality: Tensor, times_s: Tensor,
                memory: tuple[Memory, ...] | None = None) -> Outputs:
        """Run steps in order.

        Parameters
        ----------
        inputs : (batch, step, 2, SIZE)
            From `models.inputs`; NaN where not measured.
        quality : (batch, step, modality)
            Trust 0..1.
        times_s : (batch, step)
            Increasing.
        memory
            From the call before, to go on after its steps; None to begin.
        """
        return self.run(self.tokens(inputs, quality), rotations(times_s, self.preset.size), memory)

    def distance(self, inputs: Tensor) -> Tensor:
        """Return how far (batch, step, kind) the features of each kind lie from the training people's.

        The root of the mean square over the measured levels, in standard deviations; 0 where none is measured.
        """
        return self._distance((inputs[:, :, 0] - self.mean) / self.spread[0])

    def _distance(self, level: Tensor) -> Tensor:
        """Return `distance` of levels (batch, step, SIZE) that are in standard deviations already."""
        known = ~torch.isnan(level)
        square = torch.where(known, level, 0.0).clamp(-FARTHEST, FARTHEST).square()
        found = []
        for kind in KINDS:
            columns = self.get_buffer(f"columns_{kind}")
            found.append((square[..., columns].sum(dim=-1) / known[..., columns].sum(dim=-1).clamp(min=1)).sqrt())
        return torch.stack(found, dim=-1)

    def tokens(self, inputs: Tensor, quality: Tensor) -> Tokens:
        """Return what a step's features become; see `Tokens`."""
        level, change = (inputs - torch.stack([self.mean, torch.zeros_like(self.mean)])).div(self.spread).unbind(2)
        familiar = self._distance(level) <= self.limit
        known = ~torch.isnan(level)
        changed = ~torch.isnan(change)
        level = torch.where(known, level, 0.0).clamp(-HIGHEST, HIGHEST)
        change = torch.where(changed, change, 0.0).clamp(-HIGHEST, HIGHEST)
        made, heard = {}, []
        for place, kind in enumerate(KINDS):
            columns = self.get_buffer(f"columns_{kind}")
            trust = quality[..., place:place + 1] if place < len(MODALITIES) else quality.amin(dim=-1, keepdim=True)
            seen = known[..., columns]
            token = self.embed[kind](torch.cat([level[..., columns], change[..., columns], seen.to(level.dtype), trust],
                                               dim=-1))
            heard.append(seen.any(dim=-1) & familiar[..., place])
            made[kind] = torch.where(heard[-1].unsqueeze(-1), token, self.absent[place])
        lanes = torch.stack([made[kind] + self.lane[k] for k, kind in enumerate(LANES)], dim=1)
        return Tokens(lanes, made[ENVIRONMENT], torch.stack(heard, dim=-1))

    def run(self, tokens: Tokens, turn: tuple[Tensor, Tensor], memory: tuple[Memory, ...] | None = None) -> Outputs:
        """Run the layers and heads over tokens; see `tokens`, `models.attention.rotations` and `forward`."""
        batch, _, steps, width = tokens.lanes.shape
        bottleneck = self.bottleneck.view(1, -1, 1, width).expand(batch, -1, steps, -1)
        x = torch.cat([tokens.lanes, bottleneck], dim=1)
        cosine, sine = (part[:, None, :, None] for part in turn)
        flows, kept = [], []
        for k, layer in enumerate(self.layers):
            x, flow, remembered = layer(x, tokens.environment, (cosine, sine), None if memory is None else memory[k])
            flows.append(flow)
            kept.append(remembered)
        pooled = x[:, len(LANES):].mean(dim=1)
        beta = torch.stack([flow.beta for flow in flows]).mean(dim=0)
        weights = torch.stack([flow.lanes for flow in flows]).mean(dim=0)
        return Outputs(self.heads(pooled), pooled, x[:, :len(LANES)], beta, weights, tuple(kept),
                       tokens.heard)


def parameters(net: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(p.numel() for p in net.parameters())
