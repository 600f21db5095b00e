"""One step of the network as an ONNX graph with few nodes, as each costs more than the arithmetic in it.

The same arithmetic as `models.fusion_net.FusionNet`, put together for one step of one person: matrices that read the
same numbers lie side by side, turning a key by its time is folded into a second matrix, and the two attentions of a
layer run as one. `models.export` checks it against torch.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from kernels.layout import MODALITIES, SIZE
from models.fusion_net import ENVIRONMENT, FARTHEST, HIGHEST, FusionNet
from models.heads import LEAST_SD, SLEEPINESS_LEVELS, Heads
from models.inputs import KINDS, columns_of
from models.labels import HORIZONS_S, LANES, STATES
from models.layer import Layer
from models.onnx_graph import Graph
from models.presets import Preset
from models.step import memory_shape

Array = NDArray[np.float32]


def step_graph(net: FusionNet, header: dict[str, str]) -> Any:
    """Return the ONNX model of one step; see `models.step` for its inputs and outputs."""
    preset, graph = net.preset, Graph()
    lanes, width, layers = len(LANES) + preset.bottlenecks, preset.width, preset.layers
    x, environment, heard = _tokens(graph, net)
    turn = [graph.node("Tile", name, [4 * preset.heads]) for name in ("cosine", "sine")]
    asked = _asked(graph, net, environment, turn)
    memory = [graph.split("Split", layers, name, axis=0, num_outputs=layers) for name in ("keys", "values")]
    shares, flows, kept = [], [], []
    for k, layer in enumerate(net.layers):
        assert isinstance(layer, Layer)
        one = _Layer(graph, layer, preset, lanes)
        share = one.mixture(x, asked[2][k])
        x, key, value = one.over_time(x, share, asked[0][k], turn, memory[0][k], memory[1][k])
        x, attention = one.over_lanes(x, share, asked[1][k])
        x = one.net(x)
        shares.append(share)
        flows.append(attention)
        kept.append((key, value))
    pooled = graph.node("ReduceMean", graph.node("Slice", x, [len(LANES)], [lanes], [0]), [0], keepdims=0)
    for name, value in _read_out(graph, net.heads, pooled).items():
        graph.called(name, value)
    graph.called("beta", graph.node("Gather", graph.node("Reshape", graph.node("Mean", *shares), [2]),
                                    np.array(1)))
    graph.called("weights", _weights(graph, flows, preset, lanes))
    graph.called("pooled", pooled)
    graph.called("heard", heard)
    for place, name in enumerate(("next_keys", "next_values")):
        graph.called(name, graph.node("Concat", *(one[place] for one in kept), axis=0))
    newest = layers, lanes, preset.heads, preset.size
    return graph.model(
        {"inputs": (2, SIZE), "quality": (len(MODALITIES),), "cosine": (preset.size // 2,), "sine": (preset.size // 2,),
         "keys": memory_shape(preset), "values": memory_shape(preset), "barred": (preset.reach - 1,)},
        {"logits": (len(STATES),), "scores": (3, 2), "lapse": (len(HORIZONS_S),), "beta": (), "weights": (len(LANES),),
         "pooled": (width,), "heard": (len(KINDS),), "next_keys": newest, "next_values": newest}, header)


def _tokens(graph: Graph, net: FusionNet) -> tuple[str, str, str]:
    """Return the tokens (lane, width), the bottleneck's behind the modalities', the environment, and who is heard."""
    spread, width = _array(net.spread), net.preset.width
    scaled = graph.node("Div", graph.node("Sub", "inputs", np.stack([_array(net.mean), np.zeros(SIZE, np.float32)])),
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
        weight = _array(linear.weight).T
        for part in range(3):
            matrix[part * SIZE + columns, place] = weight[part * len(columns):(part + 1) * len(columns)]
        matrix[3 * SIZE + place, place] = weight[-1]
        bias.append(_array(linear.bias))
        member[columns, place] = 1.0
    made = graph.node("Gemm", given, matrix.reshape(len(matrix), -1), np.concatenate(bias))
    level = graph.node("Clip", graph.node("Slice", known, [0], [1], [0]), -FARTHEST, FARTHEST)
    square = graph.node("MatMul", graph.node("Mul", level, level), member)
    count = graph.node("MatMul", seen, member)
    # The mean square within the square of the limit, without dividing by a count of 0.
    far = graph.node("Mul", count, np.minimum(_array(net.limit) ** 2, np.finfo(np.float32).max / SIZE))
    there = graph.node("And", graph.node("Greater", count, 0.0), graph.node("LessOrEqual", square, far))
    tokens = graph.node("Where", graph.node("Reshape", there, [len(KINDS), 1]),
                        graph.node("Reshape", made, [len(KINDS), width]), _array(net.absent))
    environment = graph.node("Gather", tokens, [KINDS.index(ENVIRONMENT)])
    own = graph.node("Add", graph.node("Gather", tokens, [KINDS.index(kind) for kind in LANES]), _array(net.lane))
    return (graph.node("Concat", own, _array(net.bottleneck), axis=0), environment,
            graph.node("Reshape", graph.node("Cast", there, to=1), [len(KINDS)]))


def _asked(graph: Graph, net: FusionNet, environment: str, turn: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return what the environment asks of each layer: over time and over lanes (head, 1, size), and the mixture's."""
    preset = net.preset
    width, layers = preset.width, preset.layers
    over_time, over_lanes, shares = [], [], []
    for layer in net.layers:
        assert isinstance(layer, Layer)
        both = _linear(layer.outside)
        over_time.append([part[..., :width] for part in both])
        over_lanes.append([part[..., width:] for part in both])
        weight, bias = _linear(layer.mixture.score)
        # Softmax over 0 and the score is alpha and beta at once.
        shares.append([np.concatenate([np.zeros_like(part), part], axis=-1) for part in (weight[width:], bias)])
    swapped = [[_swapped(part, preset.size) for part in one] for one in over_time]
    weights, biases = ([np.concatenate([one[k] for one in group], axis=-1)
                        for group in (over_time, swapped, over_lanes, shares)] for k in range(2))
    told = graph.node("Gemm", environment, np.concatenate(weights, axis=1), np.concatenate(biases))
    straight, crossed, lanes, share = graph.split("Split", 4, told, [layers * width] * 3 + [layers * 2], axis=1)
    rows = [graph.node("Reshape", part, [layers, width]) for part in (straight, crossed, lanes)]
    alike = [graph.node("Slice", part, [0], [width], [0]) for part in turn]
    rows[0] = graph.node("Add", graph.node("Mul", rows[0], alike[0]), graph.node("Mul", rows[1], alike[1]))
    shape = [layers * preset.heads, 1, preset.size]
    first, second = (graph.split("Split", layers, graph.node("Reshape", row, shape), axis=0, num_outputs=layers)
                     for row in (rows[0], rows[2]))
    return first, second, graph.split("Split", layers, share, axis=1, num_outputs=layers)


