"""Networks by the name of their architecture, with real weights' memory or with none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torchvision
from torch import nn
from torch.overrides import TorchFunctionMode

from line_tui.errors import unknown_name
from line_tui.models.efficientnet_lite import EfficientNetLite0

EFFICIENTNET_LITE0 = "efficientnet-lite0"
TRANSFORMING = ("googlenet", "inception_v3")
"""Architectures whose weights alone do not say what is done to their input."""
AUXILIARY = r"aux\d|AuxLogits"
"""Names of their heads for training."""


def torchvision_names() -> list[str]:
    """All classification architectures of torchvision."""
    return list(torchvision.models.list_models(module=torchvision.models))


def check_architecture(architecture: str) -> None:
    """Raises UnknownNameError for what is no classification network: others fetch parts of themselves."""
    if architecture not in torchvision_names():
        raise unknown_name(
            "architecture", architecture, torchvision_names(), f"name one of torchvision's, or {EFFICIENTNET_LITE0}"
        )


def build(
    architecture: str,
    classes: int = 1000,
    image_size: int | None = None,
    transform_input: bool = False,
) -> nn.Module:
    """A torchvision network or `EFFICIENTNET_LITE0`, with fresh weights.

    `image_size` is needed by vision transformers that are not of their usual one. `transform_input` is for GoogLeNet
    and Inception alone: with torchvision's weights they undo the usual normalisation of their input, as theirs was
    another. Their heads for training are left out. Raises UnknownNameError.
    """
    if architecture == EFFICIENTNET_LITE0:
        return EfficientNetLite0(classes).eval()
    check_architecture(architecture)
    options: dict[str, Any] = {"num_classes": classes}
    if architecture in TRANSFORMING:
        # Their own initialisation takes minutes and is for training.
        options |= {"init_weights": False, "transform_input": transform_input, "aux_logits": False}
    if architecture.startswith("vit_") and image_size is not None:
        options["image_size"] = image_size
    model: nn.Module = torchvision.models.get_model(architecture, weights=None, **options)
    return model.eval()


def build_random(architecture: str, image_size: int | None = None, seed: int = 0) -> nn.Module:
    """A torchvision network for a dry run: random weights, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(architecture, image_size=image_size)


def build_empty(make: Callable[[], nn.Module]) -> nn.Module:
    """What `make` builds, with shapes but without memory for its weights."""
    with _EmptyOnMeta():
        return make()


class _EmptyOnMeta(TorchFunctionMode):
    """Puts uninitialised tensors, as all layers begin with, on the meta device.

    `torch.device("meta")` moves every new tensor there; RegNet and others compute their widths with tensors.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.empty and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)
