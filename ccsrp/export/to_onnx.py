"""A network in ONNX, its time steps unrolled: images or frames to logits, for any number of them.

Time steps are stacked along the batch, as SpikingJelly stacks them; neurons take them apart. What comes
before the first neuron is computed once where the image is the same at each step, and for every frame where
it is not. A spike is a plain comparison with the threshold, and nothing is left of the surrogate.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ccsrp.errors import ExportError, OptionError, one_line
from ccsrp.export import primitives as p
from ccsrp.export.build import RebuiltNetwork
from ccsrp.export.description import Description
from ccsrp.export.onnx_neuron import add_neuron
from ccsrp.export.onnx_writer import Writer
from ccsrp.snn.networks import DirectCoding

__all__ = ["needs_onnx", "onnx_file", "read_onnx"]


def needs_onnx() -> tuple[Any, Any]:
    """Import onnx and onnxruntime.

    Raises
    ------
    OptionError
        They are not installed.
    """
    try:
        return import_module("onnx"), import_module("onnxruntime")
    except ImportError:
        raise OptionError("the format onnx needs ONNX and its runtime: pip install 'ccsrp[onnx]'") from None


def onnx_file(network: DirectCoding, description: Description) -> bytes:
    """Translate a rebuilt network into an ONNX model.

    Its input is ``images``, float32 [batch, C, H, W] in [0, 1], or, of a network of frames, ``frames``,
    float32 [batch, T, C, H, W] in [0, 1]; its output ``logits``, float32 [batch, classes].

    Raises
    ------
    ExportError
        Some part of it has no translation; the message names the part.
    OptionError
        ``onnx`` is not installed.
    """
    onnx, _ = needs_onnx()
    assert isinstance(network.network, RebuiltNetwork)
    return _Translation(Writer(onnx), network, description).file()


def read_onnx(content: bytes, *, threads: int = 0) -> Any:
    """Run an ONNX model by onnxruntime on the CPU, as a network from images or frames to logits.

    Parameters
    ----------
    content : bytes
    threads : int
        By default onnxruntime's own choice.
    """
    import torch

    _, onnxruntime = needs_onnx()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's are no kind of their own
        raise ExportError(f"onnxruntime cannot read the ONNX file ({one_line(error)})") from None

    shown = session.get_inputs()[0].name

    def logits(images: torch.Tensor) -> torch.Tensor:
        (found,) = session.run(["logits"], {shown: images.numpy()})
        return torch.from_numpy(found)

    return logits


class _Translation:
    def __init__(self, writer: Writer, network: DirectCoding, description: Description) -> None:
        self._writer = writer
        self._description = description
        self._items = p.primitives(network, description)
        self._sample_shape = network.sample_shape(description.image_shape)
        frames = description.coding == "frames"
        self._input = "frames" if frames else "images"
        # The tensor that a value is, and whether it has a row for every time step or is the same at each.
        self._tensors: dict[str, str] = {"x0": self._stacked() if frames else self._input}
        self._repeated: dict[str, bool] = {"x0": frames}

    def file(self) -> bytes:
        for item in self._items:
            self._translate(item)
        about = self._description
        logits = self._tensors["output"]
        if self._repeated["output"]:
            rows = self._writer.whole([about.time_steps, -1, about.classes])
            steps = self._writer.add("Reshape", logits, rows)
            logits = self._writer.add("ReduceMean", steps, self._writer.whole([0]), keepdims=0)
        return self._writer.model(
            logits,
            shown=self._input,
            sample_shape=self._sample_shape,
            classes=about.classes,
            notes={
                "title": about.about.title,
                "time_steps": str(about.time_steps),
                "coding": about.coding,
                "weights_sha256": about.weights_sha256,
            },
        )

    def _stacked(self) -> str:
        """Stack frames, [B, T, C, H, W], along the batch, those of the first step first: [T x B, C, H, W]."""
        first = self._writer.add("Transpose", self._input, perm=[1, 0, 2, 3, 4])
        rows = self._writer.whole([-1, *self._description.image_shape])
        return self._writer.add("Reshape", first, rows)

    def _translate(self, item: p.Primitive) -> None:
        if item.what in ("+", "*", "-"):
            self._pair(item)
            return
        value = str(item.inputs[0])
        tensor, repeated = self._tensors[value], self._repeated[value]
        if item.what == "flatten":
            tensor = self._writer.add("Flatten", tensor, axis=1)
        elif item.what == "module":
            tensor = self._module(item, tensor, repeated)
        self._tensors[item.output] = tensor
        self._repeated[item.output] = repeated or isinstance(item.module, p.NEURONS)

    def _pair(self, item: p.Primitive) -> None:
        kind = {"+": "Add", "*": "Mul", "-": "Sub"}[item.what]
        repeated = any(isinstance(value, str) and self._repeated[value] for value in item.inputs)
        tensors = []
        for value in item.inputs:
            if not isinstance(value, str):
                tensors.append(self._writer.number(float(value)))
            elif repeated and not self._repeated[value]:
                steps = [self._tensors[value]] * self._description.time_steps
                tensors.append(self._writer.add("Concat", *steps, axis=0))
            else:
                tensors.append(self._tensors[value])
        self._tensors[item.output] = self._writer.add(kind, *tensors)
        self._repeated[item.output] = repeated

    def _module(self, item: p.Primitive, tensor: str, repeated: bool) -> str:
        module = item.module
        if isinstance(module, p.NEURONS):
            p.check_neuron(item, format="ONNX")
            steps = self._description.time_steps
            return add_neuron(self._writer, module, tensor, steps=steps, repeated=repeated)
        if isinstance(module, p.CONVOLUTIONS):
            return self._convolution(item, tensor)
        if isinstance(module, p.LINEARS):
            if len(item.shape) != 1:
                raise ExportError(
                    f"linear layer {item.name!r} reads places one by one, which is not translated"
                )
            weight = self._writer.tensor(f"{item.name}.weight", module.weight)
            bias = () if module.bias is None else (self._writer.tensor(f"{item.name}.bias", module.bias),)
            return self._writer.add("Gemm", tensor, weight, *bias, transB=1)
        if isinstance(module, p.NORMS):
            return self._norm(item, tensor)
        if isinstance(module, (*p.MAX_POOLS, *p.AVERAGE_POOLS, *p.ADAPTIVE_POOLS)):
            return self._pool(item, tensor)
        raise ExportError(f"module {item.name!r} is a {type(module).__name__}, which is not translated")

    def _convolution(self, item: p.Primitive, tensor: str) -> str:
        module = item.module
        if module.padding_mode != "zeros":
            raise ExportError(
                f"convolution {item.name!r} pads by other things than zeros, which is not translated"
            )
        weight = self._writer.tensor(f"{item.name}.weight", module.weight)
        bias = () if module.bias is None else (self._writer.tensor(f"{item.name}.bias", module.bias),)
        if isinstance(module.padding, str):
            # torch puts what cannot be halved at the end.
            padding: dict[str, Any] = {"auto_pad": "VALID" if module.padding == "valid" else "SAME_UPPER"}
        else:
            padding = {"pads": [*module.padding, *module.padding]}
        return self._writer.add(
            "Conv",
            tensor,
            weight,
            *bias,
            kernel_shape=list(module.kernel_size),
            strides=list(module.stride),
            dilations=list(module.dilation),
            group=module.groups,
            **padding,
        )

    def _norm(self, item: p.Primitive, tensor: str) -> str:
        norm = item.module
        if norm.running_mean is None:
            raise ExportError(f"batch norm {item.name!r} has no running statistics, which is not translated")
        size = norm.num_features
        ones, zeros = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
        named = (
            ("weight", ones if norm.weight is None else norm.weight),
            ("bias", zeros if norm.bias is None else norm.bias),
            ("running_mean", norm.running_mean),
            ("running_var", norm.running_var),
        )
        inputs = [self._writer.tensor(f"{item.name}.{name}", value) for name, value in named]
        return self._writer.add("BatchNormalization", tensor, *inputs, epsilon=float(norm.eps))

    def _pool(self, item: p.Primitive, tensor: str) -> str:
        module = item.module
        kernel, strides, padding = p.window(item, format="ONNX")
        options: dict[str, Any] = {
            "kernel_shape": list(kernel),
            "strides": list(strides),
            "pads": [*padding, *padding],
        }
        if not isinstance(module, p.MAX_POOLS):
            if isinstance(module, p.AVERAGE_POOLS):
                p.check_average_pool(item, format="ONNX")
            return self._writer.add("AveragePool", tensor, count_include_pad=1, **options)
        if module.ceil_mode or module.return_indices:
            raise ExportError(f"max pool {item.name!r} has ceil_mode or indices, which is not translated")
        dilation = module.dilation
        options["dilations"] = list(dilation) if isinstance(dilation, tuple) else [dilation] * 2
        return self._writer.add("MaxPool", tensor, **options)
