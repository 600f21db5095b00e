"""Which sensors say something that people have been seen to say: what lies far from it is not listened to.

A headset on a desk, a face tracker that jumps, noise on a cable: the features are there, and like nobody's. How far
a modality's measured features lie from the training people's, as the root mean square of their standard deviations,
has a limit that ordinary steps of other people almost never pass. Beyond it the modality counts as absent.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kernels.layout import MODALITIES
from models.fusion_net import FusionNet, Outputs
from models.inputs import KINDS, TRUSTED, columns_of
from models.sequences import whole
from models.windows import Windows

PASSED = 0.999
"""Share of the trusted steps of people unknown to the training that stay within the limit."""


def heard_alone(net: FusionNet, inputs: Tensor) -> Tensor:
    """Return inputs (batch, step, 2, SIZE) in which what the network does not listen to is not measured."""
    unheard = net.distance(inputs) > net.limit
    out = inputs.clone()
    for place, kind in enumerate(KINDS):
        columns = columns_of(kind)
        out[..., columns] = torch.where(unheard[..., place, None, None], torch.nan, out[..., columns])
    return out


def listening(net: FusionNet, inputs: Tensor, quality: Tensor, times_s: Tensor) -> Outputs:
    """Return what the network would say if it listened to everything: smooth in its inputs, as gradients need it."""
    out: Outputs = torch.func.functional_call(net, {"limit": torch.full_like(net.limit, torch.inf)},
                                              (inputs, quality, times_s))
    return out


@torch.inference_mode()
def limits(net: FusionNet, sessions: Sequence[Windows]) -> Tensor:
    """Return the limit (kind,) of each of `models.inputs.KINDS`; infinite where nothing was measured.

    Parameters
    ----------
    net
        With the scaling of its training people.
    sessions
        Of people that were not trained on. Steps whose sensor was not trusted do not count.
    """
    far, trusted = [], []
    for one in sessions:
        inputs, quality, _ = whole(one)
        far.append(net.distance(inputs)[0].numpy())
        trust = quality[0].numpy() >= TRUSTED
        trusted.append(np.column_stack([trust, trust.any(axis=1)]))
    found, counts = np.concatenate(far), np.concatenate(trusted)
    assert found.shape[1] == len(KINDS) == len(MODALITIES) + 1
    out = torch.full((len(KINDS),), torch.inf)
    for place in range(len(KINDS)):
        ordinary = found[counts[:, place] & (found[:, place] > 0), place]
        if len(ordinary):
            out[place] = float(np.quantile(ordinary, PASSED))
    return out
