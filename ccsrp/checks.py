"""Checks of options that several rooms take."""

from __future__ import annotations

from ccsrp.errors import OptionError, one_line

__all__ = ["check_count", "check_seed", "checked_device"]


def check_count(name: str, count: float, *, most: int, least: int = 1) -> None:
    """See that a number of things is one that a computer can have or do.

    Raises
    ------
    OptionError
        Not from ``least`` to ``most``.
    """
    if not least <= count <= most:
        wrong = f"at least {least}" if count < least else f"at most {most}"
        raise OptionError(f"{name} must be {wrong}, got {count}")


def check_seed(seed: object) -> None:
    """See that a seed is one that numpy and torch take.

    Raises
    ------
    OptionError
        Not a whole number from 0 to 2**63 - 1.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise OptionError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed}")


def checked_device(name: str | None) -> str:
    """Return the device of that name; by default ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    OptionError
        Not a CPU or CUDA device, or torch sees no such GPU.
    """
    import torch

    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise OptionError(
            f"unknown device {name!r} ({one_line(error)[:80]}); use cpu, cuda or cuda:0"
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise OptionError(f"device {name!r} is not supported; use cpu, cuda or cuda:0")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise OptionError(f"device {name!r} was asked for, but torch sees no such GPU; use cpu")
    return name
