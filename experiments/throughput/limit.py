"""How near to the hardware: our evaluator over its bare convolutions, and those over the GEMM rate.

    python experiments/throughput/limit.py

Bare convolutions are torch's (oneDNN), dense, in channels-last, 64 images at a time (where they are
fastest), the first one once for all time steps: forwards and for the input gradient, as often as one
evaluation needs them, and nothing else. Writes results/limit.csv.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from measure import alternate, save, seconds
from torch import nn

from problems import FashionMnistPruning

BATCH, REPEATS = 64, 9


def gemm_rate(size: int = 2048) -> float:
    """Measure torch's float32 matrix product, in GFLOP/s."""
    left, right, out = (torch.randn(size, size) for _ in range(3))
    times = alternate({"gemm": lambda: torch.mm(left, right, out=out)}, repeats=REPEATS)["gemm"]
    return 2 * size**3 / float(np.median(times)) / 1e9


def bare_convolutions(network: nn.Module, image_shape: tuple[int, ...], steps: int) -> list[dict[str, float]]:
    """Measure every convolution and linear layer of a network by itself: seconds for one image."""
    rows: list[dict[str, float]] = []
    shapes: list[tuple[nn.Module, torch.Size]] = []

    def note(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        shapes.append((module, inputs[0].shape[2:]))

    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    handles = [m.register_forward_pre_hook(note) for m in layers]
    with torch.no_grad():
        network(torch.zeros(1, *image_shape))
    for handle in handles:
        handle.remove()
    for place, (module, shape) in enumerate(shapes):
        count = BATCH * (1 if place == 0 else steps)
        x = torch.randn(count, *shape)
        weight = module.weight.detach()
        if isinstance(module, nn.Conv2d):
            x, weight = (tensor.to(memory_format=torch.channels_last) for tensor in (x, weight))
            y = torch.conv2d(x, weight, stride=module.stride, padding=module.padding)
            gradient = torch.randn_like(y)
            forward, backward = _conv_calls(x, weight, gradient, module)
        else:
            gradient = torch.randn(count, weight.shape[0])
            forward = lambda x=x, weight=weight: x @ weight.T  # noqa: E731
            backward = lambda g=gradient, weight=weight: g @ weight  # noqa: E731
            y = gradient
        with torch.no_grad():
            times = alternate({"forward": forward, "backward": backward}, repeats=REPEATS)
        per_output = weight[0].numel()
        flop = 2 * y.numel() * per_output / BATCH
        row = {"layer": place, "mflop_an_image": flop / 1e6}
        for name, values in times.items():
            median = float(np.median(values)) / BATCH
            row[f"{name}_us_an_image"], row[f"{name}_gflops"] = median * 1e6, flop / median / 1e9
        rows.append(row)
    return rows


def _conv_calls(
    x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor, module: nn.Conv2d
) -> tuple[Callable[[], object], Callable[[], object]]:
    def forward() -> object:
        return torch.conv2d(x, weight, stride=module.stride, padding=module.padding)

    def backward() -> object:
        return torch.ops.aten.convolution_backward(
            gradient,
            x,
            weight,
            None,
            list(module.stride),
            list(module.padding),
            [1, 1],
            False,
            [0, 0],
            1,
            [True, False, False],
        )

    return forward, backward


def main() -> None:
    """Measure and write."""
    problem = FashionMnistPruning(attack="standard", test_images=10)
    full = problem.space.full()[None]
    images = problem.images("validation")[0]
    layers = bare_convolutions(problem.network(), tuple(images.shape[1:]), problem.time_steps)
    forward, backward = (
        sum(row[f"{way}_us_an_image"] for row in layers) * len(images) / 1e6
        for way in ("forward", "backward")
    )
    steps = problem.attack.steps
    # Clean images, calibration images, every step of the attack, the last iterate.
    bare = forward * (steps + 3) + backward * steps
    problem.evaluate(full)
    ours = float(np.median([seconds(lambda: problem.evaluate(full)) for _ in range(REPEATS)]))
    flop = sum(row["mflop_an_image"] for row in layers) * 1e6 * len(images)
    best = max(max(row["forward_gflops"], row["backward_gflops"]) for row in layers)
    save("limit_layers", [{key: round(value, 2) for key, value in row.items()} for row in layers])
    save(
        "limit",
        [
            {
                "gemm_gflops": round(gemm_rate(), 1),
                "best_convolution_gflops": round(best, 1),
                "bare_convolutions_seconds": round(bare, 4),
                "bare_convolutions_gflops": round(flop * (2 * steps + 3) / bare / 1e9, 1),
                "evaluator_seconds": round(ours, 4),
                "evaluator_over_bare": round(ours / bare, 3),
                "dense_equivalent_gflops": round(flop * (2 * steps + 3) / ours / 1e9, 1),
            }
        ],
    )


if __name__ == "__main__":
    main()
