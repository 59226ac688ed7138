"""What ``network.json`` says: a network as data, checked by pydantic when it is read.

It names modules and functions of ``allowed.py`` and nothing else, so no code is in it and none runs when
it is read.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ccsrp.errors import ExportError, one_line, printable

__all__ = ["LARGEST", "About", "Call", "Description", "Module", "Operation", "Option", "Surrogate"]
__all__ += ["describe_json", "parse_description"]

# Bytes of a network.json at most; that of a ResNet-152 has half a million.
LARGEST = 16_000_000
# Entries of a network at most, and how deep containers may lie in containers.
MOST, DEEPEST = 20_000, 8
# No layer of a network that is pruned has as many channels, features or places.
LONGEST = 1 << 20


def _no_whole_number(value: Any) -> Any:
    """Keep whole numbers out of floats: out of bounds they are wrong, not rounded."""
    if isinstance(value, int):
        raise ValueError("a number with a point was expected")
    return value


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+){0,20}$", max_length=400)]
Child = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=100)]
Value = Annotated[str, Field(pattern=r"^x[0-9]{1,6}$")]
Values = Annotated[tuple[Value, ...], Field(max_length=1000)]
Word = Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")]
Whole = Annotated[int, Field(ge=-LONGEST, le=LONGEST)]
Number = Annotated[float, BeforeValidator(_no_whole_number), Field(allow_inf_nan=False)]
Wholes = Annotated[tuple[Whole, ...], Field(max_length=8)]
Text = Annotated[str, Field(max_length=1000)]
Scalar = bool | Whole | Number | None
Count = Annotated[int, Field(ge=1, le=LONGEST)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Surrogate(_Part):
    """The spike derivative of a neuron: a class of ``spikingjelly.activation_based.surrogate``."""

    surrogate: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")]
    options: dict[Child, bool | Whole | Number]


Option = Scalar | Word | Wholes | Surrogate


class Module(_Part):
    """A module: its class, what its constructor is given, and its children in order if it is a container."""

    kind: Annotated[str, Field(pattern=r"^(nn|layer|neuron)\.[A-Za-z0-9]{1,60}$")]
    options: dict[Child, Option] = {}
    children: dict[Child, Module] = {}


class Call(_Part):
    """One step of the forward pass: ``output`` becomes what ``module`` makes of ``input``."""

    output: Value
    module: Name
    input: Value


class Operation(_Part):
    """One step of the forward pass: a function of tensors, or a method of the first argument."""

    output: Value
    function: Annotated[str, Field(pattern=r"^(operator|torch|Tensor)\.[a-z_]{1,20}$")]
    arguments: Annotated[tuple[Value | Scalar | Values | Wholes, ...], Field(max_length=8)]
    options: dict[Child, Scalar | Wholes] = {}


class About(_Part):
    """Where a network comes from and what it is fed; nothing of this changes what it computes."""

    title: Text = "network"
    mask: Annotated[str, Field(pattern=r"^[01]*$", max_length=1_000_000)] = ""
    versions: dict[Child, Text] = {}


class Description(_Part):
    """A network, without its weights.

    Images, float32 [B, C, H, W] in [0, 1], are shown unchanged at each of ``time_steps`` steps (direct
    coding), or frames, [B, T, C, H, W], one at each step: ``x0`` is that as [T, B, C, H, W]. The logits,
    [B, classes], are the mean over time of ``output``, [T, B, classes].

    Attributes
    ----------
    time_steps : int
    image_shape : (C, H, W)
        Of an image, or of one frame.
    coding : {"direct", "frames"}
    classes : int
    weights_sha256 : str
        Of ``weights.safetensors``.
    about : About
    modules : dict
        By dotted name, which is also where their weights are named.
    steps : tuple
        The forward pass, in order.
    output : str
    """

    format: Literal["ccsrp network"] = "ccsrp network"
    version: Literal[1] = 1
    time_steps: Annotated[int, Field(ge=1, le=10_000)]
    image_shape: tuple[Count, Count, Count]
    image_range: tuple[Literal[0], Literal[1]] = (0, 1)
    coding: Literal["direct", "frames"] = "direct"
    classes: Count
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    about: About = About()
    modules: Annotated[dict[Name, Module], Field(max_length=MOST)]
    steps: Annotated[tuple[Call | Operation, ...], Field(max_length=MOST)]
    output: Value

    @model_validator(mode="after")
    def _hangs_together(self) -> Description:
        known = {"x0"}
        for number, step in enumerate(self.steps):
            read = [step.input] if isinstance(step, Call) else list(values_of(step))
            for value in read:
                if value not in known:
                    raise ValueError(f"step {number} reads {value}, which no step before it makes")
            if step.output in known:
                raise ValueError(f"step {number} makes {step.output} a second time")
            known.add(step.output)
        if self.output not in known:
            raise ValueError(f"no step makes the output {self.output}")
        return self


def values_of(step: Operation) -> list[str]:
    """List the values that an operation reads."""
    found: list[str] = []
    for argument in step.arguments:
        items = argument if isinstance(argument, tuple) else (argument,)
        found += [item for item in items if isinstance(item, str)]
    return found


def describe_json(description: Description) -> str:
    """Write a description as the text of ``network.json``; a step is one line."""
    content = description.model_dump(mode="json")
    modules, steps = content.pop("modules"), content.pop("steps")
    head = [f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
    lines = [f"  {json.dumps(name)}: {_short(item)}" for name, item in modules.items()]
    rows = [f"  {_short(step)}" for step in steps]
    return _text(head, f' "modules": {{\n{_text(lines)}\n }}', f' "steps": [\n{_text(rows)}\n ]')


def _text(lines: list[str], *blocks: str) -> str:
    joined = ",\n".join([*lines, *blocks])
    return f"{{\n{joined}\n}}\n" if blocks else joined


def _short(part: dict[str, Any]) -> str:
    kept = {key: value for key, value in part.items() if value not in ({}, None)}
    if kept.get("children"):
        kept["children"] = {child: json.loads(_short(item)) for child, item in kept["children"].items()}
    return json.dumps(kept, allow_nan=False)


def parse_description(content: bytes, *, name: str) -> Description:
    """Read the content of a ``network.json``; ``name`` is how errors call it.

    Raises
    ------
    ExportError
        It is none, of a newer version, too large, or does not hang together.
    """
    then = "export the network again"
    if len(content) > LARGEST:
        raise ExportError(f"{name} is larger than {LARGEST:,} bytes; {then}")
    try:
        tables = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{name} is damaged ({one_line(error)}); {then}") from None
    version = tables.get("version") if isinstance(tables, dict) else None
    if isinstance(version, int) and version > 1:
        raise ExportError(
            f"{name} is of version {version}, and this ccsrp reads version 1; install a newer one"
        )
    try:
        description = Description.model_validate_json(content)
        sizes = [_size(module) for module in description.modules.values()]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = printable(".".join(map(str, first["loc"])), most=120) or "the top"
        raise ExportError(f"{name} is wrong at {place}: {first['msg']}; {then}") from None
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{name} is damaged ({one_line(error)}); {then}") from None
    if sum(count for count, _ in sizes) > MOST or max((depth for _, depth in sizes), default=0) > DEEPEST:
        raise ExportError(
            f"{name} is wrong: it has more than {MOST:,} modules, or containers {DEEPEST} deep; {then}"
        )
    return description


def _size(module: Module) -> tuple[int, int]:
    """Count a module with all that it contains, and how deep that is."""
    inner = [_size(child) for child in module.children.values()]
    return 1 + sum(count for count, _ in inner), 1 + max((depth for _, depth in inner), default=0)
