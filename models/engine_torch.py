"""Steps of the network by torch: the reference of the other engines, and what is exported."""

import torch
from torch import Tensor, nn

from models.fusion_net import FusionNet
from models.layer import Memory
from models.step import StepInput, StepOutput


class StepNet(nn.Module):
    """The network as one step of plain tensors; see `models.step`."""

    def __init__(self, net: FusionNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, inputs: Tensor, quality: Tensor, cosine: Tensor, sine: Tensor, keys: Tensor, values: Tensor,
                barred: Tensor) -> tuple[Tensor, ...]:
        """Return the fields of `models.step.StepOutput`."""
        memory = tuple(Memory(keys[k:k + 1], values[k:k + 1], barred) for k in range(self.net.preset.layers))
        tokens, environment = self.net.tokens(inputs, quality)
        out = self.net.run(tokens, environment, (cosine, sine), memory)
        readout = out.readout
        vigilance = torch.stack(readout.vigilance(), dim=-1)
        scores = torch.stack([readout.attention, vigilance, readout.load], dim=2)
        kept = tuple(torch.cat([getattr(one, name) for one in out.memory]) for name in ("keys", "values"))
        return (readout.state[0, 0], scores[0, 0], readout.lapse[0, 0], out.beta[0, 0], out.weights[0, 0],
                out.pooled[0, 0], *kept, out.memory[0].barred)


class TorchEngine:
    """A `models.step.Engine` over a network in memory."""

    def __init__(self, net: FusionNet) -> None:
        self.preset, self._net = net.preset, StepNet(net.eval())

    @torch.inference_mode()
    def run(self, given: StepInput) -> StepOutput:
        """Run one step."""
        return StepOutput(*(part.numpy() for part in self._net(*(torch.from_numpy(part) for part in given))))