class _Layer:
    """The nodes of one layer."""

    def __init__(self, graph: Graph, layer: Layer, preset: Preset, lanes: int) -> None:
        self._graph, self._layer, self._lanes = graph, layer, lanes
        self._width, self._heads, self._size, self._reach = preset.width, preset.heads, preset.size, preset.reach

    def mixture(self, x: str, asked: str) -> str:
        """Return alpha and beta (1, 2)."""
        weight, _ = _linear(self._layer.mixture.score)
        own = weight[:self._width]
        mean = self._graph.node("ReduceMean", x, [0], keepdims=1)
        score = self._graph.node("Gemm", mean, np.concatenate([np.zeros_like(own), own], axis=1), asked)
        return self._graph.node("Softmax", score, axis=-1)

    def over_time(self, x: str, share: str, asked: str, turn: list[str], keys: str, values: str,
                  ) -> tuple[str, str, str]:
        """Return the tokens, and this step's keys and values (1, lane, head, size)."""
        graph, width, lanes = self._graph, self._width, self._lanes
        weight, bias = _linear(self._layer.time)
        query, key, value = ([part[..., k * width:(k + 1) * width] for part in (weight, bias)] for k in range(3))
        key = [part * self._size**-0.5 for part in key]
        parts = [*(query, key), *([_swapped(part, self._size) for part in one] for one in (query, key)), value]
        told = self._normed(x, self._layer.before_time, *(np.concatenate([one[k] for one in parts], axis=-1)
                                                          for k in range(2)))
        straight, crossed, new_value = graph.split("Split", 3, told, [2 * width, 2 * width, width], axis=1)
        turned = graph.node("Add", graph.node("Mul", straight, turn[0]), graph.node("Mul", crossed, turn[1]))
        now, new_key = graph.split("Split", 2, turned, axis=1, num_outputs=2)
        now, new_key, new_value = (graph.node("Reshape", part, [1, lanes, self._heads, 1, self._size])
                                   for part in (now, new_key, new_value))
        keys, values = (graph.node("Concat", old, new, axis=3) for old, new in ((keys, new_key), (values, new_value)))
        both = graph.node("Concat", now, graph.node("Add", now, asked), axis=3)
        barred = graph.node("Concat", "barred", np.zeros(1, np.float32), axis=0)
        scores = graph.node("Add", graph.node("MatMul", both, graph.node("Transpose", keys, perm=[0, 1, 2, 4, 3])),
                            barred)
        attention = graph.node("MatMul", share, graph.node("Softmax", scores, axis=-1))
        heard = graph.node("Reshape", graph.node("MatMul", attention, values), [lanes, width])
        kept = [1, lanes, self._heads, self._size]
        return (self._added(x, heard, self._layer.after_time), graph.node("Reshape", new_key, kept),
                graph.node("Reshape", new_value, kept))

    def over_lanes(self, x: str, share: str, asked: str) -> tuple[str, str]:
        """Return the tokens, and the attention (head, lane, lane)."""
        graph, lanes, heads, size = self._graph, self._lanes, self._heads, self._size
        weight, bias = _linear(self._layer.lanes)
        scale = np.repeat(np.array([1.0, size**-0.5, 1.0], np.float32), self._width)
        told = self._normed(x, self._layer.before_lanes, weight * scale, bias * scale)
        split = graph.node("Transpose", graph.node("Reshape", told, [lanes, 3 * heads, size]), perm=[1, 0, 2])
        query, key, value = graph.split("Split", 3, split, axis=0, num_outputs=3)
        both = graph.node("Concat", query, graph.node("Add", query, asked), axis=1)
        barred = _array(self._layer.barred)
        scores = graph.node("Add", graph.node("MatMul", both, graph.node("Transpose", key, perm=[0, 2, 1])),
                            np.concatenate([barred, barred]))
        weights = graph.node("Reshape", graph.node("Softmax", scores, axis=-1), [heads, 2, lanes * lanes])
        attention = graph.node("Reshape", graph.node("MatMul", share, weights), [heads, lanes, lanes])
        heard = graph.node("Transpose", graph.node("MatMul", attention, value), perm=[1, 0, 2])
        return (self._added(x, graph.node("Reshape", heard, [lanes, self._width]), self._layer.after_lanes), attention)

    def net(self, x: str) -> str:
        """Return the tokens behind the small net."""
        first, last = self._layer.net[0], self._layer.net[2]
        assert isinstance(first, nn.Linear)
        assert isinstance(last, nn.Linear)
        return self._added(x, self._graph.node("Gelu", self._normed(x, self._layer.before_net, *_linear(first))), last)

    def _normed(self, x: str, norm: nn.LayerNorm, weight: Array, bias: Array) -> str:
        return self._graph.node("Gemm", _norm(self._graph, x, norm), weight, bias)

    def _added(self, x: str, change: str, linear: nn.Linear) -> str:
        return self._graph.node("Add", x, self._graph.node("Gemm", change, *_linear(linear)))


