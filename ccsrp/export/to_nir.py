"""A network in NIR (https://neuroir.org), as SpikingJelly's importer and neuromorphic tools read it.

What is exact, and how: batch norms are folded into the layers before them; an addition is two edges into one
node; a max pool of spikes is an average pool and a neuron that fires at half a spike in the window, whose
potential is 0 after every step. The input is the image at each step, or a frame, and the logits are the mean
of the output over time: NIR has no word for either, so they stand in the metadata.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from spikingjelly.activation_based import neuron

from ccsrp.errors import ExportError, OptionError, one_line
from ccsrp.export import primitives as p
from ccsrp.export.build import RebuiltNetwork
from ccsrp.export.description import Description
from ccsrp.export.folding import Weights, fold_norms, norm_factors
from ccsrp.snn.networks import DirectCoding

__all__ = ["DT", "needs_nir", "nir_file", "nir_graph", "read_nir"]

# Seconds a time step stands for; the default of SpikingJelly's importer and of most others.
DT = 1e-4


def needs_nir() -> Any:
    """Import nir.

    Raises
    ------
    OptionError
        It is not installed.
    """
    try:
        nir = import_module("nir")
        import_module("nirtorch")  # SpikingJelly's importer, which the file is checked with, needs it
    except ImportError:
        raise OptionError("the format nir needs NIR and NIRTorch: pip install 'ccsrp[nir]'") from None
    return nir


def nir_file(network: DirectCoding, description: Description) -> bytes:
    """Return the content of a NIR file (HDF5): see ``nir_graph``."""
    nir, content = needs_nir(), io.BytesIO()
    nir.write(content, nir_graph(network, description))
    return content.getvalue()


def nir_graph(network: DirectCoding, description: Description) -> Any:
    """Translate a rebuilt network into a ``nir.NIRGraph``; its nodes have the names of the modules.

    Raises
    ------
    ExportError
        NIR cannot say some part of it; the message names the part.
    OptionError
        ``nir`` is not installed.
    """
    return _Translation(needs_nir(), network, description).graph()


def read_nir(content: bytes, *, description: Description) -> Any:
    """Read a NIR file by SpikingJelly's own importer, as a network from images to logits.

    How images become a sequence, and logits of it, is the description's to say.

    Raises
    ------
    ExportError
        SpikingJelly does not take it.
    """
    nir = needs_nir()
    import torch
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    try:
        graph = nir.read(io.BytesIO(content))
        network = import_from_nir(graph, dt=DT, step_mode="m")
    except Exception as error:  # of nir, NIRTorch or SpikingJelly
        raise ExportError(f"SpikingJelly cannot read the NIR file ({one_line(error)})") from None

    def logits(images: torch.Tensor) -> torch.Tensor:
        if description.coding == "frames":
            sequence = images.transpose(0, 1)
        else:
            sequence = images.unsqueeze(0).expand(description.time_steps, *images.shape)
        output: torch.Tensor = network(sequence, None)[0].mean(0)
        return output

    return logits


class _Translation:
    def __init__(self, nir: Any, network: DirectCoding, description: Description) -> None:
        assert isinstance(network.network, RebuiltNetwork)
        self._nir = nir
        self._description = description
        self._items, self._weights = fold_norms(p.primitives(network, description))
        self._nodes: dict[str, Any] = {"input": nir.Input({"input": np.array(description.image_shape)})}
        self._edges: list[tuple[str, str]] = []
        # The nodes whose sum a value is, and whether it holds nothing but spikes of 0 and 1.
        self._sources: dict[str, tuple[str, ...]] = {"x0": ("input",)}
        self._spikes: dict[str, bool] = {"x0": False}

    def graph(self) -> Any:
        for item in self._items:
            self._translate(item)
        about = self._description
        shown = "a frame" if about.coding == "frames" else "the image"
        metadata = {
            "time_steps": about.time_steps,
            "coding": f"{shown} at each step; logits are the mean of the output over time",
            "weights_sha256": about.weights_sha256,
        }
        try:
            return self._nir.NIRGraph(self._nodes, self._edges, metadata=metadata)
        except Exception as error:  # its checks raise what they like
            raise ExportError(f"nir refuses the graph ({one_line(error)})") from None

    def _translate(self, item: p.Primitive) -> None:
        if item.what == "same":  # the last one
            self._add("output", self._nir.Output({"output": np.array([self._description.classes])}), item)
        elif item.what == "+":
            self._sum(item)
        elif item.what == "flatten":
            self._flatten(item)
        elif item.what != "module":
            raise ExportError(f"NIR has no {item.name}: it can add values, but not multiply or subtract them")
        else:
            for number, (suffix, node) in enumerate(self._module(item)):
                self._add(f"{item.name}{suffix}".replace(".", "_"), node, item, chained=number > 0)

    def _sum(self, item: p.Primitive) -> None:
        if any(not isinstance(value, str) for value in item.inputs):
            raise ExportError("NIR cannot add a number to a value")
        sources = tuple(source for value in item.inputs for source in self._sources[str(value)])
        if len(set(sources)) < len(sources):
            raise ExportError("NIR cannot add a value to itself")
        self._sources[item.output] = sources
        self._spikes[item.output] = False

    def _add(self, name: str, node: Any, item: p.Primitive, *, chained: bool = False) -> None:
        while name in self._nodes:
            name += "_"
        value = item.output if chained else str(item.inputs[0])
        self._edges += [(source, name) for source in self._sources[value]]
        self._nodes[name] = node
        keeps = item.what == "flatten" or isinstance(item.module, p.MAX_POOLS)
        self._spikes[item.output] = isinstance(item.module, p.NEURONS) or (keeps and self._spikes[value])
        self._sources[item.output] = (name,)

    def _module(self, item: p.Primitive) -> Iterator[tuple[str, Any]]:
        module = item.module
        if isinstance(module, p.CONVOLUTIONS):
            yield "", self._convolution(item, self._weights[item.output])
        elif isinstance(module, p.LINEARS):
            found = self._weights[item.output]
            if len(item.shape) != 1:
                raise ExportError(f"linear layer {item.name!r} reads places one by one, which NIR cannot say")
            yield "", self._nir.Affine(found.weight, found.bias)
        elif isinstance(module, p.NEURONS):
            yield "", self._neuron(item)
        elif isinstance(module, p.MAX_POOLS):
            yield from self._max_pool(item)
        elif isinstance(module, (*p.AVERAGE_POOLS, *p.ADAPTIVE_POOLS)):
            if isinstance(module, p.AVERAGE_POOLS):
                p.check_average_pool(item, format="NIR")
            yield "", self._average(item)
        elif isinstance(module, p.NORMS) and len(item.shape) == 3:
            yield "", self._diagonal(item)
        else:
            raise ExportError(f"module {item.name!r} is a {type(module).__name__}, which NIR cannot say")

    def _flatten(self, item: p.Primitive) -> None:
        shape = item.shape or tuple(self._made_by(str(item.inputs[0])))
        node = self._nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1)
        self._add(
            f"flatten_{item.output}" if item.module is None else item.name.replace(".", "_"), node, item
        )

    def _made_by(self, value: str) -> tuple[int, ...]:
        for item in self._items:
            if item.output == value and item.module is not None:
                return item.made
        raise ExportError("the network flattens a sum, whose shape NIR cannot be told")

    def _convolution(self, item: p.Primitive, found: Weights) -> Any:
        module = item.module
        if module.groups != 1 or module.padding_mode != "zeros":
            raise ExportError(
                f"convolution {item.name!r} has groups or pads by other things than zeros, which NIR "
                f"readers refuse"
            )
        return self._nir.Conv2d(
            input_shape=item.shape[1:],
            weight=found.weight,
            stride=module.stride,
            padding=module.padding,
            dilation=module.dilation,
            groups=1,
            bias=found.bias,
        )

    def _diagonal(self, item: p.Primitive) -> Any:
        """Write a batch norm that follows no convolution as a convolution of its own."""
        factor, offset = norm_factors(item)
        weight = np.diag(factor).astype(np.float32)[:, :, None, None]
        return self._nir.Conv2d(
            input_shape=item.shape[1:],
            weight=weight,
            stride=(1, 1),
            padding=(0, 0),
            dilation=(1, 1),
            groups=1,
            bias=offset.astype(np.float32),
        )

    def _average(self, item: p.Primitive) -> Any:
        kernel, stride, padding = map(np.array, p.window(item, format="NIR"))
        return self._nir.AvgPool2d(kernel_size=kernel, stride=stride, padding=padding)

    def _max_pool(self, item: p.Primitive) -> Iterator[tuple[str, Any]]:
        module = item.module
        if not self._spikes[str(item.inputs[0])]:
            raise ExportError(f"max pool {item.name!r} reads other things than spikes, which NIR cannot say")
        if module.ceil_mode or module.return_indices or module.dilation not in (1, (1, 1)):
            raise ExportError(
                f"max pool {item.name!r} has ceil_mode, indices or dilation, which NIR cannot say"
            )
        yield "", self._average(item)
        (high, wide), _, _ = p.window(item, format="NIR")
        full = np.ones(item.made)
        yield "_any", self._nir.IF(r=full / DT, v_threshold=full * 0.5 / (high * wide), v_reset=full * 0.0)

    def _neuron(self, item: p.Primitive) -> Any:
        module = item.module
        p.check_neuron(item, format="NIR")
        if module.v_reset is None:
            raise ExportError(
                f"neuron {item.name!r} resets by subtraction, which NIR cannot tell from a reset to 0"
            )
        full = np.ones(item.made)
        threshold, reset = full * module.v_threshold, full * module.v_reset
        if isinstance(module, neuron.IFNode):
            return self._nir.IF(r=full / DT, v_threshold=threshold, v_reset=reset)
        if isinstance(module, neuron.ParametricLIFNode):
            tau = 1.0 / float(module.w.detach().sigmoid())
        else:
            tau = module.tau
        return self._nir.LIF(
            tau=full * (tau * DT),
            r=full * (1.0 if module.decay_input else tau),
            v_leak=reset,
            v_threshold=threshold,
            v_reset=reset,
        )
