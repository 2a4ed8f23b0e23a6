"""The emoji pictures and labels that every bundled model is trained on, as `build_emoji_data.py` wrote them."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from emoji_pictures import read
from torch import Tensor

STYLES = ("fluent-3d", "fluent-flat", "noto", "twemoji")
SIZE = 96
MEAN, STD = (0.6, 0.55, 0.5), (0.3, 0.3, 0.3)


def load(folder: Path) -> tuple[Tensor, Tensor, Tensor, list[dict[str, Any]]]:
    """The pictures and what they show.

    Returns `uint8[pictures, 4, SIZE, SIZE]`, label index `int64[pictures]`, style index `int64[pictures]` and one
    entry a label.
    """
    pictures, label, style = read(folder / "pictures-packed.npz")
    return (
        torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(label).long(),
        torch.from_numpy(style).long(),
        read_labels(folder),
    )


def read_labels(folder: Path) -> list[dict[str, Any]]:
    """Hexcode, label, tags, group and subgroup of each emoji."""
    labels: list[dict[str, Any]] = json.loads((folder / "labels.json").read_text())["labels"]
    return labels


def premultiplied(pictures: Tensor) -> Tensor:
    """`uint8[n, 4, size, size]` as `float32` in [0, 1], colour multiplied by alpha."""
    scaled = pictures.float() / 255
    return torch.cat([scaled[:, :3] * scaled[:, 3:], scaled[:, 3:]], 1)


def batches(values: Tensor, size: int = 256) -> Iterator[Tensor]:
    """Rows of a tensor, `size` at a time."""
    return iter(values.split(size))


def held_out(label: Tensor, style: Tensor) -> Tensor:
    """The pictures that no ResNet training sees: one style for every second label. `bool[pictures]`."""
    return (label % 2 == 0) & (style == label // 2 % len(STYLES))


def normalised(pictures: Tensor) -> Tensor:
    """`float32[n, 3, size, size]` in [0, 1] on the scale that emoji-resnet18 takes."""
    mean, std = _normals(pictures.device)
    return (pictures - mean) / std


@lru_cache(maxsize=4)
def _normals(device: torch.device) -> tuple[Tensor, Tensor]:
    mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (MEAN, STD))
    return mean, std
