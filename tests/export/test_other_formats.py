"""NIR and ONNX, read back by programs that others wrote: the same spikes, the same classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

from ccsrp.errors import ExportError, OptionError
from ccsrp.export.agreement import compare, logits_of
from ccsrp.export.folder import Exported, read_exported, save_network
from ccsrp.export.to_nir import nir_file, nir_graph, read_nir
from ccsrp.export.to_onnx import onnx_file, read_onnx
from ccsrp.snn.networks import DirectCoding
from problems import DigitsPruning
from tests.conftest import make_lively
from tests.export.networks import Residual, pruned

EXPRESSIBLE = ("strided stem", "containers", "vgg11_bn, CIFAR head", "residual")


def exported(network: DirectCoding, image_shape: tuple[int, int, int], folder: Path) -> Exported:
    save_network(network, folder, image_shape=image_shape)
    return read_exported(folder)


def of_family(family: str, folder: Path) -> Exported:
    if family == "residual":
        return exported(DirectCoding(make_lively(Residual()), time_steps=2).eval(), (1, 8, 8), folder)
    return exported(*pruned(family, kept=0.2), folder)


def of_layers(*layers: nn.Module, folder: Path, image_shape: tuple[int, int, int] = (1, 8, 8)) -> Exported:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = DirectCoding(make_lively(nn.Sequential(*layers)), time_steps=4).eval()
    return exported(network, image_shape, folder)


def images_for(one: Exported, count: int = 4) -> torch.Tensor:
    return torch.rand(count, *one.description.image_shape, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="session")
def member(digits: DigitsPruning, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    mask = np.random.default_rng(0).random(digits.space.n_var) < 0.7
    return exported(digits.network(mask), (1, 8, 8), tmp_path_factory.mktemp("member") / "it")


# A potential that sits on its threshold may fall to either side when sums are rounded in another order: then
# a spike differs, and with it the logits of that image.
def alike(one: Exported, read, images: torch.Tensor) -> None:
    agreement = compare(logits_of(one.network, images), logits_of(read, images))
    assert agreement.close >= 0.75
    assert agreement.same_class >= 0.75


@pytest.mark.parametrize("family", [*EXPRESSIBLE, "sew_resnet18, IAND"])
def test_onnxruntime_says_what_spikingjelly_says(family: str, tmp_path: Path) -> None:
    one = of_family(family, tmp_path)
    alike(one, read_onnx(onnx_file(one.network, one.description)), images_for(one))


def test_a_pruned_network_in_onnx_is_right_on_the_same_images(
    digits: DigitsPruning, member: Exported
) -> None:
    images, labels = digits.images("test")
    read = read_onnx(onnx_file(member.network, member.description))
    agreement = compare(logits_of(member.network, images), logits_of(read, images, batch_size=7))
    assert agreement.same_class == 1.0
    assert agreement.close >= 0.95
    right = (logits_of(read, images).argmax(1) == labels).float().mean()
    assert float(right) == pytest.approx(digits.judge_network(member.network, "test").accuracy)


@pytest.mark.parametrize(
    "node",
    [
        neuron.IFNode(v_threshold=0.4),
        neuron.LIFNode(tau=1.5, decay_input=False, v_reset=None),
        neuron.LIFNode(tau=3.0, v_reset=-0.2, v_threshold=0.3),
        neuron.ParametricLIFNode(init_tau=1.3, decay_input=False, v_reset=0.1),
    ],
    ids=lambda node: type(node).__name__,
)
def test_every_reset_and_leak_is_the_same_in_onnx(node: nn.Module, tmp_path: Path) -> None:
    one = of_layers(
        layer.Conv2d(1, 6, 3),
        node,
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(54, 10),
        folder=tmp_path,
    )
    assert logits_of(one.network, images_for(one)).std() > 0
    alike(one, read_onnx(onnx_file(one.network, one.description)), images_for(one))


@pytest.mark.parametrize("family", EXPRESSIBLE)
def test_spikingjelly_reads_from_nir_what_it_wrote(family: str, tmp_path: Path) -> None:
    pytest.importorskip("nirtorch")
    one = of_family(family, tmp_path)
    read = read_nir(nir_file(one.network, one.description), description=one.description)
    alike(one, read, images_for(one))


def test_nir_gives_the_same_spikes_in_every_layer(member: Exported, digits: DigitsPruning) -> None:
    pytest.importorskip("nirtorch")
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    images, _ = digits.images("test")
    read = import_from_nir(nir_graph(member.network, member.description), step_mode="m")
    ours, theirs = spikes_of(member.network), spikes_of(read)
    with torch.no_grad():
        member.network(images)
        read(images.unsqueeze(0).expand(4, *images.shape), None)
    for name in ("2", "5", "9"):
        assert ours[name].mean() > 0.01
        assert (ours[name] == theirs[name]).float().mean() > 0.9999


def spikes_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """Collect what neurons answer, by the last part of their names; NIRTorch's answer with their state."""
    found: dict[str, torch.Tensor] = {}

    def note(name: str):
        def hook(_module, _inputs, output) -> None:
            found[name] = output[0] if isinstance(output, tuple) else output

        return hook

    for name, module in network.named_modules():
        if isinstance(module, neuron.BaseNode) or hasattr(module, "module"):
            module.register_forward_hook(note(name.rpartition(".")[2]))
    return found


