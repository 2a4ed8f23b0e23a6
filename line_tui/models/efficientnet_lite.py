"""EfficientNet-Lite0, the ImageNet network whose weights come as a Python package: torchvision does not have it.

From the description at https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: EfficientNet-B0
(arXiv 1905.11946) without squeeze-and-excitation, with ReLU6, for pictures scaled to [-1, 1].
"""

from __future__ import annotations

import re

from torch import Tensor, nn
from torch.nn import functional

SIZE = 224
MEAN = (127 / 255,) * 3
STD = (128 / 255,) * 3

_STAGES = [
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
_STEM, _HEAD = 32, 1280


class EfficientNetLite0(nn.Module):
    """Pictures `float32[n, 3, 224, 224]` to `float32[n, classes]`."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv_stem = SamePadded(3, _STEM, 3, stride=2)
        self.bn0 = _norm(_STEM)
        self.act0 = nn.ReLU6()
        self.blocks = nn.Sequential()
        inward = _STEM
        for repeats, kernel, stride, expansion, outward in _STAGES:
            for n in range(repeats):
                self.blocks.append(Block(inward, outward, kernel, stride if n == 0 else 1, expansion))
                inward = outward
        self.conv_head = nn.Conv2d(inward, _HEAD, 1, bias=False)
        self.bn1 = _norm(_HEAD)
        self.act1 = nn.ReLU6()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(_HEAD, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the classes."""
        x = self.act0(self.bn0(self.conv_stem(x)))
        x = self.act1(self.bn1(self.conv_head(self.blocks(x))))
        out: Tensor = self.fc(self.pool(x).flatten(1))
        return out


class Block(nn.Module):
    """An inverted residual block (arXiv 1801.04381)."""

    def __init__(self, inward: int, outward: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inward * expansion
        self.widens = expansion > 1
        if self.widens:
            self.expand_conv = nn.Conv2d(inward, wide, 1, bias=False)
            self.bn0 = _norm(wide)
            self.act0 = nn.ReLU6()
        self.depthwise_conv = SamePadded(wide, wide, kernel, stride, groups=wide)
        self.bn1 = _norm(wide)
        self.act1 = nn.ReLU6()
        self.project_conv = nn.Conv2d(wide, outward, 1, bias=False)
        self.bn2 = _norm(outward)
        self.skips = stride == 1 and inward == outward

    def forward(self, x: Tensor) -> Tensor:
        """`float32[n, inward, h, w]` to `float32[n, outward, h / stride, w / stride]`."""
        y: Tensor = self.act0(self.bn0(self.expand_conv(x))) if self.widens else x
        y = self.bn2(self.project_conv(self.act1(self.bn1(self.depthwise_conv(y)))))
        return x + y if self.skips else y


class SamePadded(nn.Conv2d):
    """A convolution with TensorFlow's padding: the odd pixel goes to the right and the bottom."""

    def __init__(self, inward: int, outward: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(inward, outward, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve after padding to ceil(length / stride) outputs."""
        return super().forward(functional.pad(x, [*self._around(x.shape[-1]), *self._around(x.shape[-2])]))

    def _around(self, length: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max(0, (-(-length // stride) - 1) * stride + kernel - length)
        return total // 2, total - total // 2


def rename(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's weights under our module names: the same without leading underscores."""
    return {re.sub(r"(^|\.)_", r"\1", key): value for key, value in weights.items()}


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