def _weights(graph: Graph, flows: list[str], preset: Preset, lanes: int) -> str:
    """Return each modality's share (lane,), the mean over layers, of what the bottleneck attends to."""
    all_ = graph.node("Reshape", graph.node("Concat", *flows, axis=0), [preset.layers, preset.heads, lanes, lanes])
    flow = graph.node("Slice", all_, [len(LANES), 0], [lanes, len(LANES)], [2, 3])
    summed = graph.node("ReduceSum", flow, [1, 2], keepdims=0)
    shares = graph.node("Div", summed, graph.node("ReduceSum", summed, [1], keepdims=1))
    return graph.node("ReduceMean", shares, [0], keepdims=0)


def _read_out(graph: Graph, heads: Heads, pooled: str) -> dict[str, str]:
    """Return logits, scores and lapse; see `models.heads`."""
    order = (heads.state, heads.attention, heads.load, heads.lapse, heads.sleepiness)
    weight, bias = (np.concatenate(part, axis=-1) for part in zip(*(_linear(one) for one in order), strict=True))
    row = graph.node("Reshape", _norm(graph, pooled, heads.norm), [1, -1])
    told = graph.node("Reshape", graph.node("Gemm", row, weight, bias), [-1])
    logits, scored, lapse, sleepiness = graph.split("Split", 4, told, [len(STATES), 4, 2, 1], axis=0)
    mean, sd = graph.split("Split", 2, graph.node("Reshape", scored, [2, 2]), axis=1, num_outputs=2)
    mean = graph.node("Sigmoid", mean)
    sd = graph.node("Add", graph.node("Softplus", graph.node("Sub", sd, 2.0)), LEAST_SD)
    attention, load = graph.split("Split", 2, graph.node("Concat", mean, sd, axis=1), axis=0, num_outputs=2)
    vigilance = _vigilance(graph, heads, sleepiness)
    soon, later = graph.split("Split", 2, graph.node("Sigmoid", lapse), axis=0, num_outputs=2)
    later = graph.node("Add", soon, graph.node("Mul", graph.node("Sub", 1.0, soon), later))
    return {"logits": logits, "scores": graph.node("Concat", attention, vigilance, load, axis=0),
            "lapse": graph.node("Concat", soon, later, axis=0)}


