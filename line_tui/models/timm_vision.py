"""Vision models of timm, in the layout of its repositories on the Hugging Face hub; timm is an optional package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import nn
from torchvision.transforms import InterpolationMode

from line_tui.errors import ModelFileError, UsageError
from line_tui.models.catalog import IMAGENET_MEAN, IMAGENET_STD
from line_tui.models.preprocess import Preprocess


class TimmFolder:
    """`config.json` of a folder, beside `model.safetensors`."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read what the folder says. Raises ModelFileError."""
        self._name = name
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.architecture = str(config["architecture"])
        except (OSError, ValueError, KeyError) as error:
            raise ModelFileError(
                f"{name}: {folder} is no model of timm: {error}", "name a folder that holds one"
            ) from (error)
        said: dict[str, Any] = config.get("pretrained_cfg", {})
        self.classes = int(config.get("num_classes", said.get("num_classes", 1000)))
        self.neuron_names = [str(name) for name in config.get("label_names", [])]
        size = int(said.get("input_size", (3, 224, 224))[-1])
        self.preprocess = Preprocess(
            size=size,
            resize=int(size / said.get("crop_pct", 1.0)),
            mean=tuple(said.get("mean", IMAGENET_MEAN)),
            std=tuple(said.get("std", IMAGENET_STD)),
            interpolation=InterpolationMode(said.get("interpolation", "bicubic")),
        )

    def build(self) -> nn.Module:
        """The network with fresh weights. Raises UsageError without timm, ModelFileError when timm does not know it."""
        try:
            import timm
        except ImportError as error:
            raise UsageError(
                f"{self._name} is a model of timm, which is not installed", "run `pip install timm`"
            ) from (error)
        try:
            model: nn.Module = timm.create_model(self.architecture, pretrained=False, num_classes=self.classes)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ModelFileError(
                f"{self._name}: timm has no architecture '{self.architecture}'", "update timm, or correct config.json"
            ) from error
        return model.eval()
