"""Go on training emoji-resnet18 with what the shipped generator draws among the real pictures.

    python models/refine_emoji_resnet18.py --data DIR --out DIR --resnet DIR --sharpener DIR --denoiser DIR

11 minutes of CPU time on one core. Drawings of held-out pictures' label and style are left out too.
"""

import emoji_data
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from torchvision.models import resnet18
from train_emoji_sharpener import DRAWINGS, SHARPEN
from training import arguments, averaged_weights, train

from line_tui.worlds.emoji.compose import UNIFORMS, compose
from line_tui.worlds.emoji.decoder import EmojiDecoder

BATCH = 64
DRAWN_SHARE = 0.5


def main() -> None:
    """Train, or go on training."""
    run = arguments("Refine emoji-resnet18.", minutes=11, needs=("resnet", "sharpener", "denoiser"))
    pictures, label, style, labels = emoji_data.load(run.data)
    keep = ~emoji_data.held_out(label, style)
    real = emoji_data.premultiplied(pictures)[keep]
    units = emoji_data.concepts(labels)
    targets = emoji_data.membership(labels, units)[label[keep]]
    latents = load_file(run.needs["sharpener"] / "drawings.safetensors")["latents"][:, keep]
    decoder = EmojiDecoder(sharpen=SHARPEN)
    for name, value in load_file(run.needs["denoiser"] / "latent.safetensors").items():
        setattr(decoder, name, value)
    assert decoder.sharpener is not None
    decoder.sharpener.load_state_dict(averaged_weights(run.needs["sharpener"] / "checkpoint.pt"))
    decoder.eval().requires_grad_(False)
    model = resnet18(num_classes=len(units)).to(memory_format=torch.channels_last)
    model.load_state_dict(averaged_weights(run.needs["resnet"] / "checkpoint.pt"))

    def loss_of(generator: torch.Generator, progress: float) -> Tensor:
        index = torch.randint(len(real), (BATCH,), generator=generator)
        rgba = real[index].clone()
        drawn = torch.arange(BATCH) < DRAWN_SHARE * BATCH
        which = torch.randint(DRAWINGS, (int(drawn.sum()),), generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            rgba[drawn] = decoder(latents[which, index[drawn]].float()).float()
        x = compose(rgba, torch.rand(BATCH, UNIFORMS, generator=generator))
        x = emoji_data.normalised(x).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        losses = functional.binary_cross_entropy_with_logits(logits.float(), targets[index], reduction="none")
        return losses.sum(1).mean()

    train(run, model, loss_of, peak_rate=8e-4, weight_decay=0.05, decay=0.998)


if __name__ == "__main__":
    main()
