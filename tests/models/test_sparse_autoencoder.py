import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from line_tui.errors import ModelFileError, UnknownNameError
from line_tui.models.architectures import build_empty
from line_tui.models.catalog import Encoder
from line_tui.models.layers import list_layers
from line_tui.models.model_files import Source
from line_tui.models.networks import find_network
from line_tui.models.sparse_autoencoder import with_encoder
from line_tui.models.vision import TorchVision
from tests.models.toys import PLAIN, Colours, mine, paint

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
    bundled = Source(bundled="emoji-resnet18")
    network = find_network("mine", mine(bundled, encoder=Encoder(layer="layer4", path=str(path))))
    layers = {layer.name: layer for layer in list_layers(build_empty(network.outline), network.preprocess.shape)}
    assert (layers["features"].neurons, layers["features"].pooling) == (40, "spatial-mean")
    vision = TorchVision(network.load(), "mine", network.preprocess)
    seen = vision.record([np.zeros((96, 96, 3), np.uint8)], "features", 3)
    assert seen.activations.shape == (1, 40) and (seen.activations >= 0).all() and seen.maps.shape == (1, 3, 3)
    assert network.revision() != find_network("mine", mine(bundled)).revision()


def test_a_threshold_makes_small_features_silent(tmp_path: Path) -> None:
    torch.manual_seed(0)
    given = {"W_enc": torch.randn(3, 20), "b_enc": torch.randn(20), "threshold": torch.rand(20), "W_dec": torch.ones(1)}
    save_file(given, tmp_path / "sae.safetensors")
    vision = TorchVision(with_encoder(Colours(), 4, "conv", tmp_path / "sae.safetensors", "m"), "m", PLAIN)
    pictures = [RED, paint(0, 255, 255), paint(9, 80, 200)]
    before = torch.from_numpy(vision.record(pictures, "network.conv").activations) @ given["W_enc"] + given["b_enc"]
    wanted = torch.where(before > given["threshold"], before, 0.0)
    assert not torch.equal(wanted, before.relu()), "no feature lies between 0 and its threshold"
    np.testing.assert_allclose(vision.record(pictures, "features").activations, wanted.numpy(), atol=1e-5)


def test_a_feature_that_is_not_finite_breaks_no_other(tmp_path: Path) -> None:
    weights = [[1.0, float("nan"), float("inf")], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    path = save(tmp_path / "sae.safetensors", W_enc=weights, b_enc=[0.5, 0.0, 0.0])
    vision = TorchVision(with_encoder(Colours(), 4, "conv", path, "m"), "m", PLAIN)
    seen = vision.record([RED, RED], "features", 0).activations
    np.testing.assert_allclose(seen[:, 0], 1.0)
    assert np.isnan(seen[:, 1:]).all()
    for neuron in (1, 2):
        with pytest.raises(ModelFileError, match=rf"layer features, neuron {neuron}: its activation is"):
            vision.record([RED], "features", neuron)


@pytest.mark.parametrize("key", ["log_threshold", "W_gate", "k", "scaling_factor"])
def test_an_encoder_that_does_more_is_refused(key: str, tmp_path: Path) -> None:
    path = save(tmp_path / "sae.safetensors", W_enc=[[1.0]] * 3, b_enc=[0.0], **{key: [1.0]})
    with pytest.raises(ModelFileError, match=f"has {key}, and line-tui does not know"):
        with_encoder(Colours(), 4, "conv", path, "m")


@pytest.mark.parametrize(
    "said", [{"architecture": "topk", "k": 32}, {"normalize_activations": "layer_norm"}, {"activation_fn_str": "topk"}]
)
def test_an_encoder_whose_settings_say_more_is_refused(said: Any, tmp_path: Path, encoder: Any) -> None:
    (tmp_path / "cfg.json").write_text(json.dumps({"d_in": 3, "d_sae": 2} | said))
    with pytest.raises(ModelFileError, match=r"cfg.json says \w+ = .* which is not relu"):
        with_encoder(Colours(), 4, "conv", encoder, "m")


def test_settings_that_say_the_same_or_are_of_something_else_do_no_harm(tmp_path: Path, encoder: Any) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18"}))
    (tmp_path / "cfg.json").write_text(json.dumps({"d_in": 3, "architecture": "standard", "activation_fn": "relu"}))
    assert with_encoder(Colours(), 4, "conv", encoder, "m")


def test_encoders_that_do_not_fit(tmp_path: Path, encoder: Any) -> None:
    with pytest.raises(UnknownNameError, match="did you mean conv"):
        with_encoder(Colours(), 4, "convv", encoder, "m")
    with pytest.raises(ModelFileError, match=r"has W_enc \[3, 2\], fc has 2 channels"):
        with_encoder(Colours(), 4, "fc", encoder, "m")
    with pytest.raises(ModelFileError, match="has no W_enc and b_enc"):
        with_encoder(Colours(), 4, "conv", save(tmp_path / "other.safetensors", weight=[1.0]), "m")
    with pytest.raises(ModelFileError, match=r"b_enc in .* is \[3\], not \[1\]"):
        path = save(tmp_path / "other.safetensors", W_enc=[[1.0]] * 3, b_enc=[1.0, 2.0, 3.0])
        with_encoder(Colours(), 4, "conv", path, "m")