def _vigilance(graph: Graph, heads: Heads, sleepiness: str) -> str:
    """Return mean and standard deviation (1, 2) of the vigilance; see `models.heads.Readout.vigilance`."""
    steps = SLEEPINESS_LEVELS - 1
    falls = np.concatenate([[0.0], np.cumsum(np.logaddexp(0.0, _array(heads.gaps).astype(np.float64)))])
    above = graph.node("Sigmoid", graph.node("Add", sleepiness, float(heads.first.detach()) - falls))
    shares = graph.node("Sub", graph.node("Concat", np.ones(1, np.float32), above, axis=0),
                        graph.node("Concat", above, np.zeros(1, np.float32), axis=0))
    values = (1 - np.arange(SLEEPINESS_LEVELS) / steps).astype(np.float32)
    mean = graph.node("ReduceSum", graph.node("Mul", shares, values), [0], keepdims=1)
    off = graph.node("Sub", values, mean)
    spread = graph.node("ReduceSum", graph.node("Mul", shares, graph.node("Mul", off, off)), [0], keepdims=1)
    sd = graph.node("Sqrt", graph.node("Add", spread, LEAST_SD**2))
    return graph.node("Reshape", graph.node("Concat", mean, sd, axis=0), [1, 2])


def _norm(graph: Graph, x: str, norm: nn.LayerNorm) -> str:
    return graph.node("LayerNormalization", x, _array(norm.weight), _array(norm.bias), axis=-1, epsilon=norm.eps)


def _linear(linear: nn.Linear) -> tuple[Array, Array]:
    """Return the weight (input, output) and bias of a layer."""
    return _array(linear.weight).T, _array(linear.bias)


def _swapped(weights: Array, size: int) -> Array:
    """Return what makes the other half of each head's output, (..., head * size) of (-b, a) for (a, b).

    So a turned vector is straight * cosine + swapped * sine; see `models.attention.rotated`.
    """
    halves = weights.reshape(*weights.shape[:-1], -1, 2, size // 2)
    return np.stack([-halves[..., 1, :], halves[..., 0, :]], axis=-2).reshape(weights.shape)


def _array(values: Tensor | nn.Parameter) -> Array:
    out: Array = values.detach().numpy().astype(np.float32)
    return out
