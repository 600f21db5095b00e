"""One step of the network as an ONNX graph with few nodes, as each costs more than the arithmetic in it.

The same arithmetic as `models.fusion_net.FusionNet`, put together for one step of one person: matrices that read the
same numbers lie side by side, turning a key by its time is folded into a second matrix, and the two attentions of a
layer run as one. `models.export` checks it against torch.
"""

from typing import Any

from kernels.layout import MODALITIES, SIZE
from models.fusion_net import FusionNet
from models.inputs import KINDS
from models.labels import HORIZONS_S, LANES, STATES
from models.layer import Layer
from models.onnx_graph import Graph
from models.onnx_layer import OneLayer
from models.onnx_readout import read_out
from models.onnx_tokens import asked_of, tokens
from models.presets import Preset
from models.step import memory_shape


def step_graph(net: FusionNet, header: dict[str, str]) -> Any:
    """Return the ONNX model of one step; see `models.step` for its inputs and outputs."""
    preset, graph = net.preset, Graph()
    lanes, width, layers = len(LANES) + preset.bottlenecks, preset.width, preset.layers
    x, environment, heard = tokens(graph, net)
    turn = [graph.node("Tile", name, [4 * preset.heads]) for name in ("cosine", "sine")]
    asked = asked_of(graph, net, environment, turn)
    memory = [graph.split("Split", layers, name, axis=0, num_outputs=layers) for name in ("keys", "values")]
    bars = graph.node("Concat", "barred", [0.0], axis=0)
    shares, flows, kept = [], [], []
    for k, layer in enumerate(net.layers):
        assert isinstance(layer, Layer)
        one = OneLayer(graph, layer, preset, lanes)
        share = one.mixture(x, asked[2][k])
        x, key, value = one.over_time(x, share, asked[0][k], turn, memory[0][k], memory[1][k], bars)
        x, attention = one.over_lanes(x, share, asked[1][k])
        x = one.net(x)
        shares.append(share)
        flows.append(attention)
        kept.append((key, value))
    pooled = graph.node("ReduceMean", graph.node("Slice", x, [len(LANES)], [lanes], [0]), [0], keepdims=0)
    for name, value in read_out(graph, net.heads, pooled).items():
        graph.called(name, value)
    graph.called("beta", graph.node("Gather", graph.node("Reshape", graph.node("Mean", *shares), [2]), 1))
    graph.called("weights", _weights(graph, flows, preset, lanes))
    graph.called("pooled", pooled)
    graph.called("heard", heard)
    newest = layers, lanes, preset.heads, preset.size
    for place, name in enumerate(("next_keys", "next_values")):
        together = graph.node("Concat", *(one[place] for one in kept), axis=0)
        graph.called(name, graph.node("Reshape", together, list(newest)))
    return graph.model(
        {"inputs": (2, SIZE), "quality": (len(MODALITIES),), "cosine": (preset.size // 2,), "sine": (preset.size // 2,),
         "keys": memory_shape(preset), "values": memory_shape(preset), "barred": (preset.reach - 1,)},
        {"logits": (len(STATES),), "scores": (3, 2), "lapse": (len(HORIZONS_S),), "beta": (), "weights": (len(LANES),),
         "pooled": (width,), "heard": (len(KINDS),), "next_keys": newest, "next_values": newest}, header)


def _weights(graph: Graph, flows: list[str], preset: Preset, lanes: int) -> str:
    """Return each modality's share (lane,), the mean over layers, of what the bottleneck attends to."""
    all_ = graph.node("Reshape", graph.node("Concat", *flows, axis=0), [preset.layers, preset.heads, lanes, lanes])
    flow = graph.node("Slice", all_, [len(LANES), 0], [lanes, len(LANES)], [2, 3])
    summed = graph.node("ReduceSum", flow, [1, 2], keepdims=0)
    shares = graph.node("Div", summed, graph.node("ReduceSum", summed, [1], keepdims=1))
    return graph.node("ReduceMean", shares, [0], keepdims=0)
