"""Train the denoiser of emoji-diffusion: flow matching with x-prediction in a 512-number linear latent.

    python models/train_emoji_denoiser.py --data DIR --out DIR [--minutes 15.5]

15.5 minutes of CPU time on one core (AVX-512 bf16), 3,000 pictures/s.
Writes `latent.safetensors` (the basis) beside the checkpoint.
"""

from pathlib import Path

import emoji_data
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from training import arguments, train

from line_tui.worlds.emoji.denoiser import EmojiDenoiser
from line_tui.worlds.minilm import load_minilm

BATCH = 512
WIDTH, DEPTH = 704, 5
TEXT_NOISE = 0.015
NO_TEXT = 0.1
NO_STYLE = 0.08
MAX_LOSS_WEIGHT = 5.0


def main() -> None:
    """Train, or go on training."""
    run = arguments("Train the emoji denoiser.", minutes=15.5)
    pictures, label, style, labels = emoji_data.load(run.data)
    basis = latent_basis_of(run.out / "latent.safetensors", pictures)
    latents = emoji_data.to_latent(emoji_data.premultiplied(pictures), **basis)
    # Components that carry more of the picture count for more.
    weight = basis["std"] / basis["std"].mean()
    captions = [emoji_data.captions(entry) for entry in labels]
    texts = sorted({text for kinds in captions for kind in kinds for text in kind})
    position = {text: row for row, text in enumerate(texts)}
    vectors = text_vectors(texts)
    choices = [[torch.tensor([position[text] for text in kind]) for kind in kinds] for kinds in captions]
    shares = torch.tensor(emoji_data.CAPTION_SHARES)
    model = EmojiDenoiser(width=WIDTH, depth=DEPTH)
    for block in model.blocks:
        torch.nn.init.zeros_(block.down.weight)
    table = caption_table(choices, shares)

    def loss_of(generator: torch.Generator, progress: float) -> Tensor:
        index = torch.randint(len(latents), (BATCH,), generator=generator)
        column = torch.randint(table.shape[1], (BATCH,), generator=generator)
        text = vectors[table[label[index], column]]
        text = text + TEXT_NOISE * torch.randn(text.shape, generator=generator)
        text = text * (torch.rand(BATCH, 1, generator=generator) >= NO_TEXT)
        told = torch.rand(BATCH, generator=generator) >= NO_STYLE
        shown = torch.where(told, style[index], len(emoji_data.STYLES))
        share = clean_shares(generator)
        clean = latents[index]
        noise = torch.randn(clean.shape, generator=generator)
        noisy = share[:, None] * clean + (1 - share[:, None]) * noise
        with torch.autocast("cpu", torch.bfloat16):
            drawn = model(noisy, share, text, shown)
        errors = (weight * (drawn.float() - clean).square()).mean(1)
        loss: Tensor = (errors * (1 / (1 - share).square()).clamp_max(MAX_LOSS_WEIGHT)).mean()
        return loss

    train(run, model, loss_of, peak_rate=1.2e-3, weight_decay=0.01, decay=0.9985)


def latent_basis_of(path: Path, pictures: Tensor) -> dict[str, Tensor]:
    """The latent's `mean`, `components` and `std`, computed once for a training."""
    if not path.exists():
        names = ("mean", "components", "std")
        found = emoji_data.latent_basis(emoji_data.premultiplied(pictures))
        save_file({name: value.contiguous() for name, value in zip(names, found, strict=True)}, path)
    basis: dict[str, Tensor] = load_file(path)
    return basis


@torch.inference_mode()
def text_vectors(texts: list[str]) -> Tensor:
    """What `minilm.embed` gives but for the last digits: in padded batches, which for many texts is quicker."""
    tokenizer, model = load_minilm()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = torch.empty(len(texts), model.config.hidden_size)
    for rows in emoji_data.batches(torch.tensor(order), 64):
        tokens = tokenizer([texts[i] for i in rows.tolist()], padding=True, return_tensors="pt")
        mask = tokens["attention_mask"][:, :, None]
        pooled = (model(**tokens).last_hidden_state * mask).sum(1) / mask.sum(1)
        vectors[rows] = torch.nn.functional.normalize(pooled)
    return vectors.clone()


def caption_table(choices: list[list[Tensor]], shares: Tensor, columns: int = 400) -> Tensor:
    """For each label, caption rows in the wanted shares of kinds: `int64[labels, columns]`."""
    generator = torch.Generator().manual_seed(0)
    rows = []
    for kinds in choices:
        usable = shares * torch.tensor([float(len(kind) > 0) for kind in kinds])
        drawn = torch.multinomial(usable, columns, replacement=True, generator=generator)
        picks = [kinds[k][torch.randint(len(kinds[k]), (), generator=generator)] for k in drawn.tolist()]
        rows.append(torch.stack(picks))
    return torch.stack(rows)


def clean_shares(generator: torch.Generator) -> Tensor:
    """Times of the flow, many of them near pure noise, where the text alone decides."""
    early = 0.15 * torch.rand(BATCH, generator=generator)
    spread = torch.sigmoid(torch.randn(BATCH, generator=generator) - 0.3)
    return torch.where(torch.rand(BATCH, generator=generator) < 0.4, early, spread)


if __name__ == "__main__":
    main()
