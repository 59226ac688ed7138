"""Where an experiment is run: its plan, its folders, its data, its device."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from images import problem_kind
from plan import Experiment, Plan

from ccsrp.errors import RunError
from ccsrp.files import write_atomically
from ccsrp.report.terminal import Steps

__all__ = ["Bench", "Step"]


@dataclass(frozen=True)
class Step:
    """A part of an experiment; it is done once ``result`` exists, which is written last."""

    name: str
    result: Path
    run: Callable[[], object]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.result.exists()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything that the steps of one experiment need.

    Parameters
    ----------
    experiment : Experiment
    plan : Plan
    out : Path
        Folder of all experiments.
    data_dir : Path, optional
    device : str
    made : bool
        Made images in place of the data set.
    shown : Steps
    """

    experiment: Experiment
    plan: Plan
    out: Path
    data_dir: Path | None
    device: str
    made: bool
    shown: Steps

    @property
    def folder(self) -> Path:
        """The folder of this experiment."""
        return self.out / self.experiment.folder

    @property
    def weights(self) -> Path:
        """The trained base."""
        return self.folder / "base" / "weights.safetensors"

    @property
    def kind(self) -> type[Any]:
        """The class of the problem."""
        return problem_kind(self.experiment.dataset, made=self.made)

    def check(self) -> None:
        """See that the folder is new or of this plan.

        Raises
        ------
        RunError
        """
        file = self._claim
        try:
            if file.exists():
                other = file.read_text() != self._described()
            else:
                other = _has_files(self.folder) or (_has_files(self.out) and not self._begun())
        except OSError as error:
            raise RunError(f"cannot read {file} ({error.strerror}); use another --out") from None
        if other:
            raise RunError(f"{self.out} holds something else than results of this plan; use another --out")

    def claim(self) -> None:
        """Make the folder, and say which plan it is of.

        Raises
        ------
        RunError
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._claim, self._described().encode())
        except OSError as error:
            raise RunError(f"cannot write to {self.folder} ({error.strerror}); use another --out") from None

    @property
    def _claim(self) -> Path:
        return self.folder / "plan.json"

    def _begun(self) -> bool:
        return any(self.out.glob(f"*/{self._claim.name}"))

    def _described(self) -> str:
        return json.dumps(asdict(self.plan) | {"made_images": self.made}, indent=1)

    def options(self, *, test_images: int) -> dict[str, Any]:
        """Return the options of the problem, as ``load_problem`` takes them."""
        plan = self.plan
        given = {
            "steps": plan.search_steps,
            "seed": plan.seed,
            "validation_images": plan.validation_images,
            "calibration_images": plan.calibration_images,
            "test_images": test_images,
            "network": self.experiment.network,
            "weights": self.weights,
            "data_dir": self.data_dir,
            "device": self.device,
        }
        return {name: value for name, value in given.items() if value is not None}

    def problem(self, *, test_images: int) -> Any:
        """Build the problem on the trained base."""
        return self.kind(**self.options(test_images=test_images))


def _has_files(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
