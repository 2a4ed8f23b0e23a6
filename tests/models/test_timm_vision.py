import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from line_tui.errors import ModelFileError, UsageError
from line_tui.models.architectures import build_empty
from line_tui.models.layers import list_layers
from line_tui.models.networks import find_network
from line_tui.models.vision import TorchVision
from tests.models.toys import mine

timm = pytest.importorskip("timm")

POOLINGS = {
    "test_resnet": ("layer2", "spatial-mean"),
    "test_vit": ("blocks.1", "token-0"),
    "test_convnext": ("stages.1", "spatial-mean"),
}


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    def save(architecture: str) -> Any:
        torch.manual_seed(0)
        model = timm.create_model(architecture, num_classes=3)
        save_file(model.state_dict(), tmp_path / "model.safetensors")
        said = {"input_size": [3, 160, 160], "crop_pct": 0.8, "mean": [0.5] * 3, "std": [0.5] * 3}
        config = {
            "architecture": architecture,
            "num_classes": 3,
            "pretrained_cfg": said,
            "label_names": ["a", "b", "c"],
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        return find_network("mine", mine(tmp_path, format="timm"))

    return save


@pytest.mark.parametrize("architecture", POOLINGS)
def test_layers_are_listed_and_looked_at(architecture: str, saved: Any) -> None:
    network = saved(architecture)
    assert network.preprocess.shape == (160, 160) and network.preprocess.side == 200
    layers = list_layers(build_empty(network.outline), 160, network.neuron_names)
    assert layers[-1].names == ["a", "b", "c"]
    vision = TorchVision(network.load(), "mine", network.preprocess, batch_size=2)
    name, pooling = POOLINGS[architecture]
    assert vision.check(name).pooling == pooling
    seen = vision.record(list(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)), name, 0)
    assert seen.activations.shape == (3, vision.check(name).neurons) and np.isfinite(seen.activations).all()


def test_what_is_missing_is_reported(saved: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = saved("test_resnet")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelFileError, match="there is no"):
        network.load()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UsageError, match="timm is not installed — run `pip install timm`"):
        network.outline()


def test_folders_that_are_none_of_timms(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is not a timm model"):
        find_network("mine", mine(tmp_path, format="timm"))
    (tmp_path / "config.json").write_text('{"architecture": "resnet5000"}')
    with pytest.raises(ModelFileError, match="timm has no architecture 'resnet5000'"):
        find_network("mine", mine(tmp_path, format="timm")).outline()
