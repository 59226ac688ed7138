"""Direct coding: state, time and determinism."""

import pytest
import torch
from spikingjelly.activation_based import functional

from ccsrp.errors import OptionError
from ccsrp.snn.networks import NETWORKS, DirectCoding, build_network
from tests.conftest import make_lively


def test_every_forward_pass_starts_from_rest() -> None:
    network = DirectCoding(make_lively(build_network("digits")), time_steps=4).eval()
    images = torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        first, again = network(images), network(images)
        network(torch.rand(3, 1, 8, 8))
        third = network(images)
    assert torch.equal(first, again)
    assert torch.equal(first, third)


def test_direct_coding_is_spikingjellys_step_by_step_loop() -> None:
    multi = make_lively(build_network("digits"))
    images = torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        logits = DirectCoding(multi, time_steps=4).eval()(images)
    functional.reset_net(multi)
    functional.set_step_mode(multi, "s")
    with torch.no_grad():
        expected = torch.stack([multi(images) for _ in range(4)]).mean(0)
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)


def test_images_of_a_batch_do_not_touch_each_other() -> None:
    network = DirectCoding(make_lively(build_network("digits")), time_steps=2).eval()
    images = torch.rand(4, 1, 8, 8)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_weights_are_drawn_from_the_seed_and_nothing_else() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = build_network("digits", seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again, other = build_network("digits", seed=3).state_dict(), build_network("digits", seed=4).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


@pytest.mark.parametrize("name", NETWORKS)
def test_named_networks_classify_their_images(name: str) -> None:
    events = {"nmnist": (2, 34, 34), "cifar10-dvs": (2, 64, 64), "dvs128-gesture": (2, 64, 64)}
    shape = ({"digits": (1, 8, 8), "fashion": (1, 28, 28)} | events).get(name, (3, 32, 32))
    network = DirectCoding(build_network(name), time_steps=1).eval()
    with torch.no_grad():
        assert network(torch.rand(2, *shape)).shape == (2, 11 if name == "dvs128-gesture" else 10)


def test_unknown_network_is_refused() -> None:
    with pytest.raises(OptionError, match="unknown network 'lenet'; choose one of digits"):
        build_network("lenet")
