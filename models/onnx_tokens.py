"""From features to tokens, and to what the environment asks, as nodes of an ONNX graph."""

import numpy as np
from torch import nn

from kernels.layout import SIZE
from models.fusion_net import ENVIRONMENT, FARTHEST, HIGHEST, FusionNet
from models.inputs import KINDS, columns_of
from models.labels import LANES
from models.layer import Layer
from models.onnx_arrays import array, linear_of, swapped
from models.onnx_graph import Graph


def tokens(graph: Graph, net: FusionNet) -> tuple[str, str, str]:
    """Return the tokens (lane, width), the bottleneck's behind the modalities', the environment, and who is heard."""
    spread, width = array(net.spread), net.preset.width
    scaled = graph.node("Div", graph.node("Sub", "inputs", np.stack([array(net.mean), np.zeros(SIZE, np.float32)])),
                        spread)
    missing = graph.node("IsNaN", scaled)
    known = graph.node("Where", missing, 0.0, scaled)
    numbers = graph.node("Clip", known, -HIGHEST, HIGHEST)
    seen = graph.node("Cast", graph.node("Not", graph.node("Slice", missing, [0], [1], [0])), to=1)
    trust = graph.node("Concat", "quality", graph.node("ReduceMin", "quality", [0]), axis=0)
    given = graph.node("Concat", graph.node("Reshape", numbers, [1, 2 * SIZE]), seen,
                       graph.node("Reshape", trust, [1, len(KINDS)]), axis=1)
    matrix, bias = np.zeros((3 * SIZE + len(KINDS), len(KINDS), width), np.float32), []
    member = np.zeros((SIZE, len(KINDS)), np.float32)
    for place, kind in enumerate(KINDS):
        linear, columns = net.embed[kind], np.array(columns_of(kind))
        assert isinstance(linear, nn.Linear)
        weight = array(linear.weight).T
        for part in range(3):
            matrix[part * SIZE + columns, place] = weight[part * len(columns):(part + 1) * len(columns)]
        matrix[3 * SIZE + place, place] = weight[-1]
        bias.append(array(linear.bias))
        member[columns, place] = 1.0
    made = graph.node("Gemm", given, matrix.reshape(len(matrix), -1), np.concatenate(bias))
    level = graph.node("Clip", graph.node("Slice", known, [0], [1], [0]), -FARTHEST, FARTHEST)
    square = graph.node("MatMul", graph.node("Mul", level, level), member)
    count = graph.node("MatMul", seen, member)
    # The mean square within the square of the limit, without dividing by a count of 0.
    far = graph.node("Mul", count, np.minimum(array(net.limit) ** 2, np.finfo(np.float32).max / SIZE))
    there = graph.node("And", graph.node("Greater", count, 0.0), graph.node("LessOrEqual", square, far))
    tokens = graph.node("Where", graph.node("Reshape", there, [len(KINDS), 1]),
                        graph.node("Reshape", made, [len(KINDS), width]), array(net.absent))
    environment = graph.node("Gather", tokens, [KINDS.index(ENVIRONMENT)])
    own = graph.node("Add", graph.node("Gather", tokens, [KINDS.index(kind) for kind in LANES]), array(net.lane))
    return (graph.node("Concat", own, array(net.bottleneck), axis=0), environment,
            graph.node("Reshape", graph.node("Cast", there, to=1), [len(KINDS)]))


def asked_of(graph: Graph, net: FusionNet, environment: str, turn: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return what the environment asks of each layer: over time and over lanes (head, 1, size), and the mixture's."""
    preset = net.preset
    width, layers = preset.width, preset.layers
    over_time, over_lanes, shares = [], [], []
    for layer in net.layers:
        assert isinstance(layer, Layer)
        both = linear_of(layer.outside)
        over_time.append([part[..., :width] for part in both])
        over_lanes.append([part[..., width:] for part in both])
        weight, bias = linear_of(layer.mixture.score)
        # Softmax over 0 and the score is alpha and beta at once.
        shares.append([np.concatenate([np.zeros_like(part), part], axis=-1) for part in (weight[width:], bias)])
    crosswise = [[swapped(part, preset.size) for part in one] for one in over_time]
    weights, biases = ([np.concatenate([one[k] for one in group], axis=-1)
                        for group in (over_time, crosswise, over_lanes, shares)] for k in range(2))
    told = graph.node("Gemm", environment, np.concatenate(weights, axis=1), np.concatenate(biases))
    straight, crossed, lanes, share = graph.split("Split", 4, told, [layers * width] * 3 + [layers * 2], axis=1)
    rows = [graph.node("Reshape", part, [layers, width]) for part in (straight, crossed, lanes)]
    alike = [graph.node("Slice", part, [0], [width], [0]) for part in turn]
    rows[0] = graph.node("Add", graph.node("Mul", rows[0], alike[0]), graph.node("Mul", rows[1], alike[1]))
    shape = [layers * preset.heads, 1, preset.size]
    first, second = (graph.split("Split", layers, graph.node("Reshape", row, shape), axis=0, num_outputs=layers)
                     for row in (rows[0], rows[2]))
    return first, second, graph.split("Split", layers, share, axis=1, num_outputs=layers)
