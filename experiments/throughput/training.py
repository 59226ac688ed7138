"""Adversarial training: SpikingJelly's eager step against ours, the same batches, starts and losses.

    python experiments/throughput/training.py [--images 2048] [--epochs 3]

Fashion-MNIST network, PGD-AT with the `sharp` attack, 5 steps. Writes results/training.csv.
"""

from __future__ import annotations

import argparse

import numpy as np
from measure import save, seconds

from ccsrp.snn.compiled.compiler import compiler_for
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding, build_network
from ccsrp.snn.training import EpochReport, Trainer, TrainingSettings
from problems import FashionMnistPruning


def trainer(images: int, *, fast: bool, epochs: int) -> Trainer:
    """Build a trainer from scratch, of SpikingJelly's layers or as ``ccsrp train`` does."""
    x, y = FashionMnistPruning.dataset().split("train", images)
    attack = FashionMnistPruning.named_attack("sharp", steps=5)
    base = DirectCoding(build_network("fashion"), time_steps=4)
    graph = trace_filters(base.network)
    settings = TrainingSettings(epochs=epochs)
    if not fast:
        return Trainer(base, x, y, attack=attack, settings=settings)
    compiler = compiler_for(base.network, graph, image_shape=(1, 28, 28), time_steps=4, attack=attack)
    assert compiler is not None
    fuse_neurons(base.network, graph.called_once)
    full = graph.space.full()
    return Trainer(base, x, y, attack=attack, settings=settings, attacked=lambda: compiler.compile(full))


def main() -> None:
    """Train side by side, epoch after epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    sides = {
        name: trainer(options.images, fast=fast, epochs=options.epochs)
        for name, fast in (("eager", False), ("ours", True))
    }
    rows: list[dict[str, object]] = []
    for epoch in range(options.epochs):
        for name in ("eager", "ours") if epoch % 2 else ("ours", "eager"):
            reports: list[EpochReport] = []
            taken = seconds(lambda name=name, reports=reports: reports.append(sides[name].run_epoch()))
            (report,) = reports
            rows.append(
                {
                    "side": name,
                    "epoch": report.epoch,
                    "seconds": round(taken, 2),
                    "loss": report.loss,
                    "accuracy": report.accuracy,
                }
            )
            print(rows[-1], flush=True)
    table = save("training", rows)
    medians = table.groupby("side")["seconds"].median()
    print("eager over ours:", round(float(medians["eager"] / medians["ours"]), 2))
    losses = [table[table["side"] == side]["loss"].to_numpy() for side in sides]
    print("largest difference of losses:", float(np.abs(losses[0] - losses[1]).max()))


if __name__ == "__main__":
    main()
