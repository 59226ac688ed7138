"""How the time of an evaluation grows: with images, time steps, filters, attack steps, masks.

    python experiments/throughput/slopes.py

Fashion-MNIST network, `standard` attack (every image takes every step). Writes results/slopes.csv.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from measure import save, seconds
from peer import shipped_network

from ccsrp.attack.pgd import Attack
from problems import FashionMnistPruning, SpikingPruning

REPEATS = 5


def cases() -> Iterator[tuple[str, float, SpikingPruning, np.ndarray]]:
    """Yield what is varied, its value, and what to evaluate."""
    network, data = shipped_network(FashionMnistPruning), FashionMnistPruning.dataset()

    def problem(images: int = 256, time_steps: int = 4, steps: int = 10) -> SpikingPruning:
        attack = Attack.standard(eps=FashionMnistPruning.eps, steps=steps)
        return SpikingPruning(
            network,
            data,
            attack=attack,
            time_steps=time_steps,
            validation_images=images,
            test_images=10,
        )

    usual = problem()
    full = usual.space.full()[None]
    for images in (64, 128, 256, 512, 1024):
        yield "images", images, problem(images=images), full
    for time_steps in (1, 2, 4, 8, 16):
        yield "time steps", time_steps, problem(time_steps=time_steps), full
    for steps in (5, 10, 20, 40):
        yield "attack steps", steps, problem(steps=steps), full
    rng = np.random.default_rng(0)
    for keep in (0.125, 0.25, 0.5, 0.75, 1.0):
        masks = usual.space.random(5, keep=keep, rng=rng)
        yield "filters", float(masks.sum() / 5), usual, masks
    for count in (1, 2, 4, 8, 16):
        yield "masks", count, usual, usual.space.random(count, keep=0.7, rng=rng)


def main() -> None:
    """Measure and write."""
    rows = []
    for varied, value, problem, masks in cases():
        problem.evaluate(masks[:1])
        times = [seconds(lambda p=problem, m=masks: p.evaluate(m)) for _ in range(REPEATS)]
        count = len(masks) if varied != "masks" else 1
        rows.append({"varied": varied, "value": value, "seconds": round(float(np.median(times)) / count, 5)})
    save("slopes", rows)


if __name__ == "__main__":
    main()
