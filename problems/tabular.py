"""Networks of which every mask was judged once: evaluation is a look-up, and the true front is known."""

from __future__ import annotations

import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import OptionError, TableError
from ccsrp.space import BoolArray, FilterSpace, FloatArray
from problems.base import PruningProblem
from problems.tables.codes import all_masks, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

__all__ = ["TABLES", "Digits14", "Digits15", "Digits16", "TabularPruning"]

HERE = Path(__file__).parent / "tables"
# Name and SHA-256 of each table.
TABLES = {
    "digits-14": "c81e47f4b8858b1ab06ff48831199185861ccd937dfa08b1ec8895e71657d546",
    "digits-15": "98c1aafa0088ef1036352d4af38890f83a3ae1e7bdd53d5d227d56f511d4425c",
    "digits-16": "2a7714e984473d5f0ee69636c39c045a6bf9a32de2cdb2e9c3d9b4f55783fa2b",
}
COSTS = ("flops", "params", "synops")
ERRORS = ("error", "robust_error")
DEFAULT = ("error", "robust_error", "flops")
# Operations a second of the simulated device, for counting what evaluations would have cost.
SIMULATED_RATE = 1e12


class TabularPruning(PruningProblem):
    """Prune a small spiking network for digits whose every mask has been judged.

    Parameters
    ----------
    name : str
        ``"digits-14"``, ``"digits-15"`` or ``"digits-16"``; see the datasheets in ``problems/tables``.
    objectives : sequence of str
        What the columns of F are, at least two of ``error``, ``robust_error``, ``flops``, ``params``,
        ``synops``. Costs are fractions of the dense network's, at most 1.
    noisy : bool
        A search sees errors on the validation images. Without noise the true front is that of the same
        figures; with it, that of the test images, which a search never sees: how far it gets there tells
        how well its choices carry over.

    Attributes
    ----------
    simulated_gpu_seconds : float
        What all evaluations so far would have taken at 10**12 operations a second: passes over the
        calibration and validation images, with three for each step of the attack (forward and backward).

    Examples
    --------
    >>> problem = TabularPruning("digits-14")
    >>> problem.space.sizes
    (4, 5, 5)
    >>> problem.evaluate(problem.space.full()[None]).round(3).tolist()
    [[0.013, 0.17, 1.0]]
    >>> len(problem.pareto_front()), round(problem.max_hypervolume, 4)
    (56, 0.4378)
    """

    def __init__(
        self, name: str = "digits-14", *, objectives: Sequence[str] = DEFAULT, noisy: bool = False
    ) -> None:
        known = (*ERRORS, *COSTS)
        if isinstance(objectives, str) or not hasattr(objectives, "__len__"):
            raise OptionError(f"objectives must be a sequence of names, got {objectives!r}")
        if len(objectives) < 2 or len(set(objectives)) != len(objectives):
            raise OptionError(f"objectives must be at least two different names, got {objectives!r}")
        for objective in objectives:
            if objective not in known:
                raise OptionError(f"unknown objective {objective!r}; choose from {', '.join(known)}")
        self._table = _read(name)
        sizes = tuple(int(size) for size in self._table["sizes"])
        super().__init__(
            FilterSpace(names=tuple(f"conv{i + 1}" for i in range(len(sizes))), sizes=sizes),
            objectives=tuple(objectives),
        )
        self.key = name
        self.noisy = noisy
        self.simulated_gpu_seconds = 0.0
        self.provenance = {"table_sha256": TABLES[name], "noisy": noisy}
        self._row_weights, self._row_offset = row_weights(sizes)
        counts = self.space.counts(all_masks(sizes))
        self._costs: dict[str, NDArray[np.int64]] = {
            cost: self._table[cost][tuple((counts - 1).T)].astype(np.int64) for cost in ("flops", "params")
        }
        self._costs["synops"] = self._table["synops"].astype(np.int64)
        images, (calibration, steps) = self._table["images"], self._table["passes"]
        passes = int(calibration) + int(images[0]) * (1 + 3 * int(steps))
        self._seconds = self._costs["flops"] * (passes / SIMULATED_RATE)
        self._seen = self._objectives("validation")
        self._true = self._objectives("test") if noisy else self._seen

    def _objectives(self, split: str) -> FloatArray:
        """Put the columns of F together for every row of the table."""
        images = int(self._table["images"][0 if split == "validation" else 1])
        columns: dict[str, FloatArray] = {
            "error": 1 - self._table[f"{split}_correct"] / images,
            "robust_error": 1 - self._table[f"{split}_robust"] / images,
        }
        for cost, values in self._costs.items():
            # Fewer filters can spike more in all; what is dearer than the dense one is worth no more than it.
            columns[cost] = np.minimum(values / values[-1], 1.0)
        return np.stack([columns[name] for name in self.objectives], axis=1)

    def _rows(self, masks: BoolArray) -> NDArray[np.intp]:
        return (masks @ self._row_weights).astype(np.intp) - self._row_offset

    def _judge(self, masks: BoolArray) -> FloatArray:
        rows = self._rows(masks)
        self.simulated_gpu_seconds += float(self._seconds[rows].sum())
        answers: FloatArray = self._seen[rows]
        return answers

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Tell the last objective of masks without judging them, if it is FLOPs or parameters."""
        if self.objectives[-1] not in ("flops", "params"):
            return None
        costs: FloatArray = self._seen[self._rows(self.space.check(masks)), -1]
        return costs

    def true_objectives(self, masks: BoolArray) -> FloatArray:
        """Tell what masks, bool [N, n_var], are worth where the true front is measured: [N, n_obj]."""
        objectives: FloatArray = self._true[self._rows(self.space.check(masks))]
        return objectives

    @cached_property
    def max_hypervolume(self) -> float:
        """Hypervolume of the true front against ``reference_point``."""
        import moocore

        return float(moocore.hypervolume(self.pareto_front(), ref=self.reference_point))

    def _optimal_rows(self) -> NDArray[np.intp]:
        """Return the rows that no other dominates, cheapest last."""
        import moocore

        rows = np.flatnonzero(moocore.is_nondominated(self._true, keep_weakly=True))
        order = np.lexsort((*self._true[rows, :-1].T[::-1], -self._true[rows, -1]))
        chosen: NDArray[np.intp] = rows[order]
        return chosen

    def _calc_pareto_front(self) -> FloatArray:
        points: FloatArray = self._true[self._optimal_rows()]
        first_of_its_kind = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
        front: FloatArray = points[first_of_its_kind]
        front.setflags(write=False)  # pymoo hands the same array to everyone
        return front

    def _calc_pareto_set(self) -> BoolArray:
        masks = all_masks(self.space.sizes)[self._optimal_rows()]
        masks.setflags(write=False)
        return masks

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks from the table: see ``PruningProblem.report``."""
        import pandas as pd

        rows = self._rows(self.space.check(masks))
        validation, test = (int(count) for count in self._table["images"])
        columns: dict[str, Any] = {
            "accuracy": self._table["validation_correct"][rows] / validation,
            "robust_accuracy": self._table["validation_robust"][rows] / validation,
        }
        if self.objectives[-1] in COSTS:
            columns["cost"] = objectives[:, -1]
        columns |= {
            "flops": self._costs["flops"][rows],
            "params": self._costs["params"][rows],
            "synops": self._costs["synops"][rows] / validation,
            "test_accuracy": self._table["test_correct"][rows] / test,
            "test_robust_accuracy": self._table["test_robust"][rows] / test,
            "mask": [self.space.to_string(mask) for mask in masks],
        }
        return pd.DataFrame(columns)


