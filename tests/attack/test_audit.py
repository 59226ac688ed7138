"""What an audit promises: the worst case of everything, comparable figures, a sense for masked gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torchattacks
from torch import nn

from ccsrp.attack.audit import Audit, audit
from ccsrp.attack.ensemble import AuditSettings, ensemble
from ccsrp.attack.library_attacks import Apgd, SquareSearch
from ccsrp.attack.masking import GradientShares, verdicts
from ccsrp.attack.own_attacks import Pgd, SearchTime
from ccsrp.attack.pgd import Attack
from ccsrp.attack.subject import Subject
from ccsrp.errors import OptionError
from problems import DigitsPruning

SMALL = AuditSettings(
    steps=4,
    restarts=2,
    queries=15,
    rounds=2,
    surrogates=("training", "Rect(alpha=1.0)", "rate"),
    step_counts=(1, 4),
)


@pytest.fixture(scope="module")
def pruned(digits: DigitsPruning) -> np.ndarray:
    return digits.space.random(1, keep=0.8, rng=np.random.default_rng(1))[0]


@pytest.fixture(scope="module")
def result(digits: DigitsPruning, pruned: np.ndarray) -> Audit:
    return digits.audit(pruned, settings=SMALL)


def test_a_robust_image_survives_everything(digits: DigitsPruning, pruned, result: Audit) -> None:
    names = [outcome.name for outcome in result.outcomes]
    assert names == [attack.name for attack in ensemble(digits.attack, SMALL)]
    assert len(set(names)) == len(names)
    assert result.flags.shape == (len(names), 40)
    assert not result.skipped
    assert (result.robust == (result.flags.all(0) & result.right)).all()
    for outcome in result.outcomes:
        assert not (outcome.flags & ~result.right).any()
        assert result.worst_case_accuracy <= outcome.accuracy <= result.clean_accuracy
        assert 0 < outcome.accuracy < 1
    assert result.gap == pytest.approx(100 * (result.search_accuracy - result.worst_case_accuracy))


@pytest.mark.parametrize("name", ["sharp", "standard", "strong"])
def test_the_search_time_figure_is_the_searchs(name: str, pruned) -> None:
    problem = DigitsPruning(attack=name, validation_images=20, calibration_images=128, test_images=40)
    report = problem.report(pruned[None], np.zeros((1, 3)))
    subject, images, labels = problem.audit_case(pruned)
    found = audit(subject, images, labels, [SearchTime(problem.attack)])
    assert found.search_accuracy == pytest.approx(report["test_robust_accuracy"][0])
    assert found.clean_accuracy == pytest.approx(report["test_accuracy"][0])
    assert found.worst_case_accuracy <= found.search_accuracy


def test_both_forms_of_the_network_are_judged_alike(digits: DigitsPruning, pruned, result: Audit) -> None:
    """SpikingJelly's layers alone give the same answers, but for images at rounding."""
    _, images, labels = digits.audit_case(pruned)
    subject = Subject(digits.network(pruned), source=digits.network(), batch_size=40)
    plain = audit(subject, images, labels, ensemble(digits.attack, SMALL))
    assert (plain.right == result.right).all()
    assert (plain.flags != result.flags).sum(1).max() <= 2


def test_what_is_known_is_not_run_again_and_random_draws_depend_on_nothing_before(
    digits: DigitsPruning, pruned, result: Audit
) -> None:
    case = digits.audit_case(pruned)
    attacks = ensemble(digits.attack, SMALL)
    known = {outcome.name: outcome.flags for outcome in result.outcomes[::2]}
    made_up = np.zeros(40, dtype=bool)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    seen = []
    again = audit(
        *case,
        attacks,
        known=known | {"Square": made_up},
        on_attack=lambda done, total, outcome: seen.append((done, total, outcome.name)),
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert seen == [(i + 1, len(attacks), attack.name) for i, attack in enumerate(attacks)]
    for before, after in zip(result.outcomes, again.outcomes, strict=True):
        assert (after.flags == (made_up if after.name == "Square" else before.flags)).all()
    with pytest.raises(OptionError, match="known flags"):
        audit(*case, attacks, known={"Square": made_up[:3]})


def test_pgd_does_not_depend_on_the_batch(digits: DigitsPruning, pruned) -> None:
    subject, images, labels = digits.audit_case(pruned)
    attack = Pgd(attack=Attack.sharp(eps=0.1, steps=3, seed=5), restarts=2)
    whole = audit(subject, images, labels, [attack]).outcomes[0].flags
    part = audit(subject, images[:17], labels[:17], [attack]).outcomes[0].flags
    assert (part == whole[:17]).all()


def test_more_restarts_leave_fewer(digits: DigitsPruning, pruned) -> None:
    subject, images, labels = digits.audit_case(pruned)
    one, two = (Pgd(attack=Attack.sharp(eps=0.1, steps=2, seed=5), restarts=count) for count in (1, 2))
    found = audit(subject, images, labels, [one, two])
    assert not (found.outcomes[1].flags & ~found.outcomes[0].flags).any()
    assert found.outcomes[1].accuracy < found.outcomes[0].accuracy


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Apgd(eps=0.1, steps=5, loss="dlr", surrogate="training", seed=2), torchattacks.APGD),
        (SquareSearch(eps=0.1, queries=20, seed=2), torchattacks.Square),
    ],
    ids=["APGD", "Square"],
)
def test_bought_attacks_leave_what_torchattacks_leaves(digits: DigitsPruning, pruned, ours, theirs) -> None:
    """The network is SpikingJelly's, and torchattacks is called by hand on the images that are right."""
    network = digits.network(pruned)
    _, images, labels = digits.audit_case(pruned)
    found = audit(Subject(network), images, labels, [ours])
    right = torch.from_numpy(found.right)
    options = {"steps": 5, "loss": "dlr"} if theirs is torchattacks.APGD else {"n_queries": 20}
    with torch.random.fork_rng(devices=[]):
        made = theirs(network, norm="Linf", eps=0.1, seed=2, **options)(images[right], labels[right])
    with torch.no_grad():
        standing = network(made).argmax(1) == labels[right]
    expected = right.clone()
    expected[right] = standing
    assert (found.outcomes[0].flags == expected.numpy()).all()


