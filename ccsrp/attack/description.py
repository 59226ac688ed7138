"""What an attack is: every option of it by name, in three strengths.

``standard`` is the literature's PGD (Madry et al., arXiv 1706.06083). ``sharp`` is what searches judge by
unless told otherwise, and ``strong`` what comes near an audit: see ``experiments/attack_strength``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

from ccsrp.attack.exact import exact
from ccsrp.attack.gradient import LossName
from ccsrp.attack.surrogate import RATE, TRAINING, parse_surrogate
from ccsrp.checks import check_count, check_seed
from ccsrp.errors import OptionError

__all__ = ["Attack", "StrongAttack"]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An L-infinity PGD attack, fully described.

    Parameters
    ----------
    name : str
        How reports call it.
    eps : float
        Largest change of a pixel; pixels lie in [0, 1].
    step_size : float
        Size of the first step, in the units of ``eps``.
    steps : int
        Gradient steps, at least 1.
    schedule : {"constant", "falling"}
        Whether all steps are equal or fall linearly from ``step_size`` to 0.
    loss : {"cross_entropy", "margin"}
        What each step increases; margin is the best wrong logit minus the right one.
    surrogate : str
        Spike derivative used by the attacker, such as ``"ATan(alpha=6.0)"``, ``"training"`` for the
        network's own, or ``"rate"`` for the gradient of firing rates (``ccsrp.attack.rate``).
    every_iterate : bool
        Whether robust means right on the clean image, the start and every iterate, or right on the last
        iterate only.
    seed : int
        Fixes the random start of every image.
    """

    name: str
    eps: float
    step_size: float
    steps: int
    schedule: Literal["constant", "falling"]
    loss: LossName
    surrogate: str
    every_iterate: bool
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.eps <= 1:
            raise OptionError(f"eps must lie in (0, 1] (pixels lie in [0, 1]), got {self.eps}")
        if not 0 < self.step_size <= 1:
            raise OptionError(f"step_size must lie in (0, 1], got {self.step_size}")
        if not isinstance(self.steps, int) or self.steps < 1:
            raise OptionError(f"an attack needs a whole number of steps, at least 1 step, got {self.steps}")
        check_count("steps", self.steps, most=1_000_000)
        check_seed(self.seed)
        if self.schedule not in ("constant", "falling"):
            raise OptionError(f"schedule must be 'constant' or 'falling', got {self.schedule!r}")
        if self.loss not in ("cross_entropy", "margin"):
            raise OptionError(f"loss must be 'cross_entropy' or 'margin', got {self.loss!r}")
        for surrogate in self.surrogates:
            if surrogate not in (TRAINING, RATE):
                parse_surrogate(surrogate)

    @property
    def surrogates(self) -> tuple[str, ...]:
        """Every spike derivative that the attacker uses."""
        return (self.surrogate,)

    @property
    def counts_clean(self) -> bool:
        """Whether a network must be right on the clean image too."""
        return self.every_iterate

    def for_training(self, *, steps: int, seed: int, reach: float = 1.0) -> Self:
        """Return what training takes: this attack in ``reach`` times the box, other steps, another seed."""
        return replace(
            self,
            eps=min(1.0, reach * self.eps),
            step_size=min(1.0, reach * self.step_size),
            steps=steps,
            seed=seed,
        )

    def table(self) -> dict[str, str | int | float | bool]:
        """Return what ``config.toml`` says of it."""
        return asdict(self)

    @classmethod
    def standard(cls, *, eps: float, steps: int = 10, surrogate: str = TRAINING, seed: int = 0) -> Attack:
        """Describe the literature's PGD: cross-entropy, constant step eps/4, last iterate."""
        return cls(
            name="standard",
            eps=eps,
            step_size=eps / 4,
            steps=steps,
            schedule="constant",
            loss="cross_entropy",
            surrogate=surrogate,
            every_iterate=False,
            seed=seed,
        )

    @classmethod
    def sharp(
        cls, *, eps: float, steps: int = 10, surrogate: str = "ATan(alpha=6.0)", seed: int = 0
    ) -> Attack:
        """Describe the attack that searches judge by: margin, step falling from eps to 0, all iterates."""
        return cls(
            name="sharp",
            eps=eps,
            step_size=eps,
            steps=steps,
            schedule="falling",
            loss="margin",
            surrogate=surrogate,
            every_iterate=True,
            seed=seed,
        )

    @classmethod
    def strong(
        cls,
        *,
        eps: float,
        steps: int = 20,
        rounds: int = 50,
        surrogate: str = "ATan(alpha=6.0)",
        near_surrogate: str = "ATan(alpha=10.0)",
        patience: float = 0.6,
        seed: int = 0,
    ) -> StrongAttack:
        """Describe the attack that comes near an audit: rounds of PGD, most from the closest point so far."""
        return StrongAttack(
            name="strong",
            eps=eps,
            step_size=eps,
            steps=steps,
            schedule="falling",
            loss="margin",
            surrogate=surrogate,
            every_iterate=True,
            seed=seed,
            rounds=rounds,
            near_surrogate=near_surrogate,
            patience=patience,
        )

    def step(self, index: int) -> float:
        """Return the size of step ``index`` of ``steps``.

        >>> [Attack.sharp(eps=0.5, steps=4).step(i) for i in range(4)]
        [0.5, 0.375, 0.25, 0.125]
        """
        if self.schedule == "constant":
            return self.step_size
        return self.step_size * ((self.steps - index) / self.steps)

    def describe(self) -> str:
        """Say all that a robustness figure must be read with, in one line."""
        return (
            f"{self.name} PGD, L-infinity, eps {exact(self.eps)}, {self.steps} steps, "
            f"step {exact(self.step_size)} {self.schedule}, {self.loss.replace('_', '-')} loss, "
            f"surrogate {self.surrogate}, {'every iterate' if self.every_iterate else 'last iterate'}, "
            f"seed {self.seed}"
        )


@dataclass(frozen=True, kw_only=True)
class StrongAttack(Attack):
    """PGD in rounds, most of them from where an image came closest to being fooled: ``ccsrp.attack.strong``.

    Every iterate counts. ``steps`` are those of one round; training, which wants one adversarial image and
    not the nearest miss, uses a single round of plain PGD.

    Parameters
    ----------
    surrogate : str
        In rounds from random starts.
    rounds : int
        Rounds at most; images without hope of being fooled end sooner.
    near_surrogate : str
        In rounds from the closest point.
    patience : float
        After n rounds, an image is given up if the share of its clean margin that is left exceeds this, times
        the root of: the share of the rounds that is left, over n. More costs more passes, and finds more.
    """

    rounds: int
    near_surrogate: str
    patience: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.rounds, int) or self.rounds < 1:
            raise OptionError(
                f"a strong attack needs a whole number of rounds, at least 1, got {self.rounds}"
            )
        check_count("rounds of an attack", self.rounds, most=1_000_000)
        if not self.patience > 0:
            raise OptionError(f"the patience of a strong attack must be above 0, got {self.patience}")
        if not self.every_iterate:
            raise OptionError("a strong attack counts every iterate")

    @property
    def surrogates(self) -> tuple[str, ...]:
        """Every spike derivative that the attacker uses."""
        return (self.surrogate, self.near_surrogate)

    def describe(self) -> str:
        """Say all that a robustness figure must be read with, in one line."""
        rounds = f"{self.rounds} rounds, near surrogate {self.near_surrogate}, patience {self.patience:g}"
        return f"{super().describe()}, {rounds}"
