"""From a description to the network that it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from ccsrp.errors import ExportError, one_line
from ccsrp.export.allowed import CONTAINERS, FUNCTIONS, KINDS, METHODS, SURROGATES
from ccsrp.export.description import Call, Description, Module, Surrogate, values_of

__all__ = ["RebuiltNetwork", "build_network", "function_of"]


class RebuiltNetwork(nn.Module):
    """A network that runs the steps of a description, from ``[T, B, C, H, W]`` to ``[T, B, classes]``.

    Its modules have the names that they had, so weights, fine-tuning, pruning and ``torch.fx`` work on it as
    on any other network.

    Parameters
    ----------
    description : Description
        Its steps; the modules are those of ``modules``.
    modules : dict
        By dotted name.
    """

    def __init__(self, description: Description, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self._steps = description.steps
        self._output = description.output
        self._finished = _last_uses(description)
        for name, module in modules.items():
            _place(self, name, module)

    def forward(self, x_seq: torch.Tensor) -> torch.Tensor:
        """Run all steps; what no later step reads is let go."""
        values: dict[str, Any] = {"x0": x_seq}
        for step, finished in zip(self._steps, self._finished, strict=True):
            if isinstance(step, Call):
                values[step.output] = self.get_submodule(step.module)(values[step.input])
            else:
                function = function_of(step.function)
                arguments = [_resolved(item, values) for item in step.arguments]
                values[step.output] = function(*arguments, **step.options)
            for name in finished:
                del values[name]
        output: torch.Tensor = values[self._output]
        return output


def build_network(description: Description) -> RebuiltNetwork:
    """Build a described network, with weights as their constructors draw them, in eval mode.

    Raises
    ------
    ExportError
        It names something that is not allowed, or a constructor refuses its options.
    """
    modules = {name: _built(name, module) for name, module in description.modules.items()}
    known = {path for name, module in modules.items() for path in _paths(name, module)}
    for step in description.steps:
        if isinstance(step, Call):
            if step.module not in known:
                raise ExportError(f"the description calls module {step.module!r}, which it does not describe")
        else:
            function_of(step.function)
    try:
        return RebuiltNetwork(description, modules).eval()
    except KeyError as error:  # a name that torch keeps for itself
        raise ExportError(f"the description has a module of an impossible name ({one_line(error)})") from None


def function_of(name: str) -> Callable[..., Any]:
    """Return the function that a description names.

    Raises
    ------
    ExportError
        It is not in the table.
    """
    place, _, method = name.partition(".")
    if place == "Tensor" and method in METHODS:
        found: Callable[..., Any] = getattr(torch.Tensor, method)
        return found
    if name not in FUNCTIONS:
        raise ExportError(f"the description calls {name!r}, which is not among the functions allowed")
    return FUNCTIONS[name]


def _built(name: str, module: Module) -> nn.Module:
    if module.kind not in KINDS:
        raise ExportError(f"the description of {name!r} names {module.kind!r}, which is not allowed")
    kind, allowed = KINDS[module.kind]
    options = {key: _value(name, value) for key, value in module.options.items()}
    if odd := sorted(options.keys() - set(allowed)):
        raise ExportError(f"the description of {name!r} gives {module.kind} an unknown option {odd[0]!r}")
    for key, value in module.options.items():
        surrogate = key == "surrogate_function"
        if isinstance(value, Surrogate) != surrogate or (key == "step_mode" and value not in ("s", "m")):
            raise ExportError(f"the description of {name!r} does not fit: {key} cannot be that")
    try:
        if module.kind in CONTAINERS:
            built = kind()
            for child, described in module.children.items():
                built.add_module(child, _built(f"{name}.{child}", described))
        elif module.children:
            raise ExportError(f"the description of {name!r} gives {module.kind} children, which has none")
        else:
            built = kind(**options)
    except ExportError:
        raise
    except Exception as error:  # constructors raise what they like
        raise ExportError(
            f"the description of {name!r} does not fit {module.kind} ({one_line(error)})"
        ) from None
    return built


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, Surrogate):
        return value
    if value.surrogate not in SURROGATES:
        raise ExportError(f"the description of {name!r} names an unknown surrogate {value.surrogate!r}")
    kind, allowed = SURROGATES[value.surrogate]
    if odd := sorted(value.options.keys() - set(allowed)):
        raise ExportError(f"the description of {name!r} gives {value.surrogate} an unknown option {odd[0]!r}")
    return kind(**value.options)


def _paths(name: str, module: nn.Module) -> Iterator[str]:
    for path, _ in module.named_modules():
        yield f"{name}.{path}" if path else name


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    *path, last = name.split(".")
    for part in path:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    if last in root._modules:
        raise KeyError(f"{name} is described twice")
    root.add_module(last, module)


def _last_uses(description: Description) -> tuple[tuple[str, ...], ...]:
    """List for each step the values that nobody reads after it."""
    wanted, finished = {description.output}, []
    for step in reversed(description.steps):
        read = {step.input} if isinstance(step, Call) else set(values_of(step))
        gone = (read | {step.output}) - wanted
        wanted |= read
        finished.append(tuple(sorted(gone)))
    return tuple(reversed(finished))


def _resolved(argument: Any, values: dict[str, Any]) -> Any:
    if isinstance(argument, str):
        return values[argument]
    if isinstance(argument, tuple):
        return tuple(values[item] if isinstance(item, str) else item for item in argument)
    return argument