def test_a_max_pool_of_spikes_is_exact_in_nir(tmp_path: Path) -> None:
    pytest.importorskip("nirtorch")
    one = of_layers(
        layer.Conv2d(1, 5, 3, padding=1),
        neuron.LIFNode(v_threshold=0.5),
        layer.MaxPool2d(3, stride=2, padding=1),
        layer.Flatten(),
        layer.Linear(80, 10),
        folder=tmp_path,
    )
    images = images_for(one, 20)
    logits = logits_of(one.network, images)
    assert logits.std() > 0
    assert (
        compare(
            logits,
            logits_of(read_nir(nir_file(one.network, one.description), description=one.description), images),
        ).close
        == 1
    )


@pytest.mark.parametrize("format", ["onnx", "nir"])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [(2, 3), (1, 2)],
    ids=["4x3 of 7x7, 3 and 2 apart", "7x4 of 7x7, 3 apart"],
)
def test_windows_of_an_adaptive_pool_may_overlap(
    rows: int, columns: int, format: str, tmp_path: Path
) -> None:
    if format == "nir":
        pytest.importorskip("nirtorch")
    one = of_layers(
        layer.Conv2d(1, 4, 2),
        neuron.LIFNode(v_threshold=0.5),
        layer.AdaptiveAvgPool2d((rows, columns)),
        layer.Flatten(),
        layer.Linear(4 * rows * columns, 10),
        folder=tmp_path,
    )
    images = images_for(one, 20)
    assert logits_of(one.network, images).std() > 0
    if format == "nir":
        read = read_nir(nir_file(one.network, one.description), description=one.description)
    else:
        read = read_onnx(onnx_file(one.network, one.description))
    alike(one, read, images)


CONV, FIRE, TAIL = layer.Conv2d(1, 4, 3), neuron.LIFNode(), (layer.Flatten(), layer.Linear(4 * 36, 10))


@pytest.mark.parametrize(
    ("layers", "format", "says"),
    [
        ((CONV, neuron.LIFNode(v_reset=None), *TAIL), "nir", "neuron '1' resets by subtraction"),
        ((CONV, layer.MaxPool2d(1), FIRE, *TAIL), "nir", "max pool '1' reads other things than spikes"),
        (
            (layer.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), FIRE),
            "nir",
            "convolution '0' has groups",
        ),
        ((CONV, neuron.QIFNode(), *TAIL), "nir", "module '1' is a QIFNode"),
        ((CONV, neuron.QIFNode(), *TAIL), "onnx", "module '1' is a QIFNode"),
        ((CONV, FIRE, layer.GroupNorm(2, 4), *TAIL), "onnx", "module '2' is a GroupNorm"),
        ((CONV, FIRE, layer.AvgPool2d(4, ceil_mode=True)), "onnx", "pool '2' has ceil_mode"),
        ((CONV, FIRE, layer.AdaptiveAvgPool2d(4)), "onnx", "pool '2' makes 4x4 of 6x6 by windows"),
        ((CONV, FIRE, layer.AdaptiveAvgPool2d(12)), "nir", "works"),
        ((CONV, FIRE, layer.AdaptiveAvgPool2d((2, 4))), "onnx", "export without --format onnx works"),
    ],
)
def test_what_a_format_cannot_say_is_named(layers, format: str, says: str, tmp_path: Path) -> None:
    if format == "nir":
        pytest.importorskip("nirtorch")
    one = of_layers(*layers, folder=tmp_path)
    with pytest.raises(ExportError) as error:
        (nir_file if format == "nir" else onnx_file)(one.network, one.description)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "missing", "extra"), [(nir_file, "nir", "nir"), (onnx_file, "onnx", "onnx")]
)
def test_a_missing_package_is_named_by_its_extra(
    file, missing: str, extra: str, member: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    with pytest.raises(OptionError) as error:
        file(member.network, member.description)
    assert f"pip install 'ccsrp[{extra}]'" in str(error.value)