def test_attacks_that_cannot_be_run_say_why(digits: DigitsPruning) -> None:
    case = digits.audit_case(digits.space.full())
    found = audit(*case, ensemble(digits.attack, SMALL))
    reasons = {item.name: item.reason for item in found.skipped}
    assert "no other network" in reasons["transfer margin ATan(alpha=6.0)"]
    assert len(reasons) == 2
    assert found.worst_case_accuracy < found.clean_accuracy
    two = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    assert "3 classes" in str(
        Apgd(eps=0.1, steps=2, loss="dlr", surrogate="training", seed=0).missing(Subject(two), 2)
    )


@pytest.mark.parametrize("form", ["compiled", "SpikingJelly"])
@pytest.mark.parametrize("labelled", ["rightly", "wrongly"])
def test_single_images_and_networks_that_are_never_right(digits, pruned, form: str, labelled: str) -> None:
    subject, images, labels = digits.audit_case(pruned, images=1)
    if form == "SpikingJelly":
        subject = Subject(digits.network(pruned))
    shown = labels if labelled == "rightly" else (labels + 1) % 10
    found = audit(subject, images, shown, ensemble(digits.attack, SMALL))
    assert found.clean_accuracy == (labelled == "rightly")
    assert found.worst_case_accuracy <= found.clean_accuracy
    with pytest.raises(OptionError, match="needs images"):
        audit(subject, images[:0], labels[:0], ensemble(digits.attack, SMALL))


class Hidden(nn.Module):
    """A linear classifier that rounds its inputs away: right, fragile, and without any gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(1e4))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        above = (images.mean((1, 2, 3)) - 0.5) * self.steepness
        shown = above.round().clamp(-1, 1) + 0 * images.sum()
        return torch.stack([-shown, shown, torch.full_like(shown, -9.0)], 1)


def test_a_network_that_hides_its_gradients_is_found_out() -> None:
    images = torch.full((12, 1, 4, 4), 0.45) + torch.rand(12, 1, 1, 1) * 0.02
    labels = torch.zeros(12, dtype=torch.int64)
    search = Attack.sharp(eps=0.1, steps=3)
    found = audit(Subject(Hidden()), images, labels, ensemble(search, replace(SMALL, queries=60)))
    signs = {verdict.name: verdict.suspicious for verdict in found.verdicts}
    assert found.search_accuracy > 0.9
    assert signs["zero gradients, training"]
    assert signs["black box alone"]
    assert signs["black box stronger"]
    assert found.suspicious


def test_an_honest_network_is_not_suspected_of_zero_gradients(result: Audit) -> None:
    assert [item.zero_images for item in result.gradients] == [0.0, 0.0]
    assert not [v for v in result.verdicts if v.name.startswith("zero") and v.suspicious]


def test_verdicts_read_the_figures() -> None:
    shares = (GradientShares("training", 0.2, 0.5),)
    white, black = np.array([[1, 1, 0, 0], [1, 1, 1, 0]], bool), np.array([0, 1, 1, 1], bool)
    found = verdicts(shares, white_box=white, black_box=black, steps=((1, 0.5), (10, 0.4), (50, 0.45)))
    assert [(v.name, v.suspicious) for v in found] == [
        ("zero gradients, training", True),
        ("black box alone", True),
        ("black box stronger", False),
        ("steps in vain", True),
    ]
    assert "1: 50.0%, 10: 40.0%, 50: 45.0%" in found[-1].text
    assert all("\n" not in verdict.text for verdict in found)


@pytest.mark.parametrize("wrong", [{"restarts": 0}, {"queries": 0}, {"rounds": 0}, {"surrogates": ()}])
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        AuditSettings(**wrong)
