"""The emoji pictures and labels that every bundled model is trained on, as `build_emoji_data.py` wrote them."""

import argparse
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from emoji_pictures import read
from torch import Tensor

ROOT = Path(__file__).resolve().parent
STYLES = ("fluent-3d", "fluent-flat", "noto", "twemoji")
SIZE = 96
MEAN, STD = (0.6, 0.55, 0.5), (0.3, 0.3, 0.3)


def asked(description: str | None, *names: str) -> list[Path]:
    """The folders that a script's command line names, `--data` first; torch keeps to one thread."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("data", *names):
        parser.add_argument(f"--{name}", type=Path, required=True)
    torch.set_num_threads(1)
    return list(vars(parser.parse_args()).values())


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


def read_taxonomy(labels: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By concept its kind, its members by number of label, and further words for it."""
    by_code = {entry["hexcode"]: i for i, entry in enumerate(labels)}
    taxonomy: dict[str, dict[str, Any]] = json.loads((ROOT / "emoji_taxonomy.json").read_text())
    for concept in taxonomy.values():
        concept["members"] = [by_code[code] for code in concept["members"]]
    return taxonomy


def premultiplied(pictures: Tensor) -> Tensor:
    """`uint8[n, 4, size, size]` as `float32` in [0, 1], colour multiplied by alpha."""
    scaled = pictures.float() / 255
    return torch.cat([scaled[:, :3] * scaled[:, 3:], scaled[:, 3:]], 1)


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
