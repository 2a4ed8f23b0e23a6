"""Features of a sparse autoencoder as neurons: an encoder on top of one layer of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from line_tui.errors import ModelFileError, unknown_name
from line_tui.models.layers import list_layers
from line_tui.models.pooling import first_tensor
from line_tui.models.weights import read_weights


class Features(nn.Module):
    """`relu((x - b_dec) @ W_enc + b_enc)` over the channel axis (arXiv 2309.08600)."""

    def __init__(self, channels: int, features: int, channels_last: bool) -> None:
        super().__init__()
        self.b_dec = nn.Parameter(Tensor([0.0]).expand(channels).clone())
        self.W_enc = nn.Parameter(Tensor([0.0]).expand(channels, features).clone())
        self.b_enc = nn.Parameter(Tensor([0.0]).expand(features).clone())
        self.channels_last = channels_last

    def forward(self, x: Tensor) -> Tensor:
        """`float[n, ..., channels]`, or `float[n, channels, h, w]`, with features in place of channels."""
        x = x if self.channels_last else x.movedim(1, -1)
        out: Tensor = ((x - self.b_dec) @ self.W_enc + self.b_enc).relu()
        return out if self.channels_last else out.movedim(-1, 1)


class Encoded(nn.Module):
    """A network whose layer `features` reads another of its layers; the others are under `network`."""

    def __init__(self, network: nn.Module, layer: str, features: Features) -> None:
        super().__init__()
        self.network = network
        self.features = features
        # The hook stays for the life of the network.
        network.get_submodule(layer).register_forward_hook(self._read)

    def forward(self, x: Tensor) -> Any:
        """Return what the network returns."""
        return self.network(x)

    def _read(self, module: nn.Module, inputs: Any, output: Any) -> None:
        tensor = first_tensor(output)
        if tensor is not None:
            self.features(tensor)


def with_encoder(network: nn.Module, size: int | tuple[int, int], layer: str, path: Path, name: str) -> Encoded:
    """The network with the encoder in a file on top of a layer. Raises ModelFileError, UnknownNameError."""
    layers = {info.name: info for info in list_layers(network, size)}
    if layer not in layers:
        raise unknown_name(f"layer of {name}", layer, layers, "correct `encoder.layer` in your catalog.toml")
    weights = read_weights(path, name)
    channels = layers[layer].neurons
    if "W_enc" not in weights or "b_enc" not in weights:
        raise ModelFileError(f"{name}: {path} has no W_enc and b_enc", "save the encoder under these names")
    if weights["W_enc"].shape[0] != channels:
        raise ModelFileError(
            f"{name}: the encoder in {path} reads {weights['W_enc'].shape[0]} channels, {layer} has {channels}",
            "name the layer that it was trained on",
        )
    features = Features(channels, weights["W_enc"].shape[1], layers[layer].pooling != "spatial-mean")
    features.load_state_dict({"b_dec": features.b_dec} | {key: weights[key] for key in weights if key in _NAMES})
    return Encoded(network, layer, features).eval()


_NAMES = ("W_enc", "b_enc", "b_dec")
