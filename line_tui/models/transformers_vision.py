"""Vision models in the layout of the Hugging Face hub: ViT, CLIP, SigLIP, DINOv2 and others of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import transformers
from torch import nn
from torchvision.transforms import InterpolationMode

from line_tui.errors import ModelFileError
from line_tui.models.catalog import IMAGENET_MEAN, IMAGENET_STD
from line_tui.models.preprocess import Preprocess

_TOWERS = {"clip": "CLIPVisionModel", "siglip": "SiglipVisionModel", "siglip2": "SiglipVisionModel"}
"""Models of pictures and text, and the class of their half that sees."""
_INTERPOLATIONS = {
    0: InterpolationMode.NEAREST,
    2: InterpolationMode.BILINEAR,
    3: InterpolationMode.BICUBIC,
}
"""By Pillow's numbers."""


def load_transformer(folder: Path, name: str) -> nn.Module:
    """The network in a folder, in float32: safetensors alone, no code of its own. Raises ModelFileError."""
    try:
        model = _class(folder).from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except Exception as error:  # What the library raises for damaged files is not documented, and varies.
        raise ModelFileError(
            f"{name}: cannot open the model in {folder}: {_first_line(error)}",
            "files are missing, damaged or of another version: fetch the model again",
        ) from error
    module: nn.Module = model.float().eval()
    return module


def outline_transformer(folder: Path, name: str) -> nn.Module:
    """The network with fresh weights. Raises ModelFileError."""
    try:
        kind = _class(folder)
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        config = getattr(config, "vision_config", config)
        model = kind.from_config(config) if hasattr(kind, "from_config") else kind(config)
    except Exception as error:
        raise ModelFileError(
            f"{name}: cannot read the model in {folder}: {_first_line(error)}", "fetch the model again"
        ) from error
    module: nn.Module = model.eval()
    return module


def read_preprocess(folder: Path) -> Preprocess:
    """How the model takes its pictures, by its `preprocessor_config.json`; the usual way where there is none."""
    path = folder / "preprocessor_config.json"
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    resize = _side(said.get("size", 224))
    crops = said.get("do_center_crop", "crop_size" in said)
    mean, std = said.get("image_mean", IMAGENET_MEAN), said.get("image_std", IMAGENET_STD)
    return Preprocess(
        size=_side(said["crop_size"]) if crops and "crop_size" in said else resize,
        resize=resize,
        mean=tuple(mean),
        std=tuple(std),
        interpolation=_INTERPOLATIONS.get(said.get("resample", 2), InterpolationMode.BILINEAR),
    )


def read_classes(folder: Path) -> list[str]:
    """Names of the output neurons; none where the model has no classes."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not _classifies(config):
        return []
    labels = config.get("id2label", {})
    return [labels[str(n)] for n in range(len(labels))]


def _class(folder: Path) -> Any:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") in _TOWERS:
        return getattr(transformers, _TOWERS[config["model_type"]])
    return transformers.AutoModelForImageClassification if _classifies(config) else transformers.AutoModel


def _classifies(config: dict[str, Any]) -> bool:
    return any("ForImageClassification" in name for name in config.get("architectures") or [])


def _side(size: int | dict[str, int]) -> int:
    return size if isinstance(size, int) else next(iter(size.values()))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
