"""The decoder: a linear latent to a picture with alpha, then a small network that takes the ripples out."""

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 4


class EmojiDecoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Whitened latents to premultiplied RGBA pictures; `sharpen` is the sharpener's width, 0 for none."""

    mean: Tensor
    components: Tensor
    std: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, latent: int = 512, size: int = 64, sharpen: int = 0) -> None:
        super().__init__()
        self.side = size
        self.register_buffer("mean", torch.zeros(size * size * CHANNELS))
        self.register_buffer("components", torch.zeros(size * size * CHANNELS, latent))
        self.register_buffer("std", torch.zeros(latent))
        self.sharpener = Sharpener(sharpen) if sharpen else None

    def linear(self, latents: Tensor) -> Tensor:
        """What the latent alone says: `float32[n, 4, size, size]`, not clamped."""
        flat: Tensor = self.mean + (latents * self.std) @ self.components.T
        return flat.view(-1, self.side, self.side, CHANNELS).permute(0, 3, 1, 2)

    def forward(self, latents: Tensor) -> Tensor:
        """`float32[n, latent]` to premultiplied `float32[n, 4, size, size]` in [0, 1]."""
        rgba = self.linear(latents)
        if self.sharpener is not None:
            rgba = self.sharpener(rgba)
        alpha = rgba[:, 3:].clamp(0, 1)
        return torch.cat([torch.minimum(rgba[:, :3].clamp_min(0), alpha), alpha], 1)


class Sharpener(nn.Module):
    """A residual network at half resolution, with position, since what the latent blurs depends on it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inward = nn.Conv2d(CHANNELS * 4, width, 3, padding=1)
        self.steps = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(4))
        self.outward = nn.Conv2d(width, CHANNELS * 4, 3, padding=1)

    def forward(self, rgba: Tensor) -> Tensor:
        """`float32[n, 4, size, size]` to the same."""
        x = functional.silu(self.inward(functional.pixel_unshuffle(rgba, 2)))
        for step in self.steps:
            x = x + functional.silu(step(x))
        return rgba + functional.pixel_shuffle(self.outward(x), 2)