class Digits14(TabularPruning):
    """Every mask of a 14-filter digits network in 3 layers (4, 5, 5), eps 0.05; the true front is known."""

    def __init__(self, *, objectives: Sequence[str] = DEFAULT, noisy: bool = False) -> None:
        super().__init__("digits-14", objectives=objectives, noisy=noisy)


class Digits15(TabularPruning):
    """Every mask of a 15-filter digits network in 3 layers (3, 5, 7), eps 0.05; the true front is known."""

    def __init__(self, *, objectives: Sequence[str] = DEFAULT, noisy: bool = False) -> None:
        super().__init__("digits-15", objectives=objectives, noisy=noisy)


class Digits16(TabularPruning):
    """Every mask of a 16-filter digits network in 4 layers of 4, eps 0.05; the true front is known."""

    def __init__(self, *, objectives: Sequence[str] = DEFAULT, noisy: bool = False) -> None:
        super().__init__("digits-16", objectives=objectives, noisy=noisy)


def _read(name: str) -> dict[str, NDArray[Any]]:
    """Read a table whose content is as it was published."""
    if name not in TABLES:
        raise OptionError(f"unknown table {name!r}; choose one of {', '.join(TABLES)}")
    path = HERE / f"{name}.npz"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot read table {path} ({error.strerror}); reinstall") from None
    if hashlib.sha256(content).hexdigest() != TABLES[name]:
        raise TableError(f"table {path} is damaged: its SHA-256 is not {TABLES[name][:12]}...; reinstall")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}
