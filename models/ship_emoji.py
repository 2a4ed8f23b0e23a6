"""Turn the weights that `train_emoji_world.py` wrote into the models that are shipped.

python models/ship_emoji.py --data DIR --weights DIR
"""

import json
from pathlib import Path

import emoji_data
from emoji_data import ROOT
from emoji_units import COMPOSED, concepts
from safetensors.torch import save_file
from train_emoji_world import DECODER, DENOISER, halved, load_parts

from line_tui.worlds.emoji.components import EmojiComposer, EmojiDecoder, EmojiDenoiser


def main() -> None:
    """The command line."""
    data, weights = emoji_data.asked(__doc__, "weights")
    ship_diffusion(weights)
    ship_resnet18(data, weights)


def ship_diffusion(weights: Path) -> None:
    """Denoiser, decoder and composer of emoji-diffusion; the scheduler and the index do not change."""
    folder = ROOT / "emoji-diffusion"
    models = {"denoiser": EmojiDenoiser(**DENOISER), "decoder": EmojiDecoder(**DECODER), "composer": EmojiComposer()}
    for name, model in models.items():
        model.network.load_state_dict(load_parts(weights, name))
        model.half().save_pretrained(folder / name)


def ship_resnet18(data: Path, weights: Path) -> None:
    """Weights, unit names and preprocessing of emoji-resnet18."""
    folder = ROOT / "emoji-resnet18"
    labels = emoji_data.read_labels(data)
    units = [
        {"name": c["name"], "kind": c["kind"], "members": [labels[i]["label"] for i in c["members"]]}
        for c in concepts(labels)
    ]
    units += [{"name": name, "kind": kind, "members": []} for name, kind, _, _ in COMPOSED]
    state = load_parts(weights, "resnet18")
    prefix = "network."
    network = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    save_file(halved(network), folder / "model.safetensors")
    config = {
        "architecture": "resnet18",
        "num_classes": len(units),
        "input_size": emoji_data.SIZE,
        "mean": emoji_data.MEAN,
        "std": emoji_data.STD,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "labels.json").write_text(json.dumps(units, indent=1) + "\n")


if __name__ == "__main__":
    main()
