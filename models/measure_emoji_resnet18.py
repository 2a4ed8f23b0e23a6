"""Average precision of each unit of emoji-resnet18 on held-out styles, under fresh poses and backgrounds.

python models/measure_emoji_resnet18.py --data DIR
"""

import argparse
import json
from pathlib import Path
from typing import Any

import emoji_data
import numpy as np
import torch
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torchvision.models import resnet18

from line_tui.worlds.emoji.compose import UNIFORMS, compose

ROOT = Path(__file__).resolve().parent

VIEWS = 4
"""Fresh compositions of each picture."""


def load_resnet18(folder: Path = ROOT / "emoji-resnet18") -> nn.Module:
    """The shipped network, in float32."""
    config = json.loads((folder / "config.json").read_text())
    model: nn.Module = resnet18(num_classes=config["num_classes"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


@torch.inference_mode()
def outputs(model: nn.Module, pictures: Tensor) -> Tensor:
    """Logits for pictures `float32[n, 3, 64, 64]` in [0, 1], batch by batch."""
    return torch.cat([model(emoji_data.normalised(batch)) for batch in emoji_data.batches(pictures)])


def average_precisions(scores: Tensor, truth: Tensor) -> list[float | None]:
    """Average precision of each unit; None where no picture has the concept."""
    return [
        float(average_precision_score(truth[:, unit], scores[:, unit])) if truth[:, unit].any() else None
        for unit in range(truth.shape[1])
    ]


def by_name(units: list[dict[str, Any]], values: list[float | None]) -> dict[str, float | None]:
    """Each unit's value under its name, in three digits."""
    return {unit["name"]: None if value is None else round(value, 3) for unit, value in zip(units, values, strict=True)}


def mean_known(values: list[float | None]) -> float:
    """The mean of the values that are known."""
    return float(np.mean([value for value in values if value is not None]))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    torch.set_num_threads(1)
    pictures, label, style, labels = emoji_data.load(data)
    units = emoji_data.concepts(labels)
    truth = emoji_data.membership(labels, units)
    apart = emoji_data.held_out(label, style)
    generator = torch.Generator().manual_seed(990_001)
    model = load_resnet18()
    for name, chosen in (("held-out styles", apart), ("seen styles, fresh poses", ~apart & (label % 4 == 1))):
        rgba = emoji_data.premultiplied(pictures[chosen]).repeat(VIEWS, 1, 1, 1)
        views = torch.cat(
            [compose(b, torch.rand(len(b), UNIFORMS, generator=generator)) for b in emoji_data.batches(rgba)]
        )
        precisions = average_precisions(outputs(model, views), truth[label[chosen]].repeat(VIEWS, 1))
        print(f"{name}: mean average precision {mean_known(precisions):.3f}")
        if name == "held-out styles":
            found = by_name(units, precisions)
            (ROOT / "measured" / "resnet18-held-out.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
