"""Says, before anything is downloaded, what the experiments will take on the device at hand."""

from __future__ import annotations

import os
import platform

import torch
from forecast import FRONT, Forecast, forecast
from measure import BATCHES, JUDGED, Judging, Training, measured
from plan import Experiment, Plan

__all__ = ["estimate"]

WIDTHS = (18, 28, 12, 8, 10, 12)


def estimate(experiments: tuple[Experiment, ...], plan: Plan, *, device: str) -> str:
    """Measure each network once and lay out every step of every experiment."""
    kind = torch.device(device).type
    found = {
        name: measured(name, plan, device=device) for name in {item.network: None for item in experiments}
    }
    lines = [f"On {_machine(device)}, the most that it will take:", ""]
    lines += [_line("experiment", "step", "evaluations", "epochs", "hours", "memory, GB")]
    total = 0.0
    for item in experiments:
        rows = forecast(item, plan, *found[item.network], on_gpu=kind == "cuda")
        lines += [_row(item.name, row) for row in rows]
        hours = sum(row.hours for row in rows)
        total += hours
        lines += [_line("", "all steps", *_sums(rows)), ""]
    lines += [f"All experiments: {total:,.1f} hours ({total / 24:,.1f} days), one after the other.", ""]
    lines += [_measured_line(name, *pair) for name, pair in found.items()]
    lines += ["", *_explained(plan, kind)]
    return "\n".join(lines)


def _explained(plan: Plan, kind: str) -> list[str]:
    small, large = BATCHES[kind]
    of_memory = "of memory allocated on the GPU" if kind == "cuda" else "of the resident memory of a process"
    return [
        "Measured, on made 32x32 images and an untrained, calibrated network with 95 % of its filters:",
        f"a mask judged on {JUDGED[kind]} images ({plan.search_steps} steps, calibrated on "
        f"{plan.calibration_images}), and training on batches of "
        f"{min(small, plan.batch_size)} and {min(large or plan.batch_size, plan.batch_size)} images "
        f"({plan.training_steps} steps);",
        f"the peak {of_memory}.",
        "Extrapolated, linearly: images, passes of audits, epochs, rounds; memory in the images of a batch.",
        "Assumed: attacks run to their end, networks stay as large as they are, "
        f"all {plan.paper_rounds} rounds are needed, fronts have {FRONT} members.",
        "Real runs drop images that are fooled and shrink their networks, so they take less; loading data,",
        "surrogate models, and the gates of methods that prune while they train come on top.",
    ]


def _measured_line(name: str, judging: Judging, training: Training) -> str:
    return (
        f"{name}: {judging.n_var} filters in {judging.n_layers} layers; {judging.fixed:.3f} s a mask, "
        f"{1000 * judging.image:.1f} ms an attacked image, {1000 * judging.clean:.1f} ms a clean one, "
        f"{1000 * training.image:.1f} ms an image in training."
    )


def _sums(rows: list[Forecast]) -> tuple[str, str, str, str]:
    return (
        f"{sum(row.evaluations for row in rows):,}",
        f"{sum(row.epochs for row in rows):,}",
        _hours(sum(row.hours for row in rows)),
        f"{max(row.memory for row in rows) / 1e9:.1f}",
    )


def _row(experiment: str, row: Forecast) -> str:
    return _line(
        experiment,
        row.step,
        f"{row.evaluations:,}" if row.evaluations else "",
        f"{row.epochs:,}" if row.epochs else "",
        _hours(row.hours),
        f"{row.memory / 1e9:.1f}",
    )


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 1 else f"{hours:.3f}"


def _line(*cells: str) -> str:
    experiment, step, *numbers = cells
    words = [f"{experiment:<{WIDTHS[0]}}", f"{step:<{WIDTHS[1]}}"]
    words += [f"{cell:>{width}}" for cell, width in zip(numbers, WIDTHS[2:], strict=True)]
    return "".join(words).rstrip()


def _machine(device: str) -> str:
    if torch.device(device).type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    threads = min(torch.get_num_threads(), os.cpu_count() or 1)
    return f"the CPU ({_processor()}, {threads} threads)"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
