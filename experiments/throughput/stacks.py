"""Seconds a mask: the peer stack against ours, the same masks, images, starts; values compared first.

    python experiments/throughput/stacks.py [--repeats 5]

Writes results/stacks.csv (digits and Fashion-MNIST) and results/networks.csv (VGG-11, ResNet-18).
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import torch
from measure import alternate, save, spread
from peer import PeerStack, shipped_network

from ccsrp.attack.pgd import Attack
from ccsrp.snn.calibrate import calibrate
from ccsrp.snn.data import Dataset
from ccsrp.snn.networks import DirectCoding, build_network
from problems import DigitsPruning, FashionMnistPruning, SpikingPruning

KEEPS = (1.0, 0.9, 0.7, 0.5)


def compare(
    peer: PeerStack, standard: SpikingPruning, sharp: SpikingPruning, mask: np.ndarray, *, repeats: int
) -> dict[str, object]:
    """Time one mask on all sides."""
    accuracy, robust = peer.evaluate(mask)
    ours, ours_sharp = (1 - problem.evaluate(mask[None])[0, :2] for problem in (standard, sharp))
    image = 1 / len(peer.labels) + 1e-9
    assert abs(ours[0] - accuracy) <= image, (ours, accuracy)
    assert abs(ours[1] - robust) <= image, (ours, robust)
    assert ours_sharp[1] <= robust + image, (ours_sharp, robust)
    times = alternate(
        {
            "peer": lambda: peer.evaluate(mask),
            "standard": lambda: standard.evaluate(mask[None]),
            "sharp": lambda: sharp.evaluate(mask[None]),
        },
        repeats=repeats,
    )
    columns = spread(times)
    return {
        "peer_accuracy": accuracy,
        "accuracy": ours[0],
        "peer_robust": robust,
        "standard_robust": ours[1],
        "sharp_robust": ours_sharp[1],
        **columns,
        "standard_speedup": round(columns["peer_median"] / columns["standard_median"], 2),
        "sharp_speedup": round(columns["peer_median"] / columns["sharp_median"], 2),
    }


def shipped(repeats: int) -> list[dict[str, object]]:
    """Compare on the networks that ship, dense and three masks of each keep rate."""
    rows: list[dict[str, object]] = []
    for kind in (DigitsPruning, FashionMnistPruning):
        standard, sharp = kind(attack="standard", test_images=10), kind(test_images=10)
        images, labels = standard.images("validation")
        peer = PeerStack(
            shipped_network(kind),
            images,
            labels,
            attack=standard.attack,
            calibration=kind.dataset().split("train", 256)[0],
        )
        rng = np.random.default_rng(0)
        for keep in KEEPS:
            masks = standard.space.random(1 if keep == 1 else 3, keep=keep, rng=rng)
            for number, mask in enumerate(masks):
                row = {"problem": kind.key, "images": len(labels), "keep": keep, "mask": number}
                rows.append(row | compare(peer, standard, sharp, mask, repeats=repeats))
                print(rows[-1], flush=True)
    return rows


def made_colours(count: int) -> Dataset:
    """Make 32x32 images with labels drawn at random: what a network says of them does not matter here."""
    rng = np.random.default_rng(0)
    sizes = {"train": 256, "validation": count, "test": count}
    return Dataset(
        images={
            name: rng.integers(0, 256, (size, 3, 32, 32), dtype=np.uint8) for name, size in sizes.items()
        },
        labels={name: rng.integers(0, 10, size) for name, size in sizes.items()},
        scale=255,
    )


def large(repeats: int, count: int = 16) -> list[dict[str, object]]:
    """Compare on SpikingJelly's VGG-11 and ResNet-18, untrained, on made images.

    Both sides keep the statistics of one calibration of the base. To calibrate an untrained deep network anew
    amplifies rounding from layer to layer until its answers are others: SpikingJelly's own in float32 and
    float64 agree on no more of them than ours do.
    """
    rows: list[dict[str, object]] = []
    for name in ("vgg11", "resnet18"):
        data, network = made_colours(count), build_network(name)
        calibration = data.split("train")[0]
        calibrate(DirectCoding(network, time_steps=4).eval(), calibration)
        images, labels = data.split("validation")
        # Labels are what the dense network says, so that every image has to be attacked.
        with torch.no_grad():
            labels = DirectCoding(network, time_steps=4).eval()(images).argmax(1)
        data.labels["validation"][:] = labels.numpy()
        attacks = (Attack.standard(eps=2 / 255), Attack.sharp(eps=2 / 255))
        standard, sharp = (
            SpikingPruning(
                network, data, attack=attack, calibrate=False, validation_images=count, test_images=4
            )
            for attack in attacks
        )
        peer = PeerStack(network, images, labels, attack=attacks[0], calibration=None)
        for keep in (1.0, 0.7):
            mask = standard.space.random(1, keep=keep, rng=np.random.default_rng(0))[0]
            accuracy, robust = peer.evaluate(mask)
            ours = 1 - standard.evaluate(mask[None])[0, :2]
            times = alternate(
                {
                    "peer": lambda mask=mask, peer=peer: peer.evaluate(mask),
                    "standard": lambda mask=mask, problem=standard: problem.evaluate(mask[None]),
                    "sharp": lambda mask=mask, problem=sharp: problem.evaluate(mask[None]),
                },
                repeats=repeats,
            )
            columns = spread(times)
            rows.append(
                {
                    "network": name,
                    "images": count,
                    "keep": keep,
                    "peer_accuracy": accuracy,
                    "accuracy": ours[0],
                    "peer_robust": robust,
                    "standard_robust": ours[1],
                    **columns,
                    "standard_speedup": round(columns["peer_median"] / columns["standard_median"], 2),
                    "sharp_speedup": round(columns["peer_median"] / columns["sharp_median"], 2),
                }
            )
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=["shipped", "large"])
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="torchattacks")
    if options.only != "large":
        save("stacks", shipped(options.repeats))
    if options.only != "shipped":
        save("networks", large(min(3, options.repeats)))


if __name__ == "__main__":
    main()
