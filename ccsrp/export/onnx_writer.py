"""ONNX models, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import ccsrp
from ccsrp.errors import ExportError, one_line

__all__ = ["OPSET", "Writer"]

# Supported by onnxruntime since 1.15; IR_VERSION is that of the same time.
OPSET, IR_VERSION = 18, 9


class Writer:
    """Collects nodes and constants, each with a name of its own.

    Parameters
    ----------
    onnx : module
    """

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(self, kind: str, *inputs: str, **options: Any) -> str:
        """Add a node; return the name of its output."""
        output = f"{kind.lower()}_{len(self._nodes)}"
        self._node(kind, inputs, [output], **options)
        return output

    def split(self, value: str, parts: int) -> list[str]:
        """Cut a tensor into equal parts along its first axis; return their names."""
        names = [f"split_{len(self._nodes)}_{index}" for index in range(parts)]
        self._node("Split", (value,), names, axis=0, num_outputs=parts)
        return names

    def tensor(self, name: str, value: Any) -> str:
        """Return the name of a constant, float32; ``value`` is an array or a tensor."""
        array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
        return self._constant(name, np.ascontiguousarray(array, dtype=np.float32))

    def number(self, value: float) -> str:
        """Return the name of a number, float32."""
        return self._constant(f"number_{value!r}", np.float32(value).reshape(()))

    def whole(self, values: list[int]) -> str:
        """Return the name of a list of whole numbers, int64."""
        return self._constant(f"whole_{'_'.join(map(str, values))}", np.array(values, dtype=np.int64))

    def model(
        self,
        logits: str,
        *,
        shown: str,
        sample_shape: tuple[int, ...],
        classes: int,
        notes: dict[str, str],
    ) -> bytes:
        """Return the model whose output is the tensor of that name, checked by onnx.

        Its input has the name ``shown``, and is as many samples of a shape as there are.

        Raises
        ------
        ExportError
            onnx refuses it, as it does a model above 2 GB.
        """
        onnx, helper = self._onnx, self._onnx.helper
        self._nodes.append(helper.make_node("Identity", [logits], ["logits"], name="logits"))
        single = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info(shown, single, ["batch", *sample_shape])],
            [helper.make_tensor_value_info("logits", single, ["batch", classes])],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="ccsrp",
            producer_version=ccsrp.__version__,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, notes)
        try:
            onnx.checker.check_model(model, full_check=True)
            content: bytes = model.SerializeToString()
        except Exception as error:  # onnx and protobuf raise what they like
            raise ExportError(f"onnx refuses the model ({one_line(error)})") from None
        return content

    def _node(self, kind: str, inputs: Sequence[str], outputs: list[str], **options: Any) -> None:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, outputs, name=name, **options))

    def _constant(self, name: str, array: Any) -> str:
        if name not in self._constants:
            self._constants[name] = self._onnx.numpy_helper.from_array(array, name)
        return name
