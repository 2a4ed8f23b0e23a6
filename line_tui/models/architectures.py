"""Networks by the name of their architecture, with real weights' memory or with none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torchvision
from torch import nn
from torch.overrides import TorchFunctionMode

from line_tui.models.efficientnet_lite import EfficientNetLite0

EFFICIENTNET_LITE0 = "efficientnet-lite0"


def torchvision_names() -> list[str]:
    """All classification architectures of torchvision."""
    return list(torchvision.models.list_models(module=torchvision.models))


def build(architecture: str, classes: int = 1000, image_size: int | None = None, pretrained: bool = False) -> nn.Module:
    """A torchvision network or `EFFICIENTNET_LITE0`, with fresh weights.

    `image_size` is needed by vision transformers that are not of their usual one. `pretrained` says that ImageNet
    weights will be put in: GoogLeNet and Inception then undo the usual normalisation of their input, as theirs was
    another.
    """
    if architecture == EFFICIENTNET_LITE0:
        return EfficientNetLite0(classes).eval()
    options: dict[str, Any] = {"num_classes": classes}
    if architecture in ("googlenet", "inception_v3"):
        # Their own initialisation takes minutes and is for training.
        options |= {"init_weights": False, "transform_input": pretrained}
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
