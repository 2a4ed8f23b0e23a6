from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from line_tui.errors import ModelFileError, UnknownNameError
from line_tui.models.architectures import build_empty
from line_tui.models.catalog import Catalog, Encoder, VisionEntry
from line_tui.models.encoder import with_encoder
from line_tui.models.layers import list_layers
from line_tui.models.model_files import Source
from line_tui.models.networks import find_network
from line_tui.models.vision import TorchVision
from tests.models.toys import PLAIN, Colours, paint

RED = paint(255, 0, 0)


def save(path: Any, **tensors: Any) -> Any:
    save_file({name: torch.tensor(values) for name, values in tensors.items()}, path)
    return path


@pytest.fixture
def encoder(tmp_path: Path) -> Any:
    # Features: red minus green, and the sum of all three less one half.
    weights = [[1.0, 1.0], [-1.0, 1.0], [0.0, 1.0]]
    return save(tmp_path / "sae.safetensors", W_enc=weights, b_enc=[0.0, -0.5], b_dec=[-0.5, -0.5, -0.5])


def test_features_of_a_convolution_by_hand(encoder: Any) -> None:
    vision = TorchVision(with_encoder(Colours(), 4, "conv", encoder, "m"), "m", PLAIN)
    seen = vision.record([RED, paint(0, 255, 255)], "features", neuron=0)
    # The layer is the picture less one half, which b_dec takes back.
    np.testing.assert_allclose(seen.activations, [[1, 0.5], [0, 1.5]], atol=1e-6)
    assert seen.maps.shape == (2, 4, 4)
    np.testing.assert_allclose(vision.record([RED], "network.fc").activations, [[0.4, 0]], atol=1e-6)


def test_features_of_a_vector(tmp_path: Path) -> None:
    path = save(tmp_path / "sae.safetensors", W_enc=[[1.0, -1.0, 2.0], [0.0, 0.0, 1.0]], b_enc=[0.0, 0.1, 0.0])
    model = with_encoder(Colours(), 4, "fc", path, "m")
    np.testing.assert_allclose(TorchVision(model, "m", PLAIN).record([RED], "features").activations, [[0.4, 0, 0.8]])
    assert [layer.neurons for layer in list_layers(model, 4) if layer.name == "features"] == [3]


def test_an_entry_with_an_encoder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "sae.safetensors"
    save_file({"W_enc": torch.randn(512, 40), "b_enc": torch.zeros(40)}, path)
    entry = VisionEntry(
        id="mine",
        source=Source(bundled="emoji-resnet18"),
        encoder=Encoder(layer="layer4", path=str(path)),
    )
    network = find_network("mine", Catalog(vision=[entry]))
    layers = {layer.name: layer for layer in list_layers(build_empty(network.outline), network.preprocess.shape)}
    assert (layers["features"].neurons, layers["features"].pooling) == (40, "spatial-mean")
    vision = TorchVision(network.load(), "mine", network.preprocess)
    seen = vision.record([np.zeros((96, 96, 3), np.uint8)], "features", 3)
    assert seen.activations.shape == (1, 40) and (seen.activations >= 0).all() and seen.maps.shape == (1, 3, 3)
    assert network.revision() != find_network("emoji-resnet18", Catalog(vision=[bundled()])).revision()


def bundled() -> Any:
    return VisionEntry(id="emoji-resnet18", source=Source(bundled="emoji-resnet18"))


def test_encoders_that_do_not_fit(tmp_path: Path, encoder: Any) -> None:
    with pytest.raises(UnknownNameError, match="did you mean conv"):
        with_encoder(Colours(), 4, "convv", encoder, "m")
    with pytest.raises(ModelFileError, match="reads 3 channels, fc has 2"):
        with_encoder(Colours(), 4, "fc", encoder, "m")
    with pytest.raises(ModelFileError, match="has no W_enc and b_enc"):
        with_encoder(Colours(), 4, "conv", save(tmp_path / "other.safetensors", weight=[1.0]), "m")
