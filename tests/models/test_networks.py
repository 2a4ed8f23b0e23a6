import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import regnet_y_400mf, resnet18

from line_tui.errors import ModelFileError, UnknownNameError, UsageError
from line_tui.models.architectures import build_empty
from line_tui.models.catalog import read_catalog
from line_tui.models.layers import list_layers
from line_tui.models.networks import find_network
from tests.models.toys import mine

OURS = read_catalog()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


def test_the_bundled_network_and_its_units() -> None:
    network = find_network("emoji-resnet18", OURS)
    model = network.load()
    assert network.preprocess.shape == (96, 96)
    assert model.fc.out_features == len(network.neuron_names) > 100
    assert network.revision() == find_network("emoji-resnet18", OURS).revision() != ""


def test_the_planted_network_is_its_network_and_units_without_names() -> None:
    network = find_network("emoji-planted", OURS)
    model = network.load()
    layers = {layer.name: layer for layer in list_layers(build_empty(network.outline), network.preprocess.shape)}
    pictures = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model.planted(find_network("emoji-resnet18", OURS).load()(pictures))
        assert torch.equal(model(pictures), expected)
    assert layers["planted"].neurons == expected.shape[1]
    assert layers["planted"].names == [] and layers["network.layer4"].pooling == "spatial-mean"


def test_random_weights_are_the_same_every_time() -> None:
    before = torch.random.get_rng_state()
    first, again = (find_network("squeezenet1_1:random", OURS).load().state_dict() for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_torchs_cache(cache: Any) -> None:
    network = find_network("resnet18", OURS)
    assert network.neuron_names[0] == "tench" and network.preprocess.shape == (224, 224)
    with pytest.raises(ModelFileError, match=r"not on this machine — put https://.*resnet18-f37072fd.pth at .*:random"):
        network.load()
    torch.manual_seed(1)
    saved = resnet18()
    torch.save(saved.state_dict(), cache / "resnet18-f37072fd.pth")
    assert torch.equal(network.load().get_parameter("fc.weight"), saved.fc.weight)
    assert find_network("resnet18:IMAGENET1K_V1", OURS).revision() == network.revision()


def test_a_file_of_the_users_own_with_its_own_number_of_outputs(tmp_path: Path) -> None:
    torch.save({"state_dict": resnet18(num_classes=7).state_dict()}, tmp_path / "mine.pth.tar")
    network = find_network(f"resnet18:{tmp_path}/mine.pth.tar", OURS)
    assert network.load().fc.out_features == 7
    assert network.neuron_names == []


def test_an_entry_of_the_users_own(tmp_path: Path) -> None:
    save_file(resnet18(num_classes=2).state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "names.json").write_text(json.dumps(["hot", {"name": "cold"}]))
    catalog = mine(tmp_path / "model.safetensors", architecture="resnet18", classes=2, labels="names.json")
    network = find_network("mine", catalog)
    assert network.load().fc.out_features == 2 and network.neuron_names == ["hot", "cold"]


def test_a_folder_with_a_broken_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFileError, match="missing required field `architecture`"):
        find_network("mine", mine(tmp_path))


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("emoji-resnet", UnknownNameError, "did you mean emoji-resnet18"),
        ("resnet81", UnknownNameError, "did you mean resnet18"),
        ("resnet18:IMAGENET1K_V9", UnknownNameError, "did you mean IMAGENET1K_V1"),
        ("emoji-resnet18:random", UsageError, "comes with its own weights"),
        ("resnet18:/nowhere.pth", ModelFileError, "there is no /nowhere.pth"),
    ],
)
def test_wrong_names(spec: Any, kind: Any, message: str, cache: Any) -> None:
    with pytest.raises(kind) as error:
        find_network(spec, OURS).load()
    assert message in str(error.value)


def test_an_unknown_architecture_in_an_entry() -> None:
    with pytest.raises(UnknownNameError, match="no architecture named 'resnet5' — did you mean resnet"):
        find_network("mine", mine(Path(__file__), architecture="resnet5"))


def test_class_names_and_preprocessing_of_torchvisions_weights(tmp_path: Path) -> None:
    torch.save(regnet_y_400mf().state_dict(), tmp_path / "a.pth")
    options = {"architecture": "regnet_y_400mf", "labels": "imagenet", "preprocess": "IMAGENET1K_V1"}
    network = find_network("mine", mine(tmp_path / "a.pth", **options))
    assert "resize_size=[256]" in network.preprocess.told and network.neuron_names[1] == "goldfish"
    with pytest.raises(ModelFileError, match=r"lacks \d+ of \d+ tensors: .*; it has"):
        find_network(f"resnet18:{tmp_path}/a.pth", OURS)
