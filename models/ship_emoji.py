"""Turn checkpoints into the fp16 weights that are shipped.

python models/ship_emoji.py resnet18 --data DIR --checkpoints DIR
python models/ship_emoji.py diffusion --data DIR --checkpoints DIR
"""

import argparse
import json
from pathlib import Path

import emoji_data
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from train_emoji_denoiser import DEPTH, WIDTH
from train_emoji_sharpener import SHARPEN
from training import averaged_weights

from line_tui.worlds.emoji.decoder import EmojiDecoder
from line_tui.worlds.emoji.denoiser import EmojiDenoiser

ROOT = Path(__file__).resolve().parent


def ship_resnet18(data: Path, checkpoints: Path) -> None:
    """Weights, unit names and preprocessing of emoji-resnet18."""
    folder = ROOT / "emoji-resnet18"
    folder.mkdir(exist_ok=True)
    units = emoji_data.concepts(emoji_data.load(data)[3])
    weights = averaged_weights(checkpoints / "refined" / "checkpoint.pt")
    save_file({name: _half(value) for name, value in weights.items()}, folder / "model.safetensors")
    config = {
        "architecture": "resnet18",
        "num_classes": len(units),
        "input_size": 64,
        "mean": emoji_data.MEAN,
        "std": emoji_data.STD,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "labels.json").write_text(json.dumps(units, indent=1) + "\n")


def ship_diffusion(checkpoints: Path) -> None:
    """Denoiser and decoder of emoji-diffusion; the scheduler and the index do not change."""
    folder = ROOT / "emoji-diffusion"
    denoiser = EmojiDenoiser(width=WIDTH, depth=DEPTH)
    denoiser.load_state_dict(averaged_weights(checkpoints / "denoiser" / "checkpoint.pt"))
    sharpener = checkpoints / "sharpener" / "checkpoint.pt"
    decoder = EmojiDecoder(sharpen=SHARPEN if sharpener.exists() else 0)
    for name, value in load_file(checkpoints / "denoiser" / "latent.safetensors").items():
        setattr(decoder, name, value)
    if decoder.sharpener is not None:
        decoder.sharpener.load_state_dict(averaged_weights(sharpener))
    denoiser.half().save_pretrained(folder / "denoiser")
    decoder.half().save_pretrained(folder / "decoder")


def _half(value: Tensor) -> Tensor:
    return value.half().contiguous() if value.is_floating_point() else value.contiguous()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=["resnet18", "diffusion"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    if parsed.model == "resnet18":
        ship_resnet18(parsed.data, parsed.checkpoints)
    else:
        ship_diffusion(parsed.checkpoints)


if __name__ == "__main__":
    main()
