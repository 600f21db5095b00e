"""Steps of the network by torch: the reference of the other engines."""

import torch
from torch import Tensor

from models.fusion_net import FusionNet
from models.layer import Memory
from models.step import StepInput, StepOutput


class TorchEngine:
    """A `models.step.Engine` over a network in memory."""

    def __init__(self, net: FusionNet) -> None:
        self.preset, self._net = net.preset, net.eval()

    @torch.inference_mode()
    def run(self, given: StepInput) -> StepOutput:
        """Run one step."""
        inputs, quality, cosine, sine, keys, values, barred = (torch.from_numpy(part) for part in given)
        # The network has steps before heads.
        memory = tuple(Memory(keys[k:k + 1].transpose(2, 3), values[k:k + 1].transpose(2, 3), barred)
                       for k in range(self.preset.layers))
        out = self._net.run(self._net.tokens(inputs[None, None], quality[None, None]),
                            (cosine[None, None], sine[None, None]), memory)
        readout = out.readout
        scores = torch.stack([readout.attention, torch.stack(readout.vigilance(), dim=-1), readout.load], dim=2)
        told: list[Tensor] = [readout.state, scores, readout.lapse, out.beta, out.weights, out.pooled,
                              out.heard.float()]
        newest = [torch.cat([getattr(one, name)[:, :, -1] for one in out.memory]) for name in ("keys", "values")]
        return StepOutput(*(part[0, 0].numpy() for part in told), *(part.numpy() for part in newest))
