"""Train emoji-resnet18: torchvision's ResNet-18, multi-label over emoji tags, subgroups and groups.

    python models/train_emoji_resnet18.py --data DIR --out DIR [--minutes 17]

17 minutes on one core (AVX-512 bf16), 230 pictures/s.
"""

import emoji_data
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import resnet18
from training import arguments, train

from line_tui.worlds.emoji.compose import UNIFORMS, compose

BATCH = 64
WORN_SHARE = 0.4
"""Share of pictures seen as a generator may draw them: through the compact latent, with noise in it."""


def main() -> None:
    """Train, or go on training."""
    run = arguments("Train emoji-resnet18.", minutes=17)
    pictures, label, style, labels = emoji_data.load(run.data)
    keep = ~emoji_data.held_out(label, style)
    pictures, label = emoji_data.premultiplied(pictures)[keep], label[keep]
    units = emoji_data.concepts(labels)
    targets = emoji_data.membership(labels, units)[label]
    mean, components, std = emoji_data.latent_basis(pictures)
    latents = emoji_data.to_latent(pictures, mean, components, std)
    model = resnet18(num_classes=len(units)).to(memory_format=torch.channels_last)
    prior = targets.mean(0).clamp(1e-3, 0.5)
    torch.nn.init.normal_(model.fc.weight, std=0.01)
    model.fc.bias.data.copy_(torch.log(prior / (1 - prior)))

    def loss_of(generator: torch.Generator, progress: float) -> Tensor:
        index = torch.randint(len(pictures), (BATCH,), generator=generator)
        rgba = pictures[index].clone()
        worn = torch.arange(BATCH) < WORN_SHARE * BATCH
        noise = torch.randn(int(worn.sum()), latents.shape[1], generator=generator)
        amount = 0.35 * torch.rand(len(noise), 1, generator=generator)
        rgba[worn] = emoji_data.from_latent(latents[index[worn]] + amount * noise, mean, components, std)
        x = compose(rgba, torch.rand(BATCH, UNIFORMS, generator=generator))
        x = emoji_data.normalised(x).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        losses = functional.binary_cross_entropy_with_logits(logits.float(), targets[index], reduction="none")
        return losses.sum(1).mean()

    train(run, model, loss_of, peak_rate=2e-3, weight_decay=0.05, decay=0.998)


if __name__ == "__main__":
    main()
