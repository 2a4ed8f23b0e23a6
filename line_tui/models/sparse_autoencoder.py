"""Features of a sparse autoencoder as neurons: an encoder on one layer of a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from line_tui.errors import ModelFileError, unknown_name
from line_tui.models.layers import list_layers
from line_tui.models.pooling import first_tensor
from line_tui.models.weights import read_weights


class Features(nn.Module):
    """`relu((x - b_dec) @ W_enc + b_enc)` over the channel axis (arXiv 2309.08600).

    With a `threshold` above 0, smaller values are 0 as well (JumpReLU, arXiv 2407.14435).
    """

    def __init__(self, channels: int, features: int, channels_last: bool) -> None:
        super().__init__()
        self.b_dec = nn.Parameter(Tensor([0.0]).expand(channels).clone())
        self.W_enc = nn.Parameter(Tensor([0.0]).expand(channels, features).clone())
        self.b_enc = nn.Parameter(Tensor([0.0]).expand(features).clone())
        self.threshold = nn.Parameter(Tensor([0.0]).expand(features).clone())
        self.channels_last = channels_last

    def forward(self, x: Tensor) -> Tensor:
        """`float[n, ..., channels]`, or `float[n, channels, h, w]`, with features in place of channels."""
        x = x if self.channels_last else x.movedim(1, -1)
        features = ((x - self.b_dec) @ self.W_enc + self.b_enc).relu()
        # A NaN must not become 0.
        out: Tensor = features.masked_fill(features <= self.threshold, 0.0)
        return out if self.channels_last else out.movedim(-1, 1)


class Encoded(nn.Module):
    """A network with a layer `features` that reads one of its layers; all others are under `network`."""

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
    if others := sorted(weights.keys() - {*_NAMES, "W_dec"}):
        raise ModelFileError(
            f"{name}: {path} has {', '.join(others[:3])}, and line-tui does not know what these do to the features",
            f"save an encoder with only {', '.join(_NAMES)}, or wrap the model in a function",
        )
    _check_config(path, name)
    if weights["W_enc"].shape[:1] != (channels,) or weights["W_enc"].ndim != 2:
        raise ModelFileError(
            f"{name}: the encoder in {path} has W_enc {list(weights['W_enc'].shape)}, {layer} has {channels} channels",
            "name the layer that it was trained on; W_enc is [channels, features]",
        )
    features = Features(channels, weights["W_enc"].shape[1], layers[layer].pooling != "spatial-mean")
    own = features.state_dict()
    for key in _NAMES:
        if key in weights and weights[key].shape != own[key].shape:
            raise ModelFileError(
                f"{name}: {key} in {path} is {list(weights[key].shape)}, not {list(own[key].shape)}",
                "save the encoder again",
            )
    features.load_state_dict(own | {key: weights[key] for key in _NAMES if key in weights})
    return Encoded(network, layer, features).eval()


_NAMES = ("W_enc", "b_enc", "b_dec", "threshold")
_CONFIGS = ("cfg.json", "config.json")
_OF_ENCODERS = frozenset(("d_in", "d_sae", "activation_dim", "dict_size"))
"""Settings that identify a file as being about an encoder."""
_KNOWN: dict[str, tuple[object, ...]] = {
    "architecture": ("standard", "jumprelu", "vanilla", "relu"),
    "activation_fn": ("relu", "jumprelu"),
    "activation_fn_str": ("relu", "jumprelu"),
    "normalize_activations": ("none", None, False),
    "apply_b_dec_to_input": (True,),
    "k": (None,),
}
"""Values of the settings that SAELens and others save beside an encoder for which it equals `Features`."""


def _check_config(path: Path, name: str) -> None:
    """Raises ModelFileError if the settings beside an encoder describe another computation."""
    for file in (path.parent / each for each in _CONFIGS):
        if not file.exists():
            continue
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue  # The file may belong to something else.
        if not isinstance(config, dict) or not config.keys() & _OF_ENCODERS:
            continue
        for key, known in _KNOWN.items():
            if key in config and config[key] not in known:
                raise ModelFileError(
                    f"{name}: {file} says {key} = {config[key]!r}, which is not relu((x - b_dec) @ W_enc + b_enc)",
                    'wrap the model in a function (format = "function" in your catalog.toml)',
                )
