"""What a detector made of generated pictures is worth on others: on the real ones of styles that the network never saw.

python models/measure_detectors.py --data DIR

A concept's detector is that of a run: four pictures of the bank, read in a layer of emoji-resnet18. It has to find the
concept's members among real pictures, and among the bank's own pictures of labels, its own word's left out.
"""

import json
from dataclasses import replace
from typing import Any

import emoji_data
import numpy as np
import torch
from emoji_data import ROOT
from emoji_units import Targets
from measure_emoji_resnet18 import viewed
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from line_tui.bench.world import World, load_worlds
from line_tui.explain.control_analysis import ControlAnalysis, analyse
from line_tui.explain.ports import Bank, Floats, Picture
from line_tui.explain.state import Control

LAYERS = ("fc", "avgpool", "layer3")
MEMBERS = 2
"""Members of a concept among the pictures, below which it is not measured."""


def main() -> None:
    """The command line."""
    [data] = emoji_data.asked(__doc__)
    torch.manual_seed(990_002)
    pictures, label, style, labels = emoji_data.load(data)
    targets = Targets(labels)
    members = {concept["name"]: set(concept["members"]) for concept in targets.concepts}
    unseen = emoji_data.held_out(label, style)
    composed = viewed(pictures[unseen], label[unseen], 0.0, views=1)[0]
    real = list((composed * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    shown = label[unseen].numpy()
    by_name = {entry["label"]: place for place, entry in enumerate(labels)}
    world = load_worlds({"emoji-resnet18": list(LAYERS)})[0]
    report: dict[str, Any] = {"real pictures": len(real)}
    for layer in LAYERS:
        bank = world.control(layer, 0)
        is_label = np.array([by_name.get(word, -1) for word in bank.concepts])
        own, other = seen(bank), seen(on_real(world, bank, layer, real))
        drawn = np.repeat(is_label, bank.activations.shape[1])
        report[layer] = {
            "drawn": measured(own, members, drawn, drawn >= 0),
            "real": measured(other, members, shown, np.ones(len(shown), bool)),
        }
        print(layer, {name: {k: v for k, v in part.items() if k != "each"} for name, part in report[layer].items()})
    (ROOT / "measured" / "detectors.json").write_text(json.dumps(report, indent=1) + "\n")


def on_real(world: World, bank: Bank, layer: str, real: list[Picture]) -> Bank:
    """The bank with real pictures for a control set, as `--control FOLDER` has it."""
    activations = world.loaded.models.vision.record(real, layer).activations
    return replace(bank, reference_activations=activations[:, 0], reference_features=activations)


def seen(bank: Bank) -> ControlAnalysis:
    """A neuron's control set; which neuron, decides only which feature is left out."""
    rows = [[float(value) for value in row] for row in bank.activations]
    reference = [] if bank.reference_activations is None else [float(v) for v in bank.reference_activations]
    return analyse(Control(bank.id, list(bank.concepts), rows, reference_activations=reference), bank)


def measured(
    neuron: ControlAnalysis, members: dict[str, set[int]], shown: NDArray[np.intp], usable: NDArray[np.bool_]
) -> dict[str, Any]:
    """AUC and average precision of the concepts' detectors, over the usable control pictures, by what these show."""
    nothing: Floats = np.zeros((0, 0), np.float32)
    each: dict[str, dict[str, float]] = {}
    for word in neuron.words:
        truth = np.isin(shown, list(members.get(word, ()))) & usable
        if truth.sum() < MEMBERS:
            continue
        found = neuron.detection(word, nothing).shown
        each[word] = {
            "auc": round(float(roc_auc_score(truth[usable], found[usable])), 3),
            "average_precision": round(float(average_precision_score(truth[usable], found[usable])), 3),
            "chance": round(float(truth.sum() / usable.sum()), 3),
        }
    means = {key: round(float(np.mean([one[key] for one in each.values()])), 3) for key in next(iter(each.values()))}
    return {"concepts": len(each), "pictures": int(usable.sum()), **means, "each": each}


if __name__ == "__main__":
    main()
