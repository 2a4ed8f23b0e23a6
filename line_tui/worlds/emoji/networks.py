"""The networks of emoji-diffusion in plain torch, as they are trained: denoiser, decoder, composer."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from line_tui.worlds.emoji.compose import ATTRIBUTES

TEXT = 384
"""Length of a token's vector."""
TEXT_SCALE = 19.6
"""Square root of that length, which scales the entries of a unit vector to unit size."""
CHANNELS = 4


class Reader(nn.Module):
    """Learned queries that attend over a text's tokens, to bind attributes to nouns."""

    def __init__(self, queries: int, heads: int = 6) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Parameter(torch.randn(queries, TEXT) / math.sqrt(TEXT))
        self.key_value = nn.Linear(TEXT, 2 * TEXT)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """`float32[n, tokens, TEXT]` and their mask, `bool[n, tokens]`, to `float32[n, queries, TEXT]`."""
        n, length, _ = tokens.shape
        key, value = self.key_value(tokens).view(n, length, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        query = (TEXT_SCALE * self.query).view(-1, self.heads, TEXT // self.heads).transpose(0, 1).to(key.dtype)
        logits = torch.einsum("hqd,nhtd->nhqt", query, key) / math.sqrt(TEXT // self.heads)
        weights = logits.masked_fill(~mask[:, None, None], -1e4).softmax(-1).to(value.dtype)
        read = torch.einsum("nhqt,nhtd->nqhd", weights, value)
        return read.flatten(2)


def pooled(tokens: Tensor, mask: Tensor) -> Tensor:
    """The mean token at unit length, as MiniLM was trained: `float32[n, TEXT]`."""
    total = (tokens.float() * mask[:, :, None]).sum(1)
    return functional.normalize(total)


class Block(nn.Module):
    """A residual block whose shift, scale and gate come from the condition (DiT, arXiv 2212.09748)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.offset = nn.Parameter(torch.zeros(3 * width))
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """`float32[n, width]` to the same, with a modulation `float32[n, 3 * width]`."""
        shift, scale, gate = (modulation + self.offset).chunk(3, dim=1)
        h = functional.layer_norm(x, x.shape[1:]) * (1 + scale) + shift
        change: Tensor = gate * self.down(functional.silu(self.up(h)))
        return x + change


class Denoiser(nn.Module):
    """Predicts the clean latent from a noisy one (x-prediction, arXiv 2511.13720)."""

    frequency: Tensor

    def __init__(self, latent: int, width: int, depth: int, queries: int, styles: int, frequencies: int = 32) -> None:
        super().__init__()
        self.styles = styles
        self.reader = Reader(queries)
        self.inward = nn.Linear(latent, width)
        told = TEXT + queries * TEXT + styles + 2 * frequencies
        self.condition = nn.Sequential(nn.Linear(told, width), nn.SiLU(), nn.Linear(width, width))
        self.modulation = nn.Linear(width, 3 * width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.outward = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, latent))
        self.register_buffer("frequency", torch.exp(torch.linspace(0, math.log(1000), frequencies)))

    def read(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The text's condition `float32[n, text]`, from its tokens `float32[n, tokens, TEXT]` and their mask."""
        return torch.cat([TEXT_SCALE * pooled(tokens, mask), self.reader(tokens, mask).flatten(1).float()], 1)

    def forward(self, noisy: Tensor, clean_share: Tensor, text: Tensor, style: Tensor) -> Tensor:
        """The clean latent `float32[n, latent]`.

        `noisy` is `float32[n, latent]`; `clean_share` `float32[n]` is 0 for noise and 1 for clean; `text` is what
        `read` gives, or zero for no text; `style` is `int64[n]`.
        """
        phase = clean_share[:, None] * self.frequency
        one_hot = functional.one_hot(style, self.styles).to(text.dtype)
        condition = functional.silu(self.condition(torch.cat([text, one_hot, torch.sin(phase), torch.cos(phase)], 1)))
        modulation = self.modulation(condition)
        x = self.inward(noisy)
        for block in self.blocks:
            x = block(x, modulation)
        clean: Tensor = self.outward(x)
        return clean


class Decoder(nn.Module):
    """Latents to premultiplied RGBA pictures: a linear layer to an eighth of the side, then convolutions upwards."""

    def __init__(self, latent: int, size: int, first: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.side = size // 8
        self.first = first
        self.inward = nn.Linear(latent, first * self.side**2)
        inputs = (first, *widths[:-1])
        self.stages = nn.ModuleList(_Stage(i, o) for i, o in zip(inputs, widths, strict=True))
        self.outward = nn.Conv2d(widths[-1], CHANNELS, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """`float32[n, latent]` to `float32[n, 4, size, size]` in [0, 1], no colour above its alpha."""
        rgba = self.free(latents).float()
        alpha = rgba[:, 3:].clamp(0, 1)
        return torch.cat([torch.minimum(rgba[:, :3].clamp_min(0), alpha), alpha], 1)

    def free(self, latents: Tensor) -> Tensor:
        """The same without clamping, which would stop gradients in training."""
        x = self.inward(latents).view(len(latents), self.first, self.side, self.side)
        for number, stage in enumerate(self.stages):
            if number:
                x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = stage(x)
        rgba: Tensor = self.outward(x)
        return rgba


class _Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, outputs, 3, padding=1)
        first = nn.Conv2d(outputs, outputs, 3, padding=1)
        second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.change = nn.Sequential(nn.SiLU(), first, nn.SiLU(), second)
        for convolution in (self.enter, first):
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        nn.init.zeros_(second.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.silu(self.enter(x))
        changed: Tensor = x + self.change(x)
        return changed


class Composer(nn.Module):
    """Predicts the composition from a text: for each attribute the shares of its values."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.reader = Reader(len(ATTRIBUTES))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * TEXT, width), nn.SiLU(), nn.Linear(width, len(values)))
            for values in ATTRIBUTES.values()
        )

    def forward(self, tokens: Tensor, mask: Tensor) -> list[Tensor]:
        """Logits of each attribute's values, `float32[n, values]`, from the tokens and their mask."""
        read = self.reader(tokens, mask)
        whole = TEXT_SCALE * pooled(tokens, mask)
        return [head(torch.cat([read[:, i], whole], 1)) for i, head in enumerate(self.heads)]
