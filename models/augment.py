"""Disturbing training sequences: sensors that are missing, features that fail, noise, and noise of the worst kind."""

import torch
from torch import Tensor

from kernels.layout import MODALITIES
from models.inputs import columns_of
from models.labels import SENSING
from models.recipe import Augment
from models.sequences import Batch


def disturbed(batch: Batch, spread: Tensor, how: Augment, draw: torch.Generator) -> Batch:
    """Return the batch with sensors missing, features failing and noise; `spread` (2, SIZE) is the network's."""
    inputs, quality = batch.inputs.clone(), batch.quality.clone()
    size, steps = inputs.shape[:2]
    noise = torch.randn(inputs.shape, generator=draw) + torch.randn((size, 1, *inputs.shape[2:]), generator=draw)
    inputs += how.noise * spread * noise
    failed = torch.rand((size, 1, 1, inputs.shape[-1]), generator=draw) < how.channel_absent
    inputs.masked_fill_(failed, torch.nan)
    silence(inputs, quality, _missing(size, steps, how, draw))
    return batch._replace(inputs=inputs, quality=quality)


def silence(inputs: Tensor, quality: Tensor, missing: Tensor) -> None:
    """Take modalities away, in place.

    What needs several modalities goes with any of them.

    Parameters
    ----------
    inputs : (batch, step, 2, SIZE)
    quality : (batch, step, modality)
    missing : (batch, step, modality) bool
        In the order of `kernels.layout.MODALITIES`.
    """
    for place, kind in enumerate(MODALITIES):
        gone = missing[..., place]
        inputs[..., columns_of(kind)] = torch.where(gone[..., None, None], torch.nan, inputs[..., columns_of(kind)])
        quality[..., place] = torch.where(gone, 0.0, quality[..., place])
    gone = missing[..., :len(SENSING)].any(dim=-1)
    inputs[..., columns_of("fusion")] = torch.where(gone[..., None, None], torch.nan, inputs[..., columns_of("fusion")])


def _missing(size: int, steps: int, how: Augment, draw: torch.Generator) -> Tensor:
    """Draw which modalities are missing: (batch, step, modality). One that senses the person is always left."""
    sensing = len(SENSING)
    absent = torch.rand((size, sensing), generator=draw) < how.modality_absent
    keeper = torch.randint(0, sensing, (size,), generator=draw)
    lost = torch.rand((size, sensing), generator=draw) < how.modality_lost
    absent[torch.arange(size), keeper] = lost[torch.arange(size), keeper] = False
    edges = torch.rand((size, sensing, 2), generator=draw).sort(dim=-1).values * steps
    place = torch.arange(steps).view(1, -1, 1)
    stretch = (place >= edges[:, None, :, 0]) & (place < edges[:, None, :, 1])
    outside = (torch.rand((size, 1, 1), generator=draw) < how.context_absent).expand(-1, steps, -1)
    return torch.cat([absent[:, None] | (lost[:, None] & stretch), outside], dim=-1)
