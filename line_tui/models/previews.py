"""Small previews of pictures that are still being drawn: a linear look at their latents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from line_tui.events import THUMBNAIL

INTERVAL = 0.25
"""Seconds between two previews: more often nobody could see, and each makes a GPU wait for the CPU."""

OnPreview = Callable[[list[bytes]], None]
"""Called with a thumbnail of each picture, in the form that events carry them in."""

_SIDE = 8
_SCALES = (1, 2, 4, 8)
"""Random latents from one colour to noise; a few, as each costs a decoding."""


@dataclass(frozen=True)
class Projection:
    """From the channels of a latent to red, green and blue, the same at every place."""

    weights: Tensor
    """`float32[channels + 1, 3]`, the last row a constant."""

    def thumbnails(self, latents: Tensor) -> list[bytes]:
        """What `float[n, channels, height, width]` will look like, as far as that can be seen yet."""
        # Shrunk before it leaves the device, since averaging and projecting may change places.
        small = functional.adaptive_avg_pool2d(latents.float(), THUMBNAIL).cpu()
        # Schedulers that count noise in absolute numbers begin with latents many times larger than a picture's.
        small = small / small.std((1, 2, 3), keepdim=True).clamp_min(1)
        pixels = small.movedim(1, -1) @ self.weights[:-1] + self.weights[-1]
        return [picture.numpy().tobytes() for picture in (pixels * 255).round().clamp(0, 255).to(torch.uint8)]


def fit_projection(pipeline: Any) -> Projection | None:
    """The projection that comes nearest to what a pipeline's own autoencoder decodes.

    None for a pipeline without an autoencoder from latents that are pictures of channels, or that fails at it: a
    preview is never worth an error. Random numbers of others are not touched.
    """
    channels = getattr(getattr(getattr(pipeline, "vae", None), "config", None), "latent_channels", None)
    if not isinstance(channels, int):
        return None
    latents = _random_latents(channels)
    try:
        pictures = _decode(pipeline.vae, latents)
    except (RuntimeError, ValueError, TypeError):  # Also too little memory, and autoencoders of films.
        return None
    if pictures.ndim != 4 or pictures.shape[1] != 3 or not pictures.isfinite().all():
        return None
    wanted = functional.adaptive_avg_pool2d(pictures, _SIDE).movedim(1, -1).reshape(-1, 3)
    given = latents.movedim(1, -1).reshape(-1, channels)
    given = torch.cat([given, torch.ones(len(given), 1)], 1)
    return Projection(torch.linalg.lstsq(given, wanted, driver="gelsd").solution)


def _random_latents(channels: int) -> Tensor:
    random = torch.Generator("cpu").manual_seed(0)
    coarse = [torch.randn(1, channels, scale, scale, generator=random) for scale in _SCALES]
    return torch.cat([functional.interpolate(each, (_SIDE, _SIDE), mode="nearest") for each in coarse])


@torch.no_grad()
def _decode(vae: Any, latents: Tensor) -> Tensor:
    """`float32[n, 3, height, width]` in [0, 1], on the CPU, from latents as pipelines have them."""
    dtype = vae.dtype
    # As pipelines do themselves for an autoencoder that overflows in half precision; nothing is lost on the way back.
    wide = dtype == torch.float16 and getattr(vae.config, "force_upcast", False)
    if wide:
        vae.to(torch.float32)
    try:
        scaled = latents / (getattr(vae.config, "scaling_factor", None) or 1.0)
        scaled = scaled + (getattr(vae.config, "shift_factor", None) or 0.0)
        decoded: Tensor = vae.decode(scaled.to(vae.device, vae.dtype), return_dict=False)[0]
    finally:
        if wide:
            vae.to(dtype)
    return decoded.float().cpu() / 2 + 0.5


class Previewer:
    """Shows a batch's previews now and then while its pipeline draws it."""

    def __init__(self, pipeline: Any, size: int) -> None:
        """`size` is the side of the pictures in pixels."""
        self._pipeline = pipeline
        self._size = size
        self._projection = fit_projection(pipeline)
        self._last = 0.0

    def begin(self) -> None:
        """A batch begins: its first steps are noise, and a quick batch needs no preview."""
        self._last = time.monotonic()

    def see(self, latents: Tensor, count: int, on_preview: OnPreview) -> None:
        """A step is done: show the first `count` pictures if it is time to, and if these latents can be read."""
        if self._projection is None or time.monotonic() - self._last < INTERVAL:
            return
        if latents.ndim == 3 and hasattr(self._pipeline, "_unpack_latents"):
            # Flux keeps squares of two by two as one place.
            scale = self._pipeline.vae_scale_factor
            latents = self._pipeline._unpack_latents(latents, self._size, self._size, scale)
        if latents.ndim == 4 and latents.shape[1] == len(self._projection.weights) - 1:
            on_preview(self._projection.thumbnails(latents[:count]))
            self._last = time.monotonic()
