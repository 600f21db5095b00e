"""One layer of the network: each lane over time, the lanes of a step through the bottleneck, then a small net."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.attention import Mixture, heard, rotated
from models.presets import BARRED, Preset


class Memory(NamedTuple):
    """What a layer keeps of the newest `reach` - 1 steps; places that no step has filled yet are barred."""

    keys: Tensor
    """(batch, lane, head, step, size), rotated by their times."""
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
        turn : cosine and sine, each (batch or 1, 1, 1, step, size / 2)
            Of the steps' times.
        memory
            Of the steps before; None at the start.
        """
        batch, lanes, steps, width = x.shape
        beta = self.mixture(x.mean(dim=1), environment)  # (batch, step, 1)
        over_time, over_lanes = self.outside(environment).view(batch, steps, 2, self.heads, -1).unbind(2)
        back, memory = self._over_time(x, over_time, beta, turn, memory)
        x = x + self.after_time(back)

        across = self.lanes(self.before_lanes(x)).view(batch, lanes, steps, 3, self.heads, -1)
        query, key, value = across.permute(3, 0, 2, 4, 1, 5)  # each (batch, step, head, lane, size)
        key = key * key.shape[-1] ** -0.5
        share = beta.view(batch, steps, 1, 1, 1)
        told, attention = heard(query, over_lanes.unsqueeze(3), key, value, share, self.barred)
        x = x + self.after_lanes(told.permute(0, 3, 1, 2, 4).reshape(batch, lanes, steps, width))
        x = x + self.dropout(self.net(self.before_net(x)))

        own, external = (part[:, :, :, self.modalities:, :self.modalities].mean(dim=(2, 3)) for part in attention)
        flow = torch.lerp(own, external, beta)
        return x, Flow(beta.squeeze(-1), flow / flow.sum(dim=-1, keepdim=True)), memory

    def _over_time(self, x: Tensor, asked: Tensor, beta: Tensor, turn: tuple[Tensor, Tensor],
                   memory: Memory | None) -> tuple[Tensor, Memory]:
        """Let each lane look back over its own steps.

        Steps are taken in blocks: every block meets its own keys and those of the `reach` - 1 steps before it, so that
        a long session costs no more a step than a short one.
        """
        batch, lanes, steps, width = x.shape
        query, key, value = self._heads(self.time(self.before_time(x)))
        query, key = rotated(query, *turn), rotated(key, *turn) * key.shape[-1] ** -0.5
        if memory is None:
            memory = blank(key, self.reach)
        key, value = torch.cat([memory.keys, key], dim=3), torch.cat([memory.values, value], dim=3)
        barred = torch.cat([memory.barred, memory.barred.new_zeros(steps)])
        kept = Memory(key[:, :, :, steps:], value[:, :, :, steps:], barred[steps:])
        length = min(self.reach, steps)
        after = -steps % length
        # One more that is barred ahead of the first key makes a whole block of those before; the last is filled up.
        key, value = (_with_block_before(nn.functional.pad(part, (0, 0, 1, after)), length, self.reach)
                      for part in (key, value))  # (batch, lane, head, block, key, size)
        barred = _with_block_before(nn.functional.pad(barred, (1, after), value=BARRED)[:, None], length, self.reach)
        query = _blocks(query, length, after)
        asked = _blocks(rotated(asked.permute(0, 2, 1, 3).unsqueeze(1), *turn), length, after)
        age = torch.arange(length, device=x.device)[:, None] + self.reach - torch.arange(
            self.reach + length, device=x.device)
        barred = barred.mT + torch.where((age < 0) | (age >= self.reach), BARRED, 0.0)
        share = _blocks(beta.view(batch, 1, 1, steps, 1), length, after)
        told, _ = heard(query, asked, key, value, share, barred)
        told = told.reshape(batch, lanes, self.heads, -1, width // self.heads)[:, :, :, :steps]
        return told.transpose(2, 3).reshape(batch, lanes, steps, width), kept

    def _heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split (batch, lane, step, 3 width) into three of (batch, lane, head, step, size)."""
        batch, lanes, steps, _ = x.shape
        query, key, value = x.view(batch, lanes, steps, 3, self.heads, -1).permute(3, 0, 1, 4, 2, 5)
        return query, key, value


def blank(like: Tensor, reach: int) -> Memory:
    """Return the memory before the first step, for keys (batch, lane, head, step, size) like these."""
    batch, lanes, heads, _, size = like.shape
    empty = like.new_zeros(batch, lanes, heads, reach - 1, size)
    return Memory(empty, empty, like.new_full((reach - 1,), BARRED))


def _blocks(x: Tensor, length: int, after: int) -> Tensor:
    """Cut the steps of x (..., step, size) into blocks (..., block, length, size), the last filled up with zeros."""
    padded = nn.functional.pad(x, (0, 0, 0, after))
    return padded.view(*x.shape[:-2], -1, length, x.shape[-1])


def _with_block_before(x: Tensor, length: int, reach: int) -> Tensor:
    """Cut keys (..., step, size), of which the first `reach` come before, into (..., block, reach + length, size)."""
    if length < reach:
        return x.unsqueeze(-3)  # a single block, shorter than what it looks back on
    blocks = x.view(*x.shape[:-2], -1, length, x.shape[-1])
    return torch.cat([blocks[..., :-1, :, :], blocks[..., 1:, :, :]], dim=-2)
