"""What the network learns about one person: low-rank changes of some of its weights, the rest stays (LoRA, Hu 2021).

A weight W of (out, in) becomes W + up down with up (out, rank) and down (rank, in). Changed are what attention asks for
and what it hears (query and value of every layer, over time and across lanes), and the readout of the state.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from models.backbone import fingerprint
from models.errors import ModelError
from models.fusion_net import FusionNet
from models.labels import STATES
from models.presets import Preset

RANK = 4
READOUT = "heads.state"
PARTS = ("query", "key", "value")
"""The thirds of the rows of `Layer.time` and `Layer.lanes`, in their order; keys are left as they are."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """One person's changes."""

    person: str
    """A pseudonym."""
    backbone: str
    """`models.backbone.fingerprint` of the weights that it changes, and of no others."""
    tensors: Mapping[str, Tensor]
    """By place: "<place>.down" (rank, in) and "<place>.up" (out, rank); and "heads.state.bias" (state,)."""
    history: tuple[Mapping[str, Any], ...] = field(default=())
    """Each update: what it was learned from, and what it gained; plain tables."""

    @property
    def rank(self) -> int:
        """Return the rank of the changes."""
        return int(self.tensors[f"{READOUT}.down"].shape[0])


def places(preset: Preset) -> dict[str, int]:
    """Return where changes are made, as names, and how many rows each has."""
    attention = {f"layers.{layer}.{kind}.{part}": preset.width for layer in range(preset.layers)
                 for kind in ("time", "lanes") for part in ("query", "value")}
    return attention | {READOUT: len(STATES)}


def backbone_of(net: FusionNet) -> str:
    """Return the fingerprint of a network's weights."""
    return fingerprint({name: value.detach().cpu().numpy() for name, value in net.state_dict().items()})


def fresh(net: FusionNet, person: str, rank: int = RANK) -> Adapter:
    """Return an adapter that changes nothing yet: `down` is drawn, always the same way, and `up` is zero."""
    draw = torch.Generator().manual_seed(0)
    width = net.preset.width
    tensors: dict[str, Tensor] = {f"{READOUT}.bias": torch.zeros(len(STATES))}
    for place, rows in places(net.preset).items():
        tensors[f"{place}.down"] = torch.randn(rank, width, generator=draw) * width ** -0.5
        tensors[f"{place}.up"] = torch.zeros(rows, rank)
    return Adapter(person, backbone_of(net), tensors)


def changed(net: FusionNet, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a network that an adapter's tensors change, changed; gradients flow into the tensors."""
    width, weights = net.preset.width, dict(net.named_parameters())
    out = {f"{READOUT}.weight": weights[f"{READOUT}.weight"].detach() + _update(tensors, READOUT),
           f"{READOUT}.bias": weights[f"{READOUT}.bias"].detach() + tensors[f"{READOUT}.bias"]}
    for layer in range(net.preset.layers):
        for kind in ("time", "lanes"):
            place = f"layers.{layer}.{kind}"
            thirds = torch.split(weights[f"{place}.weight"].detach(), width)
            out[f"{place}.weight"] = torch.cat([
                third if part == "key" else third + _update(tensors, f"{place}.{part}")
                for part, third in zip(PARTS, thirds, strict=True)])
    return out


def merged(net: FusionNet, adapter: Adapter) -> FusionNet:
    """Return a plain network with the changes folded into its weights: every export and engine takes it as it is.

    Raises
    ------
    ModelError
        If the adapter belongs to other weights.
    """
    ours = backbone_of(net)
    if adapter.backbone != ours:
        raise ModelError(f"What was learned about '{adapter.person}' belongs to the weights {adapter.backbone}, "
                         f"these are {ours}.", "Run attnflow person forget, then attnflow personalise again.")
    out = copy.deepcopy(net)
    with torch.no_grad():
        for name, value in changed(net, adapter.tensors).items():
            out.get_parameter(name).copy_(value)
    return out.eval()


def _update(tensors: Mapping[str, Tensor], place: str) -> Tensor:
    return tensors[f"{place}.up"] @ tensors[f"{place}.down"]
