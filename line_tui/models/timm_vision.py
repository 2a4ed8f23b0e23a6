"""timm vision models in the layout of the Hugging Face hub; timm is an optional package."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from line_tui.errors import LineError, ModelFileError, UsageError
from line_tui.explain.ports import Picture
from line_tui.models.preprocess import Preprocess

WEIGHTS = "model.safetensors"
_SEED = 2863311531
"""Unlikely to be the seed of the folder's own weights."""


class TimmFolder:
    """A folder with `config.json` and `model.safetensors`, opened by timm as `local-dir:`."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read the folder's config. Raises ModelFileError."""
        self._name = name
        self._folder = folder
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.architecture = str(config["architecture"])
            pretrained = config.get("pretrained_cfg", config)
            self.neuron_names = _names(config.get("label_names", pretrained.get("label_names")))
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise ModelFileError(
                f"{name}: {folder} is not a timm model: {error}", "name a folder that holds one"
            ) from error

    def outline(self) -> nn.Module:
        """The network with fresh weights. Raises UsageError without timm, ModelFileError if timm does not know it."""
        return self._create(pretrained=False)

    def load(self) -> nn.Module:
        """The network with the folder's weights, only from safetensors. Raises UsageError, ModelFileError."""
        if not (self._folder / WEIGHTS).is_file():
            raise ModelFileError(f"{self._name}: there is no {self._folder / WEIGHTS}", "save the model as safetensors")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            fresh = self.outline().state_dict()
            torch.manual_seed(_SEED)
            model = self._create(pretrained=True)
        # timm silently leaves a head with another number of classes at random weights.
        random = [
            name
            for name, tensor in model.named_parameters()
            if tensor.numel() > 1 and torch.equal(tensor, fresh[name]) and tensor.min() < tensor.max()
        ]
        if random:
            raise ModelFileError(
                f"{self._name}: {self._folder / WEIGHTS} has no weights that fit {', '.join(random[:3])}",
                "correct num_classes and model_args in its config.json",
            )
        return model.float()

    @cached_property
    def preprocess(self) -> Preprocess:
        """`create_transform(**resolve_model_data_config(model))`. Raises UsageError, ModelFileError."""
        timm = self._timm()
        try:
            config = timm.data.resolve_model_data_config(self.outline())
            transform = timm.data.create_transform(**config, is_training=False)
        except LineError:
            raise
        except Exception as error:  # timm's errors for odd settings vary.
            raise ModelFileError(
                f"{self._name}: timm cannot do the preprocessing in {self._folder}: {type(error).__name__}: {error}",
                "correct pretrained_cfg in its config.json, or set size, mean and std in its entry",
            ) from error

        def prepare(picture: Picture) -> Tensor:
            prepared: Tensor = transform(Image.fromarray(picture))
            return prepared

        return Preprocess(prepare, " ".join(f"timm {transform!r}".split()))

    def _create(self, pretrained: bool) -> nn.Module:
        timm = self._timm()
        try:
            model: nn.Module = timm.create_model(f"local-dir:{self._folder}", pretrained=pretrained)
        except Exception as error:  # timm's errors for odd settings and mismatched weights vary.
            cause = str(error).strip() or type(error).__name__
            if cause.startswith("Unknown model"):
                cause = f"timm has no architecture '{self.architecture}'"
            cause = " ".join(cause.split())
            raise ModelFileError(
                f"{self._name}: timm cannot open {self._folder}: {cause[:300]}",
                "correct config.json, or update timm",
            ) from error
        return model.eval()

    def _timm(self) -> Any:
        try:
            import timm
        except ImportError as error:
            raise UsageError(
                f"{self._name} is a timm model, and timm is not installed", "run `pip install timm`"
            ) from error
        return timm


def _names(names: Any) -> list[str]:
    """From a list, or from an object of index -> name."""
    if isinstance(names, dict):
        return [str(names.get(str(n), names.get(n, ""))) for n in range(len(names))]
    return [str(name) for name in names or []]
