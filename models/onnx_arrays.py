"""Weights as the constants of an ONNX graph."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.onnx_graph import Graph

Array = NDArray[np.float32]


def array(values: Tensor | nn.Parameter) -> Array:
    """Return a tensor as an array."""
    out: Array = values.detach().numpy().astype(np.float32)
    return out


def linear_of(linear: nn.Linear) -> tuple[Array, Array]:
    """Return the weight (input, output) and bias of a layer."""
    return array(linear.weight).T, array(linear.bias)


def swapped(weights: Array, size: int) -> Array:
    """Return what makes the other half of each head's output, (..., head * size) of (-b, a) for (a, b).

    So a turned vector is straight * cosine + swapped * sine; see `models.attention.rotated`.
    """
    halves = weights.reshape(*weights.shape[:-1], -1, 2, size // 2)
    return np.stack([-halves[..., 1, :], halves[..., 0, :]], axis=-2).reshape(weights.shape)


def normed(graph: Graph, x: str, norm: nn.LayerNorm) -> str:
    """Add a layer norm over the last axis."""
    return graph.node("LayerNormalization", x, array(norm.weight), array(norm.bias), axis=-1, epsilon=norm.eps)
