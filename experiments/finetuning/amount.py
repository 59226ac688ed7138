"""How much training a pruned network needs: one network, trained for longer and longer.

    python experiments/finetuning/amount.py      # results/amount.csv, goes on where it was interrupted

The network is the one that CCSRP chose for half of the FLOPs of Fashion-MNIST (seed 0 of
``experiments/methods/results/methods-fashion-longer.csv``), pruned anew and taught by the dense network. All
test images for accuracy and the search's attack, the first 500 for audits. On one thread.
"""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import torch

from ccsrp.attack.audit import audit
from ccsrp.attack.ensemble import ensemble
from ccsrp.methods.interface import FineTuning, Task
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.weights import load_weights, save_weights
from problems import FashionMnistPruning

HERE = Path(__file__).parent
ROWS = HERE / "results" / "amount.csv"
CHOSEN = HERE.parent / "methods" / "results" / "methods-fashion-longer.csv"
WEIGHTS = HERE.parents[1] / "runs" / "finetuning"
TARGET = 0.5
# Images and epochs; the dense network had 55,000 and 20.
AMOUNTS = ((10_000, 3), (30_000, 4), (55_000, 10))
AUDITED = 500


def main() -> None:
    torch.set_num_threads(1)  # trainings round differently with more
    problem = FashionMnistPruning(test_images=10_000)
    chosen = pd.read_csv(CHOSEN, dtype={"mask": str}).set_index(["method", "target", "seed"])
    mask = problem.space.from_string(chosen.loc[("ccsrp", TARGET, 0), "mask"])
    rows = pd.read_csv(ROWS).to_dict("records") if ROWS.exists() else []
    done = {(row["images"], row["epochs"]) for row in rows}
    for images, epochs in AMOUNTS:
        if (images, epochs) in done:
            continue
        began = time.perf_counter()
        trained = finetuned(problem, problem.network(mask), images, epochs)
        seconds = time.perf_counter() - began
        judged = problem.judge_network(trained, "test")
        survived = audit(*problem.audit_case_of(trained, images=AUDITED), ensemble(problem.attack))
        rows.append(
            {
                "flops": round(float(problem.cost(mask[None])[0]), 4),
                "images": images,
                "epochs": epochs,
                "accuracy": judged.accuracy,
                "robust_accuracy": judged.robust_accuracy,
                "audited_robust_accuracy": survived.worst_case_accuracy,
                "seconds": round(seconds),
            }
        )
        pd.DataFrame(rows).sort_values(["images", "epochs"]).to_csv(ROWS, index=False)
        print(rows[-1], flush=True)


def finetuned(problem: FashionMnistPruning, network: DirectCoding, images: int, epochs: int) -> DirectCoding:
    """Train, or take what an interrupted run has trained."""
    file = WEIGHTS / f"fashion-{images}-{epochs}.safetensors"
    if file.exists():
        load_weights(network, file)
        return network.eval()
    tuning = FineTuning(epochs=epochs, images=images, batch_size=128, learning_rate=1e-3)
    trained = Task(problem, tuning).finetuned(network)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_weights(trained, file)
    return trained


if __name__ == "__main__":
    main()
