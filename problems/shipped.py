"""What the problems that come with this package have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from ccsrp.checks import checked_device
from ccsrp.errors import OptionError, WeightsError
from problems.spiking import SpikingPruning

if TYPE_CHECKING:
    from torch import nn

    from ccsrp.attack.custom import AnyAttack
    from ccsrp.evaluation.spiking import AnyCost
    from ccsrp.snn.data import Dataset

__all__ = ["ShippedPruning"]

WEIGHTS = Path(__file__).parent / "weights"


class ShippedPruning(SpikingPruning):
    """A named network on a named data set; subclasses fill in the class attributes.

    Parameters
    ----------
    attack : {"sharp", "strong", "standard"}, Attack or CustomAttack
        ``sharp`` is a stronger judge than ``standard``, the literature's PGD, at the same cost; ``strong``
        comes near an audit, at a dozen times that cost.
    steps : int, optional
        Gradient steps of a named attack, 10 by default; of ``strong`` those of a round, 20 by default. An
        ``Attack`` has its own.
    seed : int
        Fixes the random start of a named attack on every image; an ``Attack`` has its own.
    cost, calibrate, validation_images, calibration_images, test_images, device
        See ``SpikingPruning``.
    network : str, optional
        Another named network (``ccsrp.snn.networks``); needs ``weights``.
    weights : path, optional
        Weights from ``ccsrp train``, in place of those that ship.
    data_dir : path, optional
        Folder of the data set.
    """

    key: ClassVar[str]
    dataset_name: ClassVar[str]
    network_name: ClassVar[str]
    time_steps: ClassVar[int] = 4
    eps: ClassVar[float]
    default_validation_images: ClassVar[int] = 256
    default_test_images: ClassVar[int] = 1000
    weights_sha256: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        attack: Literal["sharp", "strong", "standard"] | AnyAttack = "sharp",
        steps: int | None = None,
        seed: int = 0,
        cost: AnyCost = "flops",
        calibrate: bool = True,
        validation_images: int | None = None,
        calibration_images: int = 256,
        test_images: int | None = None,
        network: str | None = None,
        weights: str | Path | None = None,
        data_dir: str | Path | None = None,
        device: str | None = None,
    ) -> None:
        # What is cheap to check comes first: loading a data set may mean to download it.
        attack = self.named_attack(attack, steps=steps, seed=seed)
        device = checked_device(device)
        super().__init__(
            self._trained(network, weights),
            self.dataset(data_dir=data_dir),
            attack=attack,
            time_steps=self.time_steps,
            cost=cost,
            calibrate=calibrate,
            validation_images=(
                self.default_validation_images if validation_images is None else validation_images
            ),
            calibration_images=calibration_images,
            test_images=self.default_test_images if test_images is None else test_images,
            device=device,
        )

    @classmethod
    def dataset(cls, *, data_dir: str | Path | None = None) -> Dataset:
        """Load the data set with its fixed splits."""
        from ccsrp.snn.data import load_dataset

        return load_dataset(cls.dataset_name, data_dir=None if data_dir is None else Path(data_dir))

    @classmethod
    def untrained(cls, *, network: str | None = None, seed: int = 0) -> nn.Module:
        """Build the base network before training."""
        from ccsrp.snn.networks import build_network

        return build_network(network or cls.network_name, seed=seed)

    @classmethod
    def named_attack(cls, attack: str | AnyAttack, *, steps: int | None = None, seed: int = 0) -> AnyAttack:
        """Describe this problem's attack of that name, with its own number of steps unless told."""
        from ccsrp.attack.custom import CustomAttack
        from ccsrp.attack.pgd import Attack

        if isinstance(attack, Attack | CustomAttack):
            return attack
        if attack == "strong":
            return Attack.strong(eps=cls.eps, steps=20 if steps is None else steps, seed=seed)
        steps = 10 if steps is None else steps
        if attack == "sharp":
            return Attack.sharp(eps=cls.eps, steps=steps, seed=seed)
        if attack == "standard":
            return Attack.standard(eps=cls.eps, steps=steps, surrogate="ATan(alpha=2.0)", seed=seed)
        raise OptionError(f"unknown attack {attack!r}; choose sharp, strong or standard")

    @classmethod
    def _trained(cls, network: str | None, weights: str | Path | None) -> nn.Module:
        from ccsrp.snn.weights import load_weights

        base = cls.untrained(network=network)
        if weights is not None:
            load_weights(base, Path(weights))
        elif cls.weights_sha256 is None or network not in (None, cls.network_name):
            # A class of a user's own, which overrides ``untrained``, may have neither.
            name = network or getattr(cls, "network_name", "its network")
            key = getattr(cls, "key", f"{cls.__module__}:{cls.__qualname__}")
            raise WeightsError(
                f"no weights of {name} ship for {key}; make them with 'ccsrp train {key}"
                f"{'' if network is None else f' --network {network}'} --out DIR' and pass "
                f"weights=DIR/weights.safetensors (--weights)"
            )
        else:
            load_weights(base, WEIGHTS / f"{cls.key}.safetensors", expected_sha256=cls.weights_sha256)
        return base
