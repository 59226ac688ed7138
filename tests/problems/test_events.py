"""Problems on frames of events: every figure means what it means for images, one frame a time step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torchattacks
from spikingjelly.activation_based import functional
from torch import nn

import ccsrp
from ccsrp.attack.ensemble import AuditSettings
from ccsrp.attack.pgd import Attack, random_start
from ccsrp.errors import DataError, OptionError, WeightsError
from ccsrp.methods.interface import FineTuning
from ccsrp.runs.training import run_training
from ccsrp.snn.data import Dataset, load_dataset
from ccsrp.snn.networks import DirectCoding, FrameCoding, conv_stack
from ccsrp.snn.training import TrainingSettings
from problems import NMnistPruning, SpikingPruning
from tests.conftest import make_lively
from tests.snn.recordings import write_nmnist

SMALL = {"validation_images": 4, "calibration_images": 6, "test_images": 2}
STEPS = 3


class PlainLoop(nn.Module):
    """The network as SpikingJelly's users run it on frames: step by step, frame by frame."""

    def __init__(self, network: DirectCoding) -> None:
        super().__init__()
        self.layers = network.network
        functional.set_step_mode(self.layers, "s")

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        functional.reset_net(self.layers)
        return torch.stack([self.layers(frames[:, step]) for step in range(frames.shape[1])]).mean(0)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Digits whose rows appear one after another, so that time matters."""
    whole = load_dataset("digits")
    shutter = np.zeros((STEPS, 1, 8, 8), dtype=np.uint8)
    for step in range(STEPS):
        shutter[step, :, step::STEPS] = 1
    frames = {name: images[:160, None] * shutter for name, images in whole.images.items()}
    return Dataset(frames, {name: labels[:160] for name, labels in whole.labels.items()}, whole.scale)


def network() -> nn.Module:
    torch.manual_seed(0)
    return make_lively(conv_stack(filters=(6, 8), pool_after=(0,), image_shape=(1, 8, 8), classes=10))


def problem(data: Dataset, attack: Attack, **options: object) -> SpikingPruning:
    chosen = {"validation_images": 60, "calibration_images": 100, "test_images": 20} | options
    return SpikingPruning(network(), data, attack=attack, device="cpu", **chosen)


def test_each_step_sees_its_own_frame_and_the_attack_is_torchattacks_pgd(data: Dataset) -> None:
    judged = problem(data, Attack.standard(eps=0.1, steps=3))
    masks = judged.space.random(3, keep=0.7, rng=np.random.default_rng(1))
    frames, labels = judged.images("validation")
    assert frames.shape == (60, STEPS, 1, 8, 8)
    for mask, (error, robust_error, _) in zip(masks, judged.evaluate(masks), strict=True):
        plain = PlainLoop(judged.network(mask)).eval()
        pgd = torchattacks.PGD(plain, eps=0.1, alpha=0.025, steps=3)
        torch.manual_seed(0)
        attacked = pgd(frames, labels)
        with torch.no_grad():
            accuracy = float((plain(frames).argmax(1) == labels).double().mean())
            robust = float((plain(attacked).argmax(1) == labels).double().mean())
        assert 1 - error == pytest.approx(accuracy)
        assert abs(1 - robust_error - robust) <= 1 / 60 + 1e-9


def test_frames_that_do_not_change_are_an_image(data: Dataset) -> None:
    still = {name: np.repeat(images[:, :1], STEPS, axis=1) for name, images in data.images.items()}
    flat = {name: images[:, 0] for name, images in data.images.items()}
    attack = Attack.sharp(eps=0.1, steps=1)
    frames = problem(Dataset(still, data.labels, 16), attack)
    image = problem(Dataset(flat, data.labels, 16), attack, time_steps=STEPS)
    masks = frames.space.random(4, keep=0.7, rng=np.random.default_rng(2))
    np.testing.assert_allclose(frames.evaluate(masks)[:, 0], image.evaluate(masks)[:, 0], atol=1 / 60 + 1e-9)
    assert (frames.cost(masks) == image.cost(masks)).all()
    one, other = (which.report(masks, np.zeros((4, 3))) for which in (frames, image))
    for column in ("flops", "params"):
        assert (one[column] == other[column]).all()
    np.testing.assert_allclose(one["synops"], other["synops"], rtol=0.01)


def test_answers_are_pure_and_every_attack_takes_frames(data: Dataset) -> None:
    masks = np.random.default_rng(3).random((2, 14)) < 0.8
    robust = []
    for attack in (
        Attack.sharp(eps=0.1, steps=3),
        Attack.strong(eps=0.1, steps=3, rounds=4),
        ccsrp.CustomAttack.torchattacks("MIFGSM", eps=0.1, options={"steps": 3, "alpha": 0.05}),
    ):
        judged = problem(data, attack)
        objectives = judged.evaluate(masks)
        assert (judged.evaluate(masks[1:]) == objectives[1:]).all()
        robust.append(1 - objectives[:, 1])
    assert (robust[1] <= robust[0]).all()
    start = random_start(judged.images("validation")[0], Attack.sharp(eps=0.1))
    assert not torch.equal(start[:, 0], start[:, 1]), "an attack may do something else at each step"


def test_audits_fine_tuning_and_costs_take_frames(data: Dataset) -> None:
    judged = problem(data, Attack.sharp(eps=0.1, steps=2))
    mask = judged.space.random(1, keep=0.6, rng=np.random.default_rng(4))[0]
    few = AuditSettings(steps=1, restarts=1, queries=2, rounds=1, surrogates=("rate",), step_counts=())
    audit = judged.audit(mask, images=6, settings=few)
    assert not audit.skipped
    assert audit.worst_case_accuracy <= audit.search_accuracy <= audit.clean_accuracy
    tuned = judged.after(mask, FineTuning(epochs=1, images=32, attack_steps=1))
    assert isinstance(tuned.base_network(), FrameCoding)
    assert judged.network_costs(judged.network(mask)).synops > 0
    assert judged.judge_network(judged.network()).complete


def test_steps_and_frames_must_agree(data: Dataset) -> None:
    with pytest.raises(OptionError, match=r"a sample has 3 frames, .* but time_steps is 4"):
        problem(data, Attack.sharp(eps=0.1), time_steps=4)
    with pytest.raises(OptionError, match=r"takes frames \[B, 3, C, H, W\], got \[2, 4, 1, 8, 8\]"):
        FrameCoding(network(), time_steps=3)(torch.zeros(2, 4, 1, 8, 8))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """N-MNIST's folder, and weights from one epoch on it."""
    root, out = tmp_path_factory.mktemp("nmnist"), tmp_path_factory.mktemp("base")
    write_nmnist(root, train=10, test=2)
    settings = TrainingSettings(method="pgd-at", epochs=1, batch_size=32)
    return root, run_training(NMnistPruning, out, settings=settings, attack_steps=1, images=16, data_dir=root)


def test_nmnist_from_files_to_a_front(trained: tuple[Path, Path]) -> None:
    root, weights = trained
    nmnist = NMnistPruning(weights=weights, data_dir=root, steps=1, **SMALL)
    assert nmnist.images("validation")[0].shape[1:] == (5, 2, 34, 34)
    assert nmnist.provenance["events"] == "nmnist"
    table = nmnist.report(nmnist.space.full()[None], nmnist.evaluate(nmnist.space.full()[None]))
    assert table["cost"][0] == 1
    assert table["synops"][0] > 0


def test_its_weights_and_files_are_asked_for(trained: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="make them with 'ccsrp train nmnist --out DIR'"):
        NMnistPruning(data_dir=trained[0])
    with pytest.raises(DataError, match="cannot be downloaded by SpikingJelly"):
        NMnistPruning(weights=trained[1], data_dir=tmp_path)
