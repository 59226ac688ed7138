"""Where networks run."""

from __future__ import annotations

from ccsrp.errors import OptionError, one_line

__all__ = ["checked_device"]


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
