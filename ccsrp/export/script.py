"""A description as a Python script that needs torch, safetensors and SpikingJelly alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import signature
from typing import Any

from ccsrp.export.allowed import KINDS
from ccsrp.export.description import Call, Description, Module, Operation, Surrogate

__all__ = ["script"]

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}

_HEAD = '''\
"""{title}, rebuilt from weights.safetensors by torch, safetensors and SpikingJelly alone.

    network = load()
    logits = network(images)  # float32 [B, {shape}] in [0, 1] -> [B, {classes}]

{coding} of {steps} time steps; the logits are the mean over time.
Made from network.json; an edit here changes nothing there.
"""

{imports}

TIME_STEPS = {steps}
'''

_TABLE = '''\


def modules():
    """What each module is, by the name that its weights have."""
    return {
'''

_CLASS = '''\


class Network(nn.Module):
    """From images to logits; its neurons start from rest at every call."""

    def __init__(self):
        super().__init__()
        for name, module in modules().items():
            *path, last = name.split(".")
            place = self
            for part in path:
                if part not in dict(place.named_children()):
                    place.add_module(part, nn.Module())
                place = getattr(place, part)
            place.add_module(last, module)

    def forward(self, images):
        functional.reset_net(self)
        run = self.get_submodule
        x0 = {sequence}
'''

_DIRECT = "images.unsqueeze(0).expand(TIME_STEPS, *images.shape)"
_FRAMES = "images.transpose(0, 1)"

_TAIL = '''\


def load(weights=Path(__file__).parent / "weights.safetensors"):
    """Read the weights; the network is in eval mode."""
    network = Network()
    network.load_state_dict(load_file(weights))
    return network.eval()


if __name__ == "__main__":
    print(load()(torch.rand(1, {shape})))
'''


def script(description: Description) -> str:
    """Write the text of ``network.py``.

    It is derived from a checked description: names are quoted, classes and functions those of the tables.
    """
    frames = description.coding == "frames"
    shape = (*([description.time_steps] if frames else []), *description.image_shape)
    title = json.dumps(description.about.title)[1:-1].replace('"', "'").replace("\\", "/")
    lines = [f"        {name!r}: {_module(module)},\n" for name, module in description.modules.items()]
    table = f"{_TABLE}{''.join(lines)}    }}\n"
    steps = [
        f"        {step.output} = {_call(step) if isinstance(step, Call) else _operation(step)}\n"
        for step in description.steps
    ]
    forward = f"{''.join(steps)}        return {description.output}.mean(0)\n"
    words = {
        "imports": _imports(table + forward),
        "title": title,
        "shape": ", ".join(map(str, shape)),
        "coding": "A frame is shown at each" if frames else "The image is shown unchanged at each",
        "sequence": _FRAMES if frames else _DIRECT,
        "classes": description.classes,
        "steps": description.time_steps,
    }
    return _HEAD.format(**words) + table + _CLASS.format(**words) + forward + _TAIL.format(**words)


def _imports(text: str) -> str:
    """Import what the text uses."""
    standard = ["import operator\n"] if "operator." in text else []
    standard += ["from collections import OrderedDict\n"] if "OrderedDict(" in text else []
    rooms = ["functional", *(room for room in ("layer", "neuron", "surrogate") if f"{room}." in text)]
    return (
        f"{''.join(standard)}from pathlib import Path\n\nimport torch\n"
        f"from safetensors.torch import load_file\n"
        f"from spikingjelly.activation_based import {', '.join(rooms)}\nfrom torch import nn"
    )


def _module(module: Module) -> str:
    if module.children:
        children = ", ".join(f"{name!r}: {_module(child)}" for name, child in module.children.items())
        return f"{module.kind}(OrderedDict({{{children}}}))"
    options = ", ".join(f"{key}={_value(value)}" for key, value in _told(module))
    return f"{module.kind}({options})"


def _told(module: Module) -> Iterator[tuple[str, Any]]:
    """List a constructor's options, but for those of torch's layers that are as they always are."""
    usual = {} if module.kind.startswith("neuron.") else signature(KINDS[module.kind][0]).parameters
    for key, value in module.options.items():
        default = usual[key].default if key in usual else ...
        same = (value, value[0]) if isinstance(value, tuple) and len(set(value)) == 1 else (value,)
        if not any(type(default) is type(item) and default == item for item in same):
            yield key, value


def _value(value: Any) -> str:
    if isinstance(value, Surrogate):
        options = ", ".join(f"{key}={item!r}" for key, item in value.options.items())
        return f"surrogate.{value.surrogate}({options})"
    return repr(value)


def _call(step: Call) -> str:
    return f"run({step.module!r})({step.input})"


def _operation(step: Operation) -> str:
    place, name = step.function.split(".")
    items = [_argument(item) for item in step.arguments]
    if place == "operator" and name in _SIGNS:
        return f"{items[0]} {_SIGNS[name]} {items[1]}"
    options = [f"{key}={value!r}" for key, value in step.options.items()]
    if place == "Tensor":
        return f"{items[0]}.{name}({', '.join([*items[1:], *options])})"
    return f"{step.function}({', '.join([*items, *options])})"


def _argument(item: Any) -> str:
    if isinstance(item, tuple):
        inside = ", ".join(map(_argument, item))
        return f"({inside},)" if len(item) == 1 else f"({inside})"
    return item if isinstance(item, str) else repr(item)
