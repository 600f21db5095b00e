"""What the heads read, as nodes of an ONNX graph; see `models.heads`."""

import numpy as np

from models.heads import LEAST_SD, SLEEPINESS_LEVELS, Heads
from models.labels import STATES
from models.onnx_arrays import array, linear_of, normed
from models.onnx_graph import Graph


def read_out(graph: Graph, heads: Heads, pooled: str) -> dict[str, str]:
    """Return logits, scores and lapse; see `models.heads`."""
    order = (heads.state, heads.attention, heads.load, heads.lapse, heads.sleepiness)
    weight, bias = (np.concatenate(part, axis=-1) for part in zip(*(linear_of(one) for one in order), strict=True))
    row = graph.node("Reshape", normed(graph, pooled, heads.norm), [1, -1])
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
    falls = np.concatenate([[0.0], np.cumsum(np.logaddexp(0.0, array(heads.gaps).astype(np.float64)))])
    above = graph.node("Sigmoid", graph.node("Add", sleepiness, float(heads.first.detach()) - falls))
    # Mean and mean square of the levels' values v follow from the chances of being above: sum of above * (v' - v).
    values = 1 - np.arange(SLEEPINESS_LEVELS) / steps
    gains = np.diff(np.stack([values, values**2], axis=1), axis=0)
    told = graph.node("Gemm", graph.node("Reshape", above, [1, steps]), gains, [1.0, 1.0])
    mean, square = graph.split("Split", 2, told, axis=1, num_outputs=2)
    spread = graph.node("Sub", square, graph.node("Mul", mean, mean))
    sd = graph.node("Sqrt", graph.node("Add", graph.node("Relu", spread), LEAST_SD**2))
    return graph.node("Concat", mean, sd, axis=1)
