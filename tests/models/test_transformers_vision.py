import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from line_tui.errors import ModelFileError
from line_tui.models.architectures import build_empty
from line_tui.models.layers import list_layers
from line_tui.models.networks import find_network
from line_tui.models.vision import TorchVision
from tests.models import tiny
from tests.models.toys import mine

NAMES = {0: "cat", 1: "dog", 2: "hen"}
MODELS = {
    "vit": lambda: tiny.vit(num_labels=3, id2label=NAMES),
    "dinov2": tiny.dinov2,
    "clip": tiny.clip_model,
    "siglip": tiny.siglip,
    "convnext": tiny.convnext,
}
POOLINGS = {
    "vit": ("encoder.layer.1|layers.1", "token-0"),
    "dinov2": ("encoder.layer.1|layers.1", "token-0"),
    "clip": ("layers.1", "token-0"),
    "siglip": ("layers.1", "token-mean"),
    "convnext": ("stages.1", "spatial-mean"),
}


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    def save(kind: Any) -> Any:
        torch.manual_seed(0)
        MODELS[kind]().save_pretrained(tmp_path, safe_serialization=True)
        tiny.vit_processor().save_pretrained(tmp_path)
        return find_network("mine", mine(tmp_path, format="transformers"))

    return save


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_is_listed_and_looked_at(kind: Any, saved: Any) -> None:
    network = saved(kind)
    assert network.preprocess.shape == (32, 32)
    vision = TorchVision(network.load(), "mine", network.preprocess, neuron_names=network.neuron_names, batch_size=2)
    assert [layer.name for layer in vision.layers] == [
        layer.name for layer in list_layers(build_empty(network.outline), 32, network.neuron_names)
    ]
    endings, pooling = POOLINGS[kind]
    name = next(layer.name for layer in vision.layers if layer.name.endswith(tuple(endings.split("|"))))
    assert vision.check(name).pooling == pooling
    pictures = list(np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8))
    seen = vision.record(pictures, name, 1)
    assert seen.activations.shape == (3, vision.check(name).neurons)
    assert len(np.unique(seen.activations[:, 0])) == 3
    assert (seen.maps is not None) == (kind == "convnext")


def test_classes_have_names(saved: Any) -> None:
    network = saved("vit")
    assert network.neuron_names == ["cat", "dog", "hen"]
    layers = list_layers(network.load(), 32, network.neuron_names)
    assert layers[-1].names == ["cat", "dog", "hen"]


def test_damaged_models_are_reported_in_one_line(saved: Any, tmp_path: Path) -> None:
    network = saved("vit")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match="cannot open the model in") as error:
        network.load()
    assert "\n" not in str(error.value)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ModelFileError, match="is not a vision model of transformers"):
        find_network("mine", mine(tmp_path, format="transformers"))


def test_a_config_that_asks_for_tuples_changes_nothing(saved: Any, tmp_path: Path) -> None:
    plain = saved("vit").load()
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"return_dict": False}))
    network = find_network("mine", mine(tmp_path, format="transformers"))
    pictures = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(network.load()(pictures).logits, plain(pictures).logits)


def test_an_adapter_that_would_be_left_out_is_reported(saved: Any, tmp_path: Path) -> None:
    network = saved("vit")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    with pytest.raises(ModelFileError, match=r"holds an adapter .* — merge it into the model"):
        network.load()
