"""Make a table of ``problems/tables``: train a small spiking network, judge every mask of it.

    python experiments/tables/make.py digits-14

Goes on where it was interrupted. Everything is fixed by the constants below; the weights that a table was
made with lie beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import io
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ccsrp.attack.pgd import Attack
from ccsrp.evaluation.spiking import SpikingEvaluator
from ccsrp.files import write_atomically
from ccsrp.snn.compiled.compiler import compiler_for
from ccsrp.snn.data import Dataset, load_dataset
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding, conv_stack
from ccsrp.snn.training import Trainer, TrainingSettings
from ccsrp.snn.weights import load_weights, save_weights, sha256, weights_sha256
from ccsrp.space import BoolArray
from problems.tables.codes import all_masks

HERE = Path(__file__).parent
DATASHEET = HERE / "datasheet.md"
TIME_STEPS = 4
IMAGE_SHAPE = (1, 8, 8)
VALIDATION, TEST, CALIBRATION = 300, 300, 256
CHUNK = 512
EPS = 0.05
ATTACK = Attack.sharp(eps=EPS, steps=10, seed=0)
TRAINING_ATTACK = Attack.sharp(eps=EPS, steps=5, seed=0)
SETTINGS = TrainingSettings(method="pgd-at", epochs=100, batch_size=128, learning_rate=5e-3, seed=0)
COLUMNS = ("validation_correct", "validation_robust", "test_correct", "test_robust", "synops")


@dataclass(frozen=True)
class Shape:
    """One network: filters of its convolutions, and which of them a 2x2 max pool follows."""

    filters: tuple[int, ...]
    pool_after: tuple[int, ...]

    def build(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SETTINGS.seed)
            return conv_stack(
                filters=self.filters, pool_after=self.pool_after, image_shape=IMAGE_SHAPE, classes=10
            )


SHAPES = {
    "digits-14": Shape((4, 5, 5), (1,)),
    "digits-15": Shape((3, 5, 7), (1,)),
    "digits-16": Shape((4, 4, 4, 4), (1,)),
}


def trained(shape: Shape, data: Dataset, path: Path) -> nn.Module:
    """Load the base network, or train it."""
    network = shape.build()
    if not path.exists():
        learner = shape.build()
        graph = trace_filters(learner)
        compiler = compiler_for(
            learner, graph, image_shape=IMAGE_SHAPE, time_steps=TIME_STEPS, attack=TRAINING_ATTACK
        )
        assert compiler is not None
        base = DirectCoding(learner, time_steps=TIME_STEPS)
        fuse_neurons(learner, graph.called_once)
        images, labels = data.split("train", None)
        trainer = Trainer(
            base,
            images,
            labels,
            attack=TRAINING_ATTACK,
            settings=SETTINGS,
            attacked=lambda: compiler.compile(graph.space.full()),
        )
        while trainer.epoch < SETTINGS.epochs:
            report = trainer.run_epoch()
        print(f"trained: loss {report.loss:.3f}, accuracy of attacked batches {report.accuracy:.3f}")
        save_weights(learner, path)
    load_weights(network, path)
    return network


def judged(evaluator: SpikingEvaluator, masks: BoolArray, data: Dataset) -> NDArray[np.int64]:
    """Count for each mask: int64 [N, 5] in the order of ``COLUMNS``."""
    rows = []
    splits = [
        evaluator.examples(*data.split(split, count))
        for split, count in (("validation", VALIDATION), ("test", TEST))
    ]
    for mask in masks:
        row = []
        for examples in splits:
            judgement = evaluator.judge(mask, examples)
            row += [judgement.accuracy * len(examples), judgement.robust_accuracy * len(examples)]
        rows.append([*row, evaluator.synops(mask) * VALIDATION])
    return np.rint(np.array(rows)).astype(np.int64)


def make(name: str, work: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    data = load_dataset("digits")
    network = trained(SHAPES[name], data, HERE / f"{name}.safetensors")
    images, labels = data.split("validation", VALIDATION)
    evaluator = SpikingEvaluator(
        network,
        time_steps=TIME_STEPS,
        images=images,
        labels=labels,
        attack=ATTACK,
        calibration=data.split("train", CALIBRATION)[0],
    )
    sizes = evaluator.space.sizes
    masks = all_masks(sizes)
    # Work that was begun with other weights or another attack lies in another folder.
    begun = f"{weights_sha256(network)} {ATTACK} {VALIDATION} {TEST} {CALIBRATION} {CHUNK}"
    work = work / hashlib.sha256(begun.encode()).hexdigest()[:12]
    work.mkdir(parents=True, exist_ok=True)
    parts = []
    for first in range(0, len(masks), CHUNK):
        file = work / f"{first:06d}.csv"
        if not file.exists():
            counts = judged(evaluator, masks[first : first + CHUNK], data)
            text = io.StringIO()
            np.savetxt(text, counts, fmt="%d", delimiter=",", header=",".join(COLUMNS), comments="")
            write_atomically(file, text.getvalue().encode())
            print(f"{name}: {first + len(counts)} of {len(masks)}", flush=True)
        parts.append(np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2))
    columns = dict(zip(COLUMNS, np.concatenate(parts).T, strict=True))
    write_table(name, sizes, columns, evaluator)
    write_datasheet(name)


def write_table(
    name: str, sizes: tuple[int, ...], columns: dict[str, NDArray[np.int64]], evaluator: SpikingEvaluator
) -> None:
    """Write the columns as the smallest integers that hold them."""
    counts = np.indices(sizes).reshape(len(sizes), -1).T + 1
    few = np.concatenate(
        [np.arange(size) < counts[:, [layer]] for layer, size in enumerate(sizes)], axis=1
    )  # one mask for each number of kept filters in each layer
    arrays: dict[str, NDArray[np.unsignedinteger]] = {
        "sizes": np.array(sizes, dtype=np.uint8),
        "images": np.array([VALIDATION, TEST], dtype=np.uint16),
        "passes": np.array([CALIBRATION, ATTACK.steps], dtype=np.uint16),
        "flops": evaluator.costs.flops(few).reshape(sizes).astype(np.uint32),
        "params": evaluator.costs.params(few).reshape(sizes).astype(np.uint32),
    }
    for column, values in columns.items():
        arrays[column] = values.astype(np.uint32 if column == "synops" else np.uint16)
        assert (arrays[column] == values).all()
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    target = HERE.parents[1] / "problems" / "tables" / f"{name}.npz"
    write_atomically(target, content.getvalue())
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    print(f"{target.name}: {len(content.getvalue())} bytes, SHA-256 {digest}")


def write_datasheet(name: str) -> None:
    """Say what the table is, beside it."""
    from problems.tabular import TABLES, TabularPruning

    folder = HERE.parents[1] / "problems" / "tables"
    table, weights = folder / f"{name}.npz", HERE / f"{name}.safetensors"
    TABLES[name] = sha256(table)
    clean, noisy = TabularPruning(name), TabularPruning(name, noisy=True)
    dense = clean.report(clean.space.full()[None], np.ones((1, 3))).iloc[0]
    shape = SHAPES[name]
    pooled = ", ".join(f"conv{index + 1}" for index in shape.pool_after)
    text = DATASHEET.read_text().format(
        name=name,
        masks=len(all_masks(clean.space.sizes)),
        filters=", ".join(map(str, shape.filters)),
        layers=len(shape.filters),
        pooled=pooled,
        validation=VALIDATION,
        test=TEST,
        calibration=CALIBRATION,
        attack=ATTACK.describe(),
        training_attack=TRAINING_ATTACK.describe(),
        epochs=SETTINGS.epochs,
        batch_size=SETTINGS.batch_size,
        learning_rate=SETTINGS.learning_rate,
        seed=SETTINGS.seed,
        dense=dense,
        front=len(clean.pareto_front()),
        hypervolume=clean.max_hypervolume,
        test_front=len(noisy.pareto_front()),
        test_hypervolume=noisy.max_hypervolume,
        table_sha256=TABLES[name],
        weights_sha256=sha256(weights),
        versions=", ".join(f"{package} {version(package)}" for package in ("torch", "spikingjelly", "numba")),
    )
    write_atomically(folder / f"{name}.md", text.encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(SHAPES))
    parser.add_argument("--work", type=Path, help="folder for unfinished work (default: runs/tables/NAME)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    make(options.name, options.work or Path("runs/tables") / options.name, options.threads)
