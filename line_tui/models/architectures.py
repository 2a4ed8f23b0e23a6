"""Builds networks by architecture name, with or without memory for their weights."""

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
"""Architectures whose weight files do not record how the input is transformed."""
AUXILIARY = r"aux\d|AuxLogits"
"""Heads that exist only for training."""


def torchvision_names() -> list[str]:
    """All classification architectures of torchvision."""
    return list(torchvision.models.list_models(module=torchvision.models))


def check_architecture(architecture: str) -> None:
    """Raises UnknownNameError unless it is a classification network: other kinds download some of their parts."""
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

    Vision transformers need `image_size` if it is not their default. `transform_input` is for GoogLeNet and
    Inception, whose torchvision weights expect another normalisation. Auxiliary heads are left out. Raises
    UnknownNameError.
    """
    if architecture == EFFICIENTNET_LITE0:
        return EfficientNetLite0(classes).eval()
    check_architecture(architecture)
    options: dict[str, Any] = {"num_classes": classes}
    if architecture in TRANSFORMING:
        # Initialisation takes minutes and matters only for training.
        options |= {"init_weights": False, "transform_input": transform_input, "aux_logits": False}
    if architecture.startswith("vit_") and image_size is not None:
        options["image_size"] = image_size
    model: nn.Module = torchvision.models.get_model(architecture, weights=None, **options)
    return model.eval()


def build_random(architecture: str, image_size: int | None = None) -> nn.Module:
    """A torchvision network for a dry run: random weights from a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(architecture, image_size=image_size)


def build_empty(make: Callable[[], nn.Module]) -> nn.Module:
    """Calls `make` with all weights on the meta device: they have shapes but take no memory."""
    with _EmptyOnMeta():
        return make()


class _EmptyOnMeta(TorchFunctionMode):
    """Puts uninitialised tensors, which layers create their weights as, on the meta device.

    `torch.device("meta")` moves every new tensor there; RegNet and others compute their widths with tensors.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.empty and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)
