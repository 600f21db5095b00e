"""One layer of the network as nodes of an ONNX graph, for one step; see `models.layer`."""

import numpy as np
from torch import nn

from models.layer import Layer
from models.onnx_arrays import Array, array, linear_of, normed, swapped
from models.onnx_graph import Graph
from models.presets import Preset


class OneLayer:
    """The nodes of one layer."""

    def __init__(self, graph: Graph, layer: Layer, preset: Preset, lanes: int) -> None:
        self._graph, self._layer, self._lanes = graph, layer, lanes
        self._width, self._heads, self._size = preset.width, preset.heads, preset.size

    def mixture(self, x: str, asked: str) -> str:
        """Return alpha and beta (1, 2)."""
        weight, _ = linear_of(self._layer.mixture.score)
        own = weight[:self._width]
        mean = self._graph.node("ReduceMean", x, [0], keepdims=1)
        score = self._graph.node("Gemm", mean, np.concatenate([np.zeros_like(own), own], axis=1), asked)
        return self._graph.node("Softmax", score, axis=-1)

    def over_time(self, x: str, share: str, asked: str, turn: list[str], keys: str, values: str,
                  barred: str) -> tuple[str, str, str]:
        """Return the tokens, and this step's keys and values (1, lane, head, 1, size)."""
        graph, width, lanes = self._graph, self._width, self._lanes
        weight, bias = linear_of(self._layer.time)
        query, key, value = ([part[..., k * width:(k + 1) * width] for part in (weight, bias)] for k in range(3))
        key = [part * self._size**-0.5 for part in key]
        parts = [*(query, key), *([swapped(part, self._size) for part in one] for one in (query, key)), value]
        told = self._normed(x, self._layer.before_time, *(np.concatenate([one[k] for one in parts], axis=-1)
                                                          for k in range(2)))
        straight, crossed, new_value = graph.split("Split", 3, told, [2 * width, 2 * width, width], axis=1)
        turned = graph.node("Add", graph.node("Mul", straight, turn[0]), graph.node("Mul", crossed, turn[1]))
        now, new_key = graph.split("Split", 2, turned, axis=1, num_outputs=2)
        now, new_key, new_value = (graph.node("Reshape", part, [1, lanes, self._heads, 1, self._size])
                                   for part in (now, new_key, new_value))
        keys, values = (graph.node("Concat", old, new, axis=3) for old, new in ((keys, new_key), (values, new_value)))
        both = graph.node("Concat", now, graph.node("Add", now, asked), axis=3)
        scores = graph.node("Add", graph.node("MatMul", both, graph.node("Transpose", keys, perm=[0, 1, 2, 4, 3])),
                            barred)
        attention = graph.node("MatMul", share, graph.node("Softmax", scores, axis=-1))
        heard = graph.node("Reshape", graph.node("MatMul", attention, values), [lanes, width])
        return self._added(x, heard, self._layer.after_time), new_key, new_value

    def over_lanes(self, x: str, share: str, asked: str) -> tuple[str, str]:
        """Return the tokens, and the attention (head, lane, lane)."""
        graph, lanes, heads, size = self._graph, self._lanes, self._heads, self._size
        weight, bias = linear_of(self._layer.lanes)
        scale = np.repeat(np.array([1.0, size**-0.5, 1.0], np.float32), self._width)
        told = self._normed(x, self._layer.before_lanes, weight * scale, bias * scale)
        split = graph.node("Transpose", graph.node("Reshape", told, [lanes, 3 * heads, size]), perm=[1, 0, 2])
        query, key, value = graph.split("Split", 3, split, axis=0, num_outputs=3)
        both = graph.node("Concat", query, graph.node("Add", query, asked), axis=1)
        barred = array(self._layer.barred)
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
        wide = self._normed(x, self._layer.before_net, *linear_of(first))
        return self._added(x, self._graph.node("Gelu", wide), last)

    def _normed(self, x: str, norm: nn.LayerNorm, weight: Array, bias: Array) -> str:
        return self._graph.node("Gemm", normed(self._graph, x, norm), weight, bias)

    def _added(self, x: str, change: str, linear: nn.Linear) -> str:
        return self._graph.node("Add", x, self._graph.node("Gemm", change, *linear_of(linear)))
