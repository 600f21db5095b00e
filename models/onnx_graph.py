"""Writing an ONNX graph node by node."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 20
"""The first with Gelu as one node."""

Given = str | NDArray[np.generic] | list[int] | list[float] | float | int
"""A value's name, or a constant: floating point numbers become float32, whole numbers (shapes, positions) int64."""


class Graph:
    """A graph that grows; numbers given where a name is expected become constants of it."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, operator: str, *inputs: Given, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        return self.split(operator, 1, *inputs, **attributes)[0]

    def split(self, operator: str, count: int, *inputs: Given, **attributes: Any) -> list[str]:
        """Add a node with so many outputs and return their names."""
        from onnx import helper

        made = [f"{operator.lower()}_{len(self._nodes)}_{k}" for k in range(count)]
        names = [one if isinstance(one, str) else self._constant(np.asarray(one)) for one in inputs]
        self._nodes.append(helper.make_node(operator, names, made, name=made[0], **attributes))
        return made

    def called(self, name: str, value: str) -> None:
        """Give a value the name of one of the graph's outputs."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value], [name]))

    def model(self, inputs: dict[str, tuple[int, ...]], outputs: dict[str, tuple[int, ...]],
              header: dict[str, str]) -> Any:
        """Return the model, of float32 arrays of these shapes, checked."""
        from onnx import TensorProto, checker, helper

        told = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side.items()]
                for side in (inputs, outputs)]
        graph = helper.make_graph(self._nodes, "step", *told, initializer=self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        helper.set_model_props(model, header)
        checker.check_model(model)
        return model

    def _constant(self, values: NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        kept = values.astype(np.int64 if values.dtype.kind == "i" else np.float32)
        self._constants.append(numpy_helper.from_array(np.asarray(kept, order="C"), name))
        return name
