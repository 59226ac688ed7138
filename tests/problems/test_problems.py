"""Problem classes: what a user, pymoo and a third party rely on."""

from __future__ import annotations

import copy
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import torch
from pymoo.algorithms.moo.moead import MOEAD
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.bitflip import BitflipMutation
from pymoo.operators.sampling.rnd import BinaryRandomSampling
from pymoo.optimize import minimize
from pymoo.util.ref_dirs import get_reference_directions
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from typer.testing import CliRunner

from ccsrp.attack.pgd import Attack
from ccsrp.cli import app
from ccsrp.errors import MaskError, OptionError, WeightsError
from ccsrp.snn.data import load_dataset
from ccsrp.snn.weights import sha256
from problems import DigitsPruning, SpikingPruning, load_problem, problem_names
from problems.shipped import WEIGHTS


def test_ours_are_found_by_name(digits: DigitsPruning) -> None:
    assert {"digits", "fashion-mnist", "cifar10", "svhn"} <= set(problem_names())
    loaded = load_problem("digits", validation_images=60, calibration_images=128, test_images=40)
    full = loaded.space.full()[None]
    assert (loaded.evaluate(full) == digits.evaluate(full)).all()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("digit", {}, "unknown problem 'digit'; choose one of .*digits"),
        ("digits", {"colour": 1}, "has no option 'colour'; it takes attack"),
        ("digits", {"network": "lenet", "weights": "w"}, "unknown network 'lenet'"),
    ],
)
def test_wrong_names_and_options_are_refused(name: str, options: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        load_problem(name, **options)


def test_weights_that_do_not_ship_are_asked_for() -> None:
    with pytest.raises(
        WeightsError, match="make them with 'ccsrp train cifar10 --out DIR' and pass weights="
    ):
        load_problem("cifar10")


def test_what_a_problem_says_of_itself(digits: DigitsPruning) -> None:
    assert digits.space.n_var == digits.n_var == 80
    assert digits.objectives == ("error", "robust_error", "cost")
    assert (digits.reference_point == 1).all()
    attack = digits.attack
    assert (attack.name, attack.eps, attack.steps, attack.seed) == ("sharp", 0.1, 10, 0)
    images, labels = digits.images("validation")
    assert images.shape == (60, 1, 8, 8)
    assert labels.dtype == torch.int64
    assert len(digits.images("train")[0]) == 1197
    assert len(digits.images("test")[0]) == 40


def test_network_is_slim_resets_itself_and_is_the_callers_own(digits: DigitsPruning, rng) -> None:
    mask = digits.space.random(1, keep=0.5, rng=rng)[0]
    network = digits.network(mask)
    assert (
        sum(p.numel() for p in network.parameters())
        == digits.report(mask[None], np.ones((1, 3)))["params"][0]
    )
    images, _ = digits.images("test")
    with torch.no_grad():
        assert torch.equal(network(images), network(images))
    before = digits.evaluate(mask[None])
    for parameter in network.parameters():
        parameter.data.zero_()
    assert (digits.evaluate(mask[None]) == before).all()


@pytest.mark.parametrize(
    "masks",
    [np.ones((1, 80)), np.ones((1, 79), dtype=bool), np.zeros((1, 80), dtype=bool), np.ones(80, dtype=bool)],
)
def test_wrong_masks_are_refused(digits: DigitsPruning, masks: np.ndarray) -> None:
    with pytest.raises(MaskError):
        digits.evaluate(masks)


@pytest.fixture(scope="module")
def quick() -> DigitsPruning:
    """Seconds, not minutes, under a whole evolutionary algorithm."""
    return DigitsPruning(
        attack="standard", steps=1, validation_images=20, calibration_images=32, test_images=10
    )


BOOLEAN = {"sampling": BinaryRandomSampling(), "crossover": UX(), "mutation": BitflipMutation()}


@pytest.mark.parametrize(
    "algorithm",
    [
        pytest.param(NSGA2(pop_size=6, **BOOLEAN), id="boolean NSGA-II"),
        pytest.param(NSGA2(pop_size=6), id="NSGA-II with its real-coded defaults"),
        pytest.param(
            MOEAD(get_reference_directions("uniform", 3, n_partitions=2), n_neighbors=3, **BOOLEAN),
            id="MOEA/D",
        ),
    ],
)
def test_pymoo_takes_a_problem_as_it_stands(quick: DigitsPruning, algorithm) -> None:
    result = minimize(quick, algorithm, ("n_gen", 3), seed=1)
    assert np.isfinite(result.F).all()
    masks = np.atleast_2d(result.X)
    masks = masks if masks.dtype == bool else masks > 0.5
    assert (np.atleast_2d(result.F) == quick.evaluate(masks)).all()


def test_pymoo_gets_the_worst_values_for_what_is_no_network(quick: DigitsPruning) -> None:
    masks = np.ones((2, 80), dtype=bool)
    masks[0, :16] = False
    answer = quick.evaluate(masks, return_values_of=["F"], return_as_dictionary=True)["F"]
    assert answer[0].tolist() == [1, 1, 1]
    assert (answer[1] == quick.evaluate(masks[1:])[0]).all()


def test_shipped_weights_are_whole_and_small() -> None:
    files = list(WEIGHTS.glob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) < 2_000_000
    assert sha256(WEIGHTS / "digits.safetensors") == DigitsPruning.weights_sha256


def test_damaged_shipped_weights_are_refused(tmp_path, monkeypatch) -> None:
    content = bytearray((WEIGHTS / "digits.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "digits.safetensors").write_bytes(content)
    monkeypatch.setattr("problems.shipped.WEIGHTS", tmp_path)
    with pytest.raises(WeightsError, match="damaged"):
        DigitsPruning()


def test_any_spikingjelly_network_on_any_images_becomes_a_problem(rng: np.random.Generator) -> None:
    own = nn.Sequential(
        layer.Conv2d(1, 6, 3, padding=1),
        layer.BatchNorm2d(6),
        neuron.IFNode(),
        layer.MaxPool2d(2),
        layer.Conv2d(6, 8, 3, padding=1),
        layer.BatchNorm2d(8),
        neuron.LIFNode(tau=1.5),
        layer.Conv2d(8, 10, 4),
        layer.Flatten(),
    )
    before = copy.deepcopy(own.state_dict())
    problem = SpikingPruning(
        own,
        load_dataset("digits"),
        attack=Attack.sharp(eps=0.05, steps=2),
        time_steps=2,
        validation_images=30,
        test_images=20,
    )
    assert problem.space.sizes == (6, 8)
    assert problem.left_whole == {"7": "the network's output"}
    assert str(problem).endswith("# 14 filters in 2 layers\n# left whole: module 7 (the network's output)\n")
    objectives = problem.evaluate(problem.space.random(3, keep=0.6, rng=rng))
    assert ((objectives >= 0) & (objectives <= 1)).all()
    assert all(torch.equal(before[name], tensor) for name, tensor in own.state_dict().items())
    assert own[0].step_mode == "s", "the user's network was changed"
    functional.reset_net(own)


class PlainProblem:
    """A problem of another package that takes what it likes."""

    def __init__(self, *, colour: str = "red") -> None:
        self.colour = colour


class OpenProblem:
    def __init__(self, **options: object) -> None:
        self.options = options


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("plain", f"{__name__}:PlainProblem", "ccsrp.problems"),
        EntryPoint("open", f"{__name__}:OpenProblem", "ccsrp.problems"),
        EntryPoint("broken", "no.such.module:Problem", "ccsrp.problems"),
    ]
    monkeypatch.setattr("ccsrp.registry.entry_points", lambda group: points)


def test_the_name_of_an_attack_does_not_say_its_eps(digits: DigitsPruning) -> None:
    with pytest.raises(OptionError, match=r"such as ccsrp.Attack.sharp\(eps=8 / 255\), got 'sharp'"):
        SpikingPruning(digits.base_network().network, DigitsPruning.dataset(), attack="sharp")  # type: ignore[arg-type]


@pytest.mark.usefixtures("third_party")
def test_problems_of_other_packages_are_found() -> None:
    assert problem_names() == ["broken", "open", "plain"]
    assert load_problem("plain", colour="blue").colour == "blue"
    assert load_problem("open", anything=1).options == {"anything": 1}
    with pytest.raises(OptionError, match="it takes colour"):
        load_problem("plain", color="blue")


@pytest.mark.usefixtures("third_party")
def test_a_broken_plug_in_does_not_hide_the_others() -> None:
    listed = CliRunner().invoke(app, ["problems"])
    assert listed.exit_code == 0
    assert "broken          cannot be loaded (ModuleNotFoundError" in listed.output
    assert "plain           A problem of another package" in listed.output
