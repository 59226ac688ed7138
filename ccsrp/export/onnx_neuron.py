"""A layer of LIF, PLIF or IF neurons in ONNX, step by step, with SpikingJelly's arithmetic."""

from __future__ import annotations

from typing import Any

from spikingjelly.activation_based import neuron

from ccsrp.export.onnx_writer import Writer

__all__ = ["add_neuron"]


def add_neuron(writer: Writer, module: Any, currents: str, *, steps: int, repeated: bool) -> str:
    """Add a layer of neurons that start from rest; return the name of its spikes, [T x B, ...].

    Parameters
    ----------
    writer : Writer
    module : LIFNode, ParametricLIFNode or IFNode
    currents : str
        [T x B, ...] if ``repeated``, else [B, ...], the same at each step.
    steps : int
        T.
    repeated : bool
    """
    parts = [currents] * steps
    if repeated and steps > 1:
        parts = writer.split(currents, steps)
    reset = 0.0 if module.v_reset is None else float(module.v_reset)
    threshold = writer.number(float(module.v_threshold))
    potential, spikes = writer.number(reset), []
    for step, current in enumerate(parts):
        charged = _charged(writer, module, current, potential, reset)
        fired = writer.add("GreaterOrEqual", charged, threshold)
        spikes.append(writer.add("Cast", fired, to=1))  # float32
        if step + 1 == len(parts):
            break
        if module.v_reset is None:
            potential = writer.add("Sub", charged, writer.add("Mul", spikes[-1], threshold))
        else:
            potential = writer.add("Where", fired, writer.number(reset), charged)
    return spikes[0] if steps == 1 else writer.add("Concat", *spikes, axis=0)


def _charged(writer: Writer, module: Any, current: str, potential: str, reset: float) -> str:
    """Charge as SpikingJelly does, with the same operations in the same order."""
    if isinstance(module, neuron.IFNode):
        return writer.add("Add", potential, current)
    above = potential if reset == 0.0 else writer.add("Sub", potential, writer.number(reset))
    if module.decay_input:
        return writer.add("Add", potential, _leaked(writer, module, writer.add("Sub", current, above)))
    return writer.add("Add", writer.add("Sub", potential, _leaked(writer, module, above)), current)


def _leaked(writer: Writer, module: Any, value: str) -> str:
    if isinstance(module, neuron.ParametricLIFNode):
        return writer.add("Mul", value, writer.number(float(module.w.detach().sigmoid())))
    return writer.add("Div", value, writer.number(float(module.tau)))
