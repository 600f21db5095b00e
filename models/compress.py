"""Smaller networks: weights in eight bits, and weights that hardly matter left out; what each costs is measured."""

from pathlib import Path

import torch
from torch import nn

from models.checkpoint import Trained
from models.files import appearing
from models.fusion_net import FusionNet
from models.header import Header


def quantised(source: Path, target: Path, header: Header) -> None:
    """Write an exported network with its matrices in int8, scaled for each output; activations are scaled as they come.

    Parameters
    ----------
    source, target
        ONNX files.
    header
        Of the weights; the quantiser drops it.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Products without weights: attention, and counts that eight bits would not hold.
    exact = [node.name for node in onnx.load(str(source)).graph.node if node.op_type == "MatMul"]
    with appearing(target) as part:
        quantize_dynamic(source, part, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=exact)
        model = onnx.load(str(part))
        onnx.helper.set_model_props(model, header.as_text())
        onnx.save(model, str(part))


def pruned(trained: Trained, share: float) -> Trained:
    """Return a copy with the smallest `share` of each matrix's weights set to zero (Han 2015, by magnitude).

    The zeros make the file smaller once it is compressed; the arithmetic stays as it is.
    """
    net = FusionNet(trained.net.preset)
    net.load_state_dict(trained.net.state_dict())
    for module in net.modules():
        if isinstance(module, nn.Linear):
            size = module.weight.abs().flatten()
            least = size.kthvalue(max(1, round(share * len(size)))).values
            with torch.no_grad():
                module.weight.masked_fill_(module.weight.abs() <= least, 0.0)
    return Trained(net.eval(), trained.calibration, trained.card)
