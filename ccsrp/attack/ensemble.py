"""Which attacks an audit is made of, and why these."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.library_attacks import Apgd, SquareSearch
from ccsrp.attack.own_attacks import Pgd, Rounds, SearchTime, Transfer
from ccsrp.attack.pgd import Attack
from ccsrp.attack.subject import AuditAttack
from ccsrp.attack.surrogate import RATE, TRAINING
from ccsrp.errors import OptionError

__all__ = ["AuditSettings", "ensemble"]

# Chosen on the digits network that ships and on pruned ones (validation images, 50 steps, two starts). Sharp
# shapes fool most, and different shapes fool different images: ATan(6) and PiecewiseExp(8) find most of what
# all find together, the others an image or two each. Wider ones of a family (Sigmoid(4), PiecewiseExp(2),
# Rect(0.5)) found nothing of their own. Nor did rates and the straight-through derivative, which are much
# weaker; they stay because they do not vanish far from the threshold, where all others do.
SURROGATES = (
    TRAINING,
    "ATan(alpha=4.0)",
    "ATan(alpha=6.0)",
    "ATan(alpha=10.0)",
    "PiecewiseQuadratic(alpha=2.0)",
    "PiecewiseExp(alpha=8.0)",
    "Rect(alpha=1.0)",
    "Rect(alpha=2.0)",
    "Rect(alpha=4.0)",
    "Sigmoid(alpha=8.0)",
    "DeterministicPass()",
    RATE,
)


# A patience that no image's margin exhausts.
NEVER = 1000.0


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    """How much an audit tries.

    Parameters
    ----------
    steps : int
        Gradient steps of every white-box attack.
    restarts : int
        Random starts of every PGD.
    queries : int
        Of the black-box attack.
    surrogates : tuple of str
        Spike derivatives that PGD is run under.
    rounds : int
        Of the strong attack, with none of its images given up.
    step_counts : tuple of int
        Numbers of steps at which one attack is repeated, to see that more steps help; may be empty.
    seed : int
        Fixes all random draws.
    """

    steps: int = 50
    restarts: int = 2
    queries: int = 500
    rounds: int = 50
    surrogates: tuple[str, ...] = SURROGATES
    step_counts: tuple[int, ...] = (1, 5, 10, 20, 50)
    seed: int = 100

    def __post_init__(self) -> None:
        for name in ("restarts", "queries", "rounds"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise OptionError(f"an audit's {name} must be a whole number, at least 1, got {value}")
        if not self.surrogates:
            raise OptionError("an audit needs at least one surrogate, such as 'training'")


def ensemble(search: AnyAttack, settings: AuditSettings | None = None) -> tuple[AuditAttack, ...]:
    """List the attacks of an audit, with the eps of the attack that the search judged by, which is first."""
    chosen = settings or AuditSettings()
    sharp = replace(Attack.sharp(eps=search.eps, steps=chosen.steps, seed=chosen.seed), name="audit")
    found: list[AuditAttack] = [SearchTime(search)]
    for surrogate in chosen.surrogates:
        margin = replace(sharp, surrogate=surrogate)
        for attack in (margin, replace(margin, loss="cross_entropy")):
            found.append(Pgd(attack=attack, restarts=chosen.restarts))
    # Finds more than all others together (experiments/attack_strength): a search that judged by it is audited
    # by the same attack with other random draws and more patience.
    strong = Attack.strong(eps=search.eps, rounds=chosen.rounds, patience=NEVER, seed=chosen.seed)
    found.append(Rounds(replace(strong, name="audit")))
    for surrogate in (TRAINING, sharp.surrogate):
        found += [
            Apgd(eps=search.eps, steps=chosen.steps, loss="ce", surrogate=surrogate, seed=chosen.seed),
            Apgd(eps=search.eps, steps=chosen.steps, loss="dlr", surrogate=surrogate, seed=chosen.seed),
        ]
    found.append(SquareSearch(eps=search.eps, queries=chosen.queries, seed=chosen.seed))
    found += [Transfer(sharp), Transfer(replace(sharp, loss="cross_entropy"))]
    found += [
        Pgd(attack=replace(sharp, steps=count), restarts=1, group="steps") for count in chosen.step_counts
    ]
    return tuple(found)
