"""Non-dominated whole networks, with exact hypervolume."""

from __future__ import annotations

from itertools import compress

import moocore
import numpy as np
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function

from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.errors import OptionError, RunError
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Archive"]


class Archive:
    """Keeps every non-dominated whole network seen; of equal objectives, the first.

    Parameters
    ----------
    n_var : int
        Length of a mask.
    reference_point : float64 [n_obj]
        For hypervolume; the problem's own, fixed before any run.

    Examples
    --------
    >>> import numpy as np
    >>> archive = Archive(n_var=2, reference_point=np.ones(3))
    >>> archive.add(np.array([[1, 1], [1, 0]], dtype=bool), np.array([[0.0, 0.5, 1.0], [0.5, 0.5, 0.5]]))
    >>> archive.hypervolume()
    0.125
    """

    def __init__(self, *, n_var: int, reference_point: FloatArray) -> None:
        self.reference_point = np.asarray(reference_point, dtype=float)
        self._masks = np.empty((0, n_var), dtype=bool)
        self._objectives = np.empty((0, len(self.reference_point)))
        self._keys: list[bytes] = []
        self._known: set[bytes] = set()
        self._hypervolume: float | None = None
        self._crowding: FloatArray | None = None

    def __len__(self) -> int:
        return len(self._masks)

    @property
    def masks(self) -> BoolArray:
        """Masks of the members, bool [n, n_var], in the order in which they were found; read-only."""
        view = self._masks.view()
        view.flags.writeable = False
        return view

    @property
    def objectives(self) -> FloatArray:
        """Objectives of the members, float64 [n, n_obj]."""
        return self._objectives.copy()

    def add(self, masks: BoolArray, objectives: FloatArray) -> None:
        """Add whole networks, bool [N, n_var] and float64 [N, n_obj], and drop what is dominated."""
        if not np.isfinite(objectives).all() or len(masks) != len(objectives):
            raise OptionError("an archive takes one row of finite objectives for each mask")
        both = np.concatenate([self._objectives, objectives])
        # Of equal rows moocore keeps the first, so members win over newcomers.
        keep = moocore.is_nondominated(both)
        if not keep[len(self) :].any():
            return
        self._masks = np.concatenate([self._masks, masks])[keep]
        self._objectives = both[keep]
        self._keys = list(compress([*self._keys, *(mask.tobytes() for mask in masks)], keep))
        self._known, self._hypervolume, self._crowding = set(self._keys), None, None

    def state(self) -> Snapshot:
        """Write down the members."""
        return Snapshot({"masks": self.masks, "objectives": self.objectives})

    def restore(self, state: Snapshot) -> None:
        """Take the members of another archive of the same kind; a search that has begun has some."""
        self._masks = state.array("masks", bool, None, self._masks.shape[1])
        self._objectives = state.array("objectives", float, len(self._masks), self._objectives.shape[1])
        if not len(self):
            raise RunError("the stored state of the search does not fit: its archive is empty")
        self._keys = [mask.tobytes() for mask in self._masks]
        self._known, self._hypervolume, self._crowding = set(self._keys), None, None

    def __contains__(self, mask: BoolArray) -> bool:
        return mask.tobytes() in self._known

    @property
    def crowding(self) -> FloatArray:
        """Crowding distance of each member, float64 [n]; infinite at the ends of an objective."""
        if self._crowding is None:
            self._crowding = get_crowding_function("cd").do(self._objectives, n_remove=0)
        return self._crowding.copy()

    def hypervolume(self) -> float:
        """Return the exact hypervolume against the reference point; 0 when empty."""
        if self._hypervolume is None:
            found = moocore.hypervolume(self._objectives, ref=self.reference_point) if len(self) else 0.0
            self._hypervolume = float(found)
        return self._hypervolume
