"""Networks small enough to work out by hand, and what is asked of a file with one."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from line_tui.models.catalog import Catalog, VisionEntry
from line_tui.models.model_files import Source
from line_tui.models.preprocess import classification

PLAIN = classification(size=4, resize=4, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
"""Pixels as they are, divided by 255."""


class Colours(nn.Module):
    """`conv` copies the channels minus one half; `relu` overwrites it; `fc` sums red and green, and doubles blue."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU(inplace=True)
        self.attend = Pair()
        self.fc = nn.Linear(3, 2, bias=False)
        self.unused = nn.Linear(3, 3)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(3)[:, :, None, None])
            self.conv.bias.fill_(-0.5)
            self.fc.weight.copy_(torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]))
        self.batches: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.batches.append(len(x))
        x = self.relu(self.conv(x))
        x, _ = self.attend(x)
        x = self.relu(x - 0.1)
        return self.fc(x.mean((2, 3)))


class Pair(nn.Module):
    """Returns its input and nothing, as attention does."""

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        return x, None


def mine(source: Path | Source, **options: Any) -> Catalog:
    """A catalogue of one model, in a file or folder."""
    source = source if isinstance(source, Source) else Source(path=str(source))
    return Catalog(vision=[VisionEntry(id="mine", source=source, **options)])


def export(model: nn.Module, path: Path, side: int, fixed: int | None = None) -> None:
    """Save a model as an exported program, for any number of pictures at a time or for a fixed one."""
    shapes = None if fixed else ({0: torch.export.Dim.AUTO},)
    example = torch.zeros(fixed or 2, 3, side, side, dtype=next((p.dtype for p in model.parameters()), None))
    torch.export.save(torch.export.export(model, (example,), dynamic_shapes=shapes), path)


def paint(red: Any, green: Any, blue: Any) -> Any:
    """A picture of one colour, each channel in [0, 255]."""
    return np.full((4, 4, 3), (red, green, blue), np.uint8)
