"""Does what a search sees of a mask tell what its network is worth after fine-tuning?

    python experiments/methods/predict.py [--masks 24] [--epochs 10]

Random masks of the digits network; judged before fine-tuning in several ways, on validation images, and
after it on test images. Writes results/predict.csv, a row a mask; ``summarise.py`` lays it out. Goes on
where it was interrupted.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ccsrp.attack.pgd import perturb, random_start
from ccsrp.evaluation.judge import Judgement
from ccsrp.methods.interface import FineTuning, Task
from ccsrp.snn.calibrate import calibrate
from ccsrp.snn.tuning import fastest
from problems import DigitsPruning

RESULTS = Path(__file__).parent / "results"
CALIBRATION_IMAGES = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "predict.csv"
    rows = pd.read_csv(file).to_dict("records") if file.exists() else []
    problem = DigitsPruning()
    uncalibrated = DigitsPruning(calibrate=False)
    rng = np.random.default_rng(0)
    masks = problem.space.random(options.masks, keep=np.linspace(0.35, 0.95, options.masks), rng=rng)
    clean, attacked = calibration_images(problem)
    for number, mask in enumerate(masks):
        if number < len(rows):
            continue
        tuning = FineTuning(training="pgd-at", epochs=options.epochs, attack_reach=1.0)
        task = Task(problem, tuning, seed=number)
        network = problem.network(mask)
        judged = {
            "raw": uncalibrated.judge_network(uncalibrated.network(mask)),
            "calibrated": problem.judge_network(network),
        }
        for name, images in (("attacked", attacked), ("both", torch.cat([clean, attacked]))):
            other = problem.network(mask)
            calibrate(other, images)
            judged[f"calibrated on {name}"] = problem.judge_network(other)
        for images in (256, 512, 1197):
            short = replace(task, tuning=replace(task.tuning, images=images))
            judged[f"trained on {images}"] = problem.judge_network(short.finetuned(network, epochs=1))
        tuned = task.finetuned(network)
        judged["fine-tuned (validation)"] = problem.judge_network(tuned)
        judged["fine-tuned"] = problem.judge_network(tuned, "test")
        rows.append({"mask": number, "cost": float(problem.cost(mask[None])[0])} | columns(judged))
        pd.DataFrame(rows).to_csv(file, index=False)
        print(rows[-1], flush=True)


def calibration_images(problem: DigitsPruning) -> tuple[torch.Tensor, torch.Tensor]:
    """Return train images, and the same as an attack on the dense network leaves them."""
    images, labels = (tensor[:CALIBRATION_IMAGES] for tensor in problem.images("train"))
    channels, height, width = images.shape[1:]
    dense = fastest(problem.base_network(), image_shape=(channels, height, width), attack=problem.attack)
    attacked = perturb(dense, images, labels, random_start(images, problem.attack), problem.attack)
    return images, attacked


def columns(judged: dict[str, Judgement]) -> dict[str, float]:
    found = {}
    for name, judgement in judged.items():
        found[f"{name}: accuracy"] = judgement.accuracy
        found[f"{name}: robust"] = judgement.robust_accuracy
    return found


if __name__ == "__main__":
    main()
