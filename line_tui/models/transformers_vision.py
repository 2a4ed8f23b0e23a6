"""transformers vision models in the Hugging Face hub's layout, with the library's own image processors."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image
from torch import Tensor, nn

from line_tui.errors import ModelFileError, UsageError, first_line
from line_tui.explain.ports import Picture
from line_tui.models.preprocess import Preprocess

LOCAL = {"local_files_only": True, "trust_remote_code": False}
"""No network, and no code from the folder."""
_PIXELS = "pixel_values"


class TransformersFolder:
    """A folder with `config.json`, weights as safetensors, and the settings of an image processor."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read the folder's config. Raises ModelFileError."""
        self._folder = folder
        self._name = name
        try:
            config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
            # It would download a backbone, whose weights the folder's replace anyway.
            if getattr(config, "use_pretrained_backbone", False):
                config.use_pretrained_backbone = False
            # The library's networks need this internally.
            config.return_dict = True
            self._class, self._config = _vision_part(config)
            self._half = self._config is not config
        except Exception as error:  # The library's errors for damaged files are undocumented and vary.
            raise ModelFileError(
                f"{name}: {folder} is not a vision model of transformers: {first_line(error)}",
                "name a folder that holds one",
            ) from error

    @property
    def neuron_names(self) -> list[str]:
        """Names of the output neurons; empty if the model has no classes."""
        if "ForImageClassification" not in self._class.__name__:
            return []
        labels = self._config.id2label or {}
        return [str(labels.get(n, n)) for n in range(len(labels))]

    @property
    def preprocess(self) -> Preprocess:
        """The folder's `AutoImageProcessor`. Raises UsageError if it has none."""
        try:
            processor = transformers.AutoImageProcessor.from_pretrained(self._folder, **LOCAL)
        except Exception as error:
            raise UsageError(
                f"{self._name}: {self._folder} does not include its preprocessing: {first_line(error)}",
                "save its image processor there, or add size, mean and std to its entry in your catalog.toml",
            ) from error

        def prepare(picture: Picture) -> Tensor:
            try:
                made = processor(images=Image.fromarray(picture), return_tensors="pt")
            except Exception as error:  # The library's errors for inconsistent settings vary.
                raise UsageError(
                    f"{self._name}: its {type(processor).__name__} fails: {first_line(error)}",
                    "correct its settings, or add size, mean and std to its entry in your catalog.toml",
                ) from error
            return self._only_pixels(made)

        description = f"transformers {type(processor).__name__} {processor.to_json_string()}"
        return Preprocess(prepare, " ".join(description.split()))

    def load(self) -> nn.Module:
        """The network with its weights, in float32, only from safetensors. Raises ModelFileError."""
        options: dict[str, Any] = {}
        if (self._folder / "adapter_config.json").exists():
            raise ModelFileError(
                f"{self._name}: {self._folder} holds an adapter (PEFT), which is not applied",
                "merge it into the model and save that, or remove adapter_config.json for the model without it",
            )
        try:
            model, missing = self._open(options)
            if missing and self._half:
                # Inside the half, names lack the prefix of the whole model.
                options["key_mapping"] = {r"^vision_model\.": ""}
                model, missing = self._open(options)
            if missing and all(key.startswith("pooler.") for key in missing):
                # Saved without the final head, which would be random.
                options["add_pooling_layer"] = False
                model, missing = self._open(options)
        except Exception as error:
            raise ModelFileError(
                f"{self._name}: cannot open the model in {self._folder}: {first_line(error)}",
                "files are missing, damaged or of another version: fetch the model again",
            ) from error
        if missing:
            shown = ", ".join(sorted(missing)[:3])
            raise ModelFileError(
                f"{self._name}: {self._folder} lacks {len(missing)} weights of {self._class.__name__}, such as {shown}",
                "save the model again, or correct `architectures` in its config.json",
            )
        return _by_name(model.float().eval())

    def outline(self) -> nn.Module:
        """The network with fresh weights. Raises ModelFileError."""
        try:
            options = {} if self._has_pooler() else {"add_pooling_layer": False}
            return _by_name(self._class(self._config, **options).eval())
        except Exception as error:
            raise ModelFileError(
                f"{self._name}: cannot read the model in {self._folder}: {first_line(error)}", "fetch the model again"
            ) from error

    def _open(self, options: dict[str, Any]) -> tuple[Any, set[str]]:
        model, info = self._class.from_pretrained(
            self._folder,
            config=self._config,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **LOCAL,
            **options,
        )
        # The library fills missing weights with random numbers and only warns.
        return model, set(info["missing_keys"]) | {str(key) for key in info["mismatched_keys"]}

    def _has_pooler(self) -> bool:
        if "add_pooling_layer" not in inspect.signature(self._class.__init__).parameters:
            return True
        files = sorted(self._folder.glob("*.safetensors"))
        return not files or any("pooler." in key for file in files for key in _keys(file))

    def _only_pixels(self, made: Any) -> Tensor:
        pixels = made.get(_PIXELS)
        masks = [made[key] for key in made if key != _PIXELS and isinstance(made[key], Tensor)]
        if not isinstance(pixels, Tensor) or pixels.ndim != 4 or len(pixels) != 1:
            shape = list(getattr(pixels, "shape", []))
            raise UsageError(
                f"{self._name}: its processor turns one picture into {shape}, not into one image",
                'wrap the model in a function (format = "function" in your catalog.toml)',
            )
        if any(not mask.bool().all() for mask in masks):
            raise UsageError(
                f"{self._name}: its processor masks part of the picture, which is not supported",
                'wrap the model in a function (format = "function" in your catalog.toml)',
            )
        return pixels[0].float()


def _vision_part(config: Any) -> tuple[Any, Any]:
    """The class and config that take only pictures: as saved, or of a two-tower model's vision half."""
    saved = [getattr(transformers, name, None) for name in config.architectures or []]
    kinds = [kind for kind in saved if kind is not None and _takes_pictures_alone(kind)]
    if kinds:
        return kinds[0], config
    config = getattr(config, "vision_config", config)
    kind = transformers.MODEL_MAPPING.get(type(config), None)
    kind = kind[0] if isinstance(kind, (tuple, list)) else kind
    if kind is None:
        # Halves such as BLIP's are in none of the library's lists, but are named after their config.
        kind = getattr(transformers, type(config).__name__.removesuffix("Config") + "Model", None)
    if kind is None or not _takes_pictures_alone(kind):
        raise ValueError(f"a model of the type '{config.model_type}' takes other inputs than pictures")
    return kind, config


def _takes_pictures_alone(kind: Any) -> bool:
    takes = inspect.signature(kind.forward).parameters
    return _PIXELS in takes and "input_ids" not in takes


def _by_name(model: nn.Module) -> nn.Module:
    """Pass pictures by keyword: not every model takes them first."""

    def rename(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return (inputs[1:], {_PIXELS: inputs[0], **named}) if inputs else (inputs, named)

    # The hook stays for the life of the network.
    model.register_forward_pre_hook(rename, with_kwargs=True)
    return model


def _keys(file: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        return list(opened.keys())
