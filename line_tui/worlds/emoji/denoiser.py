"""The denoiser: a residual network on one vector, told the text, the style and the time."""

import math

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn import functional

TEXT_SCALE = 19.6
"""Square root of the text vector's length, so that its entries have unit size."""


class Block(nn.Module):
    """A residual block whose shift, scale and gate come from the condition (DiT, arXiv 2212.09748)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.offset = nn.Parameter(torch.zeros(3 * width))

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """`float32[n, width]` to the same, under a modulation `float32[n, 3 * width]`."""
        shift, scale, gate = (modulation + self.offset).chunk(3, dim=1)
        h = functional.layer_norm(x, x.shape[1:]) * (1 + scale) + shift
        change: Tensor = gate * self.down(functional.silu(self.up(h)))
        return x + change


class EmojiDenoiser(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Predicts the clean latent from a noisy one (x-prediction, arXiv 2511.13720).

    The last of the `styles` + 1 style indices stands for "any style".
    """

    frequency: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent: int = 512,
        width: int = 640,
        depth: int = 5,
        text: int = 384,
        styles: int = 4,
        frequencies: int = 32,
    ) -> None:
        super().__init__()
        self.inward = nn.Linear(latent, width)
        self.condition = nn.Sequential(
            nn.Linear(text + styles + 1 + 2 * frequencies, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.modulation = nn.Linear(width, 3 * width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.outward = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, latent))
        self.register_buffer("frequency", torch.exp(torch.linspace(0, math.log(1000), frequencies)))

    def forward(self, noisy: Tensor, clean_share: Tensor, text: Tensor, style: Tensor) -> Tensor:
        """The clean latent `float32[n, latent]`.

        `noisy` is `float32[n, latent]`; `clean_share` `float32[n]` is 0 for noise and 1 for clean; `text` is
        `float32[n, text]` of unit length, or zero for no text; `style` is `int64[n]`.
        """
        phase = clean_share[:, None] * self.frequency
        parts = [
            TEXT_SCALE * text,
            functional.one_hot(style, self.config.styles + 1).to(text.dtype),
            torch.sin(phase),
            torch.cos(phase),
        ]
        condition = functional.silu(self.condition(torch.cat(parts, 1)))
        modulation = self.modulation(condition)
        x = self.inward(noisy)
        for block in self.blocks:
            x = block(x, modulation)
        clean: Tensor = self.outward(x)
        return clean
