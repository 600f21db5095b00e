"""One layer of the network: each lane over time, the lanes of a step through the bottleneck, then a small net."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.attention import Mixture, heard, heard_only, rotated
from models.presets import BARRED, Preset

BLOCK = 96
"""Steps that look back together."""


class Memory(NamedTuple):
    """What a layer keeps of the newest `reach` - 1 steps; places that no step has filled yet are barred."""

    keys: Tensor
    """(batch, lane, step, head, size), rotated by their times."""
    values: Tensor
    barred: Tensor
    """(step,) `models.presets.BARRED` where no step was yet, else 0."""


class Flow(NamedTuple):
    """How attention flowed in a layer."""

    beta: Tensor
    """(batch, step) share of external attention."""
    lanes: Tensor
    """(batch, step, lane) attention of the bottleneck tokens to the modalities' tokens; sums to 1."""


class Layer(nn.Module):
    """Attention over a lane's own past, attention across the lanes of a step, and a small net; all lanes share weights.

    Parameters
    ----------
    preset
    modalities
        Lanes that hold a modality's token; the rest, at the end, are the bottleneck. A modality sees itself and the
        bottleneck, the bottleneck sees everything: what one modality says to another has to pass through it.
    """

    def __init__(self, preset: Preset, modalities: int) -> None:
        super().__init__()
        width = preset.width
        self.heads, self.modalities, self.reach = preset.heads, modalities, preset.reach
        self.before_time, self.before_lanes, self.before_net = (nn.LayerNorm(width) for _ in range(3))
        self.time, self.lanes = nn.Linear(width, 3 * width), nn.Linear(width, 3 * width)
        self.after_time, self.after_lanes = nn.Linear(width, width), nn.Linear(width, width)
        self.outside = nn.Linear(width, 2 * width)
        self.mixture = Mixture(width)
        self.net = nn.Sequential(nn.Linear(width, preset.spread * width), nn.GELU(),
                                 nn.Linear(preset.spread * width, width))
        self.dropout = nn.Dropout(preset.dropout)
        lanes = modalities + preset.bottlenecks
        sees = torch.eye(lanes, dtype=torch.bool)
        sees[modalities:, :] = True
        sees[:, modalities:] = True
        self.register_buffer("barred", torch.where(sees, 0.0, BARRED), persistent=False)
        self.barred: Tensor

    def forward(self, x: Tensor, environment: Tensor, turn: tuple[Tensor, Tensor], memory: Memory | None = None,
                ) -> tuple[Tensor, Flow, Memory]:
        """Return the new tokens, how attention flowed, and what the next steps need of these.

        Parameters
        ----------
        x : (batch, lane, step, width)
        environment : (batch, step, width)
        turn : cosine and sine, each (batch or 1, 1, step, 1, size / 2)
            Of the steps' times.
        memory
            Of the steps before; None at the start.
        """
        batch, lanes, steps, width = x.shape
        beta = self.mixture(x.mean(dim=1), environment)  # (batch, step, 1)
        over_time, over_lanes = self.outside(environment).chunk(2, dim=-1)
        back, memory = self._over_time(x, over_time, beta, turn, memory)
        x = x + self.after_time(back)

        across = self.lanes(self.before_lanes(x)).transpose(1, 2)  # (batch, step, lane, 3 width)
        query, key, value = (self._split(part) for part in across.chunk(3, dim=-1))
        told, attention = heard(query, self._split(over_lanes.unsqueeze(2)), key * key.shape[-1] ** -0.5, value,
                                beta.view(batch, steps, 1, 1, 1), self.barred)
        x = x + self.after_lanes(told.transpose(2, 3).reshape(batch, steps, lanes, width).transpose(1, 2))
        x = x + self.dropout(self.net(self.before_net(x)))

        own, external = (part[:, :, :, self.modalities:, :self.modalities].mean(dim=(2, 3)) for part in attention)
        flow = torch.lerp(own, external, beta)
        return x, Flow(beta.squeeze(-1), flow / flow.sum(dim=-1, keepdim=True)), memory

    def _over_time(self, x: Tensor, asked: Tensor, beta: Tensor, turn: tuple[Tensor, Tensor],
                   memory: Memory | None) -> tuple[Tensor, Memory]:
        """Let each lane look back over its own steps, in blocks: a long session costs no more a step than a short one.

        Each block meets its own keys and those of the `reach` - 1 steps before it.
        """
        steps, before = x.shape[2], self.reach - 1
        told = self.time(self.before_time(x))
        told = told.view(*told.shape[:-1], 3 * self.heads, -1)
        query, key = rotated(told[..., :2 * self.heads, :], *turn).chunk(2, dim=-2)
        value = told[..., 2 * self.heads:, :]
        asked = rotated(asked.view(len(asked), 1, steps, self.heads, -1), *turn)
        if memory is None:
            memory = blank(key, self.reach)
        key, value = torch.cat([memory.keys, key], dim=2), torch.cat([memory.values, value], dim=2)
        barred = torch.cat([memory.barred, memory.barred.new_zeros(steps)])
        found = []
        for start in range(0, steps, BLOCK):
            stop = min(start + BLOCK, steps)
            queries, keys = slice(start, stop), slice(start, stop + before)
            age = torch.arange(stop - start, device=x.device)[:, None] + before - torch.arange(
                stop - start + before, device=x.device)
            bars = barred[keys] + torch.where((age < 0) | (age > before), BARRED, 0.0)
            found.append(heard_only(query[:, :, queries], asked[:, :, queries], key[:, :, keys], value[:, :, keys],
                                    beta[:, None, queries], bars))
        kept = Memory(key[:, :, steps:], value[:, :, steps:], barred[steps:])
        return torch.cat(found, dim=2), kept

    def _split(self, x: Tensor) -> Tensor:
        """Split (..., lane, width) into (..., head, lane, size)."""
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(-2, -3)


def blank(like: Tensor, reach: int) -> Memory:
    """Return the memory before the first step, for keys (batch, lane, step, head, size) like these."""
    batch, lanes, _, heads, size = like.shape
    empty = like.new_zeros(batch, lanes, reach - 1, heads, size)
    return Memory(empty, empty, like.new_full((reach - 1,), BARRED))
