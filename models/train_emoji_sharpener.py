"""Train the decoder's sharpener: from what the denoiser draws to the picture it stands for.

    python models/train_emoji_sharpener.py --data DIR --out DIR --denoiser DIR [--minutes 4]

4 minutes of CPU time on one core after half a minute of drawing. The denoiser told a label and a style draws nearly one
picture, so its drawings and the real pictures are pairs.
"""

from pathlib import Path
from typing import Any

import emoji_data
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from train_emoji_denoiser import DEPTH, WIDTH
from training import arguments, averaged_weights, train

from line_tui.worlds.emoji.decoder import Sharpener
from line_tui.worlds.emoji.denoiser import EmojiDenoiser
from line_tui.worlds.minilm import embed

SHARPEN = 48
BATCH = 48
DRAWINGS = 2
"""Drawings of each picture, with different noise."""
STEPS, GUIDANCE = 8, 2.0
EDGE_WEIGHT = 0.5


def main() -> None:
    """Train, or go on training."""
    run = arguments("Train the decoder's sharpener.", minutes=4, needs=("denoiser",))
    pictures, label, style, labels = emoji_data.load(run.data)
    rgba = emoji_data.premultiplied(pictures)
    basis = load_file(run.needs["denoiser"] / "latent.safetensors")
    drawn = drawings(run.out / "drawings.safetensors", run.needs["denoiser"], label, style, labels)
    model = Sharpener(SHARPEN)
    torch.nn.init.zeros_(model.outward.weight)
    assert model.outward.bias is not None
    torch.nn.init.zeros_(model.outward.bias)

    def loss_of(generator: torch.Generator, progress: float) -> Tensor:
        index = torch.randint(len(rgba), (BATCH,), generator=generator)
        drawing = torch.randint(DRAWINGS, (BATCH,), generator=generator)
        worn = emoji_data.from_latent(drawn[drawing, index].float(), **basis, clamp=False)
        with torch.autocast("cpu", torch.bfloat16):
            clean = model(worn)
        return picture_loss(clean.float(), rgba[index])

    train(run, model, loss_of, peak_rate=2e-3, weight_decay=0.0, decay=0.998)


def picture_loss(drawn: Tensor, real: Tensor) -> Tensor:
    """Absolute error of the pixels and of the steps between neighbouring pixels."""
    error = drawn - real
    edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
    return 10 * (error.abs().mean() + EDGE_WEIGHT * edges)


@torch.inference_mode()
def drawings(path: Path, denoiser: Path, label: Tensor, style: Tensor, labels: list[dict[str, Any]]) -> Tensor:
    """Latents that the denoiser draws for every picture's label and style: `float16[drawings, n, latent]`."""
    if path.exists():
        kept: Tensor = load_file(path)["latents"]
        return kept
    model = EmojiDenoiser(width=WIDTH, depth=DEPTH)
    model.load_state_dict(averaged_weights(denoiser / "checkpoint.pt"))
    vectors = torch.from_numpy(embed([entry["label"] for entry in labels]))
    generator = torch.Generator().manual_seed(0)
    sets = []
    for _ in range(DRAWINGS):
        parts = []
        for index in emoji_data.batches(torch.arange(len(label)), 512):
            text, shown = vectors[label[index]], style[index]
            latents = torch.randn(len(index), emoji_data.LATENT, generator=generator)
            for step in range(STEPS):
                share = torch.full((len(index),), step / STEPS)
                with torch.autocast("cpu", torch.bfloat16):
                    told = model(latents, share, text, shown).float()
                    untold = model(latents, share, torch.zeros_like(text), shown).float()
                clean = untold + GUIDANCE * (told - untold)
                latents = latents + (clean - latents) / (STEPS - step)
            parts.append(latents)
        sets.append(torch.cat(parts))
    latents = torch.stack(sets).half()
    save_file({"latents": latents}, path)
    return latents


if __name__ == "__main__":
    main()
